"""The options of a run: their names, and the settings that their values make."""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

from rename_tck.client import environment
from rename_tck.client.exchange import KEY_VARIABLE, OTHER_MODE_KEY_VARIABLE, OTHER_USER_KEY_VARIABLE
from rename_tck.client.limits import parse_duration, parse_rate
from rename_tck.in_flight import MOST as MOST_IN_FLIGHT
from rename_tck.requirements.catalogue import Catalogue
from rename_tck.settings import spec_source
from rename_tck.settings.settings import BadOptionError, Settings, has_credential
from rename_tck.settings.spec_source import PUBLISHED
from rename_tck.systems import NAMES, load

if TYPE_CHECKING:
    from rename_tck.openapi.custom_spec import CustomSpec

LEVELS = ("must", "should")

T = TypeVar("T")


@dataclass(frozen=True)
class Option:
    """One option with its three spellings."""

    name: str
    help: str
    metavar: str = "VALUE"
    default: str | None = None
    many: bool = False
    flag: bool = False
    #: Whether an empty value is an error: the run would be another one than was asked for.
    required: bool = False
    #: Whether its values are secrets.
    secret: bool = False

    @property
    def dest(self) -> str:
        """Where pytest keeps it; also the ini key."""
        return "rename_tck_" + self.name.replace("-", "_")

    @property
    def variable(self) -> str:
        """Its environment variable."""
        return self.dest.upper()


OPTIONS = (
    Option("system", f"the system under test: {', '.join(NAMES)} (found out from the target when not given)", "NAME"),
    Option(
        "edition",
        "edition of the document to judge by (Dify: en, zh-Hans, ja; repeatable; default: all)",
        "NAME",
        many=True,
    ),
    Option(
        "spec",
        "your own edition of the document, YAML or JSON, to judge by instead of the vendored one: a file, a URL, or "
        f"`{PUBLISHED}` for the one that the target publishes itself",
        "FILE|URL",
        required=True,
    ),
    Option("user", "the user on whose behalf sessions are created and renamed", "NAME", default="rename-tck"),
    Option("session-id", "a session to rename, which is given its old name back (repeatable)", "ID", many=True),
    Option("level", "the level that decides the exit status: must or should", "LEVEL", default="must", required=True),
    Option("report-dir", "the folder that reports are written to", "DIR", default="reports"),
    Option("known-failures", "a TOML file of failures that do not fail the run", "FILE"),
    Option("history", "a file that a line is added to for the run, and that the page takes its trend from", "FILE"),
    Option("request-timeout", "seconds that a whole answer may take", "SECONDS", default="10"),
    Option(
        "header",
        "a header sent with every request; its value is treated as a secret (repeatable)",
        "'NAME: VALUE'",
        many=True,
        secret=True,
    ),
    Option("ca-bundle", "a file of certificates to verify the target's TLS with", "FILE"),
    Option("rate-limit", "the most requests to send, as in 10/s or 300/m", "RATE", required=True),
    Option(
        "concurrency",
        "the most requests that are in flight together (1 to 8; by default as many as the time of an answer is worth)",
        "NUMBER",
        required=True,
    ),
    Option("max-requests", "the most requests to send in all", "NUMBER", required=True),
    Option(
        "time-budget",
        "time for the whole run, as in 60s or 5m; what it does not get to is not tested",
        "TIME",
        required=True,
    ),
    Option("wait", "how long to wait for a target that is not up yet, as in 30s or 5m", "TIME"),
    Option(
        "settle",
        "seconds after which sessions that were left alone are read again (2, with ci 5, with nightly 60)",
        "SECONDS",
    ),
    Option("plan", "say what a run would send, with counts, and send nothing to the target", flag=True),
    Option("keep-failed", "do not delete a session of the run's own on which a requirement failed", flag=True),
    Option("insecure", "do not verify the target's TLS certificate", flag=True),
)


