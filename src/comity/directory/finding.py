"""Choose users and groups by what they are, page by page along an index; see who is in what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, LiteralString
from uuid import UUID

from comity.core.caller import Caller, PrincipalKind, UserType
from comity.core.criteria import Criterion
from comity.core.folding import address_key
from comity.core.ids import GroupId, UserId
from comity.core.permissions import Permission
from comity.db.queries import Queries
from comity.db.transaction import Transaction
from comity.db.walking import Column, Found, Items, Kind, Order, Place, Walk, Way
from comity.directory import store
from comity.directory.model import Group, GroupUnknown, User
from comity.directory.model import Kind as Principal
from comity.directory.service import seen_by

Q: Final = Queries("comity.directory", "finding.sql")

_TEXTS: Final[dict[str, LiteralString]] = {
    "city": "city", "companyName": "company_name", "country": "country", "creationType": "creation_type",
    "department": "department", "employeeId": "employee_id", "externalUserState": "external_user_state",
    "givenName": "given_name", "jobTitle": "job_title", "mailNickname": "mail_nickname", "mobilePhone": "mobile_phone",
    "officeLocation": "office_location", "postalCode": "postal_code", "preferredLanguage": "preferred_language",
    "state": "state", "streetAddress": "street_address", "surname": "surname", "usageLocation": "usage_location",
    "userType": "user_type",
}  # fmt: skip
_NO_ITEMS: Final = Items("(false and ", ")", {"": Column("''"), "skuId": Column("''"), "issuer": Column("''")})


def _place_of_user(user: User, way: Way) -> Place:
    keys = {
        "displayName": store.group_key(user.display_name), "userPrincipalName": address_key(user.user_principal_name),
        "mail": address_key(user.mail or ""),
    }  # fmt: skip
    return Place(keys.get(way.name), user.id)


USERS: Final = Walk(
    page=Q.users,
    end=Q.users_end,
    count=Q.count_users,
    make=store.make_user,
    columns={
        **{name: Column(sql) for name, sql in _TEXTS.items()},
        "id": Column("id", Kind.GUID),
        "displayName": Column("display_name", words="name_key"),
        "mail": Column("mail", words="mail_key"),
        "userPrincipalName": Column("user_principal_name", words="upn_key"),
        "accountEnabled": Column("account_enabled", Kind.FLAG),
        "showInAddressList": Column("show_in_address_list", Kind.FLAG),
        "createdDateTime": Column("created_at", Kind.INSTANT),
        "deletedDateTime": Column("deleted_at", Kind.INSTANT),
        "externalUserStateChangeDateTime": Column("external_state_at", Kind.INSTANT),
        "onPremisesSyncEnabled": Column("null::boolean", Kind.FLAG),
        "manager/id": Column("manager_id", Kind.GUID),
        "businessPhones": Items("(business_phone is not null and ", ")", {"": Column("business_phone")}),
        "proxyAddresses": Items("(mail is not null and ", ")", {"": Column("'SMTP:' || mail")}),
        "identities": Items(
            "(creation_type is null and ",
            ")",
            {
                "issuerAssignedId": Column("user_principal_name"),
                "issuer": Column("split_part(user_principal_name, '@', 2)"),
                "signInType": Column("'userPrincipalName'"),
            },
        ),
        "otherMails": _NO_ITEMS,
        "assignedLicenses": _NO_ITEMS,
        "imAddresses": _NO_ITEMS,
    },
    ways=(
        Way(None),
        Way("upn_key", "userPrincipalName", address_key),
        Way("mail_key", "mail", address_key),
        Way("name_key", "displayName", store.group_key),
    ),
    place=_place_of_user,
)
"""What users can be chosen by. Order of the ways: the sharpest first."""


def _place_of_group(group: Group, way: Way) -> Place:
    return Place(store.group_key(group.display_name) if way.key is not None else None, group.id)


GROUPS: Final = Walk(
    page=Q.groups,
    end=Q.groups_end,
    count=Q.count_groups,
    make=Group,
    columns={
        "id": Column("id", Kind.GUID),
        "displayName": Column("display_name", words="name_key"),
        "description": Column("description", words="lower(description)"),
        "mailNickname": Column("mail_nickname"),
        "mail": Column("null::text"),
        "visibility": Column("visibility"),
        "classification": Column("classification"),
        "membershipRuleProcessingState": Column("null::text"),
        "membershipRule": Column("null::text"),
        "securityEnabled": Column("security_enabled", Kind.FLAG),
        "mailEnabled": Column("mail_enabled", Kind.FLAG),
        "isAssignableToRole": Column("false", Kind.FLAG),
        "hasMembersWithLicenseErrors": Column("false", Kind.FLAG),
        "onPremisesSyncEnabled": Column("null::boolean", Kind.FLAG),
        "createdDateTime": Column("created_at", Kind.INSTANT),
        "deletedDateTime": Column("deleted_at", Kind.INSTANT),
        "groupTypes": Items("exists (select from unnest(group_types) item where ", ")", {"": Column("item")}),
        "assignedLicenses": _NO_ITEMS,
        "proxyAddresses": _NO_ITEMS,
        "resourceProvisioningOptions": _NO_ITEMS,
    },
    ways=(Way(None), Way("name_key", "displayName", store.group_key)),
    place=_place_of_group,
)
"""What groups can be chosen by."""

DELETED_USERS: Final = replace(USERS, living="deleted_at is not null and purged_at is null")
DELETED_GROUPS: Final = replace(GROUPS, living="deleted_at is not null")
"""The recycle bin."""


def may_list_people(caller: Caller) -> bool:
    """May the caller have lists of people? Guests may not, whatever else they may (provisioning §11)."""
    return caller.may(Permission.USER_READ) or (
        caller.may(Permission.USER_READ_BASIC) and caller.kind is PrincipalKind.APP
    )


async def find_users(
    tx: Transaction,
    caller: Caller,
    *,
    criterion: Criterion | None = None,
    order: Order | None = None,
    after: Place | None = None,
    at_most: int = 100,
) -> Found[User]:
    """A page of living users who fit, along an index.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    if not may_list_people(caller):
        caller.check(Permission.USER_READ)
    found = await USERS.find(tx, criterion=criterion, order=order, after=after, at_most=at_most)
    return Found([seen_by(caller, each) for each in found.items], found.after)


