"""What the user asked for, checked, as plain data."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rename_tck.redaction import Redactor

if TYPE_CHECKING:  # most runs are by the vendored documents, and do not load it
    from rename_tck.openapi.custom_spec import CustomSpec


def has_credential(url: str) -> bool:
    """Whether a URL has a user or a password, be it malformed otherwise: then it must not be quoted."""
    return "@" in url.partition("://")[2].partition("/")[0]


class BadOptionError(ValueError):
    """An option, variable or ini key has a value that the suite cannot use; the message is one whole sentence."""


@dataclass(frozen=True)
class Settings:
    """Every choice of the user, checked."""

    base_url: str | None = None
    system: str | None = None
    editions: tuple[str, ...] = ()
    #: The user's own edition, which is judged by instead.
    spec: CustomSpec | None = field(default=None, repr=False)
    #: What that is asked for from, where it is no file: ``published`` or a URL.
    spec_source: str | None = None
    user: str = "rename-tck"
    session_ids: tuple[str, ...] = ()
    level: str = "must"
    report_dir: Path = Path("reports")
    known_failures: Path | None = None
    history: Path | None = None
    request_timeout: float = 10.0
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    ca_bundle: Path | None = None
    insecure: bool = False
    rate_limit: float | None = None
    #: The most requests in flight together; None: as many as it is worth.
    concurrency: int | None = None
    max_requests: int | None = None
    time_budget: float | None = None
    #: Seconds to wait for a target that is not up yet.
    wait: float | None = None
    #: Seconds after which sessions that were left alone are read again; None: as the profile has it.
    settle: float | None = None
    plan: bool = False
    #: Sessions of the run's own that a failure was seen on are not deleted.
    keep_failed: bool = False
    api_key: str | None = field(default=None, repr=False)
    other_mode_key: str | None = field(default=None, repr=False)
    #: Another user's key, or a second app's, that the target takes as well.
    other_user_key: str | None = field(default=None, repr=False)
    #: Whether the target is asked through the proxy that the environment names.
    through_proxies: bool = True
    #: The credentials in the URLs of those proxies.
    proxy_secrets: tuple[str, ...] = field(default=(), repr=False)
    #: What the user should know of how the options were given.
    notes: tuple[str, ...] = ()

    @property
    def may_be_cut_short(self) -> bool:
        """Whether a limit of the user's may end the run before it has tried everything."""
        return self.max_requests is not None or self.time_budget is not None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Whatever must not show."""
        keys = self.api_key, self.other_mode_key, self.other_user_key
        return (*filter(None, keys), *self.proxy_secrets, *(value for _, value in self.headers if value))

    def redactor(self) -> Redactor:
        """Takes the user's secrets out of a text."""
        others = self.other_mode_key, self.other_user_key, *self.proxy_secrets
        return Redactor.of(self.api_key, others, (value for _, value in self.headers))


def ensure_writable(folder: Path) -> None:
    """Make the report folder, before a run whose reports could not be written.

    Raises:
        BadOptionError: it cannot be written to.
    """
    if folder.exists() and not folder.is_dir():
        raise BadOptionError(f"--report-dir={folder} cannot be written to: it is a file, not a folder.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / f".writable-{os.getpid()}"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as error:
        raise BadOptionError(f"--report-dir={folder} cannot be written to: {error.strerror}.") from None
