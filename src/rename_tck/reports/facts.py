"""What every report says of a record, counted and worded once."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

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


def fraction(counts: Mapping[str, int]) -> str:
    """How many of a level passed of those that were tested."""
    return f"{counts['pass']} of {tested(counts)} tested pass" if tested(counts) else "none tested"


def tally(level: str, counts: Mapping[str, int]) -> str:
    """A level in one phrase, with its denominator: `52 of 54 MUST tested pass (2 fail, 3 not tested)`."""
    if not sum(counts.values()):
        return f"no {level}"
    rest = remainder(counts)
    passed = f"{counts['pass']} of {tested(counts)} {level} tested pass" if tested(counts) else f"no {level} tested"
    return passed + (f" ({rest})" if rest else "")


def name_of_system(run: Json) -> str:
    """The system's name, or words for a target of which that is not known."""
    return run["system"] or "the target"


def headline(run: Json) -> str:
    """The verdict as a short sentence: `dify does not conform`."""
    verbs = {"could not judge": "could not be judged", "incomplete": "was judged in part (incomplete)"}
    verb = verbs.get(run["verdict"], run["verdict"])
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


def untestable(run: Json) -> str | None:
    """How many MUST this target cannot be tested for, which is no fault of it; None where there is none."""
    number = sum(
        requirement["level"] == "MUST" and requirement["gap"] == "target" for requirement in run["requirements"]
    )
    return f"{number} MUST cannot be tested for at this target" if number else None


def because_of(run: Json) -> dict[str, list[Json]]:
    """By the id of a failed requirement those that were not tested because it fails."""
    groups: dict[str, list[Json]] = {requirement["id"]: [] for requirement in with_verdict(run, "fail")}
    for requirement in run["requirements"]:
        if requirement["cause"] in groups:
            groups[requirement["cause"]].append(requirement)
    return {cause: found for cause, found in groups.items() if found}


def not_tested_alone(run: Json) -> list[Json]:
    """The requirements that were not tested for another reason than a failure that the run shows."""
    grouped = {requirement["id"] for found in because_of(run).values() for requirement in found}
    return [requirement for requirement in with_verdict(run, "not tested") if requirement["id"] not in grouped]


def because(found: Sequence[Json]) -> str:
    """What heads the requirements that a failure keeps from being tested."""
    return f"not tested because of it: {len(found)} requirement{'s' * (len(found) != 1)}"


def failing(requirement: Json) -> str | None:
    """In how many of the kinds of case that were tried a requirement fails; None where there was but one."""
    cases = requirement.get("failing")
    if not cases or cases["tried"] < 2:
        return None
    return f"fails in {cases['classes']} of {cases['tried']} kinds of case"


def other(case: Json) -> str:
    """A failing case of another class in one phrase."""
    came = "no answer" if case["status"] is None else f"status {case['status']}"
    kind = "" if case["kind"] == case["case"] else f"{case['kind']}: "
    edition = f" (edition {case['edition']})" if case["edition"] else ""
    return f"{kind}{case['case']}{edition}: {came}; expected {case['expected']}"


#: The name of a member, or a status, in a pointer, a quotation or a case.
_WORD = re.compile(r"[A-Za-z_][\w-]{2,}|[1-5][0-9]{2}")

#: Such words that say nothing of what is broken.
_GENERIC = frozenset({
    "properties", "required", "type", "description", "schema", "content", "responses", "components", "schemas", "items",
    "string", "object", "integer", "boolean", "array", "the", "with", "must", "value", "status",
    "enum", "default", "format", "summary", "post", "patch", "application/json", "nullable", "examples",
})  # fmt: skip


def _broken(requirement: Json) -> set[str]:
    """The editions that the failing case breaks."""
    if requirement.get("edition"):
        return {requirement["edition"]}
    return {edition for edition, cell in requirement["by_edition"].items() if cell == "fail"}


def broken_words(requirement: Json) -> list[Json]:
    """The citations of a failed requirement, those of the edition that is broken first, and of them the telling ones.

    Telling are words, not a reference to another place or a line that only opens one; most of all those on a member or
    a status that the failure names.
    """
    broken = _broken(requirement)
    said = [set(_WORD.findall(requirement[member])) - _GENERIC for member in ("case", "expected")]

    def order(citation: Json) -> tuple[bool, bool, int]:
        if "source" in citation:
            return False, False, 2 * len(said)
        names = [part.replace("~1", "/") for part in citation["pointer"].split("/")]
        quoted, pointed = (
            set(_WORD.findall(citation["quote"])),
            {*[name for name in names if name not in _GENERIC][-1:]},
        )
        # what the failing case is of comes before what was expected there, and a quote that says it before its place
        ranks = [
            2 * place + rank
            for place, words in enumerate(said)
            for rank, own in enumerate((quoted, pointed))
            if words & own
        ]
        hollow = "$ref" in citation["quote"] or citation["quote"].rstrip().endswith(":")
        return citation["edition"] not in broken, hollow, min(ranks, default=2 * len(said))

    return sorted(requirement["citations"], key=order)


