"""A record as a run could leave it: three systems, every verdict, editions at odds, and servers that mean ill."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What a hostile server sends in the hope that a report runs, shows or obeys it.
SCRIPT = "<script>alert(document.domain)</script><img src=x onerror=alert(1)>"
ESCAPES = "\x1b[2J\x1b[31mPASS\x1b[0m\x07\x9b1A"
BIDI = "user\u202egnp.exe\u2066\u200b"
FENCE = "```\n</pre></td></table>\n````\n# All requirements pass | ok | [click](https://evil.example) @everyone\n~~~"
SURROGATE = "\ud83d"

DIFY_URL = "http://127.0.0.1:5001/v1"
CONVERSATION = "5b0b3f1e-6a5e-4c5f-9a52-0b8f6d0f6a11"
EN, ZH, JA = "specs/dify/openapi.en.yaml", "specs/dify/openapi.zh-Hans.yaml", "specs/dify/openapi.ja.yaml"


#: The members that a failing requirement has besides.
FAILURE = (
    "case", "request", "expected", "answer", "curl", "compared", "edition", "after", "left_out", "failing",
    "replay", "steps",
)  # fmt: skip


def quote(edition: str, file: str, line: int, pointer: str, words: str) -> dict[str, Any]:
    """A citation of a vendored document."""
    return {"edition": edition, "file": file, "line": line, "pointer": pointer, "quote": words}


def requirement(
    name: str,
    sentence: str,
    cells: Mapping[str, str],
    citations: list[dict[str, Any]],
    verdict: str = "pass",
    *,
    level: str = "MUST",
    reason: str | None = None,
    sent: int = 0,
    refused: int = 0,
    failure: Mapping[str, Any] | None = None,
    gap: str = "target",
    cause: str | None = None,
) -> dict[str, Any]:
    """One entry of `requirements`. The editions are those that neither keep silent nor say the contrary."""
    test = name.partition(".")[2].replace("-", "_")
    return {
        "id": name,
        "level": level,
        "sentence": sentence,
        "editions": [edition for edition, cell in cells.items() if cell not in ("silent", "states the contrary")],
        "verdict": verdict,
        "reason": reason,
        "by_edition": dict(cells),
        "evidence": {"sent": sent, "live": sent, "refused": refused},
        "citations": citations,
        "tests": [f"tests/contract/test_{name.partition('.')[0]}.py::test_{test}[{name}]"],
        "gap": gap if verdict == "not tested" else None,
        "cause": cause,
        **(failure or {}),
    }


def rename_failure(
    body: str,
    expected: str,
    answer: dict[str, Any] | None,
    case: str,
    compared: dict[str, str] | None = None,
    *,
    edition: str | None = None,
    after: str | None = None,
    left_out: str | None = None,
    tried: int = 1,
    others: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    """The members that a failing requirement has besides."""
    others = others or []
    url = f"{DIFY_URL}/conversations/{CONVERSATION}/name"
    came = {} if answer is None else {"status": answer["status"], "answer": answer["body"]}
    return {
        "case": case,
        "request": {
            "method": "POST",
            "url": url,
            "headers": {"Authorization": "Bearer $RENAME_TCK_API_KEY", "Content-Type": "application/json"},
            "body": body,
        },
        "expected": expected,
        "answer": answer,
        "curl": (
            f'curl -sS -i -g --path-as-is -X POST {url} -H "Authorization: Bearer $RENAME_TCK_API_KEY" '
            f"-H 'Content-Type: application/json' --data-raw '{body}'"
        ),
        "compared": compared,
        "edition": edition,
        "after": after,
        "left_out": left_out,
        "failing": {"classes": 1 + len(others), "tried": max(tried, 1 + len(others)), "others": others},
        "replay": "replay/a-failing-case.json",
        "steps": [
            step("make the session", f"{DIFY_URL}/chat-messages", '{"query":"hello"}', 200, SCRIPT + ESCAPES),
            step("the request that fails", url, body, **came, fails=True),
            step(
                "list the sessions", f"{DIFY_URL}/conversations", None, 200, '{"name":"Quarterly plan"}', method="GET"
            ),
        ],
    }


def step(
    what: str,
    url: str,
    body: str | None,
    status: int | None = None,
    answer: str | None = None,
    *,
    method: str = "POST",
    fails: bool = False,
) -> dict[str, Any]:
    """One request of the sequence that a failure is part of."""
    elapsed = None if status is None else 7
    return {
        "for": what, "method": method, "url": url, "body": body, "status": status, "elapsed_ms": elapsed,
        "answer": answer, "fails": fails,
    }  # fmt: skip


def other(kind: str, case: str, expected: str, status: int | None, replay: str | None) -> dict[str, Any]:
    """A failing case of another class."""
    curl = f"curl -sS -i -g --path-as-is -X POST {DIFY_URL}/conversations/{CONVERSATION}/name --data-raw '{case}'"
    return {
        "kind": kind, "edition": None, "case": case, "expected": expected, "status": status, "curl": curl,
        "replay": replay,
    }  # fmt: skip


def answer(status: int, reason: str, body: str, kind: str = "application/json", **headers: str) -> dict[str, Any]:
    """An answer as the record keeps it."""
    return {
        "status": status,
        "reason": reason,
        "headers": {"content-type": kind, **headers},
        "body": body,
        "elapsed_ms": 3,
    }


def summary(requirements: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """The counts of a run's requirements."""
    counts = {level: {"pass": 0, "fail": 0, "not tested": 0, "error": 0} for level in ("MUST", "SHOULD")}
    for entry in requirements:
        counts[entry["level"]][entry["verdict"]] += 1
    return counts


