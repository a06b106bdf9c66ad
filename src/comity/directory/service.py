"""Create, change, delete and restore users and groups, one intention each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from comity.audit.service import Record, record, record_many
from comity.core.caller import Caller
from comity.core.errors import Conflict, Invalid
from comity.core.ids import NOWHERE, GroupId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.crossings.inbound_jobs import find_managing_job
from comity.db.transaction import Transaction, as_uuid
from comity.directory import store
from comity.directory.decide import basics_of, changed_attributes, check_text, check_upn, facts_changed, facts_of
from comity.directory.model import (
    Attribute,
    DeletedBy,
    Group,
    GroupAmbiguous,
    GroupUnknown,
    UpnTaken,
    User,
    UserAmbiguous,
    UserUnknown,
    bits,
)
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.service import list_domains
from comity.tenancy.store import get_tenant as find_tenant


class UserChanged(Conflict):
    """The user was changed by somebody else meanwhile."""

    code = "user-changed"


class GroupNameEmpty(Invalid):
    """A group needs a name."""

    code = "group-name-empty"


class NotInRecycleBin(Conflict):
    """Only a soft-deleted user can be restored or purged."""

    code = "not-in-recycle-bin"


class AttributeManaged(Conflict):
    """A sync job of the person's home tenant writes the attribute again and again; names job and tenant."""

    code = "attribute-managed"


async def create_user(tx: Transaction, caller: Caller, user: User) -> User:
    """Create an account of the tenant's own.

    Raises:
        UpnInvalid, UpnTaken, TextInvalid, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    check_upn(user.user_principal_name, domains={each.name for each in await list_domains(tx)})
    check_text(user)
    if await store.find_by_upn(tx, user.user_principal_name) is not None:
        raise UpnTaken(upn=user.user_principal_name)
    await store.insert_users(tx, [user])
    await store.replace_addresses(tx, [user])
    await record(tx, caller, Record("Add user", "user", user.id, after=facts_of(user)))
    append(tx, [Change(ChangeKind.USER_CREATED, user.id, external=user.is_external)])
    return user


async def update_user(tx: Transaction, caller: Caller, user_id: UserId, changes: Mapping[Attribute, Any]) -> User:
    """Change attributes of a living user; what stays equal is no change and leaves no trace.

    Raises:
        UserUnknown, UserChanged, UpnInvalid, UpnTaken, TextInvalid, AttributeManaged, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    before = await get_user(tx, caller, user_id)
    after = replace(before, **{attribute.column: value for attribute, value in changes.items()})
    changed = changed_attributes(before, after)
    if not changed:
        return before
    if Attribute.USER_PRINCIPAL_NAME in changed:
        check_upn(after.user_principal_name, domains={each.name for each in await list_domains(tx)})
        taken = await store.find_by_upn(tx, after.user_principal_name)
        if taken is not None and taken.id != user_id:
            raise UpnTaken(upn=after.user_principal_name)
    check_text(after)
    if Attribute.USER_TYPE in changed:
        await _check_not_managed(tx, before, Attribute.USER_TYPE)
    if not await store.update_users(tx, [after]):
        raise UserChanged(user=before.user_principal_name)
    await store.replace_addresses(tx, [after])
    old, new = facts_changed(before, after, changed)
    await record(tx, caller, Record("Update user", "user", user_id, before=old, after=new))
    append(tx, [Change(ChangeKind.USER_UPDATED, user_id, changed=bits(changed), external=after.is_external)])
    return replace(after, version=after.version + 1)


async def _check_not_managed(tx: Transaction, user: User, attribute: Attribute) -> None:
    """Nobody changes here what the next drain would change back (mission M45).

    Raises:
        AttributeManaged: names the job and its owner tenant.
    """
    if user.home_tenant_id is None or user.home_user_id is None:
        return
    job = await find_managing_job(
        tx, home=user.home_tenant_id, home_user=user.home_user_id, account=user.id, bits=attribute.bit
    )
    if job is not None:
        owner = await find_tenant(tx, user.home_tenant_id)
        raise AttributeManaged(
            attribute=attribute.column, user=user.user_principal_name, job=job.name, job_id=str(job.id),
            owner=owner.name if owner else str(user.home_tenant_id), owner_id=str(user.home_tenant_id),
        )  # fmt: skip


