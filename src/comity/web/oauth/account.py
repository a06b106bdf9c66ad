"""/account: who one is here, where one is signed in, which programs act for one; and an end to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import PERSONAL_REALM, PrincipalId
from comity.db.transaction import as_uuid
from comity.identity.errors import SessionUnknown
from comity.identity.grants.model import GrantSummary
from comity.identity.grants.service import end_grant, list_grants
from comity.identity.service import revoke_tokens
from comity.identity.sessions.model import Session, SignedIn
from comity.identity.sessions.service import end_session, list_sessions
from comity.tenancy.service import get_tenant
from comity.web.asking import Ask
from comity.web.oauth.browsers import sign_in_first, who
from comity.web.oauth.flows import Flow
from comity.web.shell.forms import read_form
from comity.web.shell.pages import Page, move_on, show


@dataclass(frozen=True, kw_only=True)
class AccountPage(Page):
    """One's own account."""

    template: ClassVar[str] = "oauth/pages/account/account.html"
    display_name: str
    name: str
    tenant: str | None
    """None: a personal account."""
    sessions: tuple[Session, ...]
    current: object
    """The session of this browser."""
    grants: tuple[GrantSummary, ...]


async def show_account(ask: Ask) -> Response:
    """GET /account"""
    signed_in = await who(ask)
    if signed_in is None:
        return sign_in_first(ask, Flow(to="/account"))
    person, at, caller = signed_in.person, ask.services.machine.now(), herself(ask, signed_in)
    async with ask.services.db.tenant(person.tenant_id, person=person.id) as tx:
        tenant = None if person.tenant_id == PERSONAL_REALM else (await get_tenant(tx, person.tenant_id)).name
        sessions = await list_sessions(tx, caller, person.id, at=at)
        grants = await list_grants(tx, caller, person.id, at=at)
    page = AccountPage(
        title="account-title", display_name=person.display_name, name=person.user_principal_name, tenant=tenant,
        sessions=tuple(sessions), current=signed_in.session_id, grants=tuple(grants),
    )  # fmt: skip
    return show(ask, page)


async def end_one(ask: Ask) -> Response:
    """POST /account/end: one browser, one program, or everything at once."""
    form = await read_form(ask)
    signed_in = await who(ask)
    if signed_in is None:
        return sign_in_first(ask, Flow(to="/account"))
    person, at, caller = signed_in.person, ask.services.machine.now(), herself(ask, signed_in)
    async with ask.services.db.tenant(person.tenant_id, person=person.id) as tx:
        if form.get("everything"):
            await revoke_tokens(tx, caller, person.id, at=at)
        elif session_id := as_uuid(form.get("session")):
            await end_session(tx, caller, person.id, session_id, at=at)
        elif grant_id := as_uuid(form.get("grant")):
            await end_grant(tx, caller, person.id, grant_id, at=at)
        else:
            raise SessionUnknown(session="")
    return move_on("/account")


def herself(ask: Ask, signed_in: SignedIn) -> Caller:
    """The person as the one who asks, about herself only: a page reads her rights where it needs more."""
    person = signed_in.person
    return Caller(
        tenant_id=person.tenant_id, kind=PrincipalKind.USER, principal_id=PrincipalId(person.id),
        name=person.user_principal_name, request_id=ask.id,
    )  # fmt: skip
