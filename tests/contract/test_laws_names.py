"""The laws of names: any printable text is kept exactly; the rest is kept exactly or refused, never altered."""

import pytest

from rename_tck.bench import Bench
from rename_tck.cases import bodies, names

requirement = pytest.mark.requirement


def _judge(bench: Bench, candidates: tuple[names.Name, ...]) -> None:
    """Reasonable names must be kept exactly; others may be refused instead."""
    session = bench.some_session()
    kept = 0
    for name in candidates:
        case = f"{name.label}: {name.text[:60]!r}"
        if names.is_reasonable(name.text):
            exchange = bench.give(session, name.text, case)
            bench.stored_if_readable(session, name.text, case, exchange)
            kept += 1
        else:
            kept += bench.keep_or_refuse(session, bench.rename(session, name.text), name.text, case)
    if not kept:
        bench.prove(bench.rename(session, bench.name()))


@requirement("unicode-exact")
def test_printable_unicode_is_kept_exactly(bench: Bench) -> None:
    _judge(bench, names.UNICODE)
    session = bench.some_session()
    for name in names.UNICODE:
        if names.is_reasonable(name.text):
            # the escaped form of the same text, surrogate pairs and all (RFC 8259, section 7)
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


@requirement("never-altered")
def test_unreasonable_names_are_kept_exactly_or_refused(bench: Bench) -> None:
    _judge(bench, names.UNREASONABLE)


@requirement("blanks-kept")
def test_blanks_around_a_name_are_kept(bench: Bench) -> None:
    _judge(bench, names.BLANKS_AROUND)
