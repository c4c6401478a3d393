"""The laws of names: any printable text is kept exactly; the rest is kept exactly or refused, never altered."""

import pytest

from rename_tck.cases import bodies, names
from rename_tck.checks.context import Bench
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement


def _judge(bench: Bench, candidates: tuple[names.Name, ...]) -> None:
    """Reasonable names must be kept exactly; others may be refused instead."""
    candidates = _allowed(bench, candidates)
    kept = 0
    sessions = bench.one_of_each_kind()
    for session in bench.cases(sessions):
        for name in bench.cases(candidates if session is sessions[0] else _one_of_each_class(candidates)):
            kept += _is_kept(bench, session, name)
    if kept:
        bench.needs_sight()
    else:
        bench.prove(bench.rename(bench.some_session(), bench.name()))


def _allowed(bench: Bench, candidates: tuple[names.Name, ...]) -> tuple[names.Name, ...]:
    """Those that the document allows: the user's own may be stricter. Raises NotTested when none is left."""
    session = bench.some_session()
    left = tuple(name for name in candidates if bench.allows(bench.body(session, name.text)))
    bench.needs(left, f"{bench.contract.document_path} allows none of these names")
    return left


def _one_of_each_class(candidates: tuple[names.Name, ...]) -> list[names.Name]:
    """What the sessions of other kinds are tried with: the kinds may be kept by different code."""
    return list({name.label: name for name in reversed(candidates)}.values())


def _is_kept(bench: Bench, session: Session, name: names.Name) -> bool:
    case = f"{name.label}: {name.text[:60]!r}"
    if session.kind != bench.dialect.kinds[0]:
        case += f", for a session of type {session.kind}"
    if not names.is_reasonable(name.text):
        return bench.keep_or_refuse(session, bench.rename(session, name.text), name.text, case)
    exchange = bench.give(session, name.text, case)
    bench.stored_if_readable(session, name.text, case, exchange)
    return True


@requirement("unicode-exact")
def test_printable_unicode_is_kept_exactly(bench: Bench) -> None:
    _judge(bench, names.UNICODE)
    session = bench.some_session()
    for name in bench.cases(_allowed(bench, names.UNICODE)):
        if names.is_reasonable(name.text):
            _is_kept_spelt_with_escapes(bench, session, name)


def _is_kept_spelt_with_escapes(bench: Bench, session: Session, name: names.Name) -> None:
    """Require that the escaped form of the same text is kept, surrogate pairs and all (RFC 8259, section 7)."""
    (escaped, *_) = bodies.spellings(bench.body(session, name.text))
    case = f"{name.label}, spelt with escapes: {name.text[:60]!r}"
    exchange = bench.accept(bench.dialect.rename(session, None, raw=escaped.raw), case)
    bench.expect_answered(exchange, name.text, case)
    bench.stored_if_readable(session, name.text, case, exchange)


@requirement("text-not-interpreted")
def test_text_is_not_taken_for_anything_but_text(bench: Bench) -> None:
    _judge(bench, names.LOOKALIKES)


@requirement("length-200-accepted")
def test_two_hundred_characters_are_kept_whole(bench: Bench) -> None:
    _judge(bench, (*names.long_names(200), *names.long_names(199)[:1], *names.long_names(101)[2:4]))
    for name in bench.cases(_allowed(bench, names.long_names(200))):
        if not name.text.isascii():
            _is_kept_spelt_with_escapes(bench, bench.some_session(), name)


@requirement("never-altered")
def test_unreasonable_names_are_kept_exactly_or_refused(bench: Bench) -> None:
    _judge(bench, names.UNREASONABLE)


@requirement("blanks-kept")
def test_blanks_around_a_name_are_kept(bench: Bench) -> None:
    _judge(bench, names.BLANKS_AROUND)
