"""The record as a badge: what the endpoint badge of shields.io reads (https://shields.io/badges/endpoint-badge)."""

from __future__ import annotations

from rename_tck.reports import facts
from rename_tck.results.record import Json


def build(record: Json) -> Json:
    """The badge: green where the run conforms, orange where every failure is known, red where one is not.

    Blue where a part of the requirements was judged only, grey where there is no verdict.
    """
    return {"schemaVersion": 1, "label": _label(record), "message": _message(record), "color": _color(record)}


def _label(record: Json) -> str:
    systems = [run["system"] for run in record["runs"] if run["system"]]
    return f"rename-tck {systems[0]}" if len(systems) == 1 else "rename-tck"


def _message(record: Json) -> str:
    """The verdict with its denominator: how many MUST passed of those that were tested."""
    runs = record["runs"]
    if len(runs) == 1:
        counts, verdict = runs[0]["summary"]["MUST"], runs[0]["verdict"]
        if verdict == "could not judge":
            return str(verdict)
        untestable = sum(
            requirement["level"] == "MUST" and requirement["gap"] == "target" for requirement in runs[0]["requirements"]
        )
        more = f" ({untestable} cannot be tested)" if untestable else ""
        return f"{verdict}: {counts['pass']} of {facts.tested(counts)} MUST{more}"
    if not runs:
        return "could not judge"
    return f"{sum(run['verdict'] == 'conforms' for run in runs)} of {len(runs)} conform"


def _color(record: Json) -> str:
    verdicts = {run["verdict"] for run in record["runs"]}
    if record["exit_status"] == 1:
        return "red"
    if "incomplete" in verdicts and "could not judge" not in verdicts and record["exit_status"] in {0, 3}:
        return "blue"
    if record["exit_status"] != 0 or not verdicts or "could not judge" in verdicts:
        return "lightgrey"
    return "orange" if "does not conform" in verdicts else "brightgreen"
