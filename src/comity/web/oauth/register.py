"""The pages on which anybody registers a personal account, and its owner adds a phone number."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.errors import ComityError, Invalid
from comity.core.ids import PERSONAL_REALM
from comity.identity.decide import PASSWORD_LENGTH_MIN
from comity.identity.errors import PhoneCodeWrong
from comity.identity.registration.service import claim_phone, confirm, confirm_phone, register
from comity.identity.registration.texts import TextUnsent, choose_texter
from comity.identity.sessions.model import SignedIn
from comity.web.asking import Ask
from comity.web.oauth.browsers import client_address, sign_in_first, signed_in_as, who
from comity.web.oauth.flows import Flow
from comity.web.oauth.pages import Message, SignInPage, Told
from comity.web.oauth.welcome import check_new_password
from comity.web.shell.forms import Form, read_form
from comity.web.shell.languages import language_of
from comity.web.shell.pages import move_on, show

REGISTRATIONS_PER_ADDRESS_MAX: Final = 30
REGISTRATIONS_WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class RegisterPage(SignInPage):
    """Who do you want to be?"""

    template: ClassVar[str] = "oauth/pages/register/register.html"
    mail: str = ""
    display_name: str = ""
    shortest: int = PASSWORD_LENGTH_MIN


@dataclass(frozen=True, kw_only=True)
class ConfirmPage(SignInPage):
    """Is it your mail address?"""

    template: ClassVar[str] = "oauth/pages/register/confirm.html"
    action: str


@dataclass(frozen=True, kw_only=True)
class PhonePage(SignInPage):
    """Which number, and which code came there?"""

    template: ClassVar[str] = "oauth/pages/register/phone.html"
    sent_to: str | None = None


async def ask_registration(ask: Ask) -> Response:
    """GET /register"""
    return show(ask, RegisterPage(title="register-title"))


async def take_registration(ask: Ask) -> Response:
    """POST /register: the answer is the same whether or not the address has an account."""
    form = await read_form(ask)
    fault = check_new_password(ask, form)
    if fault is None:
        fault = await _register(ask, form)
    if fault is not None:
        page = RegisterPage(
            title="register-title", mail=form.get("mail"), display_name=form.get("display_name"), message=fault
        )
        return show(ask, page, status=400, here="/register")
    said = sentence("register-sent", {"mail": form.get("mail")}, language_of(ask))
    return show(ask, Told(title="register-sent-title", message=Message(kind="success", said=said)), here="/register")


async def ask_confirmation(ask: Ask) -> Response:
    """GET /register/{token}: looking at it does nothing, because mail programs look at links."""
    token = ask.parameters["token"]
    return show(ask, ConfirmPage(title="register-confirm-title", action=f"/register/{token}"))


async def take_confirmation(ask: Ask) -> Response:
    """POST /register/{token}: the account is there, and its owner signed in."""
    await read_form(ask)
    person = await confirm(ask.services.sign_in, ask.parameters["token"])
    return await signed_in_as(ask, person, then="/account")


async def ask_phone(ask: Ask) -> Response:
    """GET /account/phone"""
    owner = await _owner(ask)
    return sign_in_first(ask, Flow(to="/account/phone")) if owner is None else _phone_page(ask)


async def take_phone(ask: Ask) -> Response:
    """POST /account/phone: first the number, then the code that came there."""
    form = await read_form(ask)
    owner = await _owner(ask)
    if owner is None:
        return sign_in_first(ask, Flow(to="/account/phone"))
    try:
        if form.get("code"):
            await confirm_phone(ask.services.sign_in, owner.person.id, form.get("code"))
            return move_on("/account")
        number = await claim_phone(
            ask.services.sign_in, choose_texter(ask.services.settings), owner.person.id, phone=form.get("phone"),
            language=language_of(ask),
        )  # fmt: skip
    except PhoneCodeWrong as wrong:
        return _phone_page(ask, sent_to=form.get("sent_to"), fault=wrong)
    except (Invalid, TextUnsent) as fault:
        return _phone_page(ask, fault=fault)
    return _phone_page(ask, sent_to=number)


async def _register(ask: Ask, form: Form) -> Message | None:
    await ask.services.sign_in.attempts.spend(
        "register", client_address(ask), most=REGISTRATIONS_PER_ADDRESS_MAX, within=REGISTRATIONS_WITHIN
    )
    try:
        await register(
            ask.services.sign_in, mail=form.get("mail"), display_name=form.get("display_name"),
            password=form.raw("password"), link=f"{ask.origin}/register", language=language_of(ask),
        )  # fmt: skip
    except Invalid as fault:
        return _said(ask, fault)
    return None


async def _owner(ask: Ask) -> SignedIn | None:
    """Whoever is signed in with a personal account; people at work have their administration for that."""
    signed_in = await who(ask)
    return signed_in if signed_in is not None and signed_in.person.tenant_id == PERSONAL_REALM else None


def _phone_page(ask: Ask, *, sent_to: str | None = None, fault: ComityError | None = None) -> Response:
    page = PhonePage(title="phone-title", sent_to=sent_to or None, message=None if fault is None else _said(ask, fault))
    return show(ask, page, status=400 if fault else 200, here="/account/phone")


def _said(ask: Ask, fault: ComityError) -> Message:
    return Message(kind="danger", said=sentence(fault.code, fault.parameters, language_of(ask)))
