"""Writes docs/results/: the page, the matrices, the records behind them, a report for each finding, the badges."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from real import confirming, description, outcome
from real.confirming import Finding
from real.description import Description, Target
from real.environments import ROOT
from real.judging import KEY
from real.outcome import Judged
from real.published_record import published
from rename_tck.reports import badge, facts, matrix

Json = dict[str, Any]

FOLDER = ROOT / "docs" / "results"

#: What the results are made with.
_COMMAND = "python tests/suite/real/results.py --write"


_ABOUT = """\
Each server was judged twice: by the vendored document, and by the document that it publishes itself
(`--spec=published`). [The matrix](matrix.html) has each requirement of each target by the vendored document,
[this one](matrix-own.html) by the servers' own. The records behind them are in `records/`, a badge for each target in
`badges/`. Ids that are drawn anew for every run are numbered in them, each server has its system's usual port, and
requests that were sent again because a connection broke are not counted. Made again the same servers give the same
bytes, but for dates, times, and the SHA-256 of Agno's own document, which it writes in another order at each start.
""".splitlines()

_VERDICTS = """\
How many MUST pass of those that could be tested, then how many SHOULD, by the vendored document; then the same by the
server's own where that differs. What a target cannot be tested for, and why, is in its record.
""".splitlines()

_SECURITY = """\
This is a matter of security, described in general terms until its vendor has had time to mend it: SECURITY.md in the
repository says how such a one is reported.
""".splitlines()

_NO_STEPS = """\
Not shown here: this lets one user into what is another's. They are for the vendor alone, by the private way that its
security policy names, and are put here when it has had time to mend it (SECURITY.md in the repository).
""".splitlines()

#: Times in an answer, of RFC 3339 or in seconds, also where the answer was cut in one.
_TIMES = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|\+00:00)|(?<=_at\":)\d+|\d{4}-[-\dT:.]*$")

_LEFT = """\
After each run the sessions in the store itself were counted (in memory: those that the server lists), without those
that were made for the run.
""".splitlines()


@dataclass(frozen=True)
class Result:
    """What was found of one target, as it is published."""

    target: Target
    judged: Judged
    vendored: Json
    own: Json
    seen: Json

    @property
    def run(self) -> Json:
        """The run by the vendored document."""
        found: Json = self.vendored["runs"][0]
        return found

    @property
    def is_plain(self) -> bool:
        """Whether nothing was made first for it: those stand in the tables of versions and stores."""
        return self.target.provision is None

    def shows(self, finding: Finding) -> bool:
        """Whether the finding was seen there: by its curls, or where those are withheld by the suite's verdict."""
        if finding.is_security:
            return outcome.is_withheld(self.judged, finding)
        return bool(self.judged.seen.get(finding.id, {}).get("seen"))


def write(found: Path, folder: Path = FOLDER) -> list[Path]:
    """Write all of the results anew, of every target that was judged; the files.

    Raises:
        UnfitError: a record holds a secret or a path of this machine.
    """
    described = description.load()
    results = [_result(target, found / target.name) for target in described.targets.values()
               if (found / target.name / "seen.json").is_file()]  # fmt: skip
    files = dict(_files(described, results))
    for name in ("records", "findings", "badges"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return [folder / name for name in files]


def _result(target: Target, folder: Path) -> Result:
    judged = outcome.read(folder)
    vendored, own = (
        published(json.loads((folder / f"{name}.json").read_bytes()), target, judged, (KEY,))
        for name in ("vendored", "published")
    )
    return Result(target, judged, vendored, own, json.loads((folder / "seen.json").read_bytes()))


def _files(described: Description, results: Sequence[Result]) -> Iterable[tuple[str, str]]:
    """Every file's name and text."""
    yield "index.md", index(described, results)
    for name, of in (("matrix.html", "vendored"), ("matrix-own.html", "own")):
        links = [_record(result, of) for result in results]
        yield name, matrix.render([(result.target.name, getattr(result, of)) for result in results], links)
    for result in results:
        name = result.target.name
        yield _record(result, "vendored"), _dumped(result.vendored)
        yield _record(result, "own"), _dumped(result.own)
        yield f"badges/{name}.json", _dumped(badge.build(result.vendored))
    for finding in confirming.load().values():
        if any(result.shows(finding) for result in results):
            yield f"findings/{finding.id}.md", report(finding, results)


def _record(result: Result, of: str) -> str:
    """Where the record of a target is, by the vendored document or by its own, as seen from the page."""
    return f"records/{result.target.name}.{'json' if of == 'vendored' else 'own.json'}"


def _dumped(content: Json) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), sort_keys=True) + "\n"


# -- the page


