"""Laws of the pure engine: whole shares, page by page and job by job, against a target that is a dictionary.

Here nothing is read or stored: `Ground` answers what a page of a drain would be told, and does what a plan says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from comity.core.folding import address_key
from comity.core.ids import CauseId, JobId, PlanId, UserId
from comity.directory.model import Attribute
from comity.sync.comparing import compare
from comity.sync.decide import can_be_offered, plan_cycle
from comity.sync.mapping import DEFAULT_MAPPING, CompiledMapping
from comity.sync.model import (
    CARRIED,
    FIRST_CARRIED,
    Action,
    Actions,
    Fault,
    Page,
    Person,
    Plan,
    Present,
    Receipt,
    Step,
    Values,
)
from comity.sync.planned import Outcome
from comity.sync.planning import items_of
from comity.sync.staging import as_texts, changed_values
from comity.sync.undo_decide import decide_undo
from tests.sync.test_decide import person

MAPPING = CompiledMapping(DEFAULT_MAPPING, target_domain="contoso.example")
HOME, INVITATION = Attribute.HOME_IDENTITY.bit, Attribute.EXTERNAL_USER_STATE.bit
PLAN, CAUSE = PlanId(UserId(UUID(int=7))), CauseId(UserId(UUID(int=8)))
UPN_AT = FIRST_CARRIED + CARRIED.index(Attribute.USER_PRINCIPAL_NAME)
EVERY_PLACE = range(len(CARRIED))
NAMES = "abcdefgh"


@dataclass
class Ground:
    """One target: its accounts, and whom each job has linked."""

    accounts: dict[UserId, Present] = field(default_factory=dict)
    links: dict[JobId, set[UserId]] = field(default_factory=dict)
    receipts: list[Receipt] = field(default_factory=list)
    numbers: Any = field(default_factory=lambda: count(1))

    def copy(self) -> Ground:
        links = {job: set(each) for job, each in self.links.items()}
        return Ground(dict(self.accounts), links, list(self.receipts))

    def page(self, people: Sequence[Person], job: JobId, scopes: dict[JobId, set[UserId]]) -> Page:
        """What a drain reads of these people, for one job of several."""
        by_home = {each.home_user_id: each for each in self.accounts.values() if each.home_user_id}
        guests = {each.user_principal_name: each for each in self.accounts.values() if each.home_user_id is None}
        present: dict[UserId, Present] = {}
        for each in people:
            wanted = MAPPING.wanted(each)
            assert not isinstance(wanted, Fault)
            found = by_home.get(each.id) or guests.get(str(wanted[UPN_AT - FIRST_CARRIED]))
            if found is not None:
                present[each.id] = found
        others = {each.id for each in people if can_be_offered(each)} & {
            each for other, scope in scopes.items() if other != job for each in scope & self.links.get(other, set())
        }
        linked = self.links.setdefault(job, set())
        return Page(
            tuple(people), frozenset(scopes[job]), present, frozenset(linked), managed_elsewhere=frozenset(others),
            references={each.home_user_id: each.id for each in self.accounts.values() if each.home_user_id in linked},
            new_ids={each.id: UserId(UUID(int=each.id.int ^ 1 << 100)) for each in people},
            taken=self._taken(people, present),
        )  # fmt: skip

    def _taken(self, people: Sequence[Person], present: dict[UserId, Present]) -> dict[str, UserId]:
        names = {
            address_key(each.user_principal_name): each.id for each in self.accounts.values() if each.deleted_by is None
        }
        taken: dict[str, UserId] = {}
        for each in people:
            wanted = MAPPING.wanted(each)
            assert not isinstance(wanted, Fault)
            key = address_key(str(wanted[UPN_AT - FIRST_CARRIED]))
            if key in names and (each.id not in present or present[each.id].id != names[key]):
                taken[key] = names[key]
        return taken

    def apply(self, made: Plan, job: JobId) -> None:
        """Do what a plan says."""
        for step in made.steps:
            self._do(step, job)

    def _do(self, step: Step, job: JobId) -> None:
        links = self.links.setdefault(job, set())
        (links.discard if step.action in (Action.DELETE, Action.UNLINK) else links.add)(step.source_id)
        version = step.target_version + (1 if step.changed else 0)
        before, home, state = self.accounts.get(step.target_id), step.source_id, "Accepted"
        if step.action is Action.UNLINK and before is not None:
            home = None if step.changed & HOME else before.home_user_id  # type: ignore[assignment]
            state = "PendingAcceptance" if step.changed & INVITATION else str(before.external_user_state)
        deleted_by = "sync" if step.action is Action.DELETE else None
        self.accounts[step.target_id] = Present(step.target_id, version, *step.wanted, home, deleted_by, state)  # type: ignore[arg-type, call-arg]
        values_before, values_after = changed_values(step)
        self.receipts.append(
            Receipt(
                PLAN, next(self.numbers), job, step.source_id, step.target_id, step.action, step.changed, values_before,
                as_texts(step.wanted, EVERY_PLACE) if values_after is None else values_after, version, CAUSE,
            )
        )  # fmt: skip

    def undo(self) -> None:
        """Take everything back that was done here."""
        histories: dict[UserId, list[Receipt]] = {}
        for each in self.receipts:
            histories.setdefault(each.target_id, []).append(each)
        for account, history in histories.items():
            said, _ = decide_undo(history, self.accounts.get(account))
            assert isinstance(said, Step), said
            self._do(said, history[0].job_id)

    def living(self) -> dict[UserId, tuple[object, ...]]:
        """Who lives here and how; versions aside. A manager who is in the recycle bin is nobody's manager to see."""
        alive = {each.id: each for each in self.accounts.values() if each.deleted_by is None}
        seen = (each if each.manager_id in alive else each._replace(manager_id=None) for each in alive.values())
        return {each.id: each[FIRST_CARRIED:] for each in seen}


