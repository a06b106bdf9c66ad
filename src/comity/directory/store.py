"""Rows and nouns of users and groups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from comity.core.caller import UserType
from comity.core.folding import address_key, name_key
from comity.core.ids import PERSONAL_REALM, GroupId, TenantId, UserId
from comity.db.bulk import Staging, bulk
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.values import jsonb
from comity.directory.model import USER_FIELDS, DeletedBy, ExternalUserState, Group, User

Q: Final = Queries("comity.directory")

_KINDS: Final = {
    "id": "uuid", "version": "bigint", "external_state_at": "timestamptz", "account_enabled": "boolean",
    "show_in_address_list": "boolean", "home_tenant_id": "uuid", "home_user_id": "uuid", "manager_id": "uuid",
    "extensions": "jsonb", "created_at": "timestamptz", "deleted_at": "timestamptz", "purged_at": "timestamptz",
}  # fmt: skip
KEY_LENGTH_MAX: Final = 100
"""Characters of a name that a key holds: two keys and two ids have to fit a btree entry of 2,704 bytes."""

_KEYS: Final = ("upn_key", "mail_key", "given_key", "surname_key", "name_key")

STAGED_USERS: Final = Staging(
    "staged_users",
    tuple((name, _KINDS.get(name, "text")) for name in (*USER_FIELDS, *_KEYS) if name != "tenant_id"),
)
"""Users on their way in: `User`'s fields without the tenant, then the stored keys."""

_EXTENSIONS: Final = [name for name in USER_FIELDS if name != "tenant_id"].index("extensions")


def make_user(*columns: Any) -> User:
    """A `User` from a row of its columns in order."""
    values = dict(zip(USER_FIELDS, columns, strict=True))
    values["user_type"] = UserType(values["user_type"])
    if values["external_user_state"] is not None:
        values["external_user_state"] = ExternalUserState(values["external_user_state"])
    if values["deleted_by"] is not None:
        values["deleted_by"] = DeletedBy(values["deleted_by"])
    return User(**values)


def keys_of(
    *,
    user_principal_name: str,
    mail: str | None,
    given_name: str | None,
    surname: str | None,
    display_name: str,
) -> tuple[str, str | None, str, str, str]:
    """The stored keys of a user: UPN, mail, given name, surname, display name.

    Who has no given name or surname on file is found by the parts of the display name.
    """
    given, last = name_key(given_name)[:KEY_LENGTH_MAX], name_key(surname)[:KEY_LENGTH_MAX]
    display = name_key(display_name)[:KEY_LENGTH_MAX]
    if not given and not last:
        given, _, last = display.partition(" ")
    return address_key(user_principal_name), address_key(mail) if mail else None, given, last, display


def staged_row(user: User) -> tuple[object, ...]:
    """The user as a row of `STAGED_USERS`."""
    values = [getattr(user, name) for name in USER_FIELDS if name != "tenant_id"]
    if user.extensions is not None:
        values[_EXTENSIONS] = jsonb(user.extensions or None)
    keys = keys_of(
        user_principal_name=user.user_principal_name,
        mail=user.mail,
        given_name=user.given_name,
        surname=user.surname,
        display_name=user.display_name,
    )
    return (*values, *keys)


async def insert_users(tx: Transaction, users: Sequence[User]) -> None:
    """Save new users; three statements for any number of them."""
    await bulk(tx, STAGED_USERS, map(staged_row, users))
    await tx.execute(Q.insert_staged)


async def update_users(tx: Transaction, users: Sequence[User]) -> set[UserId]:
    """Save changed users, each read at the version it carries; return those that still were at it."""
    await bulk(tx, STAGED_USERS, map(staged_row, users))
    return {UserId(row[0]) for row in await tx.rows(Q.update_staged)}


async def analyze_people(tx: Transaction) -> None:
    """Let the planner know how many people there are; worth it after thousands of new ones."""
    await tx.execute(Q.analyze_people)


