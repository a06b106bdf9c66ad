"""Who may talk to personal accounts, or to the people of a domain: one answer for each person of a tenant.

People are read by class and decided about by class; whom the other side blocks individually is looked up
on the side. Equal to asking about each pair (a law in the tests), at a thousandth of the price.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

from comity.access import store as access_store
from comity.access.availability import is_consumer_available
from comity.access.evidence import make_side
from comity.access.model import ExternalAccessPolicy, Rule, Side
from comity.access.state import GLOBAL_KEY, TenantState, load_state
from comity.core.caller import Caller
from comity.core.domains import domain_of, normalize_domain
from comity.core.errors import Invalid
from comity.db.crossings.contact import load_contact_cards
from comity.db.crossings.reach import OtherSide, load_other_side, load_tenant
from comity.db.transaction import Transaction
from comity.insight import decide, store
from comity.insight.model import Audience, PersonReach, Reach, Verdict
from comity.tenancy.model import Cloud

Decide = Callable[[ExternalAccessPolicy, str], Verdict]
"""(effective policy, address domain) → how far that class gets."""


class ReportDomainInvalid(Invalid):
    """The domain that a report asks about is none."""

    code = "report-domain-invalid"


@dataclass(slots=True)
class Report:
    """An opened report: what it rests on, and how each class is answered."""

    state: TenantState
    side: Side
    decide: Decide
    domain: str | None = None
    asked: set[str] = field(default_factory=set)
    """Address domains of ours that the other side was asked about."""
    except_for: frozenset[str] = frozenset()
    """Addresses and ids of our people whom the other side blocks individually."""
    other_side_known: bool = True

    async def know(self, tx: Transaction, own_domain: str) -> bool:
        """See to it that the other side was asked about this domain of ours; True if it had to be asked again."""
        if self.domain is None or not own_domain or own_domain in self.asked:
            return False
        self.asked.add(own_domain)
        await _ask_other_side(tx, self)
        return True


async def open_report(tx: Transaction, caller: Caller, audience: Audience, domain: str | None = None) -> Report:
    """Read everything but the people. `domain` goes with `Audience.DOMAIN`.

    Raises:
        ReportDomainInvalid, NotAuthorized.
    """
    state = await load_state(tx, caller)
    side = await own_side(tx, state)
    if audience is not Audience.DOMAIN:
        available = await is_consumer_available(tx)
        known = await _somebody_is_known(tx, state)

        def decide_consumer(policy: ExternalAccessPolicy, _domain: str) -> Verdict:
            return decide.decide_consumer(side, policy, audience, known_contact=known, available=available)

        return Report(state, side, decide_consumer)
    name = normalize_domain(domain or "")
    if name is None:
        raise ReportDomainInvalid(domain=domain or "")
    report = Report(state, side, _alone(side, name, ours=False), name, set(side.domains))
    await _ask_other_side(tx, report)
    return report


async def stream_report(tx: Transaction, report: Report) -> AsyncIterator[list[PersonReach]]:
    """Everybody of the tenant, a list per class and page, in no particular order."""
    book = report.state.book
    answers: dict[tuple[str, str], Verdict] = {}
    async for group in store.stream_people(tx):
        key = book.effective(group.direct, group.rank)
        policy = report.state.policy(key)
        for own in {each[3].rpartition("@")[2] for each in group.people}:
            domain = domain_of(own)
            if await report.know(tx, domain):
                answers.clear()
            if (key, own) not in answers:
                answers[key, own] = report.decide(policy, domain)
        yield _answered(
            report, policy.identity, group.people, {own: answers[key, own] for each, own in answers if each == key}
        )


def _answered(report: Report, name: str, people: list[list[str]], verdicts: Mapping[str, Verdict]) -> list[PersonReach]:
    """The people of one class, by their address domains; whom the other side blocks individually gets nowhere."""
    page = [
        PersonReach(user_id, upn, display_name, name, verdicts[address.rpartition("@")[2]])
        for user_id, upn, display_name, address in people
    ]
    excepted = decide.blocked_among(people, report.except_for) if report.except_for else set()
    if not excepted:
        return page
    blocked = Verdict(Reach.NOBODY, Rule.USER_BLOCKED)
    return [
        each._replace(verdict=blocked) if each.user_id in excepted and each.verdict.reach is not Reach.NOBODY else each
        for each in page
    ]


async def own_side(tx: Transaction, state: TenantState) -> Side:
    """The transaction's tenant as it takes part in decisions, with whole lists."""
    cloud, trial, domains = await load_tenant(tx)
    return Side(
        tenant_id=tx.tenant_id, cloud=Cloud(cloud), trial=trial, domains=frozenset(domains),
        configuration=state.configuration, blocked=state.blocked,
    )  # fmt: skip


async def _ask_other_side(tx: Transaction, report: Report) -> None:
    """Read the tenant that owns the domain, and answer classes by what it says."""
    side, name = report.side, report.domain
    assert name is not None, "a report about a domain"
    blocked = sorted(side.blocked.addresses) if side.blocked.in_force else []
    other = await load_other_side(tx, name, asking=sorted(report.asked), blocked=blocked)
    if other is None or other.tenant_id == tx.tenant_id:
        report.decide = _alone(side, name, ours=other is not None)
        report.other_side_known = other is not None
        return
    theirs, others, report.except_for = _other_side(other)

    def decide_domain(policy: ExternalAccessPolicy, own_domain: str) -> Verdict:
        return decide.decide_domain(decide.member_of(side, policy, own_domain), theirs, name, others)

    report.decide = decide_domain


def _alone(side: Side, domain: str, *, ours: bool) -> Decide:
    """Within the tenant there is nothing to check; beyond the installation only our own side is known."""

    def decide_alone(policy: ExternalAccessPolicy, own_domain: str) -> Verdict:
        if ours:
            return Verdict(Reach.EVERYBODY, Rule.INTERNAL)
        return decide.decide_toward_unknown(decide.member_of(side, policy, own_domain), domain)

    return decide_alone


def _other_side(other: OtherSide) -> tuple[Side, list[decide.Others], frozenset[str]]:
    """The other tenant as nouns: its side, its people by policy, whom of ours it blocks individually."""
    side = make_side(
        other.tenant_id, other.cloud, other.trial, other.domains, other.configuration,
        other.lists.get(access_store.CONFIGURATION_OWNER, {}),
    )  # fmt: skip
    policies = {key: access_store.make_policy(row, other.lists.get(key, {})) for key, row in other.policies.items()}
    everybody = policies.get(GLOBAL_KEY, ExternalAccessPolicy())
    others = [
        decide.Others(policies.get(each.policy_key or GLOBAL_KEY, everybody), each.people, each.blocked)
        for each in other.classes
    ]
    in_force = bool(other.configuration and other.configuration["block_external_users"])
    return side, others or [decide.Others(everybody, 1)], other.blocked if in_force else frozenset()


async def _somebody_is_known(tx: Transaction, state: TenantState) -> bool:
    """Is anybody in the extended directory who could be reached? Asked only where something is restricted to it."""
    restricted = state.configuration.restrict_consumer_to_directory or any(
        each.restrict_consumer_to_directory for each in state.policies.values()
    )
    if not restricted:
        return False
    blocked = state.blocked.addresses if state.blocked.in_force else frozenset()
    async for page in store.stream_contacts(tx):
        cards = await load_contact_cards(tx, page)
        if any(
            str(user_id) not in blocked and (mail or "").casefold() not in blocked
            for user_id, (_, mail) in cards.items()
        ):
            return True
    return False
