"""A requirement in each of the chosen editions, and what is said where one says the opposite of another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rename_tck.requirements.catalogue import Catalogue, Requirement
from rename_tck.results.finding import Finding
from rename_tck.verdict import SEVERITY, Verdict


def cell(requirement: Requirement, edition: str, findings: Sequence[Finding], overall: Verdict) -> str:
    """What the matrix shows for one edition: the verdict where the edition states the rule, else its stance."""
    stance = requirement.stance(edition)
    if stance != "states":
        return stance
    own = [finding for finding in findings if finding.edition in {None, edition}]
    if not own:
        return str(Verdict.NOT_TESTED if overall is Verdict.PASS else overall)
    verdict = max((finding.verdict for finding in own), key=lambda found: SEVERITY[found])
    return str(overall if verdict is Verdict.PASS and overall is Verdict.NOT_TESTED else verdict)


def counterparts(requirement: Requirement, catalogue: Catalogue) -> list[Requirement]:
    """Those that state of the same case what the other editions state: their editions are contradicted by this one's.

    Only of the very member that both cite is it one case.
    """
    cited = {(cite.edition, cite.pointer) for cite in requirement.citations}
    contrary = {(cite.edition, cite.pointer) for cite in requirement.contradicted}
    return [
        other
        for other in catalogue.requirements
        if other.contradicted
        and {(cite.edition, cite.pointer) for cite in other.contradicted} <= cited
        and {(cite.edition, cite.pointer) for cite in other.citations} & contrary
    ]


def contradiction(
    requirement: Requirement, chosen: Sequence[str], found: Verdict, reason: str | None, others: Iterable[Verdict]
) -> str:
    """Where a chosen edition states the contrary, what the server did is shown, not judged.

    `others` are the verdicts on its counterparts: only a server that passes them does as the other editions say.
    """
    states = [edition for edition in chosen if requirement.stance(edition) == "states"]
    contrary = [edition for edition in chosen if requirement.stance(edition) == "states the contrary"]
    if not states:
        return f"{_said(contrary)} the opposite"
    against = f"{_stated(states)} this, and {_said(contrary)} the opposite, so it is not judged"
    if found is Verdict.PASS:
        did = f"the target does as {_said(states)}"
    elif found is Verdict.FAIL:
        did = f"the target does not do as {_said(states)}"
        if Verdict.PASS in others:
            did += f", but as {_said(contrary)}"
    else:
        did = str(reason)
    return f"{against}; {did}; --edition chooses one to judge by"


def _stated(editions: Sequence[str]) -> str:
    return f"{' and '.join(editions)} {'state' if len(editions) > 1 else 'states'}"


def _said(editions: Sequence[str]) -> str:
    return f"{' and '.join(editions)} {'say' if len(editions) > 1 else 'says'}"
