"""docs/safety.md and docs/secrets.md say what the code enforces, and there is one way out."""

import ast
import re

import pytest
from harness import ROOT

from rename_tck.client.request_policy import OutsideContractError, RequestPolicy
from rename_tck.systems import NAMES, Session, load

PAGE = (ROOT / "docs" / "safety.md").read_text(encoding="utf-8")
SECRETS_PAGE = (ROOT / "docs" / "secrets.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "src" / "rename_tck"

#: What the page calls the ids of a route.
WORDS = {"known": "known", "looked": "looked up", "created": "created", "any": "any"}


@pytest.mark.parametrize("system", NAMES)
def test_the_page_lists_every_call_and_no_other(system: str) -> None:
    """The table below the system's heading: a line for each route, in any order, each with what it is for."""
    section = re.split(r"^##+ ", PAGE.partition(f"\n### {system}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]
    rows = re.findall(r"^\| ([A-Z]+) \| `([^`]+)` \| ([\w ]*?) ?\| (.+?) \|$", section, re.MULTILINE)
    listed = sorted(row[:3] for row in rows)
    routes = load(system).routes()
    assert listed == sorted(
        (route.method, route.path, WORDS[route.ids] if "{id}" in route.path else "") for route in routes
    )
    assert all(what.strip() for *_, what in rows)


def test_every_route_with_an_id_says_which() -> None:
    for system in NAMES:
        for route in load(system).routes():
            assert "{id}" not in route.path or route.ids != "any", f"{route.method} {route.path} takes anybody's id"


def _policy(system: str) -> RequestPolicy:
    dialect = load(system)
    return RequestPolicy(dialect.provisioning, dialect.operation)


@pytest.mark.parametrize("system", NAMES)
def test_a_made_up_id_is_renamed_only_while_it_is_allowed_and_never_deleted(system: str) -> None:
    dialect, policy = load(system), _policy(system)
    session = Session("made-up", "listed", dialect.kinds[0], "user")
    policy.allow_made_up("made-up")
    policy.permit(dialect.rename(session, {}))
    with pytest.raises(OutsideContractError):
        policy.permit(dialect.deletion(session))
    policy.forbid_made_up("made-up")
    with pytest.raises(OutsideContractError):
        policy.permit(dialect.rename(session, {}))


@pytest.mark.parametrize("system", NAMES)
def test_what_is_only_looked_for_is_neither_renamed_nor_deleted(system: str) -> None:
    dialect, policy = load(system), _policy(system)
    session = Session("somebodys", "listed", dialect.kinds[0], "user")
    policy.allow_look("somebodys")
    if (reading := dialect.reading(session)) is not None:
        policy.permit(reading)
    for request in (dialect.rename(session, {}), dialect.deletion(session)):
        with pytest.raises(OutsideContractError):
            policy.permit(request)


@pytest.mark.parametrize("system", NAMES)
def test_a_name_is_given_back_by_one_request_to_the_letter(system: str) -> None:
    dialect, policy = load(system), _policy(system)
    session = Session("somebodys", "listed", dialect.kinds[0], "user")
    back = dialect.rename(session, dialect.body(session, "Theirs"))
    policy.allow_exactly(back)
    policy.permit(back)
    for request in (dialect.rename(session, dialect.body(session, "Other")), dialect.deletion(session)):
        with pytest.raises(OutsideContractError):
            policy.permit(request)
    policy.forbid_exactly(back)
    with pytest.raises(OutsideContractError):
        policy.permit(back)


def test_one_module_allows_made_up_ids() -> None:
    """And one allows the request that gives a name back."""
    for call, where in (("allow_made_up(", "target/made_up_ids.py"), ("allow_exactly(", "target/others.py")):
        found = [path for path in (*PACKAGE.rglob("*.py"), *(ROOT / "tests" / "contract").rglob("*.py"))
                 if f".{call}" in path.read_text(encoding="utf-8")]  # fmt: skip
        assert found == [PACKAGE / where]


def test_the_probes_are_harmless() -> None:
    for system in NAMES:
        for probe in load(system).probes():
            assert probe.method == "GET"
            assert f"`{probe.path}`" in PAGE


def test_there_is_one_way_out() -> None:
    """Nothing but the transport and what it stands on can open a connection; the embedded servers only listen."""
    networks = {"requests", "urllib3", "http", "socket", "urllib.request", "httpx", "ssl", "asyncio"}
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if any(name in networks or name.split(".")[0] in networks for name in names):
                found.add(str(path.relative_to(PACKAGE)))
    # settings checks a file of certificates; trouble names the errors, environment the proxy that requests would ask
    assert found == {
        "client/transport.py", "client/adapter.py", "client/receiving.py", "client/trouble.py", "client/environment.py",
        "settings/options.py", "reference/serving.py",
    }  # fmt: skip


@pytest.mark.parametrize("page", ["README.md", "docs/index.md", "docs/judging.md"])
def test_the_page_is_linked(page: str) -> None:
    assert re.search(r"\]\((docs/)?safety\.md", (ROOT / page).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("words", "module", "name"),
    [("65 s at once", "client.waiting", "WAIT_AT_ONCE"), ("90 s for one", "client.waiting", "WAITING_LIMIT"),
     ("45 s of hanging", "client.transport", "HANGING_LIMIT"), ("3 s each time", "client.transport", "LAST_TRY"),
     ("after 100 requests", "target.made_up_ids", "LOOK_LASTS"),
     ("100 requests", "checks.bounds", "AFTER_FIRST"),
     ("1,000 requests", "checks.bounds", "AFTER_FIRST_IN_RUN"),
     ("80 requests", "checks.exploration", "SHRINKS"), ("or 5 s", "checks.exploration", "SHRINK_SECONDS"),
     ("fewer than 6 characters", "redaction", "_SHORT"), ("400 characters", "reports.terminal", "_CURL"),
     ("100,000 bytes", "client.curl", "_ARGUMENT_LIMIT")],
)  # fmt: skip
def test_the_numbers_are_those_of_the_code(words: str, module: str, name: str) -> None:
    import importlib

    (number,) = re.findall(r"[\d,]+", words)
    assert int(number.replace(",", "")) == getattr(importlib.import_module(f"rename_tck.{module}"), name)
    assert words in " ".join((PAGE + SECRETS_PAGE).split())
