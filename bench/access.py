"""External access (budget P4): `uv run python bench/access.py [--people N]`.

    decision_us   one decision in process: precedence resolved, rule id included; all pair classes, half refused
    why_us        the same with every rule and the smallest change
    load_p95_ms   a decision from the database, cold: each pair is asked about once
    who_can_s     who-can over everybody of a tenant, the slower of "personal accounts" and "a domain"
    vs_cedarpy, vs_casbin   their time ÷ ours for the same question

The last line is one JSON object. Medians of repeated, interleaved rounds; `range` gives the extremes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).parents[1]))

from bench import access_peers
from bench.support import Lab, durability, open_lab, people_of
from comity.access import policies as policy_service
from comity.access import service as access
from comity.access.assignments import service as assignments
from comity.access.assignments.model import PolicyBook
from comity.access.decide import decide
from comity.access.explanation.decide import explain
from comity.access.model import (
    AccountKind,
    ExternalAccessPolicy,
    Identity,
    Person,
    Purpose,
    Side,
    TenantConfiguration,
)
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.directory import service as directory
from comity.directory.model import User
from comity.directory.store import insert_users
from comity.insight.model import Audience
from comity.insight.who_can import open_report, stream_report

DOMAINS: Final = 4000
POLICIES: Final = 50
GROUPS: Final = 64
PAIRS: Final = 2000
ROUNDS: Final = 9
LOADED: Final = 600
GROUP_SIZE: Final = 3000
MODES: Final = ("OrganizationDefault", "BlockSpecificExternalDomains")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person whose policy is still to be resolved: her own, her groups' ranks, and how she looks under each."""

    direct: str | None
    ranks: tuple[int, ...]
    """The lowest first."""
    book: PolicyBook
    by_policy: dict[str, Identity]

    def resolve(self) -> Identity:
        """As the one policy that holds makes her."""
        ranks = self.ranks
        return self.by_policy[self.book.effective(self.direct, ranks[0] if ranks else None)]

    @property
    def by_group(self) -> str | None:
        """The policy of the lowest rank."""
        return self.book.by_rank[self.ranks[0]] if self.ranks else None

    @property
    def everybody(self) -> str:
        """The policy of whoever has no other."""
        return self.book.everybody

    @property
    def anyhow(self) -> Identity:
        """Who she is, under whatever policy."""
        return next(iter(self.by_policy.values()))


def somebody(
    draw: random.Random, side: Side, domain: str, book: PolicyBook, made: dict[str, ExternalAccessPolicy]
) -> Somebody:
    user_id = UserId(new_id())
    address = f"{user_id.hex}@{domain}"
    direct = draw.choice(list(made)) if draw.random() < 0.3 else None
    ranks = tuple(sorted(draw.sample(range(1, GROUPS + 1), draw.randint(0, 4))))
    reachable = {book.everybody, *(book.by_rank[each] for each in ranks)} | ({direct} if direct else set())
    looks = {
        key: Identity(id=user_id, kind=AccountKind.WORK, address=address, domain=domain, side=side, policy=made[key])
        for key in reachable
    }
    return Somebody(direct, ranks, book, looks)