def index(described: Description, results: Sequence[Result]) -> str:
    """The page that leads to all of it."""
    days = sorted({result.vendored["start"][:10] for result in results})
    version = ", ".join(sorted({result.vendored["suite_version"] for result in results}))
    period = days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}"
    lines = [
        "# Real servers, judged", "",
        f"Judged on {period} with rename-tck {version}, the seed 1 and the profile `quick`; made by `{_COMMAND}`.", "",
        *_ABOUT, "",
        "## Verdicts", "",
        *_VERDICTS, "",
        f"{_conforming(results)}", "",
    ]  # fmt: skip
    systems = dict.fromkeys(result.target.server.title for result in results)
    for system in systems:
        of = [result for result in results if result.target.server.title == system]
        lines += [f"### {system}", "", *_verdicts(of), ""]
    lines += ["## Findings", "", *_findings(results)]
    lines += ["## What was left behind", "", *_left(results), ""]
    lines += ["## Versions", "", *_versions(results), ""]
    lines += [*_missing(described, results)]
    return "\n".join(lines).rstrip() + "\n"


def _conforming(results: Sequence[Result]) -> str:
    both = ([run["verdict"] for run in runs].count("conforms") for runs in (
        [result.run for result in results], [result.own["runs"][0] for result in results]
    ))  # fmt: skip
    vendored, own = both
    return f"Of {len(results)} targets {vendored} conform by the vendored document, and {own} by their own."


def _verdicts(results: Sequence[Result]) -> list[str]:
    """A table of versions and stores, and a line for each target that something was made for first."""
    plain = [result for result in results if result.is_plain]
    stores = list(dict.fromkeys(title for result in plain for title in result.target.server.store_titles))
    cells = {(one.target.server.release, one.target.store.title): _cell(one) for one in plain}
    lines = _table(["version", *stores], [
        [release, *(cells.get((release, store), "") for store in stores)]
        for release in dict.fromkeys(result.target.server.release for result in plain)
    ])  # fmt: skip
    for result in results:
        if not result.is_plain:
            lines += ["", f"{result.target.title}: {_cell(result)}."]
    return lines


def _cell(result: Result) -> str:
    """The counts of a target, and its verdict where that is not the one that most have."""
    vendored, own = _counts(result.run), _counts(result.own["runs"][0])
    more = "" if own == vendored else f"<br>own\u00a0{own}"
    verdict = result.run["verdict"]
    named = "" if verdict == "does not conform" else f"{verdict}, "
    return f"{named}[{vendored}]({_record(result, 'vendored')}){more}"


def _counts(run: Json) -> str:
    """As in ``42/46, 5/8``: MUST, then SHOULD, on one line."""
    levels = (run["summary"][level] for level in ("MUST", "SHOULD"))
    return ",\u00a0".join(f"{counts['pass']}/{facts.tested(counts)}" for counts in levels)


def _findings(results: Sequence[Result]) -> list[str]:
    """Each finding in short: what fails, since when, on which databases, how to see it, what would mend it."""
    lines = []
    for finding in confirming.load().values():
        showing = [result for result in results if result.shows(finding)]
        if not showing:
            continue
        lines += [f"### {finding.title}", ""]
        lines += [f"{finding.sentence} {since(finding, results)}", ""]
        lines += [f"Fails: {', '.join(_failing(finding, showing))}." + (f" {finding.also}" if finding.also else ""), ""]
        if finding.is_security:
            lines += [*_SECURITY, ""]
        else:
            lines += ["```sh", *(line for step in finding.steps for line in (f"# {step.say}", step.curl)), "```", ""]
        issue = f" Known to the vendor as {finding.issue}." if finding.issue else ""
        lines += [f"Mended by: {finding.mends}{issue} [The report](findings/{finding.id}.md).", ""]
    return lines


def _failing(finding: Finding, showing: Sequence[Result]) -> list[str]:
    """The requirements that fail by a finding somewhere, as code."""
    failing = {
        name
        for result in showing
        for name, one in result.judged.vendored.items()
        if one["verdict"] == "fail" and finding.id in outcome.seen_of(result.judged, name)
    }
    named = [f"{finding.system}.{name}" for name in finding.requirements]
    return [f"`{name}`" for name in named if name in failing] or ["no requirement by itself"]


def since(finding: Finding, results: Sequence[Result]) -> str:
    """Since which version, and on which stores, as a sentence or two."""
    said = []
    of_system = [result for result in results if result.target.server.system == finding.system and result.is_plain]
    releases = list(dict.fromkeys(result.target.server.release for result in of_system))
    by_store: dict[str, list[str]] = {}
    for result in of_system:
        if result.shows(finding):
            by_store.setdefault(result.target.store.title, []).append(result.target.server.release)
    judged = {
        store: [one.target.server.release for one in of_system if one.target.store.title == store] for store in by_store
    }
    by_span: dict[str, list[str]] = {}
    for store, found in by_store.items():
        by_span.setdefault(_span(found, judged[store], releases), []).append(store)
    for span, stores in by_span.items():
        said.append(f"{', '.join(stores)}: {span}")
    return f"Seen with {'; '.join(said)}." if said else "Seen only with a session that was made first."


def _span(found: Sequence[str], judged: Sequence[str], releases: Sequence[str]) -> str:
    """The versions that show a finding, of those that were judged."""
    if list(found) == list(judged):
        every = "every version that was judged" if len(judged) == len(releases) else "every version judged with it"
        return f"{every} ({judged[0]} to {judged[-1]})" if len(judged) > 1 else f"{judged[0]}, the only one judged"
    return f"{', '.join(found)}, and not {', '.join(one for one in judged if one not in found)}"


