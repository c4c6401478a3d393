"""What every command does with files: read a record, put a text out, or say in one sentence why not."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast
from urllib.parse import quote

from rename_tck.cli.errors import CommandError

if TYPE_CHECKING:
    from rename_tck.results.record import Json


def read(path: Path) -> Json:
    """The record in a file.

    Raises:
        CommandError: there is none.
    """
    from rename_tck.results import record

    try:
        return record.load(path)
    except record.InvalidRecordError as error:
        raise CommandError(str(error)) from None


def put(text: str, output: Path | None) -> None:
    """Write a text to the file as a whole, or to standard output; as UTF-8, whatever the locale.

    Raises:
        CommandError: the file cannot be written.
    """
    content = text.encode()
    if output is not None:
        from rename_tck.files import replace

        try:
            replace(output, content)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror or error}.") from None
        return
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        _let_go(sys.stdout)


@contextlib.contextmanager
def outlasting_readers() -> Iterator[None]:
    """Standard output and error that may lose their reader, as in `rename-tck run | head`: nothing fails for that.

    What is done goes on to its end, and so its exit status is its own.
    """
    before = sys.stdout, sys.stderr
    # what stands in passes everything on to the stream, so it is one for whoever uses it
    sys.stdout, sys.stderr = (stream and cast("TextIO", _Outlasting(stream)) for stream in before)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, _Outlasting):
                stream.flush()
        sys.stdout, sys.stderr = before


class _Outlasting:
    """A stream of text that forgets what it is given when its reader is gone."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write; how much."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            _let_go(self._stream)
            return len(text)

    def flush(self) -> None:
        """Flush."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            _let_go(self._stream)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write them all."""
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def _let_go(stream: TextIO) -> None:
    """Have a stream without a reader write to nowhere: what Python flushes at its end must go somewhere."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def report_of(record: Path, page: Path | None) -> str | None:
    """The address of the report beside a record, as seen from the page that is written; None where there is none.

    A page that goes to standard output is taken to be in the current folder.
    """
    report = record.with_name("conformance.html")
    if not report.is_file():
        return None
    start = (page.parent if page is not None else Path()).absolute()
    try:
        path = Path(os.path.relpath(report.absolute(), start)).as_posix()
    except ValueError:  # another drive
        return None
    return f"./{quote(path)}"
