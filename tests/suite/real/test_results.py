"""results.py with fake servers, programs and databases: what it makes and says, and that one fault stops no other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml
from harness import KEY, ROOT, judge

from real import confirming, databases, description, environments, outcome, page, published_record, results
from real import judging as judging_of_one
from real.databases import DatabaseFailure
from real.description import DescriptionError
from real.environments import EnvironmentFailure
from real.outcome import Expected, Judged
from real.published_record import UnfitError
from rename_tck.reference.agno import AgnoServer
from rename_tck.reference.service import Refusal
from rename_tck.reference.serving import serve

DESCRIBED = description.load()
SQLITE, REDIS = DESCRIBED.targets["agno-2.5.6-sqlite"], DESCRIBED.targets["agno-2.5.6-redis"]


def program(folder: Path, name: str, lines: str) -> Path:
    """A program of that name in the folder, as a shell's lines."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{lines}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


# -- the description


def test_a_target_is_a_server_on_a_store() -> None:
    assert len(DESCRIBED.targets) + len(DESCRIBED.absent) == 7 * 6 + 2 + 1
    assert SQLITE.title == "Agno AgentOS 2.5.6, SQLite"
    assert SQLITE.server.packages[0] == "agno==2.5.6"
    assert {name for name, target in DESCRIBED.targets.items() if target.in_ci} == {
        "agno-2.5.6-sqlite", "agno-2.5.6-memory", "agno-2.5.6-json", "agno-2.5.6-json-nameless",
    }  # fmt: skip


def test_names_choose_targets_servers_stores_and_systems() -> None:
    assert [target.name for target in DESCRIBED.chosen(["agno-2.5.6-redis"])] == ["agno-2.5.6-redis"]
    assert {target.server.name for target in DESCRIBED.chosen(["agno-3.1"])} == {"agno-3.1"}
    assert {target.store.name for target in DESCRIBED.chosen(["redis", "mariadb"])} == {"redis", "mariadb"}
    assert {target.server.system for target in DESCRIBED.chosen(["openhands"])} == {"openhands"}
    assert DESCRIBED.chosen([]) == list(DESCRIBED.targets.values())
    with pytest.raises(DescriptionError, match="agno-9 is no target, server or store of"):
        DESCRIBED.chosen(["agno-9"])


def test_a_description_that_cannot_be_used_is_one_sentence(tmp_path: Path) -> None:
    content = yaml.safe_load(description.FILE.read_text(encoding="utf-8"))
    in_ci = content | {"in_ci": ["agno-0-sqlite"]}
    server = content["servers"]["agno-2.2"] | {"packages": ["agno"]}
    no_release = content | {"servers": content["servers"] | {"agno-2.2": server}}
    for number, (changed, words) in enumerate((
        (in_ci, "names agno-0-sqlite in in_ci, which is no target."), (no_release, "has to name one release"),
    )):  # fmt: skip
        path = tmp_path / f"{number}.yaml"
        path.write_text(json.dumps(changed), encoding="utf-8")
        with pytest.raises(DescriptionError, match=words):
            description.load(path)


def test_every_finding_quotes_its_document_and_can_be_seen_in_a_few_curls() -> None:
    for finding in confirming.load().values():
        place = finding.where.partition(",")[0]
        if place.startswith("specs/"):
            text = " ".join((ROOT / place).read_text(encoding="utf-8").split())
            assert finding.quote in text, finding.id
        known = {name for _, name in _requirements(finding.system)}
        assert set(finding.requirements) <= known, finding.id
        assert finding.is_security is (not finding.steps), finding.id
        assert len(finding.steps) <= 3


def _requirements(system: str) -> list[tuple[str, str]]:
    from rename_tck.requirements.catalogue import Catalogue

    return [(system, rule.id.partition(".")[2]) for rule in Catalogue.load(system).requirements]


