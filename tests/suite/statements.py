"""Collects the sentences of the suite's conclusions from its source: what a report may say of a target."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

#: Where conclusions are drawn.
PLACES = ("tests/contract", "src/rename_tck/checks", "src/rename_tck/target", "src/rename_tck/client")

#: Modules whose functions return sentences on a target, or parts of them.
RETURNING = (
    "src/rename_tck/client/trouble.py", "src/rename_tck/client/environment.py", "src/rename_tck/client/waiting.py",
    "src/rename_tck/checks/stopping.py", "src/rename_tck/target/circumstances.py", "src/rename_tck/target/others.py",
    "src/rename_tck/target/made_up_ids.py", "src/rename_tck/target/session_pool.py",
    "src/rename_tck/target/chosen_ids.py", "src/rename_tck/target/conditioned_sessions.py",
    "src/rename_tck/target/connection.py", "src/rename_tck/target/readback.py",
    "src/rename_tck/results/editions.py", "src/rename_tck/results/left_out.py", "src/rename_tck/results/run.py",
)  # fmt: skip

#: Which arguments of a call are sentences, by the name of what is called: their positions.
SAYING = {
    "fail": (0, 1), "needs": (1,), "NotTested": (0,), "Unjudgeable": (0,), "CouldNotJudge": (0,), "accept": (1,),
    "expect_equal": (2,), "stored": (2,), "stored_if_readable": (2,), "rename_and_expect": (2,), "refuse": (0,),
    "require_refusal": (0,), "keep_or_refuse": (3,), "expect_answered": (2,), "json": (1,), "ObstacleError": (0,),
    "OrdinaryRenameRefused": (0,), "Look": (0,), "Jam": (3,), "Stopped": (0,), "Control": (3,), "_left": (1,),
    "cases": (0,), "fail_missing": (1, 2), "Refused": (0,), "unchanged": (2,),
}  # fmt: skip
#: The same of named arguments.
NAMED = {"case", "expected", "reason"}


def sentences() -> dict[str, set[str]]:
    """The sentences with the modules that say each, with `…` in place of what is put in when it is said."""
    found: dict[str, set[str]] = {}
    for place in PLACES:
        for file in sorted((ROOT / place).rglob("*.py")):
            for text in of_source(file.read_text(encoding="utf-8")):
                found.setdefault(text, set()).add(file.relative_to(ROOT).as_posix())
    for name in RETURNING:
        for text in returned((ROOT / name).read_text(encoding="utf-8")):
            found.setdefault(text, set()).add(name)
    return found


def returned(source: str) -> set[str]:
    """The sentences that the functions of one module return, or gather in a list."""
    said: set[str] = set()
    for function in ast.walk(ast.parse(source)):
        if (
            isinstance(function, ast.FunctionDef)
            and function.returns is not None
            and "str" in ast.unparse(function.returns)
        ):
            given = _given(function)
            for node in ast.walk(function):
                if isinstance(node, ast.Return | ast.Yield) and node.value is not None:
                    said |= set(_templates(node.value, given, frozenset()))
    return {text for text in said if " " in text and any(map(str.isalpha, text))}


def cell(text: str) -> str:
    """A sentence as the page's table has it."""
    return text.strip().replace("|", "\\|")


def row(text: str, rests_on: str) -> str:
    """The row of the page for a sentence."""
    return f"| {cell(text)} | {rests_on} |"


def of_source(source: str) -> set[str]:
    """The sentences of one module."""
    tree = ast.parse(source)
    said: set[str] = set()
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            given = _given(function)
            for node in ast.walk(function):
                if isinstance(node, ast.Call):
                    for argument in _saying(node):
                        said |= set(_templates(argument, given, frozenset()))
    return {text for text in said if any(map(str.isalpha, text))}


def _saying(call: ast.Call) -> Iterator[ast.expr]:
    name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
    positions = SAYING.get(str(name), ())
    if name == "append" and getattr(getattr(call.func, "value", None), "attr", None) == "notes":
        positions = (0,)
    yield from (call.args[position] for position in positions if position < len(call.args))
    if positions:
        yield from (keyword.value for keyword in call.keywords if keyword.arg in NAMED)


def _given(function: ast.FunctionDef) -> dict[str, list[ast.expr]]:
    """What the function's names are given."""
    given: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign | ast.AugAssign) and node.value is not None:
            targets = [node.target]
        for target in targets:
            if isinstance(target, ast.Name):
                value = node.value  # type: ignore[attr-defined]
                given.setdefault(target.id, []).append(value)
    return given


def _templates(node: ast.expr, given: dict[str, list[ast.expr]], seen: frozenset[str]) -> Iterator[str]:
    """The texts that an expression can be; nothing for what is no text of ours."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=values):
            yield "".join(str(value.value) if isinstance(value, ast.Constant) else "…" for value in values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            yield from (
                one + other
                for one in list(_templates(left, given, seen)) or ["…"]
                for other in list(_templates(right, given, seen)) or ["…"]
            )
        case ast.Name(id=name) if name not in seen:
            for value in given.get(name, []):
                yield from _templates(value, given, seen | {name})
        case _:
            for part in _parts(node):
                yield from _templates(part, given, seen)


def _parts(node: ast.expr) -> list[ast.expr]:
    """The expressions of which one or more are texts; of a tuple the first, which is what a case is called."""
    match node:
        case ast.IfExp(body=body, orelse=orelse):
            return [body, orelse]
        case ast.List(elts=elements):
            return elements
        case ast.Tuple(elts=[first, *_]):
            return [first]
        case ast.BinOp(left=left, op=ast.Mult()):
            return [left]
        case ast.ListComp(elt=element):
            return [element]
        case ast.BoolOp(values=values):
            return values
    return []
