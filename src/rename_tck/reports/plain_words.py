"""What is wrong with the server, in one or two plain sentences, made of what the record holds of a failing case."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from rename_tck.reports import facts
from rename_tck.reports.bodies import ABSENT, members_apart
from rename_tck.reports.difference import compare
from rename_tck.reports.earlier_names import (
    NAMES,
    earlier,
    had_before,
    name_in,
    parsed,
    read_afterwards,
    rest_of_earlier,
)
from rename_tck.reports.name_changes import alike_but_for, change, shown, units
from rename_tck.results.record import Json
from rename_tck.text import cut, one_line, visible

#: How much is shown of what a server says, and of a value.
_SAID, _VALUE = 120, 60
#: Characters before the first difference of two names.
_BEFORE = 24
#: How much of a name, where a case has a long one.
_NAME = 24
#: Members of an object that are told of those that differ, are missing, or were added.
_MEMBERS = 2
#: A point of the space of renames has several parts; no more of them are told.
_PARTS = 4
#: The members of an error that say what was wrong.
_MESSAGES = ("message", "msg", "detail", "error", "title", "description")

#: How a sentence begins that names the case; and what was seen after a case that says what of it is to blame.
_SENT = "Sent: "
NARROWS = ("It fails only with ", "It fails with ", "Sent once more, ")
#: Where a case goes on with the odd request that came right before it.
_BEFORE_IT = "; the request before it was "
#: A case that is longer, or has parts, does not go into a sentence.
_SHORT_CASE = 100

#: How a case begins that is no request.
_NO_REQUEST = ("the ", "session ", "sessions ", "step ", "what ", "whether ")

#: What it means that another value than the expected one is there when it is looked at behind the answer.
_OF_A_DIFFERENCE = {
    "name-stored": "A rename that was accepted is not stored as it was sent",
    "shown-at-once": "A rename that was accepted shows late",
    "neighbours-untouched": "The rename of one session changed another one",
    "session-untouched": "A rename changed more of the session than its name",
    "refusal-changes-nothing": "A rename that was refused changed a session all the same",
    "auto-generate-stored": "The generated name is not the one that is stored",
}
#: What it means that an answer has another status than the expected one.
_OF_A_STATUS = {
    "unknown-id-refused": "The rename of an id that no session has is not refused as it should be",
    "deleted-id-refused": "The rename of a deleted session is not refused as for an id that never was",
    "credential-missing": "A request without a credential is not refused as it should be",
    "credential-wrong": "A wrong credential is not refused as it should be",
    "credential-before-validation": "The request is looked at before its credential",
    "user-scope-other": "A rename on behalf of another user is not answered as for a session that is not there",
    "user-scope-lookalike": "A rename on behalf of a user with a similar id is not refused as it should be",
    "owner-only": "A rename by another user is not refused as it should be",
    "other-user-not-found": "A rename on behalf of another user is not answered as for a session that is not there",
    "other-app-not-found": "A rename with the key of another app is not refused as it should be",
    "other-type-not-renamed": "A rename under another type than the session's is not refused as it should be",
}

#: What is wrong with a body that is not what was expected before the comma.
_NOT_AS = (
    ("JSON in UTF-8", "The body of the {status}answer is not JSON in UTF-8"),
    ("the documented schema", "The {status}answer does not match the documented schema"),
    ("the documented shape", "The {status}answer does not have the documented shape"),
    ("the shape of", "The {status}answer does not have {wanted}"),
)


def wrong(requirement: Json) -> list[str]:
    """Two or three sentences for somebody who has to mend the server and does not know this suite."""
    answer, compared = requirement["answer"], requirement.get("compared")
    law = requirement["id"].partition(".")[2]
    found = [*_seen(requirement, compared, answer)]
    behind = compared is not None and not requirement["case"].endswith("in the answer")
    meaning = _OF_A_DIFFERENCE.get(law) if behind else _OF_A_STATUS.get(law)
    if meaning is not None and (behind or (compared is None and answer is not None and not _says_it_all(found[0]))):
        found = [f"{meaning}.", *found]
    within = requirement["case"].partition(": ")[0]
    if law == "sequence-consistent":
        found.append("It was seen in a series of renames.")
    elif law.startswith("concurrent-") and " at once" in within and not found[0].startswith("After "):
        found.append(f"It was seen with {within}.")
    if _BEFORE_IT in requirement["case"]:
        found.append(f"The request before it was {requirement['case'].partition(_BEFORE_IT)[2]}.")
    if (said := _shown_after(requirement)) is not None:
        found.append(said)
    return [re.sub(r"([.\u2026])\.$", r"\1", one_line(sentence)) for sentence in found]


def _says_it_all(sentence: str) -> bool:
    """Whether a sentence names what was sent."""
    return sentence.startswith(_SENT)


def _shown_after(requirement: Json) -> str | None:
    """What narrows the fault down, of what was sent after the case: what it takes, or that it comes and goes."""
    after = requirement.get("after") or ""
    found = re.match(r".*?[.](?= [A-Z]|$)", _short_names(after)) if after.startswith(NARROWS) else None
    return None if found is None else found[0]


def case_of(requirement: Json) -> str:
    """The failing case in a phrase; of a point of several values those that are told first."""
    first, *others = _short_names(one_line(requirement["case"])).split(" \u00d7 ")
    if not others:
        return first
    tail = ""
    if ": " in others[-1]:
        others[-1], _, tail = others[-1].partition(": ")
    more = f" and {len(others) - _PARTS} more" if len(others) > _PARTS else ""
    return f"{first}, with {'; '.join(others[:_PARTS])}{more}" + (f": {tail}" if tail else "")


def _short_names(case: str) -> str:
    """A case in which a long name is cut."""

    def short(found: re.Match[str]) -> str:
        mark, name = found["mark"], found["name"]
        return f"{mark}{name[:_NAME]}\u2026{mark}"

    return re.sub(rf"(?P<mark>['\"])(?P<name>(?:(?!(?P=mark)).){{{2 * _NAME},}})(?P=mark)(?=$|[ ,:;)])", short, case)


def _seen(requirement: Json, compared: Json | None, answer: Json | None) -> Iterator[str]:
    """What was sent, what came, and what was expected."""
    case, expected = requirement["case"], requirement["expected"]
    status = _expected_status(expected)
    if compared is not None and (said := _after_several(requirement, compared) or _left_alone(requirement, compared)):
        yield said
    elif compared is not None:
        origin = earlier(requirement, compared["actual"]) if _is_of_a_name(case) else None
        yield f"{_differs(requirement, compared, answer) if origin is None else _is_earlier(case, compared, origin)}."
        if requirement["request"] is not None and (said := read_afterwards(requirement, compared)):
            yield said
    elif answer is None and requirement["request"] is not None:
        yield f"{_sent(case)}No whole answer came."
    elif status is not None and answer is not None and answer["status"] != status:
        yield from _answered(requirement, status, answer)
    else:
        yield f"{_described(case, expected, answer)}."


def _sent(case: str) -> str:
    """The case at the start of a sentence, where it is short and names a request, or an answer."""
    case = case.partition(_BEFORE_IT)[0]
    if len(case) > _SHORT_CASE or " \u00d7 " in case or case.startswith(_NO_REQUEST):
        return ""
    if re.match(r"an? (\w+ )?\d{3} answer", case):
        return f"Of {case}: "
    if re.match(r"(an? (unknown |odd )?id|a session (of type|that was deleted))\b", case):
        return f"{_SENT}a rename of {case}. "
    if re.match(r"another user\b(?!')", case):
        return f"{_SENT}a rename for {case}. "
    return f"{_SENT}{case}. "


def _after_several(requirement: Json, compared: Json) -> str | None:
    """Of one session that was renamed several times at once, and has none of the names then."""
    what, at_once, _ = requirement["case"].partition(" of one session at once")
    names = [name for _, name in re.findall(r"(?:^|or )(['\"])(.*?)\1(?=, whole$| or )", compared["expected"])]
    if not at_once or not names:
        return None
    origin = earlier(requirement, compared["actual"])
    came = shown(compared["actual"], _VALUE) + (f", the name that {origin}" if origin else "")
    wanted = " or ".join(shown(name, _NAME) for name in names)
    return f"After {what}{at_once} it is called {came}; expected is a name that was sent: {wanted}."


def _left_alone(requirement: Json, compared: Json) -> str | None:
    """Of a session that was renamed, and had another name a while later."""
    case, answer = requirement["case"], requirement["answer"]
    found = re.match(r"a session that was left alone (.*) after (an accepted rename)?(.*): its name (.*)", case)
    if found is None or answer is None:
        return None
    during, own, cause, where = found.groups()
    was = ", the name that it had before" if had_before(requirement, **compared) else ""
    then = "" if own else f"Then came {cause}, answered with {_line(answer)}. "
    return (
        f"A session was renamed to {shown(compared['expected'], _VALUE)}, and read with that name. {then}"
        f"Nothing was sent to it {during}; after that its name {where} is {shown(compared['actual'], _VALUE)}{was}."
    )


def _is_earlier(case: str, compared: Json, origin: str) -> str:
    """Of a name that came in place of another, and where it comes from."""
    one, other = _around(compared)
    alike = alike_but_for(compared["expected"], compared["actual"])
    apart = f" (the two differ in {alike} only)" if alike else ""
    said = f"{_subject(case)} is {shown(other, _VALUE)}, the name that {origin}"
    return f"{said}; expected is {shown(one, _VALUE)}{apart}"


def _around(compared: Json) -> tuple[str, str]:
    """What was expected and what came, from a little before the first difference on."""
    start = max(0, len(compare(compared["expected"], compared["actual"]).before) - _BEFORE)
    one, other = (("\u2026" if start else "") + compared[which][start:] for which in ("expected", "actual"))
    return one, other


# -- another value than expected


def _differs(requirement: Json, compared: Json, answer: Json | None) -> str:
    """Of two values that should have been equal."""
    case, one, other = requirement["case"], compared["expected"], compared["actual"]
    subject = _subject(case)
    if one == other:
        came = value_in(answer, case)
        if came is None:
            came = cut(one_line((answer or {}).get("body") or other), _VALUE)
            return f"{subject} is of another type: {one} is expected, and the answer is {came}"
        return f"{subject} is {came}, which is no text; expected is {shown(one, _VALUE)}"
    if other == "null" and value_in(answer, case) is None and "null" not in one:
        return f"{subject} is null or missing, and {shown(one, _VALUE)} is expected"
    looked_at = case.rpartition(": ")[2]
    if _is_of_a_name(case):
        tail = rest_of_earlier(requirement, one, other)
        origin = "" if tail is None else f", the end of the earlier name {shown(tail, _VALUE)}"
        return f"{subject} {change(one, other)}{origin}"
    if (members := _members(members_apart(one, other))) is not None:
        return f"{subject}: {members}"
    is_id = _is_of_an_id(looked_at)
    if not is_id and max(len(one), len(other)) <= _VALUE:
        return f"{subject} {change(one, other)}"
    # of a long value that is no name the part where the two differ
    one, other = (one, other) if is_id else _around(compared)
    return f"{subject} is {shown(other, _VALUE)}, and {shown(one, _VALUE)} is expected"


def _is_of_a_name(case: str) -> bool:
    """Whether a case looks at a name or a title, and not at an id."""
    looked_at = case.rpartition(": ")[2]
    return not _is_of_an_id(looked_at) and ("name" in looked_at or "title" in looked_at)


def _is_of_an_id(looked_at: str) -> bool:
    return re.match(r"(the )?id\b", looked_at) is not None


def _members(apart: list[tuple[str, str, str]]) -> str | None:
    """What became of the members of an object, by their paths, some of each kind; None where paths do not say it."""
    paths = [path for path, *_ in apart]
    moved = (path for path, *values in apart if ABSENT in values and path.rpartition(".")[2].isdigit())
    within = (path for path in paths for other in paths if other.startswith(f"{path}."))
    if not apart or "" in paths or any(moved) or any(within):
        return None
    values = [(path, cut(was, _VALUE), cut(came, _VALUE)) for path, was, came in apart]
    kinds = (
        [f"{path} is {came}, not {was}" for path, was, came in values if ABSENT not in (was, came)],
        [f"{path} is missing" for path, _, came in values if came == ABSENT],
        [f"{path} was added, {came}" for path, was, came in values if was == ABSENT],
    )
    said = [sentence for found in kinds for sentence in found[:_MEMBERS]]
    return "; ".join(said) + (f"; and {len(apart) - len(said)} more" if len(apart) > len(said) else "")


# -- another status than expected


def _expected_status(expected: str) -> int | None:
    """The status that was expected: its number, 4 for any refusal, 5 for anything but a failure of the server."""
    if found := re.match(r"status ([1-5][0-9]{2})\b", expected):
        return int(found[1])
    if expected.startswith(("a 4xx status", "any status but 200", "no success")):
        return 4
    return 5 if expected.startswith("any answer but a 5xx status") else None


def _answered(requirement: Json, wanted: int, answer: Json) -> Iterator[str]:
    status, expected = answer["status"], requirement["expected"]
    line, sent = _line(answer), _sent(requirement["case"])
    should = _refusal(expected)
    if status >= 500:
        valid = wanted == 200 and "4xx" not in expected
        yield f"{sent}The server fails with {line}" + (
            ", though the request is valid." if valid else "." if wanted in (5, 200) else f"; expected is {should}."
        )
    elif wanted == 200 and "4xx" not in expected and status >= 400:
        yield f"{sent}The server refuses it with {line}, though the request is valid."
        yield from _counted(requirement)
    elif status < 300 and wanted != 200:
        yield f"{sent}The server accepts it with {line}; expected is {should}."
    else:
        yield f"{sent}The server answers {line}; expected is {expected}."
    said = _message(answer["body"]) if status >= 400 else None
    if said:
        yield f"It says: {shown(said, _SAID)}"


def _refusal(expected: str) -> str:
    """The refusal that was expected, without what the case says anyway."""
    return expected.removesuffix(": the request is invalid").replace("a 4xx status", "a refusal (4xx)", 1)


def _counted(requirement: Json) -> Iterator[str]:
    """How long a name was that was refused, where servers count it in different ways."""
    name = name_in(parsed((requirement["request"] or {}).get("body")))
    if name is not None and "(" in units(name) and ("length" in requirement["id"] or len(name) >= 100):
        yield f"The name has {units(name)}: does the server count something other than characters?"


def _line(answer: Json) -> str:
    return f"{answer['status']} {cut(answer['reason'], 40)}".strip()


def _message(body: str) -> str | None:
    """What an error says was wrong, where it is JSON in one of the usual shapes."""
    content = parsed(body)
    for _ in range(5):
        if isinstance(content, str):
            return content or None
        if isinstance(content, list) and content:
            content = content[0]
        elif isinstance(content, dict):
            content = next((content[key] for key in _MESSAGES if content.get(key)), None)
    return None


# -- anything else


def _described(case: str, expected: str, answer: Json | None) -> str:
    """An expectation that says itself what came instead, after a `but`."""
    wanted, but, came = expected.partition(", but ")
    came = re.sub(r"not JSON \(Unexpected UTF-8 BOM.*", "behind a byte order mark (EF BB BF)", came)
    status = f"{answer['status']} " if answer is not None else ""
    if but:
        for start, words in _NOT_AS:
            if wanted.startswith(start):
                return f"{words.format(status=status, wanted=wanted)}: {came}"
        return f"{_sent(case)}Expected is {wanted}, but {came}"
    kind = None if answer is None else facts.media_type(answer)
    if expected == "an answer for programs, not an HTML page":
        return f"{_sent(case)}The server answers with an HTML page ({status.strip()}); expected is an error in JSON"
    if "content type" in case and kind is not None:
        return f"{_subject(case)} is {kind}; expected is {expected}"
    if ": " in case:
        seen = value_in(answer, case)
        if seen is None:
            return f"{_subject(case)} is not as expected: {expected}"
        return f"{_subject(case)} is {seen}; expected is {expected}"
    if answer is None:
        return f"{_sent(case)}Expected is {expected}"
    body = one_line(answer["body"])
    came = f": {body}" if 0 < len(body) <= _VALUE else ""
    return f"{_sent(case)}The server answers {_line(answer)}{came}; expected is {expected}"


def _subject(case: str) -> str:
    """What was looked at, at the start of a sentence: the end of a case, `its` and `it` in full."""
    done, _, looked_at = case.rpartition(": ")
    if done and looked_at.startswith("its "):
        looked_at = f"the {looked_at.removeprefix('its ')} of {done}"
    elif done and looked_at.endswith(" in it"):
        looked_at = f"{looked_at.removesuffix(' it')} {done}"
    # a case may end in what was read, which the sentence says itself
    looked_at = re.sub(r" is ['\"\[{].*$", "", looked_at)
    if "_" in looked_at.partition(" ")[0]:
        return f"The member {looked_at}"
    return f"{looked_at[:1].upper()}{looked_at[1:]}"


def value_in(answer: Json | None, case: str) -> str | None:
    """The value of the member of an answer that a case looks at, as JSON; None where it looks at none that is there."""
    found = re.search(r": (?:the )?(\w+) in the answer$", case)
    content = parsed(answer["body"]) if answer is not None and found is not None else None
    if not isinstance(content, dict) or found is None:
        return None
    members = NAMES if found[1] == "name" else (found[1],)
    value = next((content[name] for name in members if name in content), None)
    return None if value is None else visible(cut(json.dumps(value, ensure_ascii=False), _VALUE))
