"""What a member may do here against a guest, with this tenant's settings filled in (mission M44; provisioning §11)."""

from __future__ import annotations

from typing import Final, NamedTuple
from uuid import UUID

from comity.core.caller import Caller
from comity.core.permissions import Permission
from comity.db.transaction import Transaction
from comity.tenancy.settings import InvitesFrom, TenantSettings, load_settings


class Right(NamedTuple):
    """One row: codes of what it is about, and of what a member and a guest may."""

    area: str
    member: str
    guest: str


_LIKE_MEMBERS: Final = UUID("a0b1b346-4d3e-4e8b-98f8-753987be4970")
_RESTRICTED: Final = UUID("2af84b1e-32c8-42b7-82bc-daa82404023b")

_ROWS: Final = (
    ("users-list", "yes", "no", "no"),
    ("users-read", "all", "named", "no"),
    ("users-search", "yes", "address", "no"),
    ("self-phone", "yes", "no", "yes"),
    ("guests-invite", "yes", "no", "no"),
    ("groups-list", "yes", "no", "no"),
    ("groups-read", "all", "named", "own"),
    ("groups-create", "yes", "no", "no"),
    ("apps-register", "yes", "no", "no"),
    ("organization-read", "all", "name", "name"),
    ("policies-read", "yes", "no", "no"),
    ("chat", "yes", "yes", "yes"),
)
"""(area, member, limited guest, restricted guest)."""


async def rights_table(tx: Transaction, caller: Caller) -> tuple[Right, ...]:
    """The table for the transaction's tenant.

    Raises:
        PermissionMissing.
    """
    caller.check(Permission.POLICY_READ)
    return table_of(await load_settings(tx))


def table_of(settings: TenantSettings) -> tuple[Right, ...]:
    """The table as a tenant's settings make it."""
    return tuple(_row(settings, *each) for each in _ROWS)


def _row(settings: TenantSettings, area: str, member: str, limited: str, restricted: str) -> Right:
    member = _switched(settings, area, member)
    if settings.guest_level == _LIKE_MEMBERS:
        guest = member
    else:
        guest = restricted if settings.guest_level == _RESTRICTED else limited
    if area == "guests-invite":
        member = "yes" if settings.invites_from in (InvitesFrom.MEMBERS, InvitesFrom.EVERYONE) else "no"
        guest = "yes" if settings.invites_from is InvitesFrom.EVERYONE else "no"
    return Right(area, member, guest)


def _switched(settings: TenantSettings, area: str, member: str) -> str:
    """What the tenant has taken from its members."""
    taken = {
        "groups-create": not settings.members_create_groups,
        "apps-register": not settings.members_create_apps,
        "users-list": not settings.members_read_users,
        "users-read": not settings.members_read_users,
        "users-search": not settings.members_read_users,
    }
    return "no" if taken.get(area) else member