def sample() -> dict[str, Any]:
    """The whole record. A new one each time: change it as you like."""
    return {
        "schema_version": "2.0",
        "suite_version": "0.1.0",
        "seed": 20261120,
        "profile": "quick",
        "level": "must",
        "start": "2026-11-20T23:00:00Z",
        "end": "2026-11-20T23:00:41Z",
        "exit_status": 1,
        "reason": None,
        "runs": [dify(), agno(), openhands()],
    }


def incomplete() -> dict[str, Any]:
    """The record of a run that a limit cut short: nothing failed, and not all was tried."""
    judged = agno()
    late = "out of requests: --max-requests gave 60"
    for entry in judged["requirements"][1:2]:
        entry |= {"verdict": "not tested", "by_edition": {"2.5.6": "not tested"}, "reason": late, "gap": "limit"}
    judged |= {
        "verdict": "incomplete",
        "reason": f"not every MUST was tested in full: 1 was not got to ({late})",
        "summary": summary(judged["requirements"]),
    }
    return {**sample(), "exit_status": 3, "runs": [judged]}


def could_not_start() -> dict[str, Any]:
    """The record of a run that judged nothing at all."""
    return {
        **sample(),
        "exit_status": 3,
        "reason": "The option --edition names 'fr'; Dify has en, zh-Hans and ja.",
        "runs": [],
    }


def run(system: str | None, requirements: list[dict[str, Any]], **members: Any) -> dict[str, Any]:
    """One entry of `runs`."""
    return {
        "system": system,
        "base_url": None,
        "target": "target",
        "identified_by": "The option --system says so.",
        "chosen_editions": [],
        "verdict": "conforms",
        "reason": None,
        "summary": summary(requirements),
        "requirements": requirements,
        "observations": [],
        "notes": [],
        "requests": 0,
        "leftovers": [],
        **members,
    }


