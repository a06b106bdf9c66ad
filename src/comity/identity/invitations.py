"""Invite somebody from elsewhere: an account that waits, and a link by which it is accepted (graph-api §3.5)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from comity.core.caller import Caller, PrincipalKind, UserType
from comity.core.errors import Forbidden
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.directory.guests import add_guest
from comity.directory.model import ExternalUserState, User
from comity.identity.model import LinkPurpose, NewLink
from comity.identity.service import create_link
from comity.tenancy.settings import InvitesFrom, load_settings


class InvitationsOff(Forbidden):
    """The organisation does not let the caller invite; says whom it lets."""

    code = "invitations-off"


@dataclass(frozen=True, slots=True)
class Invited:
    """The account, and the link that is shown this once; None where there is nothing to accept."""

    user: User
    link: NewLink | None


async def invite(
    tx: Transaction,
    caller: Caller,
    *,
    mail: str,
    display_name: str | None = None,
    user_type: UserType = UserType.GUEST,
    at: datetime,
) -> Invited:
    """Invite somebody; a second invitation leads to the same account. `at` is the machine clock's.

    Raises:
        InvitationsOff, InvitationInvalid, PermissionMissing.
    """
    await check_may_invite(tx, caller)
    if user_type is UserType.MEMBER:
        caller.check(Permission.USER_WRITE)
    user = await add_guest(tx, caller, mail=mail, display_name=display_name, user_type=user_type)
    if user.external_user_state is ExternalUserState.ACCEPTED:
        return Invited(user, None)
    acting = replace(caller, permissions=caller.permissions | {Permission.USER_WRITE})
    return Invited(user, await create_link(tx, acting, user.id, purpose=LinkPurpose.INVITATION, at=at))


async def check_may_invite(tx: Transaction, caller: Caller) -> None:
    """May the caller invite, as the tenant's `allowInvitesFrom` says?

    Raises:
        InvitationsOff, PermissionMissing.
    """
    if caller.is_personal:
        caller.check(Permission.USER_INVITE)  # the realm of personal accounts has neither guests nor settings
    allowed = (await load_settings(tx)).invites_from
    if allowed is InvitesFrom.NONE:
        raise InvitationsOff(allowed=allowed.value)
    if caller.may(Permission.USER_INVITE):
        return
    is_person = caller.kind is PrincipalKind.USER and Permission.USER_INVITE in caller.through
    by_type = {InvitesFrom.MEMBERS: {UserType.MEMBER}, InvitesFrom.EVERYONE: {UserType.MEMBER, UserType.GUEST}}
    if not is_person:
        caller.check(Permission.USER_INVITE)
    if caller.user_type not in by_type.get(allowed, set()):
        raise InvitationsOff(allowed=allowed.value)