def _left(results: Sequence[Result]) -> list[str]:
    """How many sessions lay in each store after the runs."""
    counted = {
        result.target.name: [one["left"] for one in result.seen["runs"].values()] for result in results
    }  # fmt: skip
    unknown = [name for name, left in counted.items() if None in left]
    left = {name: left for name, left in counted.items() if any(left)}
    none = sum(not any(one) and None not in one for one in counted.values())
    lines = [*_LEFT, f"None was left at {none} targets."]
    lines += [f"- `{name}`: {' and '.join(map(str, left[name]))} after the two runs." for name in left]
    if unknown:
        named = ", ".join(f"`{name}`" for name in unknown)
        lines += ["", f"In memory nobody can count but the server, and its listing failed: {named}."]
    return lines


def _versions(results: Sequence[Result]) -> list[str]:
    """What each server ran on: the versions of its environment, and of its databases."""
    rows, seen = [], set()
    for result in results:
        server = result.target.server
        if server.name not in seen:
            seen.add(server.name)
            packages = ", ".join(f"{name} {version}" for name, version in result.seen["versions"].items())
            rows.append([f"{server.title} {server.release}", server.python, packages])
    databases = {result.target.store.title: result.seen["database"] for result in results if result.seen["database"]}
    lines = _table(["server", "Python", "packages"], rows)
    if databases:
        lines += ["", f"Databases: {', '.join(f'{name} {version}' for name, version in databases.items())}."]
    return lines


def _missing(described: Description, results: Sequence[Result]) -> list[str]:
    """What is described, and was not judged."""
    there = {result.target.name for result in results}
    missing = [target.title for name, target in described.targets.items() if name not in there]
    if not missing and not described.absent:
        return []
    lines = ["## Not judged", ""]
    lines += [f"- {title}: described, and not judged yet." for title in missing]
    return [*lines, *(f"- {sentence}" for sentence in described.absent.values())]


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *(f"| {' | '.join(row)} |" for row in rows)]


# -- a report for a vendor


def report(finding: Finding, results: Sequence[Result]) -> str:
    """A finding as an issue tracker takes it: versions, steps, expected with the quote, actual."""
    of_system = [result for result in results if result.target.server.system == finding.system]
    showing = [result for result in of_system if result.shows(finding)]
    title = showing[0].target.server.title
    lines = [f"# {title}: {finding.title}", "", finding.sentence, ""]
    lines += ["## Versions", "", since(finding, results), ""]
    lines += [f"{_ran(showing)}", ""]
    if finding.is_security:
        lines += ["## Steps", "", *_NO_STEPS, ""]
    else:
        lines += [
            "## Steps",
            "",
            f"`URL` is the server's base URL and `RENAME_TCK_API_KEY` its key.{_set_up(showing[0])}",
            "",
        ]
        lines += ["```sh", *(line for step in finding.steps for line in (f"# {step.say}", step.curl)), "```", ""]
    lines += ["## Expected", "", finding.expected, "", f"> {finding.quote}", "", f"({finding.where})", ""]
    lines += ["## Actual", "", finding.sentence + (f" {finding.also}" if finding.also else ""), ""]
    if not finding.is_security:
        lines += ["The answer to the last of these curls, where it was seen:", "", *_answers(finding, showing), ""]
    lines += ["## What would mend it", "", finding.mends, ""]
    lines += ["## Found by", "", f"rename-tck, {', '.join(_failing(finding, showing))}.", ""]
    return "\n".join(lines)


def _ran(showing: Sequence[Result]) -> str:
    """On what it was seen last: the newest version that shows it."""
    newest = ([result for result in showing if result.is_plain] or list(showing))[-1]
    packages = ", ".join(f"{name} {version}" for name, version in newest.seen["versions"].items())
    database = f", {newest.target.store.title} {newest.seen['database']}" if newest.seen["database"] else ""
    return f"The newest of them ran with {packages}{database}, on Python {newest.target.server.python}."


def _set_up(result: Result) -> str:
    if result.target.server.system == "agno":
        return " An `AgentOS` with one agent on the database is enough; no model is called."
    return " `for-curls` is a conversation that is there; `FILE_STORE=local` and `RUNTIME=cli` are enough."


def _answers(finding: Finding, showing: Sequence[Result]) -> list[str]:
    """The answers, each once, with the targets that gave it."""
    answers: dict[tuple[int, str], list[str]] = {}
    for result in showing:
        seen: Mapping[str, Any] = result.judged.seen[finding.id]
        answers.setdefault((seen["status"], steady(seen["body"])), []).append(result.target.title)
    lines = []
    for (status, body), titles in answers.items():
        shown = f"`{body}`" if body else "(nothing)"
        lines.append(f"- {status} {shown}: {'; '.join(titles)}")
    return lines


def steady(body: str) -> str:
    """An answer's body without what each run has anew."""
    return _TIMES.sub("TIME", body).replace("`", "'")