async def delete_users(
    tx: Transaction, caller: Caller, ids: Sequence[UserId], *, by: DeletedBy = DeletedBy.ADMIN
) -> list[UserId]:
    """Move users to the recycle bin, where they stay 30 days with groups, policies and links."""
    caller.check(Permission.USER_WRITE)
    moved = await store.soft_delete_users(tx, ids, at=tx.now, by=by)
    users = await store.load_users(tx, list(moved))
    await store.replace_addresses(tx, users.values())
    await record_many(
        tx,
        caller,
        [
            Record("Delete user", "user", each, before={"userPrincipalName": users[each].user_principal_name})
            for each in moved
        ],
    )
    append(tx, [Change(ChangeKind.USER_DELETED, each, external=external) for each, external in moved.items()])
    return list(moved)


async def restore_user(tx: Transaction, caller: Caller, user_id: UserId, *, rename: str | None = None) -> User:
    """Bring a user back from the recycle bin, with the same id; under another UPN if one is given.

    Raises:
        UserUnknown, NotInRecycleBin, UpnTaken (a living user has the name meanwhile), UpnInvalid, PermissionMissing.
    """
    caller.check(Permission.USER_WRITE)
    user = await store.get_user(tx, user_id)
    if user is None:
        raise UserUnknown(user=str(user_id))
    if rename is not None and user.deleted_at is not None:
        check_upn(rename, domains={each.name for each in await list_domains(tx)})
        user = replace(user, user_principal_name=rename)
        await store.update_users(tx, [user])
        user = replace(user, version=user.version + 1)
    taken = await store.find_by_upn(tx, user.user_principal_name)
    if taken is not None and taken.id != user_id:
        raise UpnTaken(upn=user.user_principal_name)
    external = await store.restore_user(tx, user_id)
    if external is None:
        raise NotInRecycleBin(user=user.user_principal_name)
    restored = replace(user, version=user.version + 1, deleted_at=None, deleted_by=None)
    await store.replace_addresses(tx, [restored])
    await record(
        tx,
        caller,
        Record("Restore user", "user", user_id, after={"userPrincipalName": user.user_principal_name}),
    )
    append(tx, [Change(ChangeKind.USER_RESTORED, user_id, external=external)])
    return restored


async def purge_users(tx: Transaction, caller: Caller, ids: Sequence[UserId]) -> list[UserId]:
    """Delete soft-deleted users for good; a tombstone stays, so that messages keep their author."""
    caller.check(Permission.USER_WRITE)
    purged = await store.purge_users(tx, ids, at=tx.now)
    await record_many(tx, caller, [Record("Hard delete user", "user", each) for each in purged])
    append(tx, [Change(ChangeKind.USER_PURGED, each, external=external) for each, external in purged.items()])
    return list(purged)


async def get_user(tx: Transaction, caller: Caller, user_id: UserId) -> User:
    """A living user.

    Raises:
        UserUnknown, PermissionMissing.
    """
    if caller.user_id != user_id:
        caller.check(Permission.USER_READ_BASIC)
    user = await store.get_user(tx, user_id)
    if user is None or user.deleted_at is not None:
        raise UserUnknown(user=str(user_id))
    return seen_by(caller, user)


def seen_by(caller: Caller, user: User) -> User:
    """The user as far as the caller may know her: whoever may not read people sees names and addresses."""
    if caller.user_id == user.id or caller.may(Permission.USER_READ):
        return user
    return basics_of(user)


async def resolve_user(tx: Transaction, caller: Caller, text: str) -> User:
    """Find a living user by id, UPN or mail, as people name her.

    Raises:
        UserUnknown, UserAmbiguous (lists UPNs), PermissionMissing.
    """
    if user_id := as_uuid(text):
        return await get_user(tx, caller, UserId(user_id))
    caller.check(Permission.USER_READ_BASIC)
    if user := await store.find_by_upn(tx, text):
        return seen_by(caller, user)
    found = await store.find_by_mail(tx, text)
    if not found:
        raise UserUnknown(user=text)
    if len(found) > 1:
        raise UserAmbiguous(user=text, candidates=[each.user_principal_name for each in found])
    return seen_by(caller, found[0])


async def list_users(
    tx: Transaction, caller: Caller, *, after: UserId | None = None, at_most: int = 100, deleted: bool = False
) -> list[User]:
    """Users by id behind `after`: the living, or the recycle bin."""
    caller.check(Permission.USER_READ)
    return await store.list_users(tx, after=after or NOWHERE, at_most=at_most, deleted=deleted)


async def create_group(tx: Transaction, caller: Caller, *, name: str, description: str | None = None) -> Group:
    """Create a security group.

    Raises:
        GroupNameEmpty, PermissionMissing.
    """
    caller.check(Permission.GROUP_WRITE)
    if not name.strip():
        raise GroupNameEmpty
    group = Group(
        tx.tenant_id, GroupId(new_id()), 1, name.strip(), description, None,
        security_enabled=True, mail_enabled=False, created_at=tx.now,
    )  # fmt: skip
    await store.add_group(tx, group)
    await record(tx, caller, Record("Add group", "group", group.id, after={"displayName": group.display_name}))
    append(tx, [Change(ChangeKind.GROUP_CREATED, group.id)])
    return group


