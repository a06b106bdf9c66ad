"""Groups in all their properties, with groups in them and people who answer for them.

Whoever holds the permission manages any group; a member manages the groups that she owns, and makes new ones
unless the tenant says otherwise (provisioning §11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Final
from uuid import UUID

from comity.audit.model import Facts
from comity.audit.service import Record, record
from comity.core.caller import Caller
from comity.core.ids import GroupId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.directory import store
from comity.directory.decide import text_fault
from comity.directory.finding import Q
from comity.directory.model import (
    Group,
    GroupDraft,
    GroupInvalid,
    GroupUnknown,
    LastOwner,
    MemberExists,
    MemberMissing,
    NestingCircle,
    OwnerMissing,
)
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy.settings import load_settings

UNIFIED: Final = "Unified"
VISIBILITIES: Final = frozenset({"Public", "Private", "HiddenMembership"})


async def create(
    tx: Transaction,
    caller: Caller,
    draft: GroupDraft,
    *,
    members: Sequence[UUID] = (),
    owners: Sequence[UserId] = (),
) -> Group:
    """Create a group; a person who does so without a role answers for it.

    Raises:
        GroupInvalid, MemberExists, UserUnknown, PermissionMissing.
    """
    if not caller.may(Permission.GROUP_WRITE):
        for_herself = caller.may_for_herself(Permission.GROUP_WRITE)
        if not (for_herself and (await load_settings(tx)).members_create_groups):
            caller.check(Permission.GROUP_WRITE)
    check_draft(draft)
    group = Group(
        tx.tenant_id, GroupId(new_id()), 1, draft.display_name.strip(), draft.description, draft.mail_nickname,
        draft.security_enabled, draft.mail_enabled, tx.now, None, draft.group_types, draft.visibility,
        draft.classification,
    )  # fmt: skip
    await store.add_group(tx, group)
    await record(tx, caller, Record("Add group", "group", group.id, after=facts_of(group)))
    append(tx, [Change(ChangeKind.GROUP_CREATED, group.id)])
    hers = [caller.user_id] if caller.user_id is not None and not owners else []
    for owner in dict.fromkeys([*owners, *hers]):
        await _add_owner(tx, caller, group.id, owner)
    if members:
        await _add_members(tx, caller, group.id, members)
    return group


async def change(tx: Transaction, caller: Caller, group_id: GroupId, changes: Mapping[str, Any]) -> Group:
    """Change a group's properties, named as fields of `GroupDraft`; what stays equal leaves no trace.

    Raises:
        GroupUnknown, GroupInvalid, PermissionMissing.
    """
    before = await _manage(tx, caller, group_id)
    after = replace(before, **changes)
    check_draft(
        GroupDraft(
            after.display_name, after.description, after.mail_nickname, after.mail_enabled, after.security_enabled,
            after.group_types, after.visibility, after.classification,
        )
    )  # fmt: skip
    if after == before:
        return before
    if not await store.update_group(tx, after):
        raise GroupUnknown(group=str(group_id))
    was, now = facts_of(before), facts_of(after)
    differing = {name for name in was.keys() | now.keys() if was.get(name) != now.get(name)}
    await record(
        tx,
        caller,
        Record(
            "Update group",
            "group",
            group_id,
            before={name: was.get(name) for name in sorted(differing)},
            after={name: now.get(name) for name in sorted(differing)},
        ),
    )
    append(tx, [Change(ChangeKind.GROUP_UPDATED, group_id)])
    return replace(after, version=after.version + 1)


async def delete(tx: Transaction, caller: Caller, group_id: GroupId) -> None:
    """Move a group to the recycle bin.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    await _manage(tx, caller, group_id)
    await store.delete_group(tx, group_id, at=tx.now)
    await record(tx, caller, Record("Delete group", "group", group_id))
    append(tx, [Change(ChangeKind.GROUP_DELETED, group_id)])