def settings_from(
    values: Mapping[str, Sequence[str]],
    base_url: str | None,
    environ: Mapping[str, str],
    *,
    handed_over: tuple[str, bytes, str] | None = None,
    notes: Sequence[str] = (),
) -> Settings:
    """The settings that these values of the options make, each option by its name; keys come from the environment.

    `handed_over` is the user's own document as another process has read and checked it: its
    name, its bytes, its system. What is asked for
    over HTTP is left to whoever opens the target. `notes` are what is known of where the values come from.

    Raises:
        BadOptionError: a value cannot be used.
    """
    system = _one(values["system"])
    if system is not None and system not in NAMES:
        raise BadOptionError(f"--system is one of {', '.join(NAMES)}, not {system!r}.")
    base_url = _base_url(base_url)
    given = _one(values["spec"])
    if given is not None and values["edition"]:
        raise BadOptionError("--spec and --edition do not go together: the one document takes the place of the others.")
    asked_for = given is not None and spec_source.is_asked_for(given)
    if given is not None and asked_for:
        _check_asked_for(given, base_url, plan=bool(values["plan"]))
    spec = None if given is None or (asked_for and handed_over is None) else _spec(given, system, handed_over)
    if spec is not None and (base_url is None or values["plan"]):
        system = spec.system
    if values["plan"] and base_url is not None and system is None:
        raise BadOptionError("--plan sends nothing, so it cannot find out the system: name it with --system.")
    level = (_one(values["level"]) or "must").lower()
    if level not in LEVELS:
        raise BadOptionError(f"--level is must or should, not {level!r}.")
    headers = tuple(_header(text) for text in values["header"])
    api_key = _key(environ, KEY_VARIABLE)
    ca_bundle, insecure = _ca_bundle(_one(values["ca-bundle"])), bool(values["insecure"])
    if base_url is not None and base_url.startswith("https:") and ca_bundle is None and not insecure:
        _check_default_bundle(environ)
    return Settings(
        base_url=base_url,
        system=system,
        editions=_editions(system, values["edition"]),
        spec=spec,
        spec_source=given if asked_for else None,
        user=_one(values["user"]) or "rename-tck",
        session_ids=tuple(dict.fromkeys(values["session-id"])),
        level=level,
        report_dir=Path(_one(values["report-dir"]) or "reports"),
        known_failures=Path(known) if (known := _one(values["known-failures"])) else None,
        history=Path(history) if (history := _one(values["history"])) else None,
        request_timeout=_seconds("request-timeout", _one(values["request-timeout"]) or "10"),
        headers=headers,
        ca_bundle=ca_bundle,
        insecure=insecure,
        rate_limit=_parsed(values["rate-limit"], parse_rate, "--rate-limit is a rate, as in 10/s or 300/m"),
        concurrency=_parsed(values["concurrency"], _few, f"--concurrency is a whole number from 1 to {MOST_IN_FLIGHT}"),
        max_requests=_parsed(values["max-requests"], _natural, "--max-requests is a whole number above 0"),
        time_budget=_parsed(values["time-budget"], parse_duration, "--time-budget is a time, as in 60s or 5m"),
        wait=_parsed(values["wait"], parse_duration, "--wait is a time, as in 30s or 5m"),
        settle=_seconds("settle", settle, least=True) if (settle := _one(values["settle"])) else None,
        plan=bool(values["plan"]),
        keep_failed=bool(values["keep-failed"]),
        api_key=api_key,
        other_mode_key=_key(environ, OTHER_MODE_KEY_VARIABLE),
        other_user_key=_key(environ, OTHER_USER_KEY_VARIABLE),
        proxy_secrets=environment.secrets(environ),
        notes=(*notes, *_header_notes(headers, system, api_key)),
    )


def _one(values: Sequence[str]) -> str | None:
    return values[-1] if values else None


