"""The pages of the sign-in: name, then password or the tenant's own service; account, consent.

Each works as a plain form. Which tenant somebody belongs to follows from her name's domain; a name that nobody has
is asked for a password like any other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.errors import ComityError
from comity.core.ids import PERSONAL_REALM, TenantId
from comity.directory.decide import plain_upn
from comity.identity.grants.service import give_consent
from comity.identity.refusals import (
    AccountDisabled,
    AccountLocked,
    ConsentDeclined,
    PasswordWrong,
    SignInTenantUnknown,
)
from comity.identity.sign_in import check_password, find_sign_in_tenant
from comity.partners.redemption import redeem
from comity.tenancy.service import get_tenant
from comity.web.asking import Ask
from comity.web.oauth.browsers import address, client_address, sign_in_first, signed_in_as, who
from comity.web.oauth.comebacks import hand_back
from comity.web.oauth.flows import Flow, Question, open_flow, open_question, seal_flow
from comity.web.oauth.pages import AskConsent, AskName, AskPassword, ChooseAccount, Message, SignInPage
from comity.web.oauth.upstream import find_upstream, go_upstream
from comity.web.shell.forms import read_form
from comity.web.shell.languages import language_of
from comity.web.shell.pages import local_path, move_on, show

ATTEMPTS_WITHIN: Final = timedelta(minutes=10)
_WRONG: Final = (PasswordWrong, AccountLocked, AccountDisabled)


async def ask_name(ask: Ask) -> Response:
    """GET /signin"""
    flow = open_flow(ask, _from_query(ask, "flow"))
    if to := _from_query(ask, "to"):  # a page of ours that nobody may see unknown
        flow = Flow(to=local_path(to))
    return _name_page(ask, flow)


async def take_name(ask: Ask) -> Response:
    """POST /signin: whose name it is decides where the password is asked."""
    form = await read_form(ask)
    flow = open_flow(ask, form.get("flow"))
    name = plain_upn(form.get("name"))
    if not name:
        return _name_page(ask, flow, Message(kind="danger", said=_say(ask, "sign-in-name-empty")))
    tenant_id = await home_realm(ask, name)
    provider = await find_upstream(ask, tenant_id) if tenant_id != PERSONAL_REALM else None
    if provider is not None:
        return await go_upstream(ask, provider, flow, name)
    return _password_page(ask, flow, name)


async def ask_password(ask: Ask) -> Response:
    """POST /signin/with-password: whoever has a password here may use it, although others sign in elsewhere."""
    form = await read_form(ask)
    return _password_page(ask, open_flow(ask, form.get("flow")), plain_upn(form.required("name")))


async def take_password(ask: Ask) -> Response:
    """POST /signin/password"""
    form = await read_form(ask)
    flow = open_flow(ask, form.get("flow"))
    name, password = plain_upn(form.required("name")), form.raw("password")
    attempts, place = ask.services.sign_in.attempts, client_address(ask)
    most = ask.services.settings.sign_in_failures_per_address_max
    await attempts.check("password", place, most=most, within=ATTEMPTS_WITHIN)
    try:
        person = await check_password(ask.services.sign_in, await home_realm(ask, name), name, password)
    except _WRONG as refusal:
        await attempts.count("password", place, within=ATTEMPTS_WITHIN)
        return _password_page(ask, flow, name, Message(kind="danger", said=_words(ask, refusal)))
    return await signed_in_as(ask, person, then=flow.to)


async def choose_account(ask: Ask) -> Response:
    """GET /signin/account"""
    flow = open_flow(ask, _from_query(ask, "flow"))
    signed_in = await who(ask)
    if signed_in is None:
        return sign_in_first(ask, flow)
    page = ChooseAccount(
        title="sign-in-account-title", flow=seal_flow(ask, flow), client=flow.client, to=flow.to,
        name=signed_in.person.user_principal_name, display_name=signed_in.person.display_name,
    )  # fmt: skip
    return show(ask, page, leads_to=flow.leads_to)


async def ask_consent(ask: Ask) -> Response:
    """GET /signin/consent"""
    text = _from_query(ask, "question")
    question = open_question(ask, text)
    signed_in = await who(ask)
    if signed_in is None or signed_in.person.id != question.home_user_id:
        return sign_in_first(ask, question.flow)
    tenant = None
    if question.redeems:
        async with ask.services.db.tenant(question.acts_in) as tx:
            tenant = (await get_tenant(tx, question.acts_in)).name
    page = AskConsent(
        title="consent-tenant-title" if tenant else "consent-title",
        facts=(("tenant", tenant), ("client", question.flow.client)),
        question=text,
        client=question.flow.client,
        name=signed_in.person.user_principal_name,
        tenant=tenant,
        scopes=question.scopes,
    )
    return show(ask, page, leads_to=question.flow.leads_to)


async def take_consent(ask: Ask) -> Response:
    """POST /signin/consent: a yes is remembered, a no goes back to the client."""
    form = await read_form(ask)
    question = open_question(ask, form.get("question"))
    signed_in = await who(ask)
    if signed_in is None or signed_in.person.id != question.home_user_id:
        return sign_in_first(ask, question.flow)
    if form.get("answer") != "accept":
        if question.comeback is None:
            return move_on("/account")
        return hand_back(ask, question.comeback, ConsentDeclined())
    if question.redeems:
        await redeem(ask.services.db, question.acts_in, question.acts_as, signed_in.person)
    if question.tenant_id == PERSONAL_REALM:
        await _remember(ask, question)
    return move_on(question.flow.to)


async def home_realm(ask: Ask, name: str) -> TenantId:
    """Whose people have names of that domain; a domain that no tenant has is a personal account's."""
    try:
        return await find_sign_in_tenant(ask.services.db, name.rpartition("@")[2])
    except SignInTenantUnknown:
        return PERSONAL_REALM


async def _remember(ask: Ask, question: Question) -> None:
    async with ask.services.db.tenant(PERSONAL_REALM, person=question.acts_as) as tx:
        at = ask.services.machine.now()
        await give_consent(tx, question.acts_as, question.client_id, question.scopes, at=at)


def _name_page(ask: Ask, flow: Flow, message: Message | None = None) -> Response:
    sealed = seal_flow(ask, flow)
    page = AskName(title="sign-in-title", flow=sealed, client=flow.client, name=flow.hint or "", message=message)
    return _shown(ask, page, flow)


def _password_page(ask: Ask, flow: Flow, name: str, message: Message | None = None) -> Response:
    sealed = seal_flow(ask, flow)
    page = AskPassword(title="sign-in-password-title", flow=sealed, client=flow.client, name=name, message=message)
    return _shown(ask, page, flow)


def _shown(ask: Ask, page: SignInPage, flow: Flow) -> Response:
    """In another language, the sign-in begins again with the name."""
    here = address("/signin", flow=page.flow)
    return show(ask, page, status=400 if page.message else 200, here=here, leads_to=flow.leads_to)


def _from_query(ask: Ask, name: str) -> str:
    return dict(ask.query()).get(name, "")


def _words(ask: Ask, error: ComityError) -> str:
    return sentence(error.code, error.parameters, language_of(ask))


def _say(ask: Ask, code: str) -> str:
    return sentence(code, {}, language_of(ask))