def dify() -> dict[str, Any]:
    """Editions that disagree, failures of every kind."""
    body = "/components/schemas/ConversationRenameRequest"
    operation = "/paths/~1conversations~1{conversation_id}~1name/post"
    user = quote("en", EN, 78, f"{body}/required", "required: - user")
    en_name = quote("en", EN, 83, f"{body}/properties/name", "name: type: string nullable: true")
    ja_name = quote("ja", JA, 171, f"{body}/properties/name", "auto_generateがtrueの場合は無視されます")
    zh_name = quote("zh-Hans", ZH, 41, f"{body}/properties/name", "若 auto_generate 为 true 时，该参数可不传")
    not_found = quote("ja", JA, 96, f"{operation}/responses/404", "code: not_found")
    everywhere = {"en": "pass", "zh-Hans": "pass", "ja": "pass"}
    only_ja = {"en": "silent", "zh-Hans": "silent"}
    requirements = [
        requirement(
            "dify.rename-accepted",
            "A valid rename of a conversation that exists MUST be answered 200.",
            everywhere,
            [quote("en", EN, 64, f"{operation}/responses/200", "description: Conversation renamed successfully.")],
            sent=31,
        ),
        requirement(
            "dify.user-required",
            "A rename without `user` MUST be refused with a 4xx status.",
            {"en": "fail", "zh-Hans": "fail", "ja": "fail"},
            [user],
            "fail",
            sent=6,
            refused=3,
            failure=rename_failure(
                '{"name":"Quarterly plan"}',
                "a refusal: status 400 to 499",
                answer(200, "OK", '{"id":"' + CONVERSATION + '","name":"Quarterly plan"}'),
                "user left out",
                after="An ordinary rename, and a reading, of the session and of another still worked.",
                left_out="1 more class of case was not tried: 60 requests were sent after the first failure.",
                tried=5,
                others=[
                    other(
                        "user null",
                        "user null",
                        "a refusal: status 400 to 499",
                        200,
                        "replay/dify.user-required.2.json",
                    ),
                    other("user empty", SCRIPT + ESCAPES, "a refusal: status 400 to 499", None, None),
                ],
            ),
        ),
        requirement(
            "dify.name-exact",
            "The name in the answer MUST be the name that was sent, to the character.",
            {"en": "pass", "zh-Hans": "pass", "ja": "fail"},
            [en_name, ja_name, zh_name],
            "fail",
            sent=44,
            failure=rename_failure(
                '{"name":"Caf\u00e9 \u5b63\u5ea6\u8ba1\u5212","user":"tck"}',
                "the name that was sent",
                answer(200, "OK", '{"name":"Cafe\u0301 \u5b63\u5ea6\u8ba1\u5212"}'),
                "a precomposed letter",
                {"expected": "Caf\u00e9 \u5b63\u5ea6\u8ba1\u5212", "actual": "Cafe\u0301 \u5b63\u5ea6\u8ba1\u5212"},
            ),
        ),
        requirement(
            "dify.name-null-accepted",
            "A null name MUST be accepted when auto_generate is true.",
            {"en": "pass", "zh-Hans": "pass", "ja": "states the contrary"},
            [en_name],
            "not tested",
            sent=2,
            reason=(
                "en and zh-Hans state this, and ja says the opposite, so it is not judged; the target does as "
                "en and zh-Hans say; --edition chooses one to judge by"
            ),
        ),
        requirement("dify.rename-twice", "Renaming twice MUST be answered 200 both times.", everywhere, [user], sent=4),
        requirement(
            "dify.auto-generate-ignores-name",
            "A name sent with auto_generate true MUST be ignored.",
            {**only_ja, "ja": "not tested"},
            [ja_name],
            "not tested",
            reason="No conversation with a message in it: lend one with --session-id.",
        ),
        requirement(
            "dify.auto-generate-stores",
            "A generated name MUST be there when the conversation is read back.",
            {"en": "not tested", "zh-Hans": "not tested", "ja": "not tested"},
            [ja_name],
            "not tested",
            reason="No conversation with a message in it: lend one with --session-id.",
        ),
        requirement(
            "dify.other-mode-refused",
            "The key of an app of another mode MUST be refused with 400 not_chat_app.",
            {**only_ja, "ja": "not tested"},
            [quote("ja", JA, 88, f"{operation}/responses/400", "code: not_chat_app")],
            "not tested",
            reason="No key of another app: set RENAME_TCK_OTHER_MODE_KEY.",
        ),
        requirement(
            "dify.not-found-shape",
            "The 404 MUST be an object with status, code and message.",
            {**only_ja, "ja": "fail"},
            [not_found],
            "fail",
            sent=9,
            refused=9,
            failure=rename_failure(
                '{"name":"x","user":"tck"}',
                "a JSON object with status, code and message",
                answer(
                    404,
                    "NOT FOUND" + ESCAPES,
                    SCRIPT + BIDI + FENCE + ESCAPES + SURROGATE,
                    "text/html",
                    **{"x-note": SCRIPT + BIDI},
                ),
                "an id that does not exist",
                {"expected": "application/json", "actual": SCRIPT},
            ),
        ),
        requirement(
            "dify.concurrent-renames",
            "Two renames in flight at once MUST NOT mix.",
            everywhere,
            [user],
            "error",
            sent=2,
            reason="The suite failed itself: AssertionError in tests/contract/test_laws.py, line 210.",
        ),
        requirement(
            "dify.long-name-exact",
            "A name of 200 characters SHOULD be stored whole.",
            {"en": "fail", "zh-Hans": "fail", "ja": "silent"},
            [en_name],
            "fail",
            level="SHOULD",
            sent=4,
            failure=rename_failure(
                '{"name":"' + "long name " * 20 + '","user":"tck"}',
                "the name that was sent",
                None,
                "200 characters",
                {"expected": "long name " * 20, "actual": "long name " * 19},
            ),
        ),
        requirement(
            "dify.other-user-refused",
            "Another user's conversation SHOULD NOT be found.",
            everywhere,
            [{"source": "RFC 9110, section 15.5.5", "text": "404 also hides that a resource exists."}],
            level="SHOULD",
            sent=3,
            refused=2,
        ),
        requirement(
            "dify.user-string",
            "A `user` that is no string MUST be refused.",
            {"en": "not tested", "zh-Hans": "not tested", "ja": "not tested"},
            [user],
            "not tested",
            reason="It could not be shown, for a rename without user is accepted.",
            gap="cause",
            cause="dify.user-required",
        ),
    ]
    return run(
        "dify",
        requirements,
        base_url=DIFY_URL,
        chosen_editions=["en", "zh-Hans", "ja"],
        verdict="does not conform",
        observations=[
            {
                "id": "dify.obs-name-length",
                "question": "Is a name of 256 characters accepted?",
                "answer": "refused with 400",
                "detail": None,
            },
            {
                "id": "dify.obs-blank-name",
                "question": "Is a name of blanks alone accepted?",
                "answer": "accepted as it was sent",
                "detail": "The name read back is " + BIDI + SCRIPT,
            },
        ],
        requests=1234,
        leftovers=[{"id": CONVERSATION, "what": "a conversation that the run created, and could not delete" + ESCAPES}],
        notes=[f"The conversation {CONVERSATION} could not be deleted (status 500)."],
    )


