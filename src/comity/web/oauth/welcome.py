"""/welcome/{token}: the one-time link of a first admin or an imported person, who chooses a password."""

from __future__ import annotations

from starlette.responses import Response

from comity.core.caller import Caller
from comity.core.catalogue import sentence
from comity.core.ids import TenantId
from comity.identity.decide import PASSWORD_LENGTH_MIN, check_password
from comity.identity.errors import PasswordUnfit
from comity.identity.service import find_link, link_tenant, redeem_link
from comity.identity.standing import load_standing
from comity.tenancy.service import get_tenant
from comity.web.asking import Ask
from comity.web.oauth.browsers import signed_in_as
from comity.web.oauth.pages import AskNewPassword, Message
from comity.web.shell.forms import Form, read_form
from comity.web.shell.languages import language_of
from comity.web.shell.pages import show


async def welcome(ask: Ask) -> Response:
    """GET /welcome/{token}; looking at it does not use it up."""
    return await _page(ask)


async def take_password(ask: Ask) -> Response:
    """POST /welcome/{token}: the password is set, the link used up, and she is signed in."""
    form = await read_form(ask)
    if (fault := check_new_password(ask, form)) is not None:
        return await _page(ask, fault)
    token = ask.parameters["token"]
    tenant_id = TenantId(link_tenant(token))
    hashed = await ask.services.passwords.hash(form.raw("password"))
    at = ask.services.machine.now()
    async with ask.services.db.tenant(tenant_id) as tx:
        user_id = await redeem_link(tx, Caller.system("one-time link", tenant_id=tenant_id), token, hashed, at=at)
        standing = await load_standing(tx, user_id)
    person = standing.person if standing else None
    if person is None:  # set, but the account is disabled: the sign-in page will say so
        return await _page(ask)
    return await signed_in_as(ask, person, then="/account")


def check_new_password(ask: Ask, form: Form) -> Message | None:
    """What is wrong with a password that was typed twice, if anything is."""
    language = language_of(ask)
    try:
        check_password(form.raw("password"))
    except PasswordUnfit as unfit:
        return Message(kind="danger", said=sentence(unfit.code, unfit.parameters, language))
    if form.raw("password") != form.raw("again"):
        return Message(kind="danger", said=sentence("password-twice-different", {}, language))
    return None


async def _page(ask: Ask, message: Message | None = None) -> Response:
    token = ask.parameters["token"]
    tenant_id = TenantId(link_tenant(token))
    async with ask.services.db.tenant(tenant_id) as tx:
        upn = await find_link(tx, token, at=ask.services.machine.now())
        tenant = await get_tenant(tx, tenant_id)
    page = AskNewPassword(
        title="welcome-title", facts=(("tenant", tenant.name),), action=f"/welcome/{token}", name=upn,
        tenant=tenant.name, shortest=PASSWORD_LENGTH_MIN, message=message,
    )  # fmt: skip
    return show(ask, page, status=400 if message else 200, here=f"/welcome/{token}")
