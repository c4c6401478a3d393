"""The laws of names: any printable text is kept exactly; the rest is kept exactly or refused, never altered."""

import pytest

from rename_tck.cases import bodies, names
from rename_tck.checks.context import CheckContext
from rename_tck.systems.dialect import Session

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(7, spread=3)


def _judge(check: CheckContext, candidates: tuple[names.Name, ...]) -> None:
    """Reasonable names must be kept exactly; others may be refused instead."""
    candidates = _allowed(check, candidates)
    kept = 0
    sessions = check.one_of_each_kind()
    for session in check.cases(sessions):
        for name in check.cases(candidates if session is sessions[0] else _one_of_each_class(candidates)):
            kept += _is_kept(check, session, name)
    if kept:
        check.require_name_observed()
    else:
        check.require_control_accepted(check.rename(check.some_session(), check.name()))


def _allowed(check: CheckContext, candidates: tuple[names.Name, ...]) -> tuple[names.Name, ...]:
    """Those that the document allows: the user's own may be stricter. Raises NotTested when none is left."""
    session = check.some_session()
    left = tuple(name for name in candidates if check.allows(check.body(session, name.text)))
    check.needs(left, f"{check.contract.document_path} allows none of these names")
    return left


def _one_of_each_class(candidates: tuple[names.Name, ...]) -> list[names.Name]:
    """What the sessions of other kinds are tried with: the kinds may be kept by different code."""
    return list({name.label: name for name in reversed(candidates)}.values())


def _is_kept(check: CheckContext, session: Session, name: names.Name) -> bool:
    case = f"{name.label}: {name.text[:60]!r}"
    if session.kind != check.dialect.kinds[0]:
        case += f", for a session of type {session.kind}"
    if not names.is_reasonable(name.text):
        return check.keep_or_refuse(session, check.rename(session, name.text), name.text, case)
    exchange = check.rename_and_expect(session, name.text, case)
    check.stored_if_readable(session, name.text, case, exchange)
    return True


@requirement("unicode-exact")
def test_printable_unicode_is_kept_exactly(check: CheckContext) -> None:
    _judge(check, names.UNICODE)
    session = check.some_session()
    for name in check.cases(_allowed(check, names.UNICODE)):
        if names.is_reasonable(name.text):
            _is_kept_spelt_with_escapes(check, session, name)


def _is_kept_spelt_with_escapes(check: CheckContext, session: Session, name: names.Name) -> None:
    """Require that the escaped form of the same text is kept, surrogate pairs and all (RFC 8259, section 7)."""
    (escaped, *_) = bodies.spellings(check.body(session, name.text))
    case = f"{name.label}, spelt with escapes: {name.text[:60]!r}"
    exchange = check.accept(check.dialect.rename(session, None, raw=escaped.raw), case)
    check.expect_answered(exchange, name.text, case)
    check.stored_if_readable(session, name.text, case, exchange)


@requirement("text-not-interpreted")
def test_text_is_not_taken_for_anything_but_text(check: CheckContext) -> None:
    _judge(check, names.LOOKALIKES)


@requirement("length-200-accepted")
def test_two_hundred_characters_are_kept_whole(check: CheckContext) -> None:
    _judge(check, (*names.long_names(200), *names.long_names(199)[:1], *names.long_names(101)[2:4]))
    for name in check.cases(_allowed(check, names.long_names(200))):
        if not name.text.isascii():
            _is_kept_spelt_with_escapes(check, check.some_session(), name)


@requirement("never-altered")
def test_unreasonable_names_are_kept_exactly_or_refused(check: CheckContext) -> None:
    _judge(check, names.UNREASONABLE)


@requirement("blanks-kept")
def test_blanks_around_a_name_are_kept(check: CheckContext) -> None:
    _judge(check, names.BLANKS_AROUND)
