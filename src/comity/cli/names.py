"""From names that people type to things: tenants, people, groups."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from comity.access.model import Person
from comity.core.caller import Caller, PrincipalKind
from comity.core.domains import normalize_domain
from comity.core.errors import Invalid, NotFound
from comity.core.folding import address_key
from comity.core.ids import PERSONAL_REALM, GroupId, PrincipalId, TenantId, UserId
from comity.db.crossings.address import find_by_address
from comity.db.database import Database
from comity.db.transaction import Transaction, as_uuid
from comity.directory.model import GroupUnknown, User, UserUnknown
from comity.directory.personal import find_personal, get_own_account
from comity.directory.service import get_user, list_users, resolve_group, resolve_user
from comity.identity.decide import PERSONAL, person_permissions
from comity.identity.service import list_roles
from comity.tenancy.model import Tenant, TenantKind, TenantUnknown
from comity.tenancy.service import list_tenants, resolve_tenant

PERSONAL_PREFIX: Final = "personal:"
_PAGE: Final = 100


class PersonAmbiguous(Invalid):
    """Several accounts of the installation answer to that; lists them."""

    code = "person-ambiguous"


class HomeUnknown(Invalid):
    """A guest who has not redeemed the invitation stands for nobody yet."""

    code = "home-unknown"


class PrincipalUnknown(NotFound):
    """Neither a person nor a group of the tenant."""

    code = "principal-unknown"


async def find_tenant(db: Database, text: str) -> Tenant:
    """The business tenant of that id, domain or name.

    Raises:
        TenantUnknown, TenantAmbiguous.
    """
    tenant = await resolve_tenant(db, text)
    if tenant.kind is not TenantKind.BUSINESS:
        raise TenantUnknown(tenant=text)
    return tenant


async def all_tenants(db: Database) -> list[Tenant]:
    """All business tenants of the installation, by name."""
    system = Caller.system("command line", tenant_id=PERSONAL_REALM)
    found: list[Tenant] = []
    while page := await list_tenants(db, system, after=found[-1] if found else None, at_most=_PAGE):
        found += page
    return [each for each in found if each.kind is TenantKind.BUSINESS]


async def find_person(db: Database, text: str) -> User:
    """The account that somebody names, wherever it is at home: by UPN, mail or id, or `personal:MAIL`.

    A UPN is looked for in the tenant that owns its domain, so it may also be that of a B2B user.

    Raises:
        UserUnknown, PersonAmbiguous (lists the candidates).
    """
    system = Caller.system("command line", tenant_id=PERSONAL_REALM)
    if text.startswith(PERSONAL_PREFIX):
        return await _find_personal(db, text.removeprefix(PERSONAL_PREFIX))
    if user_id := as_uuid(text):
        return await _find_by_id(db, UserId(user_id))
    if (tenant := await _owner_of(db, text)) is not None:
        async with db.tenant(tenant.id) as tx:
            try:
                user = await resolve_user(tx, system.in_tenant(tenant.id), text)
            except UserUnknown:
                user = None
        if user is not None and address_key(user.user_principal_name) == address_key(text):
            return user
    return await _find_by_address(db, text)


async def find_principals(tx: Transaction, caller: Caller, names: Sequence[str]) -> tuple[list[UserId], list[GroupId]]:
    """People and groups of the transaction's tenant, as they are shared: each name is one or the other.

    Raises:
        PrincipalUnknown, UserAmbiguous, GroupAmbiguous.
    """
    users: list[UserId] = []
    groups: list[GroupId] = []
    for name in names:
        try:
            users.append((await resolve_user(tx, caller, name)).id)
        except UserUnknown:
            try:
                groups.append((await resolve_group(tx, caller, name)).id)
            except GroupUnknown:
                raise PrincipalUnknown(name=name) from None
    return users, groups


async def find_deleted(tx: Transaction, caller: Caller, text: str) -> UserId:
    """Somebody in the transaction's tenant's recycle bin, by id or UPN; the latest, if several bore the name.

    Raises:
        UserUnknown.
    """
    wanted, after = address_key(text), None
    found: list[User] = []
    while page := await list_users(tx, caller, after=after, at_most=_PAGE, deleted=True):
        found += [each for each in page if text == str(each.id) or address_key(each.user_principal_name) == wanted]
        after = page[-1].id
    if not found:
        raise UserUnknown(user=text)
    return max(found, key=lambda each: (each.deleted_at or each.created_at, each.id)).id


async def find_contact(tx: Transaction, text: str) -> UserId:
    """A personal account by id, or by exact mail address or phone number.

    Raises:
        UserUnknown, PersonAmbiguous.
    """
    if user_id := as_uuid(text):
        return UserId(user_id)
    found = await find_personal(tx, text)
    if not found:
        raise UserUnknown(user=text)
    if len(found) > 1:
        raise PersonAmbiguous(user=text, candidates=[str(each.user_id) for each in found])
    return found[0].user_id


def home_of(user: User) -> Person:
    """Whom an account stands for: the home identity, which decisions and chats are about.

    Raises:
        HomeUnknown: a guest whose home nobody knows yet.
    """
    home = user.home
    if home.user_id is None:
        raise HomeUnknown(user=user.user_principal_name)
    return Person(home.tenant_id, home.user_id)


async def rights_of(db: Database, user: User) -> Caller:
    """The person herself, with what her user type and roles let her do."""
    system = Caller.system("command line", tenant_id=user.tenant_id)
    async with db.tenant(user.tenant_id, person=person_of(user)) as tx:
        roles = [] if user.tenant_id == PERSONAL_REALM else await list_roles(tx, system, user.id)
    names = frozenset(each.value for each in roles)
    return Caller(
        tenant_id=user.tenant_id,
        kind=PrincipalKind.USER,
        principal_id=PrincipalId(user.id),
        name=user.user_principal_name,
        roles=names,
        permissions=PERSONAL if user.tenant_id == PERSONAL_REALM else person_permissions(user.user_type, names),
        user_type=user.user_type,
    )


def person_of(who: User | Person) -> UserId | None:
    """What opens a transaction on somebody's own rows: a personal account names itself, others need not."""
    user_id = who.id if isinstance(who, User) else who.user_id
    return user_id if who.tenant_id == PERSONAL_REALM else None


