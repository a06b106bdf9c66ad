"""Find people: by name within one's tenant, by exact address or number beyond it.

Name search never leaves the tenant (people-search §1). What stands there for somebody from elsewhere
is shown as that person, once, and a chat with her goes to her home identity. Beyond the tenant only a
whole address or number leads to anybody, through the same decision as a chat, and whoever cannot be
reached looks like nobody (external-access §10).
"""

from __future__ import annotations

from typing import Final

from comity.access import locks
from comity.access import service as access
from comity.access.decide import as_seen_by_actor
from comity.access.errors import AccessRefused, refusal
from comity.access.evidence import load_evidence
from comity.access.model import AddressedBy, Decision, Person, Purpose, Rule
from comity.access.permits import Permit
from comity.core.caller import Caller, UserType
from comity.core.errors import PermissionMissing
from comity.core.ids import TenantId
from comity.core.permissions import Permission
from comity.db.crossings.address import AddressKind, Candidate, find_by_address
from comity.db.transaction import Transaction
from comity.people import store
from comity.people.decide import Query, best, home_of, read_query, standing
from comity.people.model import FoundPerson, Hit, PageSizeInvalid, Search, Standing
from comity.tenancy.organizations.model import Membership
from comity.tenancy.organizations.service import load_membership

PAGE_SIZE: Final = 25
PAGE_SIZE_MAX: Final = 100


async def find(tx: Transaction, caller: Caller, text: str, *, at_most: int = PAGE_SIZE) -> Search:
    """Find people as the caller sees them, best first, each once.

    A guest finds by exact address only; a personal account only beyond, by exact address or number.

    Raises:
        PageSizeInvalid, PermissionMissing.
    """
    searcher = _searcher(caller)
    if not 1 <= at_most <= PAGE_SIZE_MAX:
        raise PageSizeInvalid(at_most=at_most, limit=PAGE_SIZE_MAX)
    query = read_query(text)
    if query.is_empty:
        return Search(())
    here = [] if caller.is_personal else await _find_here(tx, caller, query, at_most=at_most)
    if caller.user_type is UserType.GUEST or not (query.is_address or query.number):
        return Search(tuple(here))
    beyond = await lookup(tx, caller, text)
    known = {each.home for each in here} | {searcher}
    people = (*here, *(each for each in beyond.people if each.home not in known))[:at_most]
    return Search(people, None if people else beyond.refusal)


async def lookup(tx: Transaction, caller: Caller, text: str) -> Search:
    """Who answers to exactly this mail address or phone number, of those whom the caller may reach?

    Work accounts first, then personal ones. With nobody, the refusal says what the caller may know: his
    own side's rule, or the one answer for whoever is not there or not to be reached.

    Raises:
        PermissionMissing.
    """
    searcher = _searcher(caller)
    query = read_query(text)
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


async def _find_here(tx: Transaction, caller: Caller, query: Query, *, at_most: int) -> list[FoundPerson]:
    """Within the tenant, with what external access says about each."""
    searcher = _searcher(caller)
    hits: list[Hit] = []
    if query.is_address:
        hits += await store.find_by_address(tx, query, searcher=searcher.user_id, at_most=at_most)
    if caller.user_type is not UserType.GUEST:
        hits += await store.find_by_name(tx, query, searcher=searcher.user_id, at_most=at_most)
    chosen = best(hits, query, tenant_id=tx.tenant_id, at_most=at_most)
    homes = [home for hit in chosen if (home := home_of(hit, tx.tenant_id)) is not None]
    decisions = await access.decide_many(tx, caller, actor=searcher, targets=homes, purpose=Purpose.START)
    membership = await _membership(tx, caller) if any(hit.is_external for hit in chosen) else None
    return [_found(hit, tx.tenant_id, decisions, membership) for hit in chosen]


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
        reason=None if decision.allowed else decision.deciding_rule,
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