async def replace_addresses(tx: Transaction, users: Iterable[User]) -> None:
    """Bring the installation's address index in line with these users.

    Only home identities that live stand in it: a B2B identity is reached through its home. A phone
    number leads to personal accounts only (external-access §6, `phone-finds-personal-only`).
    """
    people, owners, keys, kinds = [], [], [], []
    for user in users:
        people.append(user.id)
        if user.is_external or user.deleted_at is not None:
            continue
        found = {("upn", address_key(user.user_principal_name))}
        if user.mail:
            found.add(("mail", address_key(user.mail)))
        if user.tenant_id == PERSONAL_REALM and user.mobile_phone:
            found.add(("phone", user.mobile_phone))
        for kind, key in sorted(found):
            owners.append(user.id)
            keys.append(key)
            kinds.append(kind)
    if people:
        await tx.execute(Q.replace_addresses, people=people, owners=owners, keys=keys, kinds=kinds)


async def get_user(tx: Transaction, user_id: UserId) -> User | None:
    """The user of that id, living or soft-deleted."""
    return await tx.one(make_user, Q.get_user, id=user_id)


async def load_users(tx: Transaction, ids: Sequence[UserId]) -> dict[UserId, User]:
    """The users of those ids, living or soft-deleted."""
    return {user.id: user for user in await tx.all(make_user, Q.users_by_id, ids=list(ids))}


async def find_purged(tx: Transaction, ids: Sequence[UserId]) -> set[UserId]:
    """Which of those ids are tombstones."""
    return {UserId(row[0]) for row in await tx.rows(Q.purged_by_id, ids=list(ids))}


async def find_by_upn(tx: Transaction, upn: str) -> User | None:
    """The living user of that UPN."""
    return await tx.one(make_user, Q.living_by_upn, key=address_key(upn))


async def find_by_mail(tx: Transaction, mail: str) -> list[User]:
    """Living users of that mail, at most 20."""
    return await tx.all(make_user, Q.living_by_mail, key=address_key(mail))


async def find_by_upn_keys(tx: Transaction, keys: Sequence[str]) -> dict[str, User]:
    """Living users by folded UPN."""
    users = await tx.all(make_user, Q.living_by_upn_keys, keys=list(keys))
    return {address_key(user.user_principal_name): user for user in users}


async def find_by_home(tx: Transaction, home_tenant_id: TenantId, home_user_id: UserId) -> User | None:
    """The account that stands for a home identity here, living or soft-deleted."""
    return await tx.one(make_user, Q.by_home, home_tenant_id=home_tenant_id, home_user_id=home_user_id)


async def list_extension_names(tx: Transaction) -> list[str]:
    """Names of the directory extensions that living users have, in order."""
    return [row[0] for row in await tx.rows(Q.extension_names)]


async def list_users(tx: Transaction, *, after: UUID, at_most: int, deleted: bool = False) -> list[User]:
    """Users by id behind `after`: the living, or the recycle bin."""
    return await tx.all(make_user, Q.list_deleted if deleted else Q.list_living, after=after, at_most=at_most)


async def count_users(tx: Transaction) -> tuple[int, int]:
    """How many living users there are, and how many of them are B2B identities."""
    row = await tx.row(Q.count_living)
    return (int(row[0]), int(row[1])) if row else (0, 0)


async def soft_delete_users(
    tx: Transaction, ids: Sequence[UserId], *, at: datetime, by: DeletedBy
) -> dict[UserId, bool]:
    """Move living users to the recycle bin; return those moved, and whether each is a B2B identity."""
    return dict(await tx.rows(Q.soft_delete, ids=list(ids), at=at, by=by.value))


async def restore_user(tx: Transaction, user_id: UserId) -> bool | None:
    """Out of the recycle bin; None if she is not in it, else whether she is a B2B identity."""
    row = await tx.row(Q.restore, id=user_id)
    return None if row is None else bool(row[1])


async def purge_users(tx: Transaction, ids: Sequence[UserId], *, at: datetime) -> dict[UserId, bool]:
    """Leave only tombstones; return those purged, and whether each was a B2B identity."""
    purged: dict[UserId, bool] = dict(await tx.rows(Q.purge, ids=list(ids), at=at))
    await tx.execute(Q.leave_groups, ids=list(purged))
    return purged