@dataclass(frozen=True)
class Share:
    """Home accounts, and jobs of one pair with whom they offer."""

    people: tuple[Person, ...]
    scopes: dict[JobId, set[UserId]]
    ground: Ground


def settle(
    share: Share, *, pages: Sequence[Sequence[Person]] | None = None, jobs: Sequence[JobId] | None = None
) -> Ground:
    """A drain: each page for each job, and those who wait for their manager once more."""
    ground = share.ground.copy()
    for job in jobs or sorted(share.scopes):
        waiting: list[Person] = []
        for each in pages or [share.people]:
            waiting += pass_page(ground, each, job, share.scopes)
        pass_page(ground, waiting, job, share.scopes)
    return ground


def pass_page(ground: Ground, people: Sequence[Person], job: JobId, scopes: dict[JobId, set[UserId]]) -> list[Person]:
    made = plan_cycle(ground.page(people, job, scopes), MAPPING, Actions())
    ground.apply(made, job)
    return [each for each in people if each.id in made.unresolved]


# ── shares at random ─────────────────────────────────────────────────────────────────────────────

CITIES = st.sampled_from([None, "", "Köln", "☂"])


@st.composite
def shares(draw: st.DrawFn) -> Share:
    """Some at home, some from elsewhere; of some an account stands there: linked, invited by hand, deleted by whom."""
    ids = {name: UserId(UUID(int=(1 << 64) + number)) for number, name in enumerate(NAMES)}
    chosen = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    people = tuple(
        person(
            name, id=ids[name], city=draw(CITIES), account_enabled=draw(st.booleans()), is_deleted=draw(st.booleans()),
            is_external=draw(st.booleans()), user_type=draw(st.sampled_from(["Member", "Member", "Guest"])),
            manager_id=ids[draw(st.sampled_from(chosen))] if draw(st.booleans()) else None,
        )
        for name in chosen
    )  # fmt: skip
    jobs = [JobId(UserId(UUID(int=1 + number))) for number in range(draw(st.integers(1, 3)))]
    chosen_ids = [each.id for each in people]
    scopes = {each: draw(st.sets(st.sampled_from(chosen_ids))) for each in jobs}
    ground = Ground()
    for number, each in enumerate(people):
        standing = draw(st.sampled_from(["nobody", "linked", "by hand", "pending", "sync", "admin"]))
        if standing == "nobody" or each.is_external:
            continue
        values = list(_wanted(each))
        values[CARRIED.index(Attribute.MANAGER_ID)] = None
        values[CARRIED.index(Attribute.CITY)] = draw(CITIES)
        values[CARRIED.index(Attribute.USER_TYPE)] = draw(st.sampled_from(["Member", "Guest"]))
        account = UserId(UUID(int=(1 << 90) + number))
        ground.accounts[account] = Present(
            account, draw(st.integers(1, 9)), *values, None if standing == "pending" else each.id,  # type: ignore[arg-type, call-arg]
            standing if standing in ("sync", "admin") else None,
            "PendingAcceptance" if standing == "pending" else "Accepted",
        )  # fmt: skip
        if standing in ("linked", "admin"):
            ground.links.setdefault(draw(st.sampled_from(jobs)), set()).add(each.id)
    return Share(people, scopes, ground)