def make_pairs(draw: random.Random) -> list[tuple[Somebody, Somebody]]:
    """Pairs of all classes between 20 tenants with lists of 4,000 domains; half of them are refused."""
    names = [f"t{n}.example" for n in range(20)]
    filler = [f"d{n}.example" for n in range(DOMAINS - len(names))]
    tenants: list[tuple[Side, str, PolicyBook, dict[str, ExternalAccessPolicy]]] = []
    for name in names:
        listed = frozenset(draw.sample(names, 14) + filler)
        configuration = (
            TenantConfiguration(allowed_domains=listed)
            if draw.random() < 0.5
            else TenantConfiguration(
                blocked_domains=frozenset(draw.sample(names, 5) + filler), block_all_subdomains=True
            )
        )
        made = {
            f"p{n}" if n else "global": ExternalAccessPolicy(
                name=f"p{n}", enable_federation_access=draw.random() < 0.95, enable_consumer_access=draw.random() < 0.8,
                enable_consumer_inbound=draw.random() < 0.7,
            )
            for n in range(POLICIES)
        }  # fmt: skip
        book = PolicyBook(
            {rank: draw.choice(list(made)) for rank in range(1, GROUPS + 1)}, draw.choice(["global", "p1"])
        )
        tenants.append(
            (
                Side(tenant_id=TenantId(new_id()), domains=frozenset({name}), configuration=configuration),
                name,
                book,
                made,
            )
        )
    sides: dict[bool, list[tuple[Somebody, Somebody]]] = {True: [], False: []}
    while min(map(len, sides.values())) < PAIRS // 2:
        one, other = draw.sample(tenants, 2)
        mine, theirs = somebody(draw, *one), somebody(draw, *other)
        pair = draw.choice([(mine, theirs), (mine, stranger()), (stranger(), mine)])
        sides[decide(pair[0].resolve(), pair[1].resolve(), Purpose.START).allowed].append(pair)
    pairs = [*sides[True][: PAIRS // 2], *sides[False][: PAIRS // 2]]
    draw.shuffle(pairs)
    return pairs


def stranger() -> Somebody:
    user_id = UserId(new_id())
    return Somebody(
        None,
        (),
        PolicyBook(),
        {
            "global": Identity(
                id=user_id, kind=AccountKind.PERSONAL, address=f"{user_id.hex}@mail.example", domain="mail.example"
            )
        },
    )


def in_process(draw: random.Random) -> dict[str, Any]:
    """Decision, explanation and the peers, round by round in turn."""
    pairs = make_pairs(draw)
    resolved = [(one.resolve(), other.resolve()) for one, other in pairs]
    start = Purpose.START

    def ours() -> None:
        for one, other in pairs:
            decide(one.resolve(), other.resolve(), start).deciding_rule  # noqa: B018 - the rule id is part of the answer

    def why() -> None:
        for one, other in pairs:
            explain(one.resolve(), other.resolve(), start)

    access_peers.install()
    peers = {"cedarpy": access_peers.cedar(pairs), "casbin": access_peers.casbin(pairs)}
    expected = [decide(one, other, start).allowed for one, other in resolved]
    for name, ask in peers.items():
        wrong = sum(ask(n) != allowed for n, allowed in enumerate(expected))
        assert wrong == 0, f"{name} answers {wrong} of {len(pairs)} questions otherwise"
    tasks: dict[str, Callable[[], None]] = {"decision": ours, "why": why}
    tasks |= {name: _asking(ask, len(pairs)) for name, ask in peers.items()}
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            begun = time.process_time()  # nothing here waits; what else the machine does is not our figure
            task()
            times[name].append((time.process_time() - begun) / len(pairs) * 1e6)
    medians = {name: statistics.median(each) for name, each in times.items()}
    return {
        "decision_us": round(medians["decision"], 2), "why_us": round(medians["why"], 1),
        "vs_cedarpy": round(medians["cedarpy"] / medians["decision"], 1),
        "vs_casbin": round(medians["casbin"] / medians["decision"], 1),
        "refused": expected.count(False) / len(expected),
        "range": {name: [round(min(each), 2), round(max(each), 2)] for name, each in times.items()},
    }  # fmt: skip


def _asking(ask: access_peers.Ask, count: int) -> Callable[[], None]:
    def task() -> None:
        for n in range(count):
            ask(n)

    return task


async def from_database(lab: Lab, count: int, draw: random.Random) -> dict[str, Any]:
    """Two tenants, one of them large: decisions cold, then who-can over everybody."""
    large, domain = await lab.tenant("large")
    small, partner = await lab.tenant("small")
    people = await _people(lab, large, domain, count)
    others = await _people(lab, small, partner, 1000)
    strangers = await _strangers(lab, 200)
    await _policies(lab, large, people, partner, draw)
    await _policies(lab, small, others, domain, draw)
    await lab.settle()
    pairs = [_pair(draw, people, others, strangers) for _ in range(LOADED)]
    load = [await _load(lab, *pair) for pair in pairs][LOADED // 6 :]
    reports: dict[str, list[float]] = {}
    for _ in range(5):
        for audience, name in ((Audience.OUTBOUND, None), (Audience.DOMAIN, partner)):
            reports.setdefault(audience, []).append(await _who_can(lab, large, audience, name, count))
    cuts = statistics.quantiles(load, n=100)
    return {
        "load_p50_ms": round(cuts[49], 2), "load_p95_ms": round(cuts[94], 2), "load_p99_ms": round(cuts[98], 2),
        "who_can_s": round(max(statistics.median(each) for each in reports.values()), 3),
        "who_can": {name: [round(min(each), 3), round(max(each), 3)] for name, each in reports.items()},
        "people": count,
    }  # fmt: skip


async def _people(lab: Lab, tenant_id: TenantId, domain: str, count: int) -> list[User]:
    found: list[User] = []
    for start in range(0, count, 20_000):
        page = people_of(tenant_id, domain, range(start, min(start + 20_000, count)), at=lab.clock.now())
        async with lab.db.tenant(tenant_id) as tx:
            await insert_users(tx, page)
        found += page
    return found


async def _strangers(lab: Lab, count: int) -> list[Person]:
    found: list[Person] = []
    for n in range(count):
        user_id = UserId(new_id())
        mail = f"s{n}@mail.example"
        user = User(
            tenant_id=PERSONAL_REALM, id=user_id, display_name=f"Stranger {n}", user_principal_name=mail, mail=mail,
            created_at=lab.clock.now(),
        )  # fmt: skip
        async with lab.db.tenant(PERSONAL_REALM, person=user_id) as tx:
            await insert_users(tx, [user])
        found.append(Person(PERSONAL_REALM, user_id))
    return found


async def _policies(lab: Lab, tenant_id: TenantId, people: Sequence[User], partner: str, draw: random.Random) -> None:
    """50 policies, 64 ranked groups, a tenth with a policy of their own, block lists of 4,000 domains."""
    caller = lab.operator(tenant_id)
    async with lab.db.tenant(tenant_id) as tx:
        await access.set_configuration(
            tx, caller, {"BlockedDomains": [f"d{n}.example" for n in range(DOMAINS)], "CustomizeFederation": True}
        )
        for n in range(POLICIES - 1):
            settings = {
                "EnableTeamsConsumerAccess": draw.random() < 0.7, "EnableFederationAccess": draw.random() < 0.8,
                "CommunicationWithExternalOrgs": MODES[n % 5 == 0],
                "BlockedExternalDomains": [partner] if n % 10 == 0 else ["other.example"],
            }  # fmt: skip
            await policy_service.new_policy(tx, caller, f"P{n}", settings)
    for n in range(GROUPS):
        async with lab.db.tenant(tenant_id) as tx:
            group = await directory.create_group(tx, caller, name=f"Group {n}")
            members = draw.sample(people, min(GROUP_SIZE, len(people) // 4))
            await directory.add_members(tx, caller, group.id, [each.id for each in members])
            await assignments.assign_group(tx, caller, group.id, f"P{n % (POLICIES - 1)}")
    async with lab.db.tenant(tenant_id) as tx:
        await tx.execute(
            "insert into access_policy_user select %(tenant_id)s, id, 'p3', %(at)s from unnest(%(ids)s::uuid[]) u (id)",
            ids=[each.id for each in people[::10]], at=tx.now,
        )  # fmt: skip


def _pair(
    draw: random.Random, people: Sequence[User], others: Sequence[User], strangers: Sequence[Person]
) -> tuple[Person, Person]:
    one, other = draw.choice(people), draw.choice(others)
    mine, theirs = Person(one.tenant_id, one.id), Person(other.tenant_id, other.id)
    return draw.choice([(mine, theirs), (mine, draw.choice(strangers)), (draw.choice(strangers), mine)])


async def _load(lab: Lab, actor: Person, target: Person) -> float:
    caller = lab.operator(actor.tenant_id)
    own = actor.user_id if actor.tenant_id == PERSONAL_REALM else None
    begun = time.perf_counter()
    async with lab.db.tenant(actor.tenant_id, person=own) as tx:
        await access.decide_pair(tx, caller, actor=actor, target=target, purpose=Purpose.START)
    return (time.perf_counter() - begun) * 1e3


async def _who_can(lab: Lab, tenant_id: TenantId, audience: Audience, domain: str | None, count: int) -> float:
    begun = time.perf_counter()
    async with lab.db.tenant(tenant_id) as tx:
        report = await open_report(tx, lab.operator(tenant_id), audience, domain)
        found = sum([len(page) async for page in stream_report(tx, report)])
    taken = time.perf_counter() - begun
    assert found == count, "everybody is answered"
    return taken


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=100_000)
    arguments = parser.parse_args()
    figures = in_process(random.Random(1))
    print(json.dumps(figures), file=sys.stderr)
    with tempfile.TemporaryDirectory(prefix="comity-bench-") as data:
        async with open_lab(Path(data)) as lab:
            figures |= await from_database(lab, arguments.people, random.Random(2))
            figures["durability"] = durability(lab.url)
    print(json.dumps(figures))


if __name__ == "__main__":
    asyncio.run(main())