def _base_url(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip():
        # an unset variable in a CI script must not turn into a green of the embedded servers
        raise BadOptionError("--base-url (or RENAME_TCK_BASE_URL, PYTEST_BASE_URL) is given but empty.")
    if has_credential(text):
        raise BadOptionError(f"--base-url must not hold a user or a password: give the key in {KEY_VARIABLE}.")
    try:
        parts = urlsplit(text.strip())
        _ = parts.port
    except ValueError as error:
        raise BadOptionError(f"--base-url={text} is no URL: {error}.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise BadOptionError(f"--base-url={text} needs a scheme and a host, as in http://localhost:8000.")
    if parts.query or parts.fragment:
        raise BadOptionError(f"--base-url={text} must not hold a query or a fragment.")
    return text.strip().rstrip("/")


def _editions(system: str | None, given: Sequence[str]) -> tuple[str, ...]:
    names = [name.strip() for text in given for name in text.split(",") if name.strip()]
    if not names:
        return ()
    if system is None:
        system = "dify"  # the only system with editions; another one found out later is told apart then
    known = tuple(Catalogue.load(system).editions)
    if len(known) == 1:
        raise BadOptionError(f"--edition does not go with --system={system}: its document has one edition only.")
    for name in names:
        if name not in known:
            raise BadOptionError(f"--edition is one of {', '.join(known)}, not {name!r}.")
    return tuple(edition for edition in known if edition in names)


def _check_asked_for(given: str, base_url: str | None, *, plan: bool) -> None:
    """See that a document can be asked for in this run."""
    if plan:
        raise BadOptionError(f"--plan sends nothing, so it cannot ask for --spec={given}: give the document as a file.")
    if given != PUBLISHED:
        spec_source.split(given)
    elif base_url is None:
        raise BadOptionError("--spec=published is the document of a target: name the target with --base-url=URL.")


def _spec(file: str, system: str | None, handed_over: tuple[str, bytes, str] | None) -> CustomSpec:
    from rename_tck.openapi import custom_spec  # here, for most runs are by the vendored documents

    try:
        if handed_over is not None:
            return custom_spec.of_data(*handed_over, check=False)
        return custom_spec.load(file, system)
    except custom_spec.SpecError as error:
        raise BadOptionError(str(error)) from None


def _parsed(given: Sequence[str], parse: Callable[[str], T], what: str) -> T | None:
    if not given:
        return None
    try:
        return parse(given[-1])
    except ValueError:
        raise BadOptionError(f"{what}, not {given[-1]!r}.") from None


def _natural(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise ValueError(text)
    return int(text)


def _few(text: str) -> int:
    number = _natural(text)
    if number > MOST_IN_FLIGHT:
        raise ValueError(text)
    return number


def _seconds(option: str, text: str, *, least: bool = False) -> float:
    """A number of seconds; `least` says whether it may be 0."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not (0 <= seconds <= 3600) or (seconds == 0 and not least):
        bounds = "from 0 up to 3600" if least else "more than 0 and up to 3600"
        raise BadOptionError(f"--{option} is a number of seconds, {bounds}, not {text!r}.")
    return seconds


_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2


def _header(text: str) -> tuple[str, str]:
    name, colon, value = text.partition(":")
    if not colon or not _TOKEN.fullmatch(name.strip()):
        raise BadOptionError("--header is written 'Name: value', with a header's name before the colon.")
    if any(ord(char) < 32 or ord(char) == 127 for char in value.strip()):
        raise BadOptionError(f"--header {name.strip()} has a control character in its value.")
    if any(ord(char) > 255 for char in value.strip()):
        raise BadOptionError(f"--header {name.strip()} has a character in its value that no header can carry.")
    return name.strip(), value.strip()


def _header_notes(headers: Sequence[tuple[str, str]], system: str | None, api_key: str | None) -> list[str]:
    """What the user should know of headers that are given twice, or beside a key that goes in the same header."""
    notes = []
    by_name: dict[str, set[str]] = {}
    for name, value in headers:
        by_name.setdefault(name.lower(), set()).add(value)
    named = {name.lower(): name for name, _ in headers}
    notes += [
        f"--header {named[name]} is given more than once: the last is sent."
        for name, values in by_name.items()
        if len(values) > 1
    ]
    if api_key is not None:
        of_key: dict[str, list[str]] = {}
        for each in NAMES if system is None else (system,):
            of_key.setdefault(load(each).key_header[0].lower(), []).append(each)
        notes += [
            f"--header {named[name]} is not sent to {' or '.join(of_key[name])}: "
            f"the key in {KEY_VARIABLE} goes in that header."
            for name in by_name
            if name in of_key
        ]
    return notes


def _ca_bundle(text: str | None) -> Path | None:
    if text is None:
        return None
    _check_bundle(f"--ca-bundle={text}", text)
    return Path(text)


def _check_bundle(what: str, text: str, more: str = "") -> None:
    try:
        Path(text).read_bytes()
        ssl.create_default_context(cafile=text)
    except ssl.SSLError:
        raise BadOptionError(f"{what} is no file of PEM certificates{more}.") from None
    except (OSError, ValueError) as error:
        raise BadOptionError(f"{what} cannot be read: {getattr(error, 'strerror', None) or error}{more}.") from None


def _check_default_bundle(environ: Mapping[str, str]) -> None:
    """See that the bundle can be used that the environment names for all that uses requests."""
    for variable in environment.CA_VARIABLES:
        if text := environ.get(variable):
            if not Path(text).is_dir():  # of certificates by their hashes, as OpenSSL has it
                _check_bundle(f"{variable}={text}", text, f": correct or unset {variable}, or give --ca-bundle=FILE")
            return


def _key(environ: Mapping[str, str], variable: str) -> str | None:
    key = environ.get(variable, "").strip()
    if not key:
        return None
    if not key.isascii() or any(ord(char) < 33 or ord(char) == 127 for char in key):
        raise BadOptionError(f"{variable} holds a character that no header can carry.")
    return key
