"""Personal accounts: no directory lists them, each is visible to its owner and to named crossings only."""

from __future__ import annotations

from dataclasses import replace

from comity.core.errors import Conflict, Invalid
from comity.core.ids import PERSONAL_REALM, UserId, new_id
from comity.core.phones import phone_key
from comity.db.crossings.address import AddressKind, Candidate, find_by_address
from comity.db.database import Database
from comity.db.errors import Duplicate
from comity.db.transaction import Transaction
from comity.directory import store
from comity.directory.decide import check_text, split_address
from comity.directory.model import User, UserUnknown


class PersonalMailInvalid(Invalid):
    """A personal account is named by a mail address, and this is none."""

    code = "personal-mail-invalid"


class PersonalPhoneInvalid(Invalid):
    """Not a phone number with its country's prefix."""

    code = "personal-phone-invalid"


class PersonalNameEmpty(Invalid):
    """A personal account needs a name to be shown."""

    code = "personal-name-empty"


class PersonalAccountExists(Conflict):
    """There is a personal account of that mail address."""

    code = "personal-account-exists"


async def register_personal(db: Database, *, mail: str, display_name: str, phone: str | None = None) -> User:
    """Register a personal account; anybody can, free of charge.

    The same mail may own a work account elsewhere, and one phone number several personal accounts
    (external-access §10); a second personal account of one mail is refused. `phone` is stored in
    E.164.

    Raises:
        PersonalMailInvalid, PersonalPhoneInvalid, PersonalNameEmpty, PersonalAccountExists, TextInvalid.
    """
    mail = mail.strip()
    if split_address(mail) is None:
        raise PersonalMailInvalid(mail=mail)
    if not display_name.strip():
        raise PersonalNameEmpty
    number = phone_key(phone) if phone else None
    if phone and number is None:
        raise PersonalPhoneInvalid(phone=phone)
    user_id = UserId(new_id())
    try:
        async with db.tenant(PERSONAL_REALM, person=user_id) as tx:
            user = User(
                tenant_id=PERSONAL_REALM, id=user_id, display_name=display_name.strip(), user_principal_name=mail,
                mail=mail, mobile_phone=number, created_at=tx.now,
            )  # fmt: skip
            check_text(user)
            await store.insert_users(tx, [user])
            await store.replace_addresses(tx, [user])
    except Duplicate as fault:
        raise PersonalAccountExists(mail=mail) from fault
    return user


async def get_own_account(tx: Transaction) -> User:
    """The personal account whose owner opened the transaction.

    Raises:
        UserUnknown.
    """
    user = await store.get_user(tx, tx.person) if tx.person is not None else None
    if user is None or user.deleted_at is not None:
        raise UserUnknown(user=str(tx.person))
    return user


async def set_own_phone(tx: Transaction, number: str) -> User:
    """The owner of a personal account has a number, in E.164, at which she is found.

    Raises:
        UserUnknown, PersonalPhoneInvalid.
    """
    if phone_key(number) != number:
        raise PersonalPhoneInvalid(phone=number)
    user = replace(await get_own_account(tx), mobile_phone=number)
    if not await store.update_users(tx, [user]):
        raise UserUnknown(user=str(user.id))
    await store.replace_addresses(tx, [user])
    return user


async def find_personal(tx: Transaction, address: str) -> list[Candidate]:
    """Personal accounts of exactly that mail address or phone number; one for a mail, several for a phone."""
    kinds = {AddressKind.MAIL, AddressKind.PHONE}
    return [each for each in await find_by_address(tx, address, kinds=kinds) if each.tenant_id == PERSONAL_REALM]