async def load_retention(tx: Transaction) -> timedelta:
    """How long the tenant keeps users in its recycle bin."""
    row = await tx.row(Q.retention)
    assert row is not None, "every business tenant has its settings from the first day"
    return timedelta(seconds=row[0])


async def list_expired(tx: Transaction, *, before: datetime, at_most: int) -> list[UserId]:
    """Whose time in the recycle bin is over, oldest first."""
    return [UserId(row[0]) for row in await tx.rows(Q.expired, before=before, at_most=at_most)]


def group_key(name: str | None) -> str:
    """How group names compare and are ordered; as long as a key may be."""
    return name_key(name)[:KEY_LENGTH_MAX]


async def add_group(tx: Transaction, group: Group) -> None:
    """Save a new group."""
    await tx.execute(
        Q.add_group,
        id=group.id, display_name=group.display_name, description=group.description, mail_nickname=group.mail_nickname,
        security_enabled=group.security_enabled, mail_enabled=group.mail_enabled, created_at=group.created_at,
        name_key=group_key(group.display_name), group_types=_types(group), visibility=group.visibility,
        classification=group.classification,
    )  # fmt: skip


def _types(group: Group) -> list[str] | None:
    return None if group.group_types is None else list(group.group_types)


async def get_group(tx: Transaction, group_id: GroupId) -> Group | None:
    """The group of that id, living or soft-deleted."""
    return await tx.one(Group, Q.get_group, id=group_id)


async def find_groups(tx: Transaction, name: str) -> list[Group]:
    """Living groups of that name, at most 20."""
    return await tx.all(Group, Q.groups_by_name, key=group_key(name))


async def list_groups(tx: Transaction, *, after: UUID, at_most: int) -> list[Group]:
    """Living groups by id."""
    return await tx.all(Group, Q.list_groups, after=after, at_most=at_most)


async def delete_group(tx: Transaction, group_id: GroupId, *, at: datetime) -> bool:
    """Soft-delete a group; False if it was not living."""
    return await tx.row(Q.delete_group, id=group_id, at=at) is not None


async def update_group(tx: Transaction, group: Group) -> bool:
    """Save a changed group, read at the version it carries; False if it has another by now."""
    return await tx.execute(
        Q.update_group,
        id=group.id, version=group.version, display_name=group.display_name, description=group.description,
        name_key=group_key(group.display_name), mail_nickname=group.mail_nickname,
        security_enabled=group.security_enabled, mail_enabled=group.mail_enabled,
        group_types=_types(group), visibility=group.visibility, classification=group.classification,
    ) > 0  # fmt: skip


async def restore_group(tx: Transaction, group_id: GroupId) -> bool:
    """Out of the recycle bin; False if it was not in it."""
    return await tx.execute(Q.restore_group, id=group_id) > 0


async def add_members(tx: Transaction, group_id: GroupId, ids: Sequence[UserId], *, at: datetime) -> list[UserId]:
    """Make living users direct members; return those who were none before."""
    return [UserId(row[0]) for row in await tx.rows(Q.add_members, group_id=group_id, ids=list(ids), at=at)]


async def remove_members(tx: Transaction, group_id: GroupId, ids: Sequence[UserId]) -> list[UserId]:
    """Take direct members out; return those who were in."""
    return [UserId(row[0]) for row in await tx.rows(Q.remove_members, group_id=group_id, ids=list(ids))]


async def list_members(tx: Transaction, group_id: GroupId, *, after: UUID, at_most: int) -> list[UserId]:
    """Direct members by id."""
    return [UserId(row[0]) for row in await tx.rows(Q.members, group_id=group_id, after=after, at_most=at_most)]


async def groups_of(tx: Transaction, user_id: UserId) -> list[Group]:
    """Living groups that the user is a direct member of, by name."""
    return await tx.all(Group, Q.groups_of, id=user_id)