def _wanted(each: Person) -> Values:
    wanted = MAPPING.wanted(each)
    assert not isinstance(wanted, Fault)
    return wanted


many = settings(max_examples=150, deadline=None)


@many
@given(shares(), st.randoms(use_true_random=False))
def test_the_order_of_people_and_pages_does_not_matter(share: Share, chance: Any):
    """However the people are cut into pages, and in whatever order these come."""
    people = list(share.people)
    chance.shuffle(people)
    size = chance.randint(1, len(people))
    pages = [people[start : start + size] for start in range(0, len(people), size)]

    assert settle(share, pages=pages).living() == settle(share).living()


@many
@given(shares(), st.randoms(use_true_random=False))
def test_the_order_of_jobs_does_not_matter(share: Share, chance: Any):
    """Several jobs of a pair, in whatever order: the same people stand there in the same way."""
    jobs = list(share.scopes)
    chance.shuffle(jobs)

    assert settle(share, jobs=jobs).living() == settle(share).living()


@many
@given(shares())
def test_a_plan_applied_twice_equals_once(share: Share):
    """A second drain over the same people finds nothing to do."""
    once = settle(share)
    again = settle(replace(share, ground=once))

    assert again.accounts == once.accounts
    assert len(again.receipts) == len(once.receipts)


@many
@given(shares())
def test_an_item_that_was_shown_is_applied_and_one_that_was_done_is_dropped(share: Share):
    """What a stored plan says of everybody holds while nothing changes, and no longer once it is done (design D7)."""
    job = min(share.scopes)
    ground = share.ground.copy()
    made = plan_cycle(ground.page(share.people, job, share.scopes), MAPPING, Actions())
    items = {each.source_id: each for each in items_of(made, share.people, first=1)}
    assert {compare(items[each.source_id], each) for each in made.steps} <= {Outcome.APPLIED}

    ground.apply(made, job)
    later = plan_cycle(ground.page(share.people, job, share.scopes), MAPPING, Actions())
    steps = {each.source_id: each for each in later.steps}
    # Whoever waits for a manager gets him later, which is more than was shown of her.
    settled = [each.source_id for each in made.steps if each.source_id not in made.unresolved]
    outcomes = {compare(items[each], steps.get(each)) for each in settled}
    assert Outcome.HELD not in outcomes


@many
@given(shares())
def test_nobody_is_exported_who_is_not_at_home_here(share: Share):
    """No identity leaves a tenant that is not its home; nor does a guest of that tenant's own (D-3)."""
    foreign = {each.id for each in share.people if each.is_external or each.user_type != "Member"}
    done = [each for each in settle(share).receipts if each.source_id in foreign]

    assert {each.action for each in done} <= {Action.DELETE}


@many
@given(shares())
def test_after_quiet_each_shared_person_has_exactly_one_identity(share: Share):
    """In scope of any job: one living account, unless the target's administrator deleted it, or she never had one and
    is disabled; nobody whom a job manages lives without being offered."""
    ended = settle(share)
    offered = {each for scope in share.scopes.values() for each in scope}
    for each in share.people:
        there = [one for one in ended.accounts.values() if one.home_user_id == each.id]
        alive = [one for one in there if one.deleted_by is None]
        managed = any(each.id in links for links in share.ground.links.values())
        assert len(there) <= 1
        if each.id in offered and can_be_offered(each):
            by_admin = [one for one in there if one.deleted_by == "admin"]
            assert alive or by_admin or not (there or each.account_enabled)
        elif managed:
            assert not alive


@many
@given(shares())
def test_undo_after_a_run_restores_the_exact_former_state(share: Share):
    """Everybody who lived lives as before; versions, feed, audit and recycle bin aside (design §4.6)."""
    ended = settle(share)
    ended.undo()

    assert ended.living() == share.ground.living()
    deleted = {each.id for each in ended.accounts.values() if each.deleted_by is not None}
    created = {each.target_id for each in ended.receipts if each.action is Action.CREATE}
    assert deleted == created | {each.id for each in share.ground.accounts.values() if each.deleted_by is not None}
