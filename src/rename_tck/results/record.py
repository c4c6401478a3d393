"""The record of a run: its rules and its bytes."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from rename_tck.text import HIDDEN, cut
from rename_tck.verdict import SCHEMA_VERSION

#: The record, or a part of it, as `conformance.schema.json` describes it.
Json = dict[str, Any]

LEVELS = ("MUST", "SHOULD")

#: The verdicts of a requirement in the order in which a reader wants them.
VERDICTS = ("fail", "error", "not tested", "pass")

#: What `HIDDEN` matches and `json.dumps` left as it is, besides the line breaks that indenting makes.
_TO_ESCAPE = re.compile(rf"(?!\n){HIDDEN.pattern}")


class InvalidRecordError(ValueError):
    """A record that is not as `conformance.schema.json` says; the message is one sentence: the place and the fault."""


@lru_cache(maxsize=1)
def schema() -> Json:
    """The JSON Schema (2020-12) of the record."""
    text = files("rename_tck.results").joinpath("conformance.schema.json").read_text(encoding="utf-8")
    loaded: Json = json.loads(text)
    return loaded


def validate(record: Any) -> None:
    """Hold a record to its schema, and its counts to its requirements.

    Raises:
        InvalidRecordError: with the place in the record and what is wrong there.
    """
    from jsonschema import Draft202012Validator  # here, for it is slow to import
    from jsonschema.exceptions import best_match

    if not isinstance(record, dict):
        raise InvalidRecordError("The record is not a JSON object, so no run of this suite wrote it.")
    version = record.get("schema_version")
    if version != SCHEMA_VERSION:
        raise InvalidRecordError(f"The record's schema_version is {version!r}; this suite reads {SCHEMA_VERSION!r}.")
    error = best_match(Draft202012Validator(schema()).iter_errors(record))
    if error is not None:
        raise InvalidRecordError(f"The record is not valid at {error.json_path}: {cut(error.message, 300)}.")
    for member in ("start", "end"):
        try:
            datetime.fromisoformat(record[member])
        except ValueError:
            raise InvalidRecordError(f"The record is not valid at $.{member}: {record[member]} is no moment.") from None
    for index, run in enumerate(record["runs"]):
        _check_counts(run, f"$.runs[{index}]")


def _check_counts(run: Json, place: str) -> None:
    counted = Counter((requirement["level"], requirement["verdict"]) for requirement in run["requirements"])
    for level in LEVELS:
        for verdict in VERDICTS:
            stated = run["summary"][level][verdict]
            found = counted[level, verdict]
            if stated != found:
                raise InvalidRecordError(
                    f"The record is not valid at {place}.summary: it counts {stated} {level} with verdict {verdict!r}, "
                    f"and its requirements hold {found}."
                )
    times = Counter(requirement["id"] for requirement in run["requirements"])
    repeated = [name for name in times if times[name] > 1]
    if repeated:
        raise InvalidRecordError(
            f"The record is not valid at {place}.requirements: {repeated[0]!r} stands there twice."
        )
    chosen = set(run["chosen_editions"])
    for requirement in run["requirements"]:
        if set(requirement["by_edition"]) != chosen:
            raise InvalidRecordError(
                f"The record is not valid at {place}.requirements: by_edition of {requirement['id']!r} has the cells "
                f"{sorted(requirement['by_edition'])}, and the run's editions are {sorted(chosen)}."
            )


def read_json(path: Path) -> Any:
    """The JSON in a file that a run of this suite wrote.

    Raises:
        InvalidRecordError: the file cannot be read, or holds no JSON of a run's.
    """
    try:
        return json.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise InvalidRecordError(f"{path} cannot be read: {error.strerror or error}.") from None
    except UnicodeDecodeError:
        raise InvalidRecordError(f"{path} is not UTF-8 text, so no run of this suite wrote it.") from None
    except json.JSONDecodeError as error:
        raise InvalidRecordError(f"{path} is not JSON, or was cut off: {error}.") from None
    except (ValueError, RecursionError):
        raise InvalidRecordError(f"{path} is JSON that no run of this suite wrote.") from None


def load(path: Path) -> Json:
    """The record in a file.

    Raises:
        InvalidRecordError: the file cannot be read, or holds no record of this suite.
    """
    content: Json = read_json(path)
    try:
        validate(content)
    except InvalidRecordError as error:
        raise InvalidRecordError(f"{path}: {error}") from None
    return content


def dumps(content: Json) -> str:
    """The record, or another report, as JSON: keys sorted, any script readable, hidden characters as escapes."""

    def escape(match: re.Match[str]) -> str:
        return json.dumps(match[0])[1:-1]

    return _TO_ESCAPE.sub(escape, json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)) + "\n"
