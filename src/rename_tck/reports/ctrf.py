"""The record in the Common Test Report Format (https://ctrf.io): one test a requirement."""

from __future__ import annotations

from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from rename_tck.reports import facts
from rename_tck.reports.failure_text import failure_text
from rename_tck.results.record import Json
from rename_tck.text import visible

#: The version of the format that its reference implementation (npm's ctrf 0.3.0) writes and reads.
SPEC_VERSION = "0.0.0"

#: What every name is derived from, so that the same requirement has the same id in each report.
_NAMESPACE = uuid5(NAMESPACE_URL, "urn:rename-tck")
_STATUSES = ("passed", "failed", "skipped", "pending", "other")


def build(record: Json) -> Json:
    """The report. Its `failed` tests are those that make the run red: a failure that does not count is `other`."""
    start, stop = _milliseconds(record["start"]), _milliseconds(record["end"])
    tests = [test for run in record["runs"] for test in _run(record, run)]
    tests += [_complaint(number, complaint) for number, complaint in enumerate(record.get("complaints", []), 1)]
    if not record["runs"]:
        tests.append(_broken("the run", record["reason"] or "nothing was judged"))
    counts = {status: sum(test["status"] == status for test in tests) for status in _STATUSES}
    return {
        "reportFormat": "CTRF",
        "specVersion": SPEC_VERSION,
        "reportId": _uuid("report", record["start"], record["end"], str(record["seed"]), *map(_target, record["runs"])),
        "timestamp": record["end"],
        "generatedBy": f"rename-tck {record['suite_version']}",
        "results": {
            "tool": {"name": "rename-tck", "version": record["suite_version"]},
            "summary": {
                "tests": len(tests), **counts, "suites": len(record["runs"]), "start": start, "stop": stop,
                "duration": max(0, stop - start),
            },
            "tests": tests,
            "environment": {
                "reportName": facts.title(record),
                "healthy": record["exit_status"] == 0
                and not any(run["verdict"] == "incomplete" for run in record["runs"]),
                "extra": {
                    "targets": [_target(run) for run in record["runs"]],
                    "judged_by": [facts.document(run) or facts.judged_by(run) for run in record["runs"]],
                },
            },
            "extra": {name: record[name] for name in ("seed", "profile", "level", "exit_status", "reason")},
        },
    }  # fmt: skip


def _milliseconds(instant: str) -> int:
    """Milliseconds since 1970."""
    return round(datetime.fromisoformat(instant).timestamp() * 1000)


def _uuid(*parts: str) -> str:
    return str(uuid5(_NAMESPACE, "\n".join(map(visible, parts))))


def _target(run: Json) -> str:
    return f"{facts.name_of_system(run)} at {run['base_url'] or 'no address'}"


def _run(record: Json, run: Json) -> list[Json]:
    tests = [_test(record, run, requirement) for requirement in run["requirements"]]
    if run["verdict"] == "could not judge" and not any(test["status"] == "failed" for test in tests):
        tests.append(_broken(f"{facts.name_of_system(run)}: the run", run["reason"]))
    if run["verdict"] == "incomplete":
        status = "other" if record["exit_status"] == 0 else "failed"
        tests.append(_broken(f"{facts.name_of_system(run)}: the run", run["reason"], "incomplete", status))
    return tests


def _test(record: Json, run: Json, requirement: Json) -> Json:
    """A requirement as a test. Its duration is not measured (0): requirements share the requests that show them."""
    verdict, name = requirement["verdict"], requirement["id"]
    test = {
        "id": _uuid("requirement", name),
        "name": name,
        "status": _status(record, requirement),
        "rawStatus": verdict,
        "duration": 0,
        "suite": [facts.name_of_system(run)],
        "tags": [requirement["level"]],
        "type": "conformance",
        "extra": {
            "sentence": requirement["sentence"],
            "evidence": requirement["evidence"],
            "by_edition": requirement["by_edition"],
            **({"gap": requirement["gap"]} if requirement["gap"] else {}),
            **({"cause": requirement["cause"]} if requirement["cause"] else {}),
            **({"failing": requirement["failing"]} if "failing" in requirement else {}),
        },
    }
    if requirement["tests"]:
        test["filePath"] = requirement["tests"][0].partition("::")[0]
    said = "; ".join(part for part in (facts.finding(requirement), facts.known(requirement)) if part)
    if said:
        test["message"] = visible(said, keep="\n")
    if verdict == "fail":
        test["trace"] = failure_text(requirement)
    return test


def _status(record: Json, requirement: Json) -> str:
    verdict = requirement["verdict"]
    if verdict in {"fail", "error"}:
        return "failed" if facts.counts_for(record, requirement) else "other"
    return "passed" if verdict == "pass" else "skipped"


def _broken(name: str, reason: str, verdict: str = "could not judge", status: str = "failed") -> Json:
    """Stands for a run that could not judge, or not all: with nothing but skipped tests a report would look well."""
    return {
        "id": _uuid("run", name), "name": name, "status": status, "rawStatus": verdict, "duration": 0,
        "message": visible(reason),
    }  # fmt: skip


def _complaint(number: int, complaint: str) -> Json:
    return {
        "id": _uuid("complaint", str(number)), "name": f"known failures: {number}", "status": "failed",
        "rawStatus": "complaint", "duration": 0, "message": visible(complaint),
    }  # fmt: skip