async def _owner_of(db: Database, text: str) -> Tenant | None:
    domain = normalize_domain(text.rpartition("@")[2])
    if domain is None:
        return None
    try:
        return await resolve_tenant(db, domain)
    except TenantUnknown:
        return None


async def _find_by_address(db: Database, text: str) -> User:
    async with db.tenant(PERSONAL_REALM) as tx:
        found = await find_by_address(tx, text)
    if not found:
        raise UserUnknown(user=text)
    if len(found) > 1:
        candidates = [
            f"{PERSONAL_PREFIX}{each.address}" if each.is_personal else f"{each.user_id} ({each.tenant_name})"
            for each in found
        ]
        raise PersonAmbiguous(user=text, candidates=candidates)
    return await load_person(db, found[0].tenant_id, found[0].user_id)


async def load_person(db: Database, tenant_id: TenantId, user_id: UserId) -> User:
    """The account of that id; a personal one as its owner sees it.

    Raises:
        UserUnknown.
    """
    if tenant_id == PERSONAL_REALM:
        async with db.tenant(PERSONAL_REALM, person=user_id) as tx:
            return await get_own_account(tx)
    async with db.tenant(tenant_id) as tx:
        return await get_user(tx, Caller.system("command line", tenant_id=tenant_id), user_id)


async def _find_personal(db: Database, address: str) -> User:
    async with db.tenant(PERSONAL_REALM) as tx:
        found = await find_personal(tx, address)
    if not found:
        raise UserUnknown(user=f"{PERSONAL_PREFIX}{address}")
    if len(found) > 1:
        raise PersonAmbiguous(user=f"{PERSONAL_PREFIX}{address}", candidates=[str(each.user_id) for each in found])
    return await load_person(db, PERSONAL_REALM, found[0].user_id)


async def _find_by_id(db: Database, user_id: UserId) -> User:
    """Look in one tenant after the other: an id alone says nothing of where it belongs."""
    for tenant_id in (*(each.id for each in await all_tenants(db)), PERSONAL_REALM):
        try:
            return await load_person(db, tenant_id, user_id)
        except UserUnknown:
            continue
    raise UserUnknown(user=str(user_id))