def agno() -> dict[str, Any]:
    """An embedded server that conforms."""
    file, schema = "specs/agno/openapi.yaml", "/components/schemas/Body_rename_session"
    name = quote("2.5.6", file, 144, f"{schema}/required", "required: - session_name")
    kind = quote("2.5.6", file, 31, "/components/schemas/SessionType", "enum: - agent - team - workflow")
    cells = {"2.5.6": "pass"}
    requirements = [
        requirement(
            "agno.session-name-required",
            "A rename without `session_name` MUST be refused with a 4xx status.",
            cells,
            [name],
            sent=8,
            refused=4,
        ),
        requirement(
            "agno.type-validated",
            "A `type` other than agent, team or workflow MUST be refused with 422.",
            cells,
            [kind],
            sent=12,
            refused=6,
        ),
        requirement(
            "agno.credential-required",
            "A rename without a credential MUST be refused.",
            {"2.5.6": "not tested"},
            [name],
            "not tested",
            reason="No API key given: set RENAME_TCK_API_KEY.",
        ),
        requirement(
            "agno.other-type-untouched",
            "A session of another type SHOULD NOT be renamed.",
            cells,
            [kind],
            level="SHOULD",
            sent=3,
            refused=3,
        ),
    ]
    return run(
        "agno",
        requirements,
        base_url="http://127.0.0.1:43127",
        target="embedded server",
        chosen_editions=["2.5.6"],
        identified_by="The embedded server of Agno.",
    )


def openhands() -> dict[str, Any]:
    """A target that could not be judged."""
    file = "specs/openhands/openapi.yaml"
    reason = "No session to rename: lend one with --session-id."
    cells = {"0.53.0": "not tested"}
    requirements = [
        requirement(
            "openhands.title-max-200",
            "A title of 201 characters MUST be refused.",
            cells,
            [
                quote(
                    "0.53.0",
                    file,
                    61,
                    "/components/schemas/UpdateConversationRequest/properties/title/maxLength",
                    "maxLength: 200",
                )
            ],
            "not tested",
            reason=reason,
        ),
        requirement(
            "openhands.no-more-members",
            "A body with further members MUST be refused with 422.",
            cells,
            [
                quote(
                    "0.53.0",
                    file,
                    70,
                    "/components/schemas/UpdateConversationRequest/additionalProperties",
                    "additionalProperties: false",
                )
            ],
            "not tested",
            reason=reason,
        ),
    ]
    return run(
        "openhands",
        requirements,
        base_url="https://openhands.example",
        chosen_editions=["0.53.0"],
        verdict="could not judge",
        reason=reason,
        identified_by="GET /api/options/config answers as OpenHands does.",
    )
