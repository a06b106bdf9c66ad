"""Random administrators against a simple model: whatever they do and whenever, all ends as the model says."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from comity.core.clock import BusinessClock
from comity.db.database import Database
from comity.sync.drain import drain
from comity.sync.model import Counts
from tests.soak.admins import ANYWHERE, Admins
from tests.soak.firm import Firm
from tests.soak.machine import Machine
from tests.soak.outcome import complaints
from tests.support.drains import accept
from tests.support.elsewhere import Elsewhere, elsewhere
from tests.support.organizations import unite
from tests.support.soak import seeds
from tests.support.world import Org

pytestmark = pytest.mark.soak

ROUNDS = 12
DEEDS = 30
"""Of administrators in each round."""
WORK_EVERY = 6
"""After so many deeds the machine does something, on average."""


@pytest.fixture
def somebody(database_url: str, clock: BusinessClock) -> Iterator[Elsewhere]:
    """Another process."""
    with elsewhere(database_url, clock) as found:
        yield found


@pytest.mark.parametrize("seed", seeds(short=4, long=200))
async def test_all_ends_as_the_model_says(
    contoso: Org,
    fabrikam: Org,
    tailspin: Org,
    db: Database,
    clock: BusinessClock,
    somebody: Elsewhere,
    seed: int,
):
    """Nobody out of scope stays active, nobody in scope is missing or there twice, nobody is deleted twice, and the
    books balance: while people are shared and unshared, disabled, deleted and restored, mappings and filters
    change, tenants leave the organisation, guests are invited by hand, jobs are stopped, killed and undone, both
    ways at once, and scopes shrink while a run stands between read, plan and apply."""
    firm = Firm({"A": contoso, "B": fabrikam, "C": tailspin})
    numbers = random.Random(seed)
    machine = Machine(Admins(firm, db, numbers), Admins(firm, somebody.db, numbers), somebody, clock)
    await found(machine)

    for _ in range(ROUNDS):
        for _ in range(DEEDS):
            await machine.here.act(ANYWHERE)
            if numbers.random() * WORK_EVERY < 1:
                await machine.work()
        await be_quiet_and_right(machine)


async def found(machine: Machine) -> None:
    """Three tenants of one organisation, all of which accept each other; A shares in both ways, and B back."""
    firm, here = machine.firm, machine.here
    orgs = list(firm.orgs.values())
    await unite(*orgs)
    firm.members.update(firm.orgs)
    for org in orgs:
        for other in orgs:
            if other is not org:
                await accept(org, people_of=other)
    for _ in range(18):
        await here.hire()
    for _ in range(3):
        await here.found_team()
    for home, to in (("A", "B"), ("B", "A")):
        await here.share_with(home, to, [firm.of(home)[0].id], [])
    await here.share_with_everybody("A", [firm.of("A")[1].id], [])


async def be_quiet_and_right(machine: Machine) -> None:
    """Let everything be done that is to be done, and look."""
    firm = machine.firm
    for done in await machine.become_quiet():
        told = (done.claimed, done.refused, done.left, done.total.failed)
        assert told == (True, [], set(), 0), firm.tell()
    firm.story += await complaints(machine.here.db, firm)
    assert firm.story[-1] == "quiet", firm.tell()
    for letter in ("A", "B"):
        again = await drain(machine.here.db, firm.orgs[letter].id)
        assert again.total == Counts(), firm.tell()
