"""Why is somebody not found where? Pure functions over what both tenants say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from comity.core.ids import TenantId, UserId
from comity.insight.coverage.model import Account, Cell, Covered, Mend, Reason, Represented


@dataclass(frozen=True, slots=True)
class Offer:
    """What stands between a person at home and another tenant."""

    shared: bool
    running: bool
    """Does the job that offers her run?"""
    lets_in: bool


@dataclass(frozen=True, slots=True)
class Bond:
    """How two tenants belong together."""

    in_organization: bool
    """Does the one list the other, pending or active?"""
    active: bool
    """Have both joined?"""
    waits_for: TenantId | None = None
    """Which of them has not."""


def cell_of(account: Account | None, offer: Offer, bond: Bond) -> Cell:
    """How a person stands in another tenant, and what keeps her from being found there."""
    if account is None or account.deleted:
        return Cell(Represented.NOT, False, False, _why_absent(account, offer), account.id if account else None)
    represented = Represented.GUEST if account.is_guest else Represented.MEMBER
    if not account.enabled:
        return Cell(represented, False, False, Reason.DISABLED, account.id)
    if represented is Represented.GUEST:
        return Cell(represented, account.shown, False, Reason.GUEST, account.id)
    if not account.shown:
        return Cell(represented, False, False, Reason.HIDDEN, account.id)
    if bond.active:
        return Cell(represented, True, True, None, account.id)
    reason = Reason.PENDING if bond.in_organization else Reason.NO_ORGANIZATION
    return Cell(represented, True, False, reason, account.id)


def _why_absent(account: Account | None, offer: Offer) -> Reason:
    """The first thing that has to change, seen from home."""
    if not offer.shared:
        return Reason.NOT_SHARED
    if not offer.lets_in:
        return Reason.NOT_ACCEPTED
    if not offer.running:
        return Reason.STOPPED
    return Reason.LAGGING if account is None else Reason.DELETED


def mend(
    reason: Reason,
    people: Sequence[Covered],
    *,
    home: TenantId,
    target: TenantId,
    names: Mapping[TenantId, str],
    bond: Bond,
    account_id: UserId | None = None,
) -> Mend | None:
    """The command line that mends it, and whose admin has to run it; None where nobody can.

    `account_id` is the account there of the first of them: accounts are mended one by one.
    """
    ours, theirs = names.get(home, str(home)), names.get(target, str(target))
    if reason in _ACCOUNT:
        verb, *rest = _ACCOUNT[reason]
        return Mend(target, ("comity", "user", verb, str(account_id), *rest, "--tenant", theirs))
    if reason is Reason.PENDING:
        return _joining(bond, {home: ours, target: theirs})
    by_reason: dict[Reason, Mend] = {
        Reason.NOT_SHARED: Mend(
            home,
            ("comity", "share", *(each.user_principal_name for each in people), "--tenant", ours, "--to", theirs),
        ),
        Reason.NOT_ACCEPTED: Mend(target, ("comity", "accept", ours, "--tenant", theirs)),
        Reason.STOPPED: Mend(home, ("comity", "sync", "start", "--tenant", ours, "--to", theirs)),
        Reason.LAGGING: Mend(home, ("comity", "sync", "run", "--tenant", ours)),
        Reason.NO_ORGANIZATION: Mend(home, ("comity", "mto", "invite", theirs, "--tenant", ours)),
    }
    return by_reason.get(reason)


_ACCOUNT: Final[Mapping[Reason, tuple[str, ...]]] = {
    Reason.DELETED: ("restore",),
    Reason.GUEST: ("update", "--user-type", "Member"),
    Reason.INTERNAL_GUEST: ("update", "--user-type", "Member"),
    Reason.HIDDEN: ("update", "showInAddressList=true"),
    Reason.DISABLED: ("update", "accountEnabled=true"),
}
"""What the admins of the tenant that an account stands in do about it."""


def _joining(bond: Bond, names: Mapping[TenantId, str]) -> Mend | None:
    """Who is still to join, is told whose invitation it is."""
    if bond.waits_for is None:
        return None
    inviter = next(name for tenant, name in names.items() if tenant != bond.waits_for)
    return Mend(bond.waits_for, ("comity", "mto", "join", inviter, "--tenant", names[bond.waits_for]))
