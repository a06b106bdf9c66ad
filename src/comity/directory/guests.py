"""Guests: people from elsewhere, invited by somebody of the tenant."""

from __future__ import annotations

from dataclasses import replace

from comity.audit.service import Record, record
from comity.core.caller import Caller, UserType
from comity.core.errors import Invalid
from comity.core.ids import UserId, new_id
from comity.db.crossings.address import AddressKind, find_by_address
from comity.db.transaction import Transaction
from comity.directory import store
from comity.directory.decide import facts_of, mangled_upn, split_address
from comity.directory.model import ExternalUserState, User
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.service import list_domains


class InvitationInvalid(Invalid):
    """Nobody can be invited under that address; says why (`address`, `own-domain`, `own-account`)."""

    code = "invitation-invalid"


async def add_guest(
    tx: Transaction, caller: Caller, *, mail: str, display_name: str | None, user_type: UserType
) -> User:
    """The account of somebody from elsewhere: the one that is there, else a new one that waits to be accepted.

    Whoever calls has checked that the caller may invite.

    Raises:
        InvitationInvalid.
    """
    parts = split_address(mail)
    if parts is None:
        raise InvitationInvalid(mail=mail, fault="address")
    domains = await list_domains(tx)
    if parts[1] in {each.name for each in domains}:
        raise InvitationInvalid(mail=mail, fault="own-domain")
    for known in await store.find_by_mail(tx, mail):
        if known.is_external:
            return known
        raise InvitationInvalid(mail=mail, fault="own-account")
    initial = next(each.name for each in domains if each.is_initial)
    found = await find_by_address(tx, mail, kinds={AddressKind.MAIL, AddressKind.UPN})
    homes = [each for each in found if not each.is_personal]
    guest = User(
        tenant_id=tx.tenant_id, id=UserId(new_id()), display_name=(display_name or parts[0]).strip() or parts[0],
        mail=mail.strip(), mail_nickname=parts[0], user_principal_name=mangled_upn(mail.strip(), initial),
        user_type=user_type, creation_type="Invitation", external_user_state=ExternalUserState.PENDING,
        external_state_at=tx.now, show_in_address_list=False, created_at=tx.now,
    )  # fmt: skip
    if len(homes) == 1:
        there = await store.find_by_home(tx, homes[0].tenant_id, homes[0].user_id)
        if there is not None and there.deleted_at is None:
            return there
        if there is None:
            guest = replace(guest, home_tenant_id=homes[0].tenant_id, home_user_id=homes[0].user_id)
    await store.insert_users(tx, [guest])
    await record(tx, caller, Record("Invite external user", "user", guest.id, after=facts_of(guest)))
    append(tx, [Change(ChangeKind.USER_CREATED, guest.id, external=True)])
    return guest