async def count_users(tx: Transaction, caller: Caller, criterion: Criterion | None = None) -> int:
    """How many living users fit.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    if not may_list_people(caller):
        caller.check(Permission.USER_READ)
    return await USERS.count_all(tx, criterion=criterion)


def may_list_groups(caller: Caller) -> bool:
    """May the caller have lists of groups?"""
    return caller.may(Permission.GROUP_READ) or (
        caller.may(Permission.GROUP_READ_BASIC)
        and (caller.kind is PrincipalKind.APP or caller.user_type is UserType.MEMBER)
    )


async def find_groups(
    tx: Transaction,
    caller: Caller,
    *,
    criterion: Criterion | None = None,
    order: Order | None = None,
    after: Place | None = None,
    at_most: int = 100,
) -> Found[Group]:
    """A page of living groups that fit, along an index.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    if not may_list_groups(caller):
        caller.check(Permission.GROUP_READ)
    return await GROUPS.find(tx, criterion=criterion, order=order, after=after, at_most=at_most)


async def count_groups(tx: Transaction, caller: Caller, criterion: Criterion | None = None) -> int:
    """How many living groups fit.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    if not may_list_groups(caller):
        caller.check(Permission.GROUP_READ)
    return await GROUPS.count_all(tx, criterion=criterion)


async def find_deleted_users(
    tx: Transaction,
    caller: Caller,
    *,
    criterion: Criterion | None = None,
    order: Order | None = None,
    after: Place | None = None,
    at_most: int = 100,
) -> Found[User]:
    """A page of users in the recycle bin.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    caller.check(Permission.USER_READ)
    return await DELETED_USERS.find(tx, criterion=criterion, order=order, after=after, at_most=at_most)


