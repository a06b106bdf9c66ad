"""What a batch of rows does to the directory: who is created, changed, left alone or turned away."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from comity.core.caller import UserType
from comity.core.folding import address_key
from comity.core.ids import TenantId, UserId
from comity.directory.decide import changed_attributes, is_mangled, plain_upn
from comity.directory.imports.model import Candidate, Reason, Rejection
from comity.directory.model import Attribute, ExternalUserState, User

MAIL_NICKNAME_LENGTH_MAX = 64


@dataclass(frozen=True, slots=True)
class Known:
    """Of the directory: whoever has an id or a UPN that stands in the batch."""

    by_id: Mapping[UserId, User]
    """Living and soft-deleted."""
    by_upn: Mapping[str, User]
    """The living, by folded UPN."""
    purged: AbstractSet[UserId]


@dataclass(slots=True)
class Seen:
    """Of the file: what earlier batches settled, and what waits for the end.

    Somebody's UPN may be free by the end of the file, because a later row gives its holder another:
    a row that asks for it waits, and so does every later row about the same UPN or person.
    """

    people: set[UserId] = field(default_factory=set)
    """Whom a row of the file was about; each takes about 100 bytes."""
    upns_waited_for: set[str] = field(default_factory=set)
    people_waiting: set[UserId] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Create:
    """Somebody new."""

    row: Candidate
    user: User


@dataclass(frozen=True, slots=True)
class Update:
    """Somebody who is there and changes."""

    row: Candidate
    before: User
    after: User
    changed: frozenset[Attribute]


@dataclass(frozen=True, slots=True)
class Unchanged:
    """Somebody who is there and is as the row says."""

    row: Candidate
    user_id: UserId


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """What becomes of each row of a batch; every row is in exactly one of the lists."""

    creates: list[Create]
    updates: list[Update]
    unchanged: list[Unchanged]
    rejected: list[Rejection]
    waiting: list[Candidate]


@dataclass(slots=True)
class _Claim:
    """A row, whom it is about, and what she is before it."""

    row: Candidate
    person: UserId
    before: User | None

    @property
    def leaves(self) -> str | None:
        """The UPN that the person gives up, if the row renames her."""
        if self.before is None:
            return None
        key = address_key(self.before.user_principal_name)
        return key if key != self.row.upn_key else None


def decide_batch(
    rows: Sequence[Candidate],
    *,
    known: Known,
    seen: Seen,
    tenant_id: TenantId,
    at: datetime,
    make_id: Callable[[], UserId],
    last: bool,
) -> BatchPlan:
    """Decide all rows of a batch together, so that people may swap their UPNs within it.

    Of several rows that want one UPN the first gets it, after the living who keep theirs. `last` says
    that no further row comes: then nothing waits any more.
    """
    plan = BatchPlan([], [], [], [], [])
    claims, repeats = _claims(rows, plan, known=known, seen=seen, make_id=make_id, last=last)
    lost = _conflicts(list(claims.values()), known)
    settled: dict[UserId, User] = {}
    for claim in claims.values():
        holder = lost.get(claim.person)
        if holder is not None:
            # A living holder whom no row was about yet may still be renamed by one.
            if not last and holder not in seen.people and (holder not in claims or holder in lost):
                plan.waiting.append(claim.row)
            else:
                plan.rejected.append(claim.row.rejected(Reason.UPN_TAKEN, upn=claim.row.upn, holder=str(holder)))
        elif claim.before is None:
            user = new_user(claim.row, claim.person, tenant_id=tenant_id, at=at)
            plan.creates.append(Create(claim.row, user))
            settled[claim.person] = user
        else:
            settled[claim.person] = _settle(plan, claim.row, claim.before, at=at)
    for claim in repeats:
        _decide_repeat(plan, claim, settled.get(claim.person), last=last)
    return plan


def _claims(
    rows: Sequence[Candidate],
    plan: BatchPlan,
    *,
    known: Known,
    seen: Seen,
    make_id: Callable[[], UserId],
    last: bool,
) -> tuple[dict[UserId, _Claim], list[_Claim]]:
    """The first row about each person, by person in file order; and further rows about the same people."""
    claims: dict[UserId, _Claim] = {}
    repeats: list[_Claim] = []
    given_up: set[str] = set()
    for row in rows:
        before = _about(row, known, given_up)
        person = row.user_id or (before.id if before else make_id())
        fault = _fault(row, before, known)
        if not last and _has_to_wait(row, person, fault, seen):
            plan.waiting.append(row)
        elif fault:
            plan.rejected.append(fault)
        elif person in seen.people and before is not None:
            _decide_repeat(plan, _Claim(row, person, before), before, last=True)
        elif person in claims:
            repeats.append(_Claim(row, person, before))
        else:
            claims[person] = claim = _Claim(row, person, before)
            if claim.leaves:
                given_up.add(claim.leaves)
    return claims, repeats


def _about(row: Candidate, known: Known, given_up: AbstractSet[str]) -> User | None:
    """Whom the row is about: by object id, else by UPN, unless an earlier row gave that UPN up."""
    if row.user_id is not None:
        return known.by_id.get(row.user_id)
    return None if row.upn_key in given_up else known.by_upn.get(row.upn_key)


def _has_to_wait(row: Candidate, person: UserId, fault: Rejection | None, seen: Seen) -> bool:
    """May a later row change what this one comes to?

    That is so behind another row that waits; and where the row found somebody by UPN who is not meant:
    a later row may give her another.
    """
    if row.upn_key in seen.upns_waited_for or person in seen.people_waiting:
        return True
    return fault is not None and row.user_id is None and person not in seen.people


def _fault(row: Candidate, before: User | None, known: Known) -> Rejection | None:
    """What the directory has against the row, UPNs aside."""
    if row.user_id in known.purged:
        return row.rejected(Reason.PURGED, id=str(row.user_id))
    if before is None:
        return None
    if before.deleted_at is not None:
        return row.rejected(Reason.DELETED, id=str(before.id))
    inside_guest = before.user_type is UserType.GUEST and not is_mangled(row.upn)
    if row.external != before.is_external and not (row.external and inside_guest):
        return row.rejected(Reason.KIND, upn=before.user_principal_name, external=before.is_external)
    return None


def _conflicts(claims: Sequence[_Claim], known: Known) -> dict[UserId, UserId]:
    """Whose claim to a UPN fails, and who has it instead.

    Whoever fails keeps her old UPN, and so takes it from whoever counted on it.
    """
    leaving = {claim.person for claim in claims if claim.leaves}
    holder = {key: user.id for key, user in known.by_upn.items() if user.id not in leaving}
    claim_on: dict[str, _Claim] = {}
    lost: dict[UserId, UserId] = {}
    for first in claims:
        has_it = holder.setdefault(first.row.upn_key, first.person)
        if has_it == first.person:
            claim_on[first.row.upn_key] = first
            continue
        loser: _Claim | None = first
        while loser is not None:
            lost[loser.person] = has_it
            if loser.leaves is None:
                break
            has_it = loser.person
            holder[loser.leaves] = has_it
            loser = claim_on.pop(loser.leaves, None)
    return lost


def _decide_repeat(plan: BatchPlan, claim: _Claim, settled: User | None, *, last: bool) -> None:
    """A further row about somebody: fine if it says nothing new, else the first stays."""
    row = claim.row
    if settled is None and not last:
        plan.waiting.append(row)  # the first row waits, or failed: then this one has its turn at the end
    elif settled is None or row.user_id is None:
        plan.rejected.append(row.rejected(Reason.UPN_TAKEN, upn=row.upn, holder=str(claim.person)))
    elif merged(settled, row, at=settled.created_at) is not settled:
        plan.rejected.append(row.rejected(Reason.REPEATED, id=str(claim.person)))
    else:
        plan.unchanged.append(Unchanged(row, claim.person))


def _settle(plan: BatchPlan, row: Candidate, before: User, *, at: datetime) -> User:
    after = merged(before, row, at=at)
    if after is before:
        plan.unchanged.append(Unchanged(row, before.id))
    else:
        plan.updates.append(Update(row, before, after, changed_attributes(before, after)))
    return after


def merged(before: User, row: Candidate, *, at: datetime) -> User:
    """The user with what the row says; what it leaves empty stays.

    An import never promotes or demotes: the kind of account and its userType stay.
    """
    kept = {Attribute.USER_TYPE} if before.is_external else {Attribute.USER_TYPE, Attribute.EXTERNAL_USER_STATE}
    values = {
        attribute.column: value
        for attribute, value in {**row.values, **_extended(before, row)}.items()
        if attribute not in kept and getattr(before, attribute.column) != value
    }
    if not values:
        return before
    if Attribute.EXTERNAL_USER_STATE.column in values:
        values["external_state_at"] = at
    return replace(before, **values)


def _extended(before: User, row: Candidate) -> dict[Attribute, Any]:
    """Her extensions with those that the row names; the others stay."""
    named = row.values.get(Attribute.EXTENSIONS)
    return {} if named is None else {Attribute.EXTENSIONS: {**(before.extensions or {}), **named}}


def new_user(row: Candidate, user_id: UserId, *, tenant_id: TenantId, at: datetime) -> User:
    """Somebody new: an account of the tenant's own, or a B2B guest whose home is not known yet.

    Guests are not in the address list unless the row says so, as in the product.
    """
    values: dict[str, Any] = {attribute.column: value for attribute, value in row.values.items()}
    local = plain_upn(row.upn).rpartition("@")[0]
    names = (values.get("given_name"), values.get("surname"))
    values.setdefault("display_name", " ".join(each for each in names if each) or local)
    values.setdefault("mail_nickname", local[:MAIL_NICKNAME_LENGTH_MAX])
    if row.external:
        values.setdefault("show_in_address_list", False)
        values.setdefault("external_user_state", ExternalUserState.PENDING)
        values |= {"user_type": UserType.GUEST, "creation_type": "Invitation", "external_state_at": at}
    else:
        values |= {"user_type": UserType.MEMBER, "external_user_state": None}
    return User(tenant_id=tenant_id, id=user_id, created_at=at, **values)
