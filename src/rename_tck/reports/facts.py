"""What every report says of a record, counted and worded once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rename_tck.results.record import VERDICTS, Json


def judged_by(run: Json) -> str:
    """The editions that the run judged by; the user's own by its file."""
    spec = run.get("spec")
    return f"{spec['file']} (given with --spec)" if spec else ", ".join(run["chosen_editions"])


def document(run: Json) -> str | None:
    """The user's own document in full, so that it is not taken for another of the same name; None where none judged."""
    return f"{judged_by(run)}, SHA-256 {run['spec']['sha256']}" if run.get("spec") else None


def tested(counts: Mapping[str, int]) -> int:
    """How many requirements of a level were judged: the denominator of every count of passes."""
    return counts["pass"] + counts["fail"]


def remainder(counts: Mapping[str, int]) -> str:
    """What did not pass, such as `2 fail, 3 not tested`; empty when all passed."""
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS if verdict != "pass" and counts[verdict])


def tally(level: str, counts: Mapping[str, int]) -> str:
    """A level in one phrase, with its denominator: `52 of 54 MUST tested pass (2 fail, 3 not tested)`."""
    if not sum(counts.values()):
        return f"no {level}"
    rest = remainder(counts)
    return f"{counts['pass']} of {tested(counts)} {level} tested pass" + (f" ({rest})" if rest else "")


def name_of_system(run: Json) -> str:
    """The system's name, or words for a target of which that is not known."""
    return run["system"] or "the target"


def headline(run: Json) -> str:
    """The verdict as a short sentence: `dify does not conform`."""
    verb = {"could not judge": "could not be judged"}.get(run["verdict"], run["verdict"])
    return f"{name_of_system(run)} {verb}"


def title(record: Json) -> str:
    """The verdicts of all runs in one phrase."""
    return ", ".join(headline(run) for run in record["runs"]) or "nothing could be judged"


def with_verdict(run: Json, verdict: str) -> list[Json]:
    """The requirements of that verdict, in the catalogue's order."""
    return [requirement for requirement in run["requirements"] if requirement["verdict"] == verdict]


def by_reason(requirements: Iterable[Json]) -> dict[str, list[Json]]:
    """Requirements gathered by the reason they share, in order of first appearance."""
    groups: dict[str, list[Json]] = {}
    for requirement in requirements:
        groups.setdefault(requirement["reason"] or "no reason given", []).append(requirement)
    return groups


def finding(requirement: Json) -> str:
    """What was found, in a phrase: the failing case and what was expected there, or the reason."""
    if requirement["verdict"] == "fail":
        return f"{requirement['case']}: expected {requirement['expected']}"
    return str(requirement["reason"] or "")


def counts_for(record: Json, requirement: Json) -> bool:
    """Whether the requirement's verdict bears on the exit status: its level does, and its failure is not known."""
    return (requirement["level"] == "MUST" or record["level"] == "should") and not requirement.get("known")


def known(requirement: Json) -> str | None:
    """What is known of a known failure: `known until 2027-01-31: the gateway fills the user in`; else None."""
    entry = requirement.get("known")
    if not entry:
        return None
    until = f" until {entry['expires']}" if entry["expires"] else ""
    return f"known{until}: {entry['reason']}" + (f" ({entry['link']})" if entry["link"] else "")


def known_count(run: Json) -> str:
    """How many of a run's failures are known: `; 2 of the failures are known`; empty when none is."""
    number = sum("known" in requirement for requirement in run["requirements"])
    if not number:
        return ""
    return f"; {number} of the failures {'is' if number == 1 else 'are'} known"


def evidence(requirement: Json) -> str:
    """The counters behind a verdict: `31 sent, 31 live, 0 refused`."""
    counters = requirement["evidence"]
    if not counters["sent"]:
        return "nothing sent"
    return f"{counters['sent']} sent, {counters['live']} live, {counters['refused']} refused"


def contradiction(requirement: Json) -> str | None:
    """Which editions the server follows and which it breaks, where it does not treat all alike; else None."""
    cells: dict[str, str] = requirement["by_edition"]
    follows = [edition for edition in requirement["editions"] if cells.get(edition) == "pass"]
    breaks = [edition for edition in requirement["editions"] if cells.get(edition) == "fail"]
    if not (follows and breaks):
        return None
    return f"The server does as {' and '.join(follows)} says and not as {' and '.join(breaks)} says."


def own_reason(record: Json) -> str | None:
    """Why the whole run could not judge, unless one of its systems says the same."""
    reason: str | None = record["reason"]
    return None if reason in [run["reason"] for run in record["runs"]] else reason


def cited(citation: Json) -> tuple[str, str, str]:
    """A citation as its place (`specs/dify/openapi.en.yaml:78`), its words, and the edition (empty for a standard)."""
    if "source" in citation:
        return citation["source"], citation["text"], ""
    return f"{citation['file']}:{citation['line']}", citation["quote"], citation["edition"]


def status_line(answer: Json | None) -> str:
    """The answer's first line and its time: `200 OK, after 3 ms`."""
    if answer is None:
        return "no answer came"
    return f"{answer['status']} {answer['reason']}".rstrip() + f", after {answer['elapsed_ms']} ms"


#: Requirements that a sentence names before it counts the rest.
_NAMED = 8


def touched(drift: Json) -> list[str]:
    """The requirements that rest on something that the target's own document says otherwise."""
    return list(dict.fromkeys(name for difference in drift["differences"] for name in difference["requirements"]))


def drifted(drift: Json) -> str:
    """In a sentence: how the target's own document differs from the one that it is judged by."""
    source, other = f"the target's own {drift['source']}", drift["compared_with"]
    if drift["published"] is None:
        return f"{source} could not be compared with {other}: {drift['note']}"
    number, names = len(drift["differences"]), touched(drift)
    if not number:
        return f"{source} says of the rename what {other} says"
    places = f"{source} differs from {other} in {number} place{'s' * (number != 1)}"
    if not names:
        return f"{places}, {'which touches' if number == 1 else 'which touch'} no requirement"
    listed = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED} more" if len(names) > _NAMED else "")
    these = "a failure of it" if len(names) == 1 else "a failure of these"
    return f"{places}, {'which touches' if number == 1 else 'which touch'} {listed}: {these} may be {_stale(other)}"


def _stale(file: str) -> str:
    return "a stale vendored file" if file.startswith("specs/") else "a stale document"


def aside(drift: Json | None, requirement: Json) -> str | None:
    """What a reader of a failure should know of drift; None where none touches the requirement."""
    if drift is None:
        return None
    found = [difference for difference in drift["differences"] if requirement["id"] in difference["requirements"]]
    if not found:
        return None
    more = f" and in {len(found) - 1} more place{'s' * (len(found) != 2)}" if len(found) > 1 else ""
    says = f"the target's own {drift['source']} says otherwise at {found[0]['pointer']}{more}"
    return f"{says}: this may be {_stale(drift['compared_with'])}"