async def count_deleted_users(tx: Transaction, caller: Caller, criterion: Criterion | None = None) -> int:
    """How many users in the recycle bin fit.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    caller.check(Permission.USER_READ)
    return await DELETED_USERS.count_all(tx, criterion=criterion)


async def find_deleted_groups(
    tx: Transaction,
    caller: Caller,
    *,
    criterion: Criterion | None = None,
    order: Order | None = None,
    after: Place | None = None,
    at_most: int = 100,
) -> Found[Group]:
    """A page of groups in the recycle bin.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    caller.check(Permission.GROUP_READ)
    return await DELETED_GROUPS.find(tx, criterion=criterion, order=order, after=after, at_most=at_most)


async def count_deleted_groups(tx: Transaction, caller: Caller, criterion: Criterion | None = None) -> int:
    """How many groups in the recycle bin fit.

    Raises:
        CriterionUnsupported, PermissionMissing.
    """
    caller.check(Permission.GROUP_READ)
    return await DELETED_GROUPS.count_all(tx, criterion=criterion)


async def get_group(tx: Transaction, caller: Caller, group_id: GroupId) -> Group:
    """A living group that one can name.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    caller.check(Permission.GROUP_READ_BASIC)
    group = await store.get_group(tx, group_id)
    if group is None or group.deleted_at is not None:
        raise GroupUnknown(group=str(group_id))
    return group


async def load_groups(tx: Transaction, caller: Caller, ids: Sequence[GroupId], *, deleted: bool = False) -> list[Group]:
    """The living groups of these ids; with `deleted` those in the recycle bin as well.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.GROUP_READ_BASIC)
    return [each for each in await tx.all(Group, Q.groups_by_id, ids=list(ids)) if deleted or not each.deleted_at]


async def list_principals(
    tx: Transaction, caller: Caller, group_id: GroupId, *, nested: bool = False
) -> list[tuple[UUID, Principal]]:
    """Who and which groups are in a group, by id; `nested`: over all groups within it.

    Raises:
        GroupUnknown, PermissionMissing.
    """
    await get_group(tx, caller, group_id)
    statement = Q.nested if nested else Q.members
    return [(row[0], Principal(row[1])) for row in await tx.rows(statement, group_id=group_id)]


_DEPTH_MAX: Final = 20


async def list_groups_of(tx: Transaction, caller: Caller, principal: UUID, *, nested: bool = False) -> list[Group]:
    """The living groups that somebody, or a group, is in; `nested`: over other groups as well.

    Raises:
        PermissionMissing: one's own are everybody's to know.
    """
    if caller.user_id != principal:
        caller.check(Permission.GROUP_READ_BASIC)
    rows = await tx.rows(Q.groups_above, id=principal, depth=_DEPTH_MAX if nested else 1)
    return await tx.all(Group, Q.groups_by_id, ids=[row[0] for row in rows])


async def list_owned_groups(tx: Transaction, caller: Caller, owner: UserId, *, deleted: bool = False) -> list[Group]:
    """The living groups that somebody answers for; with `deleted` those in the recycle bin as well.

    Raises:
        PermissionMissing: one's own are everybody's to know.
    """
    if caller.user_id != owner:
        caller.check(Permission.GROUP_READ_BASIC)
    rows = await tx.rows(Q.owned_by, owner_id=owner)
    found = await tx.all(Group, Q.groups_by_id, ids=[row[0] for row in rows])
    return [each for each in found if deleted or not each.deleted_at]


async def load_people(tx: Transaction, caller: Caller, ids: Sequence[UserId], *, deleted: bool = False) -> list[User]:
    """The living users of these ids; with `deleted` those in the recycle bin as well.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.USER_READ_BASIC)
    found = (await store.load_users(tx, ids)).values()
    return [
        seen_by(caller, each) if each.deleted_at is None else each for each in found if deleted or not each.deleted_at
    ]


async def list_reports(tx: Transaction, caller: Caller, manager: UserId) -> list[User]:
    """Whose manager somebody is, by id.

    Raises:
        PermissionMissing.
    """
    if caller.user_id != manager:
        caller.check(Permission.USER_READ)
    return await tx.all(store.make_user, store.Q.reports, manager_id=manager)