async def purge(tx: Transaction, caller: Caller, group_id: GroupId) -> None:
    """Delete a group out of the recycle bin for good.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    caller.check(Permission.GROUP_WRITE)
    if await tx.row(Q.purge_group, id=group_id) is None:
        raise GroupUnknown(group=str(group_id))
    await tx.execute(Q.leave_parents, id=group_id)
    await tx.execute(Q.drop_owners, id=group_id)
    await record(tx, caller, Record("Hard delete group", "group", group_id))
    append(tx, [Change(ChangeKind.GROUP_DELETED, group_id)])


async def add_members(tx: Transaction, caller: Caller, group_id: GroupId, ids: Sequence[UUID]) -> None:
    """Make users and groups direct members, all or none.

    Raises:
        GroupUnknown, MemberExists, MemberMissing (nobody of that id), NestingCircle, PermissionMissing.
    """
    await _manage(tx, caller, group_id, Permission.MEMBER_WRITE)
    await _add_members(tx, caller, group_id, ids)


async def remove_member(tx: Transaction, caller: Caller, group_id: GroupId, member: UUID) -> None:
    """Take a direct member out.

    Raises:
        GroupUnknown, MemberMissing, PermissionMissing.
    """
    await _manage(tx, caller, group_id, Permission.MEMBER_WRITE)
    if not await store.remove_members(tx, group_id, [UserId(member)]):
        raise MemberMissing(member=str(member), group=str(group_id))
    await record(tx, caller, Record("Remove member from group", "group", group_id, before={"members": [member]}))
    append(tx, [Change(ChangeKind.MEMBER_REMOVED, group_id, member)])


async def list_owners(tx: Transaction, caller: Caller, group_id: GroupId) -> list[UserId]:
    """Who answers for a group.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    caller.check(Permission.GROUP_READ_BASIC)
    await _living(tx, group_id)
    return await load_owners(tx, group_id)


async def add_owner(tx: Transaction, caller: Caller, group_id: GroupId, owner: UserId) -> None:
    """Let somebody answer for a group.

    Raises:
        GroupUnknown, MemberExists, MemberMissing, PermissionMissing.
    """
    await _manage(tx, caller, group_id)
    await _add_owner(tx, caller, group_id, owner)


async def remove_owner(tx: Transaction, caller: Caller, group_id: GroupId, owner: UserId) -> None:
    """Let somebody answer for a group no longer; its last owner stays.

    Raises:
        GroupUnknown, OwnerMissing, LastOwner, PermissionMissing.
    """
    await _manage(tx, caller, group_id)
    owners = await load_owners(tx, group_id)
    if owner not in owners:
        raise OwnerMissing(owner=str(owner), object=str(group_id))
    if len(owners) == 1:
        raise LastOwner(group=str(group_id))
    await tx.execute(Q.drop_owner, id=group_id, owner_id=owner)
    await record(tx, caller, Record("Remove owner from group", "group", group_id, before={"owner": owner}))


async def load_owners(tx: Transaction, object_id: UUID) -> list[UserId]:
    """Who answers for an object, for whoever checked that the caller may know."""
    return [UserId(row[0]) for row in await tx.rows(Q.owners, id=object_id)]


def check_draft(draft: GroupDraft) -> None:
    """A group can be like that.

    Raises:
        GroupInvalid.
    """
    if not draft.display_name.strip() or len(draft.display_name) > 256:
        raise GroupInvalid(property="displayName", wanted="between 1 and 256 characters")
    for name, value in (("description", draft.description), ("mailNickname", draft.mail_nickname)):
        if value is not None and text_fault(value):
            raise GroupInvalid(property=name, wanted="a text that can be stored")
    if draft.mail_nickname is not None and (
        not draft.mail_nickname or set(draft.mail_nickname) & set('@()\\[]";:<>, ')
    ):
        raise GroupInvalid(property="mailNickname", wanted="letters, digits, points, hyphens and underscores")
    if set(draft.group_types or ()) - {UNIFIED}:
        raise GroupInvalid(property="groupTypes", wanted="Unified or nothing: memberships here are lists")
    if draft.visibility is not None and draft.visibility not in VISIBILITIES:
        raise GroupInvalid(property="visibility", wanted=", ".join(sorted(VISIBILITIES)))
    if not draft.security_enabled and UNIFIED not in (draft.group_types or ()):
        raise GroupInvalid(property="securityEnabled", wanted="true for a group that is not Unified")
    if draft.mail_enabled and UNIFIED not in (draft.group_types or ()):
        raise GroupInvalid(property="mailEnabled", wanted="false for a group that is not Unified")