@pytest.mark.parametrize("path", sorted(outcome.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_of_outcomes_is_of_a_target_and_says_what_each_finding_is(path: Path) -> None:
    system = DESCRIBED.targets[path.stem].server.system
    expected = outcome.load(path.stem)
    assert set(expected) == {f"{system}.{name}" for _, name in _requirements(system)}
    for requirement, one in expected.items():
        assert {one.verdict, one.published, *one.unsteady} <= {"pass", "fail", "not tested", "error", None}, requirement
        assert one.finding or {one.verdict, one.published, *one.unsteady} <= {"pass", None}, requirement
        if one.verdict == "fail" and not one.unsteady:
            assert one.confirmed in confirming.load(), requirement


# -- environments


@pytest.fixture
def uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a uv that notes how it is called, and makes of this interpreter what it is asked for."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(
        folder,
        "uv",
        f'''
echo "$@" >> "{tmp_path}/calls"
if [ "$1" = venv ]; then
    for place; do :; done
    mkdir -p "$place/bin"; ln -sf "{sys.executable}" "$place/bin/python"
    exit
fi
cat "{tmp_path}/said" >&2 2>/dev/null
exit $(cat "{tmp_path}/status" 2>/dev/null || echo 0)''',
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return tmp_path


HERE = replace(SQLITE.server, python="{}.{}".format(*sys.version_info))


def _calls(folder: Path) -> list[str]:
    path = folder / "calls"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def test_an_environment_is_made_once(uv: Path) -> None:
    said: list[str] = []
    python = environments.ready(HERE, said.append, uv / "venvs")
    assert python == uv / "venvs" / "agno-2.5.6" / "bin" / "python"
    made = _calls(uv)
    assert [call.split()[0] for call in made] == ["venv", "pip"]
    assert made[1].endswith(" ".join(HERE.packages))
    assert environments.ready(HERE, said.append, uv / "venvs") == python
    assert (_calls(uv), said) == (made, [])


@pytest.mark.parametrize("fault", ["cut short", "other packages", "no interpreter"])
def test_an_environment_that_is_not_whole_is_made_anew(uv: Path, fault: str) -> None:
    said: list[str] = []
    python = environments.ready(HERE, said.append, uv / "venvs")
    place = python.parents[1]
    (place / "left").touch()
    wanted = HERE
    if fault == "cut short":
        (place / "complete.json").unlink()
    elif fault == "other packages":
        wanted = replace(HERE, packages=("agno==2.5.7",))
    else:
        python.unlink()
        program(python.parent, "python", "echo 'pyenv: python: command not found' >&2; exit 127")
    environments.ready(wanted, said.append, uv / "venvs")
    assert said == ["the environment agno-2.5.6 is half made, or of another description: it is made anew"]
    assert len(_calls(uv)) == 4
    assert not (place / "left").exists()
    environments.ready(wanted, said.append, uv / "venvs")
    assert len(said) == 1


@pytest.mark.parametrize(
    ("said", "status", "words"),
    [
        ('warning: `agno==2.5.6` is yanked (reason: "broken")', 0,
         "agno-2.5.6: agno==2.5.6 was yanked from the package index (broken): name another release in targets.yaml."),
        ("  x No solution found: agno==2.5.6 is not there.", 1,
         "agno-2.5.6: its environment could not be made: x No solution found: agno==2.5.6 is not there."),
    ],
)  # fmt: skip
def test_packages_that_cannot_be_had_are_one_sentence(uv: Path, said: str, status: int, words: str) -> None:
    (uv / "said").write_text(said, encoding="utf-8")
    (uv / "status").write_text(str(status), encoding="utf-8")
    for _ in range(2):  # what was half made is not taken for whole the next time
        with pytest.raises(EnvironmentFailure) as failure:
            environments.ready(HERE, lambda _: None, uv / "venvs")
        assert str(failure.value) == words


def test_without_uv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(tmp_path))
    with pytest.raises(EnvironmentFailure, match="there is no uv: pip install uv"):
        environments.ready(HERE, lambda _: None, tmp_path / "venvs")


def test_a_python_that_is_only_a_shim_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims, real = tmp_path / "shims", tmp_path / "real"
    for folder in (shims, real):
        folder.mkdir()
    program(shims, "python3.99", "echo 'pyenv: python3.99: command not found' >&2; exit 127")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("PATH", str(shims))
    with pytest.raises(EnvironmentFailure) as failure:
        environments.find_python("3.99")
    assert str(failure.value) == (
        "there is no Python 3.99: python3.99 on the path is none, or only a shim that does not run."
    )
    # behind the shim, and among those that pyenv has installed, there may be one
    found = program(real, "python3.99", "echo 3.99")
    monkeypatch.setenv("PATH", f"{shims}:{real}")
    assert environments.find_python("3.99") == found
    monkeypatch.setenv("PATH", str(shims))
    installed = tmp_path / "pyenv" / "versions" / "3.99.1" / "bin"
    installed.mkdir(parents=True)
    assert environments.find_python("3.99") if program(installed, "python", "echo 3.99") else None
    with pytest.raises(EnvironmentFailure, match=r"there is no Python 3\.98 on the path\."):
        environments.find_python("3.98")


# -- databases


@pytest.mark.parametrize("name", ["postgres", "mariadb", "redis"])
def test_a_database_that_is_not_installed(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DESCRIBED.targets[f"agno-2.5.6-{name}"].store
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(databases, "_ELSEWHERE", ())
    with pytest.raises(DatabaseFailure) as failure, databases.running(store, tmp_path):
        pass
    assert str(failure.value) == f"{store.title} is not installed: apt-get install {store.debian}."


def test_a_database_whose_port_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said = "Could not create server TCP listening socket 127.0.0.1:$4: bind: Address already in use"
    program(tmp_path, "redis-server", f'[ "$1" = --version ] && echo "Redis v=7.0.1" && exit; echo "{said}"; exit 1')
    program(tmp_path, "redis-cli", "exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(databases, "_unprivileged", lambda _: None)
    monkeypatch.setattr(databases, "free_port", lambda: 6379)
    with pytest.raises(DatabaseFailure) as failure, databases.running(REDIS.store, tmp_path):
        pass
    assert str(failure.value) == "Redis did not start: its port 6379 is in use."


def test_a_database_that_cannot_be_set_up_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("postgres", "pg_isready"):
        program(tmp_path, name, "exit 1")
    program(tmp_path, "initdb", "echo 'initdb: error: no room' >&2; exit 1")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(databases, "_unprivileged", lambda _: None)
    store = DESCRIBED.targets["agno-2.5.6-postgres"].store
    with pytest.raises(DatabaseFailure) as failure, databases.running(store, tmp_path):
        pass
    assert str(failure.value) == "PostgreSQL could not be set up: initdb says: initdb: error: no room."


@pytest.mark.slow
@pytest.mark.parametrize("name", ["postgres", "mariadb", "redis"])
def test_a_database_is_stopped_whatever_happens_in_between(name: str, tmp_path: Path) -> None:
    store = DESCRIBED.targets[f"agno-2.5.6-{name}"].store
    with contextlib.ExitStack() as stack:
        try:
            place = stack.enter_context(databases.running(store, tmp_path))
        except DatabaseFailure as failure:
            pytest.skip(str(failure))
        port = int(place.address.partition("127.0.0.1:")[2].partition("/")[0])
        socket.create_connection(("127.0.0.1", port)).close()
        assert place.version
        with pytest.raises(ZeroDivisionError), stack.pop_all():
            raise ZeroDivisionError
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


# -- curls


class ListOfErrors(AgnoServer):
    """Answers a 422 as FastAPI does by itself."""

    def render_error(self, refusal: Refusal) -> Any:
        content = super().render_error(refusal)
        return content | {"detail": [content["detail"]]} if refusal.status == 422 else content


def test_the_curls_show_nothing_at_a_correct_server() -> None:
    with serve(AgnoServer(KEY)) as url:
        found = confirming.confirm(SQLITE, url, KEY)
    assert {name for name, one in found.items() if one["seen"]} == set()
    assert len(found) == sum(one.system == "agno" and not one.is_security for one in confirming.load().values())


def test_the_curls_show_a_fault_where_it_is_and_leave_nothing() -> None:
    server = ListOfErrors(KEY)
    with serve(server) as url:
        found = confirming.confirm(SQLITE, url, KEY)
    assert {name for name, one in found.items() if one["seen"]} == {"agno-422-detail"}
    assert found["agno-422-detail"]["status"] == 422
    assert KEY not in str(found)
    assert not server.sessions


# -- outcomes


def _found(verdict: str, **more: object) -> dict[str, Any]:
    return {"verdict": verdict, "case": "a case", "expected": "that", "answer": None, "reason": "so", **more}


def _judged(vendored: dict[str, str], published: dict[str, str] | None = None, seen: tuple[str, ...] = ()) -> Judged:
    by_own = vendored if published is None else vendored | published
    first, second = ({f"agno.{name}": _found(verdict) for name, verdict in one.items()} for one in (vendored, by_own))
    return Judged(first, second, {name: {"seen": True, "status": 422, "body": ""} for name in seen})


def test_a_difference_in_either_direction_is_told() -> None:
    fails = Expected("fail", finding="It fails.", confirmed="agno-422-detail")
    expected = {"agno.a": fails, "agno.b": Expected("pass"), "agno.c": Expected("pass")}
    told = outcome.differences(expected, _judged({"a": "pass", "b": "fail", "d": "pass"}))
    assert [sentence.partition(":")[0] for sentence in told] == [
        name for name in ("agno.a", "agno.b", "agno.c", "agno.d") for _ in range(2)
    ]
    assert outcome.differences(expected, _judged({"a": "fail", "b": "pass", "c": "pass"})) == []
    # by the server's own document alone
    (told_once,) = outcome.differences(expected, _judged({"a": "fail", "b": "pass", "c": "pass"}, {"a": "pass"}))
    assert told_once.startswith("agno.a: expected fail by its own document, found pass")
    by_own = expected | {"agno.a": replace(fails, published="pass")}
    assert outcome.differences(by_own, _judged({"a": "fail", "b": "pass", "c": "pass"}, {"a": "pass"})) == []


def test_what_shows_on_some_runs_only_may_be_either() -> None:
    expected = {"agno.a": Expected("fail", finding="A race.", unsteady=("pass",))}
    for verdict in ("pass", "fail"):
        assert outcome.differences(expected, _judged({"a": verdict})) == []
    assert len(outcome.differences(expected, _judged({"a": "error"}))) == 2
    assert outcome.unconfirmed(expected, _judged({"a": "fail"})) == []


def test_a_failure_that_no_curl_confirms_is_told() -> None:
    name = "agno.error-422-shape"
    judged = _judged({"error-422-shape": "fail"}, seen=("agno-422-detail",))
    sentence = confirming.load()["agno-422-detail"].sentence
    fails = Expected("fail", finding=sentence, confirmed="agno-422-detail")
    assert outcome.unconfirmed({name: fails}, judged) == []
    for one, words in (
        (replace(fails, confirmed=None), f"no curl confirms that it fails: {sentence}"),
        (
            replace(fails, finding="A list."),
            "its finding is not the sentence of agno-422-detail: --accept writes it anew",
        ),
        (replace(fails, confirmed="agno-nothing"), "agno-nothing is no finding of findings.yaml"),
    ):
        assert outcome.unconfirmed({name: one}, judged) == [f"{name}: {words}"]
    gone = _judged({"error-422-shape": "fail"})
    assert outcome.unconfirmed({name: fails}, gone) == [f"{name}: the curls of agno-422-detail do not show it any more"]


def test_a_file_made_anew_keeps_what_was_written_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome, "FOLDER", tmp_path)
    judged = _judged(
        {"error-422-shape": "fail", "b": "pass", "c": "not tested", "race": "pass"},
        {"error-422-shape": "pass"}, seen=("agno-422-detail",),
    )  # fmt: skip
    race = Expected("fail", finding='It is: so, and it\'s "thus" # sometimes.', unsteady=("pass",))
    skipped = Expected("not tested", finding="By hand.")
    text = outcome.dump({"agno.race": race, "agno.c": skipped}, judged)
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    made = outcome.load("x")
    told = confirming.load()["agno-422-detail"]
    assert made == {
        "agno.error-422-shape": Expected("fail", "pass", told.sentence, "agno-422-detail"),
        "agno.b": Expected("pass"), "agno.c": skipped, "agno.race": race,
    }  # fmt: skip
    assert outcome.differences(made, judged) == []
    assert outcome.dump(made, judged) == text


# -- several targets


FAKE = """
import json, pathlib, sys
name, folder = sys.argv[1:]
if name.endswith("-redis"):
    sys.stderr.write("a traceback would stand here\\nRedis is not installed: apt-get install redis-server.\\n")
    sys.exit(1)
verdict = "fail" if name.endswith("-json") else "pass"
one = {"id": "agno.a", "verdict": verdict, "case": "c", "expected": "e", "answer": None}
for document in ("vendored", "published"):
    pathlib.Path(folder, document + ".json").write_text(json.dumps({"runs": [{"requirements": [one]}]}))
pathlib.Path(folder, "seen.json").write_text(json.dumps({"findings": {}}))
"""


@pytest.fixture
def judging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> results.Judging:
    """Judges by a script of a few lines: Redis is not installed, and JSON files differ from what is expected."""
    expected = tmp_path / "expected"
    expected.mkdir()
    for name in DESCRIBED.targets:
        (expected / f"{name}.yaml").write_text("agno.a: {verdict: pass}\n", encoding="utf-8")
    monkeypatch.setattr(outcome, "FOLDER", expected)
    script = tmp_path / "fake.py"
    script.write_text(FAKE, encoding="utf-8")
    return results.Judging(script, tmp_path / "found")


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_the_other_targets_go_on(judging: results.Judging, jobs: str, capsys: pytest.CaptureFixture[str]) -> None:
    names = ["agno-2.5.6-sqlite", "agno-2.5.6-redis", "agno-2.5.6-memory", "agno-3.1-json"]
    assert results.main([*names, "--jobs", jobs], judging) == 2
    said = capsys.readouterr().out
    assert "agno-2.5.6-sqlite: as expected (" in said
    assert "agno-2.5.6-memory: as expected (" in said
    assert "agno-2.5.6-redis: not judged (" in said
    assert "\n    Redis is not installed: apt-get install redis-server.\n" in said
    assert "agno-3.1-json: differs (" in said
    assert "\n    agno.a: expected pass, found fail: c: expected e, but the answer is None None\n" in said
    assert "[4/4]" in said
    assert "traceback" not in said


@pytest.mark.parametrize(
    ("name", "status"), [("agno-2.5.6-sqlite", 0), ("agno-2.5.6-json", 1), ("agno-2.5.6-redis", 2), ("agno-9", 2)]
)
def test_the_exit_status(judging: results.Judging, name: str, status: int) -> None:
    assert results.main([name], judging) == status


def test_what_could_not_be_judged_leaves_what_was_found_before(judging: results.Judging) -> None:
    place = judging.found / "agno-2.5.6-redis"
    place.mkdir(parents=True)
    (place / "seen.json").write_text("{}", encoding="utf-8")
    assert results.main(["agno-2.5.6-redis"], judging) == 2
    assert (place / "seen.json").read_text(encoding="utf-8") == "{}"
    assert [path.name for path in judging.found.iterdir()] == ["agno-2.5.6-redis"]


def test_what_is_being_judged_is_stopped_with_it(tmp_path: Path) -> None:
    pipe, script = tmp_path / "pipe", tmp_path / "fake.py"
    os.mkfifo(pipe)
    script.write_text(f"import signal\nopen({str(pipe)!r}, 'w').close()\nsignal.pause()\n", encoding="utf-8")
    judging, said = results.Judging(script, tmp_path / "found"), list[str | None]()
    thread = threading.Thread(target=lambda: said.append(judging.one(SQLITE)))
    thread.start()
    pipe.open().close()  # until the process is there
    judging.stop()
    thread.join()
    assert said == [f"agno-2.5.6-sqlite: its process ended with {-signal.SIGTERM}."]
    assert judging.one(SQLITE) == "the judging was broken off."


def test_targets_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert results.main(["--list", "agno-2.5.6"]) == 0
    assert "agno-2.5.6-postgres          Agno AgentOS 2.5.6, PostgreSQL\n" in capsys.readouterr().out


# -- what is published


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A record with a failure in it."""
    folder = tmp_path_factory.mktemp("report")
    with serve(ListOfErrors(KEY)) as url:
        judged = judge(url, folder, env={"RENAME_TCK_API_KEY": KEY}, select="error-422 or user-scope", record_only=True)
    assert "agno.error-422-shape" in judged.with_verdict("fail")
    return judged.record


def _of(record: dict[str, Any], seen: tuple[str, ...] = ("agno-422-detail",)) -> Judged:
    requirements = {one["id"]: one for one in record["runs"][0]["requirements"]}
    return Judged(requirements, requirements, {name: {"seen": True, "status": 422, "body": "{}"} for name in seen})


def test_a_published_record_has_nothing_of_the_machine(record: dict[str, Any]) -> None:
    made = published_record.published(record, SQLITE, _of(record), (KEY,))
    text = json.dumps(made)
    assert made["runs"][0]["base_url"] == "http://127.0.0.1:7777"
    assert str(record["runs"][0]["base_url"]) not in text
    assert "aaaaaaaa-aaaa-4aaa-8aaa-000000000001" in text
    assert not any("sent again because" in note for note in made["runs"][0]["notes"])
    (was,) = (one for one in record["runs"][0]["requirements"] if one["id"] == "agno.error-422-shape")
    (now,) = (one for one in made["runs"][0]["requirements"] if one["id"] == "agno.error-422-shape")
    assert now["case"] == was["case"]
    assert now["answer"]["body"] == was["answer"]["body"]
    # the files of failing cases are not published: what tries one again does not name them
    assert was["replay"] is not None
    assert now["replay"] is None
    assert all(other["replay"] is None for other in now["failing"]["others"])


@pytest.mark.parametrize(
    "error",
    [
        subprocess.TimeoutExpired(["pg_isready"], 60),
        requests.ConnectionError(f"the server of {judging_of_one.KEY}\nwent away."),
        json.JSONDecodeError("Expecting value", "", 0),
    ],
)
def test_whatever_keeps_a_target_from_being_judged_is_one_sentence(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(judging_of_one, "judge", fails)
    monkeypatch.setattr(sys, "argv", ["judging.py", "agno-2.5.6-sqlite", "folder"])
    assert judging_of_one.main() == 1
    said = capsys.readouterr().err
    assert said.startswith("agno-2.5.6-sqlite: it could not be judged: ")
    assert said.endswith(".\n")
    assert said.count("\n") == 1
    assert judging_of_one.KEY not in said


@pytest.mark.parametrize("word", ["a-secret-key", str(ROOT), "/tmp/store", "lib/site-packages/agno"])
def test_what_must_not_be_published_is_an_error(record: dict[str, Any], word: str) -> None:
    held = json.loads(json.dumps(record))
    held["runs"][0]["notes"].append(f"it says {word}")
    with pytest.raises(UnfitError, match="is not to be published") as error:
        published_record.published(held, SQLITE, _of(held), ("a-secret-key",))
    assert "a-secret-key" not in str(error.value)


def test_a_matter_of_security_is_told_without_its_case(record: dict[str, Any]) -> None:
    held = json.loads(json.dumps(record))
    (broken,) = (one for one in held["runs"][0]["requirements"] if one["id"] == "agno.error-422-shape")
    (scope,) = (one for one in held["runs"][0]["requirements"] if one["id"] == "agno.user-scope-lookalike")
    scope |= {name: value for name, value in broken.items() if name not in scope}
    held["runs"][0]["summary"][scope["level"]][scope["verdict"]] -= 1
    held["runs"][0]["summary"][scope["level"]]["fail"] += 1
    scope |= {"verdict": "fail", "case": "the very way in", "expected": "the very way out"}
    scope |= {name: broken[name] for name in ("request", "answer", "curl", "compared", "failing")}
    scope |= {"after": "the very way after it", "left_out": "the very way on"}
    scope["steps"] = [{
        "for": "the very way", "method": "POST", "url": "http://h/the very way", "body": "the very way", "status": 200,
        "elapsed_ms": 1, "answer": "the very way", "fails": True,
    }]  # fmt: skip
    held["runs"][0]["notes"].append("nothing was tried with the very way in: POST /sessions creates none")
    made = published_record.published(held, SQLITE, _of(held), ())
    text = json.dumps(made)
    assert "the very way" not in text
    (told,) = (one for one in made["runs"][0]["requirements"] if one["id"] == "agno.user-scope-lookalike")
    assert (told["verdict"], told["case"], told["request"], told["curl"]) == (
        "fail",
        "the vendor learns it first",
        None,
        None,
    )
    # what has nothing to do with it is told
    (other,) = (one for one in made["runs"][0]["requirements"] if one["id"] == "agno.error-422-shape")
    assert other["curl"]


@pytest.fixture
def found(tmp_path: Path, record: dict[str, Any]) -> Path:
    """What was found of two targets, one with a session made first."""
    for name in ("agno-2.5.6-sqlite", "agno-3.1-sqlite", "agno-2.5.6-json-nameless"):
        place = tmp_path / "found" / name
        place.mkdir(parents=True)
        for document in ("vendored", "published"):
            (place / f"{document}.json").write_text(json.dumps(record), encoding="utf-8")
        seen = {
            "versions": {"agno": "2.5.6"}, "database": None,
            "runs": {document: {"left": 0, "seconds": 1.0} for document in ("vendored", "published")},
            "findings": {"agno-422-detail": {"seen": not name.startswith("agno-3"), "status": 422, "body": "{}"}},
        }  # fmt: skip
        (place / "seen.json").write_text(json.dumps(seen), encoding="utf-8")
    return tmp_path / "found"


def test_the_results_are_the_same_bytes_each_time(found: Path, tmp_path: Path) -> None:
    def read(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    first, second = tmp_path / "first", tmp_path / "second"
    (second / "records").mkdir(parents=True)
    (second / "records" / "of-a-target-that-is-gone.json").touch()
    page.write(found, first)
    page.write(found, second)
    assert read(first) == read(second)
    assert set(read(first)) == {
        "index.md", "matrix.html", "matrix-own.html", "findings/agno-422-detail.md",
        *(f"{kind}/agno-{name}.json" for kind in ("records", "badges")
          for name in ("2.5.6-sqlite", "3.1-sqlite", "2.5.6-json-nameless")),
        *(f"records/agno-{name}.own.json" for name in ("2.5.6-sqlite", "3.1-sqlite", "2.5.6-json-nameless")),
    }  # fmt: skip


def test_the_page_says_what_fails_since_when_and_where(found: Path, tmp_path: Path) -> None:
    page.write(found, tmp_path / "results")
    text = (tmp_path / "results" / "index.md").read_text(encoding="utf-8")
    told = confirming.load()["agno-422-detail"]
    assert f"### {told.title}" in text
    assert "Seen with SQLite: 2.5.6, and not 3.1.10." in text
    assert "Fails: `agno.error-422-shape`." in text
    assert all(step.curl in text for step in told.steps)
    assert told.mends in text
    assert "- Agno AgentOS 2.5.6, Redis: described, and not judged yet." in text
    report = (tmp_path / "results" / "findings" / "agno-422-detail.md").read_text(encoding="utf-8")
    for heading in ("Versions", "Steps", "Expected", "Actual", "What would mend it"):
        assert f"## {heading}\n" in report
    assert f"> {told.quote}" in report
    assert "- 422 `{}`: Agno AgentOS 2.5.6, SQLite; Agno AgentOS 2.5.6, JSON files, a session without a name" in report
    badge = json.loads((tmp_path / "results" / "badges" / "agno-2.5.6-sqlite.json").read_text(encoding="utf-8"))
    assert badge["schemaVersion"] == 1


# -- what is in the repository


def _published() -> Iterator[Path]:
    return (path for path in sorted(page.FOLDER.rglob("*")) if path.is_file())


def test_what_is_published_holds_no_key_and_no_path_of_a_machine() -> None:
    from real.judging import KEY as OURS

    for path in _published():
        text = path.read_text(encoding="utf-8")
        for word in (OURS, str(Path.home()), "/tmp/", "site-packages"):
            assert word not in text, (path.name, word)


def test_what_a_vendor_learns_first_is_not_said_of_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    judged, expected = _judged({"a": "fail"}), {"agno.a": outcome.Expected("pass")}
    assert all(": " in said.partition("found fail")[2] for said in outcome.differences(expected, judged))
    monkeypatch.setattr(outcome, "withholds", lambda name, _: name == "agno.a")
    found = outcome.differences(expected, judged)
    assert found
    assert all(said.endswith("found fail") for said in found)
