"""Find people: by name within one's tenant, by exact address or number beyond it.

Name search never leaves the tenant (people-search §1). What stands there for somebody from elsewhere
is shown as that person, once, and a chat with her goes to her home identity. Beyond the tenant only a
whole address or number leads to anybody, through the same decision as a chat, and whoever cannot be
reached looks like nobody (external-access §10).
"""

from __future__ import annotations

from datetime import timedelta
from enum import Enum
from math import ceil
from typing import Final

from comity.access import locks
from comity.access import service as access
from comity.access.decide import as_seen_by_actor
from comity.access.errors import AccessRefused, refusal
from comity.access.evidence import load_evidence
from comity.access.model import AddressedBy, Decision, Person, Purpose, Rule
from comity.access.permits import Permit
from comity.core.caller import Caller, UserType
from comity.core.clock import Clock, MachineClock
from comity.core.errors import PermissionMissing
from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.db.crossings.address import AddressKind, Candidate, find_by_address
from comity.db.transaction import Transaction
from comity.people import store
from comity.people.decide import home_of, standing
from comity.people.model import FoundPerson, Hit, PageSizeInvalid, Place, Search, Standing, TooManyLookups
from comity.people.query import Query, read_query
from comity.people.searching import find_page
from comity.tenancy.organizations.model import Membership
from comity.tenancy.organizations.service import load_membership
from comity.tenancy.service import GUEST_AS_MEMBER, GUEST_RESTRICTED

MACHINE: Final = MachineClock()
PAGE_SIZE: Final = 25
PAGE_SIZE_MAX: Final = 100
LOOKUPS_MAX: Final = 60
"""Addresses and numbers that one person may look up in a minute (external-access §10)."""
_MINUTE: Final = timedelta(minutes=1)


class Sight(Enum):
    """How much of the tenant's people somebody sees (provisioning §11)."""

    EVERYBODY = "everybody"
    BY_ADDRESS = "by address"
    """As a guest: whom he can name."""
    NOBODY = "nobody"


async def find(
    tx: Transaction,
    caller: Caller,
    text: str,
    *,
    at_most: int = PAGE_SIZE,
    place: Place | None = None,
    machine: Clock = MACHINE,
) -> Search:
    """Find people as the caller sees them, best first, each once.

    A guest finds by exact address only, a restricted one nobody; a personal account only beyond, by exact
    address or number. `place` is the `after` of the page before.

    Raises:
        PageSizeInvalid, TooManyLookups, PermissionMissing.
    """
    searcher = _searcher(caller)
    if not 1 <= at_most <= PAGE_SIZE_MAX:
        raise PageSizeInvalid(at_most=at_most, limit=PAGE_SIZE_MAX)
    query = read_query(text)
    sight = await _sight(tx, caller)
    if query.is_empty or sight is Sight.NOBODY:
        return Search(())
    here, after = await _find_here(tx, caller, query, sight, at_most=at_most, place=place)
    is_guest = caller.user_type is UserType.GUEST
    if is_guest or place is not None or not (query.is_address or query.number):
        return Search(tuple(here), after=after)
    beyond = await lookup(tx, caller, text, machine=machine)
    known = {each.home for each in here} | {searcher}
    people = (*here, *(each for each in beyond.people if each.home not in known))[:at_most]
    return Search(people, None if people else beyond.refusal, after)


async def lookup(tx: Transaction, caller: Caller, text: str, *, machine: Clock = MACHINE) -> Search:
    """Who answers to exactly this mail address or phone number, of those whom the caller may reach?

    Work accounts first, then personal ones. With nobody, the refusal says what the caller may know: his
    own side's rule, or the one answer for whoever is not there or not to be reached.

    Raises:
        TooManyLookups, PermissionMissing.
    """
    searcher = _searcher(caller)
    query = read_query(text)
    await _count_lookup(tx, searcher, machine)
    by = AddressedBy.PHONE if query.number and not query.is_address else AddressedBy.EMAIL
    kinds = {AddressKind.PHONE} if by is AddressedBy.PHONE else {AddressKind.MAIL, AddressKind.UPN}
    candidates = await find_by_address(tx, text.strip(), kinds=kinds) if query.is_address or query.number else []
    people = {Person(each.tenant_id, each.user_id): each for each in candidates}
    people.pop(searcher, None)
    await locks.hold_shared(tx, (searcher, *people))
    evidence = await load_evidence(tx, (searcher, *people)) if people else None
    membership = await _membership(tx, caller)
    found, refusals = [], []
    for person, candidate in people.items():
        assert evidence is not None
        try:
            permit = access.permit_from(
                tx, caller, evidence, actor=searcher, target=person, purpose=Purpose.LOOKUP, by=by
            )
        except AccessRefused as refused:
            refusals.append(refused)
            continue
        found.append(reveal(tx, permit, candidate, membership=membership))
    if found:
        return Search(tuple(found))
    refusals.sort(key=lambda each: each.decision.deciding_rule is Rule.UNREACHABLE)
    return Search((), refusals[0] if refusals else _nobody(searcher))