def facts_of(group: Group) -> Facts:
    """What audit shows of a group: what has a value."""
    kept = (
        "display_name",
        "description",
        "mail_nickname",
        "security_enabled",
        "mail_enabled",
        "visibility",
        "classification",
    )
    facts = {name: value for name, value in asdict(group).items() if name in kept and value is not None}
    types = {"group_types": list(group.group_types)} if group.group_types else {}
    return {_CAMEL.get(name, name): value for name, value in {**facts, **types}.items()}


_CAMEL: Final = {
    "display_name": "displayName", "mail_nickname": "mailNickname", "security_enabled": "securityEnabled",
    "mail_enabled": "mailEnabled", "group_types": "groupTypes",
}  # fmt: skip


async def _living(tx: Transaction, group_id: GroupId) -> Group:
    group = await store.get_group(tx, group_id)
    if group is None or group.deleted_at is not None:
        raise GroupUnknown(group=str(group_id))
    return group


async def _manage(
    tx: Transaction, caller: Caller, group_id: GroupId, permission: Permission = Permission.GROUP_WRITE
) -> Group:
    """The group, if the caller may manage it: any, or one of her own."""
    if caller.may(permission):
        return await _living(tx, group_id)
    if not caller.may_for_herself(permission):
        caller.check(permission)
    group = await _living(tx, group_id)
    if caller.user_id not in await load_owners(tx, group_id):
        caller.check(permission)
    return group


async def _add_members(tx: Transaction, caller: Caller, group_id: GroupId, ids: Sequence[UUID]) -> None:
    wanted = list(dict.fromkeys(ids))
    added: list[UUID] = [*await store.add_members(tx, group_id, [UserId(each) for each in wanted], at=tx.now)]
    rest = [each for each in wanted if each not in added]
    if rest:
        if group_id in rest:
            raise NestingCircle(group=str(group_id))
        above = {row[0] for row in await tx.rows(Q.groups_above, id=group_id, depth=50)}
        if circle := above & set(rest):
            raise NestingCircle(group=str(min(circle)))
        added += [row[0] for row in await tx.rows(Q.add_nested, group_id=group_id, ids=rest, at=tx.now)]
    missing = [each for each in wanted if each not in added]
    if missing:
        present = {row[0] for row in await tx.rows(Q.members, group_id=group_id)}
        if present & set(missing):
            raise MemberExists(member=str(min(present & set(missing))), property="members")
        raise MemberMissing(member=str(missing[0]), group=str(group_id))
    await record(tx, caller, Record("Add member to group", "group", group_id, after={"members": added}))
    append(tx, [Change(ChangeKind.MEMBER_ADDED, group_id, each) for each in added])


async def _add_owner(tx: Transaction, caller: Caller, group_id: GroupId, owner: UserId) -> None:
    await give_owner(tx, caller, group_id, owner, "group")


async def give_owner(tx: Transaction, caller: Caller, object_id: UUID, owner: UserId, kind: str) -> None:
    """Let somebody answer for an object, for whoever checked that the caller manages it.

    Raises:
        MemberExists, MemberMissing.
    """
    person = await store.get_user(tx, owner)
    if person is None or person.deleted_at is not None:
        raise MemberMissing(member=str(owner), group=str(object_id))
    if await tx.row(Q.add_owner, id=object_id, owner_id=owner, at=tx.now) is None:
        raise MemberExists(member=str(owner), property="owners")
    await record(tx, caller, Record(f"Add owner to {kind}", kind, object_id, after={"owner": owner}))


async def take_owner(tx: Transaction, caller: Caller, object_id: UUID, owner: UserId, kind: str) -> None:
    """Let somebody answer for an object no longer, for whoever checked that the caller manages it.

    Raises:
        OwnerMissing.
    """
    if await tx.row(Q.drop_owner, id=object_id, owner_id=owner) is None:
        raise OwnerMissing(owner=str(owner), object=str(object_id))
    await record(tx, caller, Record(f"Remove owner from {kind}", kind, object_id, before={"owner": owner}))