def stated_in(requirement: Json) -> list[Json]:
    """The citations that a failure rests on: of the editions that are broken, and of standards."""
    found = broken_words(requirement)
    broken = _broken(requirement)
    return [citation for citation in found if citation.get("edition") in {None, *broken}] or found


def leftovers(run: Json) -> str | None:
    """What heads the list of what is or may be left at the target; None where nothing is."""
    number = len(run["leftovers"])
    return f"Left at the target, or perhaps left ({number})" if number else None


def coverage(run: Json) -> str | None:
    """What of the space of renames was sent: `164 different renames: name 152 of 674, client form 43 of 43, ...`."""
    found = run.get("coverage")
    if found is None:
        return None
    shares = [*found["values"], {"dimension": "pairs of classes", **found["pairs"]}]
    told = ", ".join(f"{share['dimension']} {share['sent']:,} of {share['of']:,}" for share in shares)
    return f"{found['points']:,} different renames: {told}"


def evidence(requirement: Json) -> str:
    """The counters behind a verdict: `28 requests, all to a session that exists, none refused`."""
    sent, live, refused = (requirement["evidence"][name] for name in ("sent", "live", "refused"))
    if not sent:
        return "no request"
    if sent == 1:
        return f"1 request, to {'a' if live else 'no'} session that exists, {'refused' if refused else 'not refused'}"
    return f"{sent:,} requests, {_of(live, sent)} to a session that exists, {_of(refused, sent)} refused"


def _of(part: int, whole: int) -> str:
    return "all" if part == whole else f"{part:,}" if part else "none"


def took(record: Json) -> str:
    """How long the run took, as people write it: `6 s`, `3 min 20 s`, `1 h 5 min`; the record has whole seconds."""
    start, end = (datetime.fromisoformat(record[member]) for member in ("start", "end"))
    return duration(max(0.0, (end - start).total_seconds()))


def duration(seconds: float) -> str:
    """A time as people write it."""
    if seconds < 1:
        return "less than 1 s"
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def again(run: Json, requirement: Json) -> str | None:
    """The command that tries a failing case again, or the requirement; None where the record has no address.

    An embedded server is gone with its run, and a case that holds a secret is in no file: then the requirement is run.
    """
    name, address = requirement["id"], run["base_url"]
    spec = [f"--spec={run['spec']['file']}"] if run.get("spec") else []
    if run["target"] != "target":
        words = ["run", f"--system={run['system']}", "-k", name, *spec]
    elif address is None:
        return None
    elif requirement.get("replay", "unknown") is None:
        words = ["run", f"--base-url={address}", "-k", name, *spec]
    else:
        words = ["replay", name, f"--base-url={address}", *spec]
    return " ".join(["rename-tck", *map(shlex.quote, words)])


def editions_apart(requirement: Json) -> str | None:
    """By which editions the requirement passes and by which it fails, where each was judged by itself; else None."""
    cells: dict[str, str] = requirement["by_edition"]
    passes = [edition for edition in requirement["editions"] if cells.get(edition) == "pass"]
    fails = [edition for edition in requirement["editions"] if cells.get(edition) == "fail"]
    if not (passes and fails):
        return None
    return f"Judged by each edition apart: it fails by {' and '.join(fails)}, and passes by {' and '.join(passes)}."


def own_reason(record: Json) -> str | None:
    """Why the whole run could not judge, unless one of its systems says the same."""
    reason: str | None = record["reason"]
    return None if reason in [run["reason"] for run in record["runs"]] else reason


def cited(citation: Json) -> tuple[str, str, str]:
    """A citation as its place (`specs/dify/openapi.en.yaml:78`), its words, and the edition (empty for a standard)."""
    if "source" in citation:
        return citation["source"], citation["text"], ""
    return f"{citation['file']}:{citation['line']}", citation["quote"], citation["edition"]


def media_type(answer: Json) -> str | None:
    """The content type of an answer; None where it has none."""
    return next((value for name, value in answer["headers"].items() if name.lower() == "content-type"), None)


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
