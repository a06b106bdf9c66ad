"""Register a personal account, confirm its mail address; add a phone number, confirm it.

Whether an address has an account already is told to its owner only, by mail: the page says the same in both cases.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import timedelta
from typing import Final
from uuid import UUID

from comity.core.ids import PERSONAL_REALM, UserId, new_id
from comity.core.phones import phone_key
from comity.db.crossings.sign_in import find_personal_accounts
from comity.db.queries import Queries
from comity.db.transaction import as_uuid
from comity.directory.decide import split_address
from comity.directory.personal import (
    PersonalAccountExists,
    PersonalMailInvalid,
    PersonalNameEmpty,
    PersonalPhoneInvalid,
    register_personal,
    set_own_phone,
)
from comity.identity import store
from comity.identity.decide import check_password
from comity.identity.errors import PhoneCodeWrong, RegistrationInvalid, TooManyAttempts
from comity.identity.model import PasswordHash, Person
from comity.identity.parts import SignIn
from comity.identity.registration.texts import Text, Texter
from comity.identity.service import digest
from comity.jobs.mail.model import Letter
from comity.jobs.mail.service import post_personal

Q: Final = Queries("comity.identity.registration")

LIFETIME: Final = timedelta(hours=24)
STALE_AFTER: Final = timedelta(days=1)
SECRET_BYTES: Final = 32
MAILS_PER_ADDRESS_MAX: Final = 3
MAILS_WITHIN: Final = timedelta(hours=1)
PHONE_CODE_DIGITS: Final = 6
PHONE_CODE_LIFETIME: Final = timedelta(minutes=10)
PHONE_TRIES_MAX: Final = 5
TEXTS_MAX: Final = 5
TEXTS_WITHIN: Final = timedelta(hours=1)
_PURPOSE: Final = "phone-code"


async def register(
    installation: SignIn, *, mail: str, display_name: str, password: str, link: str, language: str
) -> None:
    """Ask for a personal account; a mail brings the link that makes it: `link` with a token behind it.

    Raises:
        PersonalMailInvalid, PersonalNameEmpty, PasswordUnfit. PasswordsBusy.
    """
    mail, display_name = mail.strip(), display_name.strip()
    if split_address(mail) is None:
        raise PersonalMailInvalid(mail=mail)
    if not display_name:
        raise PersonalNameEmpty
    check_password(password)
    hashed = await installation.passwords.hash(password)
    try:
        await installation.attempts.spend(
            "registration", mail.casefold(), most=MAILS_PER_ADDRESS_MAX, within=MAILS_WITHIN
        )
    except TooManyAttempts:
        return  # enough mails lie there; and nobody learns that from the page
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        exists = bool(await find_personal_accounts(tx, mail))
    if exists:
        letter = Letter("registration-exists-mail", {"mail": mail}, [mail], language)
        await post_personal(installation.db, letter)
        return
    now, registration_id, secret = installation.machine.now(), new_id(), secrets.token_urlsafe(SECRET_BYTES)
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        await tx.execute(
            Q.add,
            id=registration_id, mail=mail, display_name=display_name, password_hash=hashed, sha256=digest(secret),
            at=now, expires_at=now + LIFETIME, stale_before=now - STALE_AFTER,
        )  # fmt: skip
    facts = {"name": display_name, "link": f"{link}/{registration_id.hex}.{secret}"}
    await post_personal(installation.db, Letter("registration-mail", facts, [mail], language))


async def confirm(installation: SignIn, token: str) -> Person:
    """Make the account whose mail address was confirmed with the link; once.

    Raises:
        RegistrationInvalid: unreadable, used, too old, or there is such an account by now.
    """
    registration_id, secret = _parts(token)
    now = installation.machine.now()
    async with installation.db.tenant(PERSONAL_REALM) as tx:
        row = await tx.row(Q.take, id=registration_id, sha256=digest(secret), at=now)
    if row is None:
        raise RegistrationInvalid
    mail, display_name, hashed = row
    try:
        user = await register_personal(installation.db, mail=mail, display_name=display_name)
    except PersonalAccountExists as fault:
        raise RegistrationInvalid from fault
    async with installation.db.tenant(PERSONAL_REALM, person=user.id) as tx:
        await store.put_password(tx, user.id, PasswordHash(hashed), at=now)
    return Person(PERSONAL_REALM, user.id, user.display_name, user.user_principal_name, is_guest=False)


async def claim_phone(installation: SignIn, texter: Texter, user_id: UserId, *, phone: str, language: str) -> str:
    """Send a code to a phone number that the owner of a personal account says is hers; the number in E.164.

    Raises:
        PersonalPhoneInvalid, TooManyAttempts, TextUnsent.
    """
    number = phone_key(phone)
    if number is None:
        raise PersonalPhoneInvalid(phone=phone)
    for who in (str(user_id), number):
        await installation.attempts.spend("text", who, most=TEXTS_MAX, within=TEXTS_WITHIN)
    code = f"{secrets.randbelow(10**PHONE_CODE_DIGITS):0{PHONE_CODE_DIGITS}d}"
    now = installation.machine.now()
    async with installation.db.tenant(PERSONAL_REALM, person=user_id) as tx:
        await tx.execute(
            Q.put_claim, user_id=user_id, phone=number, sealed_code=_sealed(installation, user_id, code), at=now,
            expires_at=now + PHONE_CODE_LIFETIME,
        )  # fmt: skip
    await texter.send(Text(number, "registration-text", {"code": code}, language))
    return number


async def confirm_phone(installation: SignIn, user_id: UserId, code: str) -> None:
    """The number is hers, if the code that was sent there comes back; a few tries, and in time.

    Raises:
        PhoneCodeWrong.
    """
    now = installation.machine.now()
    async with installation.db.tenant(PERSONAL_REALM, person=user_id) as tx:
        row = await tx.row(Q.try_claim, user_id=user_id, at=now, most=PHONE_TRIES_MAX)
        given = _sealed(installation, user_id, "".join(code.split()))
        is_right = row is not None and hmac.compare_digest(bytes(row[1]), given)
        if row is not None and is_right:
            await set_own_phone(tx, str(row[0]))
            await tx.execute(Q.drop_claim, user_id=user_id)
    if not is_right:  # behind the commit: the try has to count
        raise PhoneCodeWrong


def _sealed(installation: SignIn, user_id: UserId, code: str) -> bytes:
    """Six digits are tried out in no time, so they are kept under a key that does not lie beside them."""
    return installation.sealer.envelope(_PURPOSE).close(code.encode(), bound_to=[user_id.bytes])


def _parts(token: str) -> tuple[UUID, str]:
    registration, _, secret = token.partition(".")
    registration_id = as_uuid(registration)
    if registration_id is None or not secret:
        raise RegistrationInvalid
    return registration_id, secret