def reveal(tx: Transaction, permit: Permit, candidate: Candidate, *, membership: Membership | None) -> FoundPerson:
    """Show who answers to an address, under the permit for just that.

    Raises:
        PermitMissing.
    """
    person = Person(candidate.tenant_id, candidate.user_id)
    permit.check(tx, actor=permit.actor, target=person, purpose=Purpose.LOOKUP)
    in_organization = membership and membership.name_of(candidate.tenant_id)
    if candidate.is_personal:
        shown_as, tenant_name = Standing.PERSONAL, None
    elif candidate.tenant_id == permit.actor.tenant_id:
        shown_as, tenant_name = Standing.COLLEAGUE, None
    else:
        shown_as = Standing.ORGANIZATION if in_organization else Standing.EXTERNAL
        tenant_name = in_organization or candidate.tenant_name
    return FoundPerson(
        id=candidate.user_id, display_name=candidate.display_name, user_principal_name=None,
        mail=candidate.address if "@" in candidate.address else None, home=person,
        home_tenant_id=candidate.tenant_id, standing=shown_as, home_tenant_name=tenant_name, can_chat=True,
    )  # fmt: skip


async def _find_here(
    tx: Transaction, caller: Caller, query: Query, sight: Sight, *, at_most: int, place: Place | None
) -> tuple[list[FoundPerson], Place | None]:
    """Within the tenant, with what external access says about each."""
    if caller.is_personal:
        return [], None
    searcher = _searcher(caller)
    hits: list[Hit] = []
    after = None
    if sight is Sight.EVERYBODY:
        hits, after = await find_page(tx, query, searcher=searcher.user_id, at_most=at_most, place=place)
    elif query.is_address:
        found = await store.find_by_address(tx, query, searcher=searcher.user_id, at_most=at_most)
        hits = list({each.id: each for each in found}.values())[:at_most]
    homes = [home for hit in hits if (home := home_of(hit, tx.tenant_id)) is not None]
    decisions = await access.decide_many(tx, caller, actor=searcher, targets=homes, purpose=Purpose.START)
    membership = await _membership(tx, caller) if any(hit.is_external for hit in hits) else None
    return [_found(hit, tx.tenant_id, decisions, membership) for hit in hits], after


async def _sight(tx: Transaction, caller: Caller) -> Sight:
    """What the caller's kind of account sees; for a guest, as his host decided."""
    if caller.user_type is not UserType.GUEST:
        return Sight.EVERYBODY
    role = await store.load_guest_role(tx)
    if role == GUEST_AS_MEMBER:
        return Sight.EVERYBODY
    return Sight.NOBODY if role == GUEST_RESTRICTED else Sight.BY_ADDRESS


async def _count_lookup(tx: Transaction, searcher: Person, machine: Clock) -> None:
    """Nobody goes through a list of addresses here.

    Raises:
        TooManyLookups.
    """
    now = machine.now()
    minute = now.replace(second=0, microsecond=0)
    if await store.count_lookup(tx, searcher.user_id, minute=minute) > LOOKUPS_MAX:
        left = minute + _MINUTE - now
        raise TooManyLookups(retry_after_s=max(1, ceil(left.total_seconds())), limit=LOOKUPS_MAX)


def _found(
    hit: Hit, tenant_id: TenantId, decisions: dict[Person, Decision], membership: Membership | None
) -> FoundPerson:
    home = home_of(hit, tenant_id)
    home_tenant_id = hit.home_tenant_id if hit.is_external else tenant_id
    name = membership.name_of(home_tenant_id) if membership and home_tenant_id else None
    decision = decisions[home] if home else Decision(False, Rule.UNREACHABLE)
    return FoundPerson(
        id=hit.id, display_name=hit.display_name, user_principal_name=hit.user_principal_name, mail=hit.mail,
        home=home, home_tenant_id=home_tenant_id, standing=standing(hit, inside_organization=name is not None),
        home_tenant_name=name if hit.is_external else None, can_chat=decision.allowed,
        reason=None if decision.allowed else decision.deciding_rule, job_title=hit.job_title,
        office_location=hit.office_location,
    )  # fmt: skip


async def _membership(tx: Transaction, caller: Caller) -> Membership | None:
    """The organisation in which the caller's tenant is active; nobody else's tenants are unified with it."""
    return None if caller.is_personal else await load_membership(tx)


def _nobody(searcher: Person) -> AccessRefused:
    return refusal(as_seen_by_actor(Decision(False, Rule.UNREACHABLE), searcher.tenant_id))


def _searcher(caller: Caller) -> Person:
    """Who searches: a person; what guests and personal accounts may find is narrower, not forbidden.

    Raises:
        PermissionMissing.
    """
    if caller.user_type is not UserType.GUEST:
        caller.check(Permission.PEOPLE_READ)
    if caller.user_id is None:
        raise PermissionMissing(permission=Permission.PEOPLE_READ.value)
    return Person(caller.tenant_id, caller.user_id)