async def delete_group(tx: Transaction, caller: Caller, group_id: GroupId) -> None:
    """Soft-delete a group.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    caller.check(Permission.GROUP_WRITE)
    if not await store.delete_group(tx, group_id, at=tx.now):
        raise GroupUnknown(group=str(group_id))
    await record(tx, caller, Record("Delete group", "group", group_id))
    append(tx, [Change(ChangeKind.GROUP_DELETED, group_id)])


async def update_group(
    tx: Transaction, caller: Caller, group_id: GroupId, *, name: str | None = None, description: str | None = None
) -> Group:
    """Change a group's name or description; what is not named stays.

    Raises:
        GroupUnknown, GroupNameEmpty, PermissionMissing.
    """
    caller.check(Permission.GROUP_WRITE)
    before = await store.get_group(tx, group_id)
    if before is None or before.deleted_at is not None:
        raise GroupUnknown(group=str(group_id))
    if name is not None and not name.strip():
        raise GroupNameEmpty
    after = replace(
        before,
        display_name=before.display_name if name is None else name.strip(),
        description=before.description if description is None else description or None,
    )
    if after == before:
        return before
    if not await store.update_group(tx, after):
        raise GroupUnknown(group=str(group_id))
    facts = [{"displayName": each.display_name, "description": each.description} for each in (before, after)]
    await record(tx, caller, Record("Update group", "group", group_id, before=facts[0], after=facts[1]))
    append(tx, [Change(ChangeKind.GROUP_UPDATED, group_id)])
    return replace(after, version=after.version + 1)


async def restore_group(tx: Transaction, caller: Caller, group_id: GroupId) -> Group:
    """Bring a group back from the recycle bin, with the same id and members.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    caller.check(Permission.GROUP_WRITE)
    if not await store.restore_group(tx, group_id):
        raise GroupUnknown(group=str(group_id))
    await record(tx, caller, Record("Restore group", "group", group_id))
    append(tx, [Change(ChangeKind.GROUP_RESTORED, group_id)])
    restored = await store.get_group(tx, group_id)
    assert restored is not None
    return restored


async def resolve_group(tx: Transaction, caller: Caller, text: str) -> Group:
    """Find a living group by id or name.

    Raises:
        GroupUnknown, GroupAmbiguous (lists ids), PermissionMissing.
    """
    caller.check(Permission.GROUP_READ)
    if group_id := as_uuid(text):
        group = await store.get_group(tx, GroupId(group_id))
        if group is None or group.deleted_at is not None:
            raise GroupUnknown(group=text)
        return group
    found = await store.find_groups(tx, text)
    if not found:
        raise GroupUnknown(group=text)
    if len(found) > 1:
        raise GroupAmbiguous(group=text, candidates=[str(each.id) for each in found])
    return found[0]


async def list_groups(
    tx: Transaction, caller: Caller, *, after: GroupId | None = None, at_most: int = 100
) -> list[Group]:
    """Living groups by id behind `after`."""
    caller.check(Permission.GROUP_READ)
    return await store.list_groups(tx, after=after or NOWHERE, at_most=at_most)


async def list_members(
    tx: Transaction, caller: Caller, group_id: GroupId, *, after: UserId | None = None, at_most: int = 1000
) -> list[UserId]:
    """Direct members by id behind `after`."""
    caller.check(Permission.GROUP_READ)
    return await store.list_members(tx, group_id, after=after or NOWHERE, at_most=at_most)


async def add_members(tx: Transaction, caller: Caller, group_id: GroupId, ids: Sequence[UserId]) -> list[UserId]:
    """Make users direct members; return those who were none before."""
    caller.check(Permission.GROUP_WRITE)
    added = await store.add_members(tx, group_id, ids, at=tx.now)
    if added:
        await record(tx, caller, Record("Add member to group", "group", group_id, after={"members": added}))
        append(tx, [Change(ChangeKind.MEMBER_ADDED, group_id, each) for each in added])
    return added


async def remove_members(tx: Transaction, caller: Caller, group_id: GroupId, ids: Sequence[UserId]) -> list[UserId]:
    """Take direct members out; return those who were in."""
    caller.check(Permission.GROUP_WRITE)
    removed = await store.remove_members(tx, group_id, ids)
    if removed:
        await record(tx, caller, Record("Remove member from group", "group", group_id, before={"members": removed}))
        append(tx, [Change(ChangeKind.MEMBER_REMOVED, group_id, each) for each in removed])
    return removed
