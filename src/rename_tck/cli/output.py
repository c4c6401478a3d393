"""What every command does with files: read a record, put a text out, or say in one sentence why not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from rename_tck.cli.errors import CommandError
from rename_tck.files import replace
from rename_tck.results import record
from rename_tck.results.record import Json


def read(path: Path) -> Json:
    """The record in a file.

    Raises:
        CommandError: there is none.
    """
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
        try:
            replace(output, content)
        except OSError as error:
            raise CommandError(f"{output} cannot be written: {error.strerror or error}.") from None
        return
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # the reader has seen enough; what Python flushes at its end must go somewhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
