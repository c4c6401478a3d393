"""The laws of the credential: a rename without it, or with a wrong one, is refused, and how that is said."""

from itertools import cycle

import pytest

from rename_tck.cases import bodies, credentials
from rename_tck.cases.client_forms import LETTING_IN, ClientForm, of_each_class
from rename_tck.checks.context import CheckContext
from rename_tck.client.exchange import KEY_VARIABLE, Credential, Exchange
from rename_tck.systems.dialect import Session
from rename_tck.verdict import NotTested

requirement = pytest.mark.requirement
pytestmark = pytest.mark.order(4, spread=5)


def _needs_key(check: CheckContext) -> str:
    """The key of the run. Raises NotTested where there is none."""
    key = check.target.client.connection.key
    if key is None:
        raise NotTested(f"no API key given: set {KEY_VARIABLE}, so that its absence can be tried")
    return key


#: Credentials that do not follow the grammar of the scheme: such a request may be malformed (RFC 6750, section 3.1).
_MALFORMED = frozenset({Credential.OTHER_SCHEME, Credential.EMPTY, Credential.NO_SCHEME, Credential.BEYOND_ASCII})


def _with_credential(
    check: CheckContext, credential: Credential, case: str, form: ClientForm, session: Session
) -> None:
    if check.dialect.is_right(_needs_key(check), credential):
        return
    before = check.prepare(session)
    malformed = {400} if credential in _MALFORMED else set()
    wanted = sorted(check.dialect.credential_refusals | malformed)

    def judge(exchange: Exchange) -> None:
        if exchange.status not in wanted:
            check.fail(case, f"status {' or '.join(map(str, wanted))}", exchange)

    request = check.rename(session, check.name()).with_credential(credential)
    exchange = check.send_in_form(case, request, judge, forms=(form,))
    check.unchanged(session, before, f"{case}, answered with {exchange.status}", exchange)


@requirement("credential-missing")
def test_a_rename_without_the_credential_is_refused(check: CheckContext) -> None:
    # whatever decides whether a key is asked for must not look at how a client sends, nor at the type
    sessions = cycle(check.one_of_each_kind())
    for bad in check.cases(credentials.MISSING):
        for form in check.cases(of_each_class(check.lot)):
            _with_credential(check, bad.credential, bad.label, form, next(sessions))


@requirement("credential-wrong")
def test_a_rename_with_a_wrong_credential_is_refused(check: CheckContext) -> None:
    # what a proxy, a probe or a browser may add is no credential
    for bad, form in check.cases(zip(credentials.WRONG, cycle(LETTING_IN), strict=False)):
        _with_credential(check, bad.credential, bad.label, form, check.session_for(bad.label))


@requirement("credential-before-validation")
def test_the_credential_is_asked_for_before_the_body_is_looked_at(check: CheckContext) -> None:
    _needs_key(check)
    session = check.some_session()
    wanted = (401, 403, 404)  # which of them it is to be is credential-missing's affair
    for body in check.cases((bodies.NOT_JSON[0], bodies.NOT_OBJECT[0], *bodies.EMPTY[:1])):
        request = check.dialect.rename(session, None, raw=body.raw).with_credential(Credential.NONE)
        exchange = check.send(request)
        if exchange.status not in wanted:
            case = f"no credential, and a body that is {body.label}"
            check.fail(case, f"status {' or '.join(map(str, wanted))}: it may not be sent at all", exchange)
    for case in check.cases(["no credential, an unknown id, and a body that is an array"]):
        nobodys = check.unknown_session(0, shared=True)
        request = check.dialect.rename(nobodys, None, raw=bodies.NOT_OBJECT[1].raw).with_credential(Credential.NONE)
        exchange = check.send(request, live=False)
        if exchange.status not in wanted:
            check.fail(case, f"status {' or '.join(map(str, wanted))}: it may not be sent at all", exchange)
    check.require_control_accepted(check.rename(session, check.name()))


@requirement("credential-challenge", last=True)
def test_a_401_says_which_credential_is_asked_for(check: CheckContext) -> None:
    if not check.resend():
        _needs_key(check)
        check.send(check.rename(check.some_session(), check.name()).with_credential(Credential.NONE))
    found = check.answered(401)
    check.needs(found, "no request of the run was answered with 401")
    for exchange in check.each(found):
        if exchange.answer is not None and not exchange.answer.header("www-authenticate"):
            check.fail("a 401 answer", "a WWW-Authenticate header with a challenge", exchange)


@requirement("bearer-any-case")
def test_the_scheme_is_understood_in_any_case(check: CheckContext) -> None:
    _needs_key(check)
    session = check.some_session()
    for case, credential in check.cases((
        ("the scheme in small letters", Credential.LOWER_CASE_SCHEME),
        ("the scheme in capital letters", Credential.UPPER_CASE_SCHEME),
    )):  # fmt: skip
        check.accept(check.rename(session, check.name()).with_credential(credential), case)
    check.require_control_accepted(check.rename(session, check.name()))
