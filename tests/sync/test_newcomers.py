"""Many who are new go their own way into a target; it ends where looking at each of them would have ended."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from typing import Any, Final, LiteralString

import psycopg
import pytest

from comity.core.caller import UserType
from comity.core.ids import GroupId, JobId, UserId, new_id
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home, insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.sync import configuring
from comity.sync.drain import Phase, Progress, drain
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT, AttributeMapping, Constant, Direct, Expression, MappingRow
from comity.sync.model import Counts
from comity.sync.newcomers.decide import choose, sift
from comity.sync.newcomers.model import NULL, Met, Row
from comity.sync.plain import plain_of
from tests.support.books import wrong_accounts, wrong_entries
from tests.support.drains import accept, die, last_run, share
from tests.support.world import Org, make_org

TOGETHER: Final = 1
ONE_BY_ONE: Final = 1_000_000
NASTY: Final = (
    "Tab\there",
    "Back\\slash",
    "New\nline",
    'Quote"d',
    "Łódź",
    "שלום",
    "🙂",
    r"\N",
    "\\.",
    "",
    " ",
    "{a,b}",
    "\u2028",
)


class Story:
    """Two tenants as a seed makes them, told the same twice."""

    def __init__(self, seed: int, source: Org, target: Org) -> None:
        self.random = random.Random(seed)
        self.source = source
        self.target = target
        self.people: list[User] = []
        self.names: dict[str, str] = {
            source.domain: "SOURCE", target.domain: "TARGET", str(source.id): "SOURCE", str(target.id): "TARGET",
        }  # fmt: skip

    async def begin(self) -> GroupId:
        """People of all sorts in the source, accounts in the target that stand in the way of some, a group of most."""
        chance = self.random.random
        for number in range(60):
            self.people.append(self._person(number))
        for number, each in enumerate(self.people):
            if chance() < 0.5:
                # Above her and below her in the order of ids, shared or not, new or not.
                self.people[number] = replace(each, manager_id=self.random.choice(self.people).id)
        await self._save(self.source, self.people)
        for each in self.people:
            self.names[str(each.id)] = each.user_principal_name.split("@")[0]
            if chance() < 0.1:
                await self.target.invite_guest(each, home_known=chance() < 0.5)
            elif chance() < 0.1 and each.mail:
                own = f"own.{each.mail_nickname}"
                await self._save(self.target, [self._own(own, mail=each.mail)])
        for each in self.random.sample(self.people, 3):
            async with self.source.db.tenant(self.source.id) as tx:
                await directory.delete_users(tx, self.source.operator, [each.id])
        async with self.source.db.tenant(self.source.id) as tx:
            group = await directory.create_group(tx, self.source.operator, name="Most")
            members = [each.id for each in self.people if chance() < 0.85]
            await directory.add_members(tx, self.source.operator, group.id, members)
        self.names[str(group.id)] = "GROUP"
        return group.id

    async def go_on(self) -> None:
        """Some change, some go, somebody comes."""
        async with self.source.db.tenant(self.source.id) as tx:
            living = [
                each
                for each in await directory.list_users(tx, self.source.operator, at_most=1000)
                if not each.is_external
            ]
        for each in self.random.sample(sorted(living, key=lambda each: self.names[str(each.id)]), 12):
            stays = self.random.random() < 0.7
            await self.source.change(each, city="Elsewhere", street_address="Short", account_enabled=stays)

    def _person(self, number: int) -> User:
        some = self.random.choice
        name = f"p{number:02}"
        mail = some([f"{name}@{self.source.domain}"] * 8 + [None, f"shared@{self.source.domain}"])
        return User(
            tenant_id=self.source.id, id=UserId(new_id()), display_name=f"{name} {some(NASTY)}".strip(),
            given_name=some([None, name, "Ännë"]), surname=some([None, "O'Hara", "Ørsted"]), mail_nickname=name,
            user_principal_name=f"{name}@{self.source.domain}", mail=mail, account_enabled=self.random.random() < 0.9,
            user_type=UserType.GUEST if self.random.random() < 0.05 else UserType.MEMBER,
            department=some([None, *NASTY]), city=some([None, *NASTY]), street_address="s" * some([1, 1, 1, 2000]),
            company_name="Not mapped", created_at=self.source.db.clock.now(),
        )  # fmt: skip

    def _own(self, name: str, **attributes: Any) -> User:
        upn = f"{name}@{self.target.domain}"
        return User(**{
            "tenant_id": self.target.id, "id": UserId(new_id()), "display_name": name, "user_principal_name": upn,
            "created_at": self.target.db.clock.now(), **attributes,
        })  # fmt: skip

    async def _save(self, org: Org, people: list[User]) -> None:
        async with org.db.tenant(org.id) as tx:
            await insert_users(tx, people)
            append(tx, [Change(ChangeKind.USER_CREATED, each.id) for each in people])

    async def ends(self) -> dict[str, list[str]]:
        """Everything that either tenant keeps, with names for ids; in no order."""
        for id_, home, upn in await _rows(
            self.target, "select id, home_user_id, user_principal_name from users where tenant_id = %(tenant_id)s"
        ):
            who = self.names[str(home)] if home else upn.split("@")[0].replace(self.source.domain, "SOURCE")
            self.names[str(id_)] = f"there:{who}"
        found = {}
        for org, (table, without) in [
            (self.target, ("users", ("created_at", "external_state_at", "deleted_at"))),
            (self.target, ("sync_receipt", ("plan_id", "step", "at", "cause", "job_id"))),
            (self.target, ("feed_entry", ("position", "at", "cause"))),
            (self.source, ("provisioning_log", ("plan_id", "step", "run_id", "at", "job_id"))),
            (self.source, ("sync_object", ("plan_id", "step", "job_id"))),
            (self.source, ("sync_escrow", ("job_id", "failed_since", "failed_at", "retry_at"))),
            (self.source, ("sync_reference", ("job_id",))),
            (self.source, ("sync_run", ("id", "job_id", "cause", "started_at", "ended_at", "seconds", "plans"))),
        ]:
            rows = await _rows(org, "select to_jsonb(t) from " + table + " t where tenant_id = %(tenant_id)s")
            found[table] = sorted(
                self._named(
                    {
                        key: value
                        for key, value in row.items()
                        if key not in (*without, "tenant_id", "source_tenant_id", "home_tenant_id")
                    }
                )
                for (row,) in rows
            )
        return found

    def _named(self, row: dict[str, Any]) -> str:
        text = json.dumps(row, sort_keys=True, ensure_ascii=False)
        for id_, name in self.names.items():
            text = text.replace(id_, name)
        return text


async def _rows(org: Org, query: LiteralString) -> list[tuple[Any, ...]]:
    async with org.db.tenant(org.id) as tx:
        return await tx.rows(query)


async def _told(db: Database, seed: int, newcomers_min: int) -> list[dict[str, list[str]]]:
    """How the story of a seed ends: after the first drain, and when it has gone on."""
    story = Story(seed, await make_org(db, "alder"), await make_org(db, "birch"))
    group = await story.begin()
    await accept(story.target, people_of=story.source)
    await share(story.source, groups=(group,), to=story.target)
    ends = []
    for _ in range(2):
        await drain(db, story.source.id, newcomers_min=newcomers_min)
        ends.append(await story.ends())
        assert await wrong_entries(db, story.source.id, [story.target.id]) == []
        await story.go_on()
    return ends


@pytest.mark.parametrize("seed", range(8))
async def test_both_ways_end_in_the_same_accounts_books_and_feed(db: Database, seed: int):
    """Whatever a page holds: deleted, disabled, guests, shared mails, names that COPY escapes, managers anywhere."""
    together = await _told(db, seed, TOGETHER)
    one_by_one = await _told(db, seed, ONE_BY_ONE)

    for end, other in zip(together, one_by_one, strict=True):
        for table, rows in end.items():
            assert (table, sorted(set(rows) ^ set(other[table]))) == (table, [])
            assert rows == other[table]


async def _shared(fabrikam: Org, contoso: Org, people: list[User]) -> JobId:
    await accept(contoso, people_of=fabrikam)
    return await share(fabrikam, *people, to=contoso)


@pytest.mark.parametrize("phase", [Phase.PLANNING, Phase.APPLYING, Phase.APPLIED, Phase.ADVANCED])
async def test_a_drain_that_dies_among_newcomers_is_made_up_for(
    fabrikam: Org, contoso: Org, db: Database, phase: Phase
):
    """Nobody comes twice, and whoever came is in the books: receipts are the same as anybody's."""
    job = await _shared(fabrikam, contoso, await fabrikam.add_many(6))
    await die(fabrikam, phase, 2, page_size=2, newcomers_min=TOGETHER)

    await drain(db, fabrikam.id, page_size=2, newcomers_min=TOGETHER)

    assert await wrong_entries(db, fabrikam.id, [contoso.id]) == []
    assert await wrong_accounts(db, fabrikam, contoso, job) == []


async def test_what_the_database_refuses_is_taken_one_by_one(fabrikam: Org, contoso: Org, db: Database):
    """Two whose names come out as one elsewhere: nobody could have seen that in the target. One comes, one fails."""
    now = fabrikam.db.clock.now()
    people = [
        User(tenant_id=fabrikam.id, id=UserId(new_id()), display_name=upn, user_principal_name=upn, created_at=now)
        for upn in ("a_b@c.example", "a@b_c.example", f"annie@{fabrikam.domain}")
    ]
    async with db.tenant(fabrikam.id) as tx:
        await insert_users(tx, people)
    await _shared(fabrikam, contoso, people)

    done = await drain(db, fabrikam.id, newcomers_min=TOGETHER)

    assert done.total == Counts(created=2, failed=1)
    assert await wrong_entries(db, fabrikam.id, [contoso.id]) == []


async def test_somebody_who_was_linked_beside_the_drain_is_linked_once(
    fabrikam: Org, contoso: Org, db: Database, database_url: str
):
    """A look at her alone may come in between: the link of the newer plan counts, and each has its log lines."""
    people = await fabrikam.add_many(3)
    job = await _shared(fabrikam, contoso, people)
    other_plan = new_id()

    def link_beside(progress: Progress) -> None:
        if progress.phase is Phase.APPLIED:
            with psycopg.connect(database_url) as connection:
                connection.execute("set role comity_app")
                connection.execute("select set_config('comity.tenant', %s, true)", (str(contoso.id),))
                there = connection.execute("select id from users where home_user_id = %s", (people[1].id,)).fetchone()
                assert there is not None
                connection.execute("select set_config('comity.tenant', %s, true)", (str(fabrikam.id),))
                connection.execute(
                    "insert into sync_object values (%s, %s, %s, 'user', %s, 'linked', %s, 1, 1)",
                    (fabrikam.id, job, people[1].id, there[0], other_plan),
                )

    await drain(db, fabrikam.id, watch=link_beside, newcomers_min=TOGETHER)

    links = await _rows(fabrikam, "select source_id, state from sync_object where tenant_id = %(tenant_id)s")
    assert sorted(links) == [(each.id, "linked") for each in people]
    assert (await last_run(fabrikam)).counts == Counts(created=3)
    logged = await _rows(fabrikam, "select count(*) from provisioning_log where tenant_id = %(tenant_id)s")
    assert logged == [(3,)]


async def test_every_target_gets_its_own_from_one_reading(fabrikam: Org, contoso: Org, tailspin: Org, db: Database):
    """Each has other accounts already, and only there they are looked at closely."""
    people = await fabrikam.add_many(4)
    await contoso.invite_guest(people[0])
    await tailspin.invite_guest(people[3], home_known=False)
    await _shared(fabrikam, contoso, people)
    await _shared(fabrikam, tailspin, people)

    done = await drain(db, fabrikam.id, newcomers_min=TOGETHER)

    assert sorted(done.counts.values(), key=repr) == [Counts(created=3, updated=1)] * 2
    assert await wrong_entries(db, fabrikam.id, [contoso.id, tailspin.id]) == []


async def test_who_waited_for_a_newcomer_gets_her_as_manager(fabrikam: Org, contoso: Org, db: Database):
    """Also when she comes with many others, drains after her report."""
    boss = await fabrikam.add_person("boss")
    annie = await fabrikam.add_person("annie", manager_id=boss.id)
    await _shared(fabrikam, contoso, [annie])
    await drain(db, fabrikam.id)
    others = await fabrikam.add_many(3)
    await share(fabrikam, boss, *others, to=contoso)

    done = await drain(db, fabrikam.id, newcomers_min=TOGETHER)

    assert done.total == Counts(created=4, updated=1)


def _row(name: str, **changes: str) -> Row:
    row = Row(name, "Member", "t", "f", "f", "t", f"{name}@alder.example", f"{name}@alder.example", NULL, "…")
    return row._replace(**changes)


@pytest.mark.parametrize(
    "row",
    [
        _row("annie", user_type="Guest"),
        _row("annie", account_enabled="f"),
        _row("annie", is_external="t"),
        _row("annie", is_deleted="t"),
        _row("annie", is_short="f"),
        _row("annie", user_principal_name=r"an\\nie@alder.example"),
    ],
    ids=["guest", "disabled", "external", "deleted", "too long", "escaped"],
)
def test_whoever_is_special_is_left_for_a_closer_look(row: Row):
    """And nobody is who is not offered at all."""
    chosen = choose([row, _row("bob"), row._replace(id="cecil")], {"annie", "bob"}, "birch.example")

    assert [each.row.id for each in chosen.candidates] == ["bob"]
    assert chosen.left == {"annie"}


def test_who_reports_to_somebody_left_over_is_left_over_too():
    """Through all levels: he may come a moment later, and then they have their manager from the beginning."""
    rows = [_row("annie", manager_id="bob"), _row("bob", manager_id="cecil"), _row("cecil"), _row("dora")]
    chosen = choose(rows, None, "birch.example")

    fit = sift(chosen, Met(names={"cecil_alder.example#ext#@birch.example"}))

    assert [each.row.id for each in fit.candidates] == ["dora"]
    assert fit.left == {"annie", "bob", "cecil"}


@pytest.mark.parametrize(
    "row",
    [
        MappingRow(Attribute.CITY, Expression("ToUpper([city])")),
        MappingRow(Attribute.CITY, Direct(Attribute.STATE)),
        MappingRow(Attribute.CITY, Direct(Attribute.CITY), default="Bonn"),
        MappingRow(Attribute.DISPLAY_NAME, Constant("Nobody")),
        MappingRow(Attribute.USER_PRINCIPAL_NAME, Expression("[mail]")),
    ],
    ids=["expression", "other attribute", "default", "constant name", "name"],
)
def test_a_mapping_that_is_more_than_taking_over_is_not_plain(row: MappingRow):
    """What stored keys are made of has to be the source's own, too."""
    rows = tuple(each for each in DEFAULT.rows if each.target is not row.target)

    assert plain_of(DEFAULT) is not None
    assert plain_of(AttributeMapping((*rows, row))) is None


async def test_constants_and_attributes_that_are_not_mapped_come_as_the_mapping_says(
    fabrikam: Org, contoso: Org, db: Database
):
    """A plain mapping need not be the default one."""
    annie = await fabrikam.add_person("annie", city="Köln", department="Sales", company_name="Fabrikam")
    job = await _shared(fabrikam, contoso, [annie])
    changed = (Attribute.CITY, Attribute.DEPARTMENT, Attribute.SHOW_IN_ADDRESS_LIST)
    rows = (
        *(each for each in DEFAULT.rows if each.target not in changed),
        MappingRow(Attribute.DEPARTMENT, Constant("Partners\t")),
        MappingRow(Attribute.SHOW_IN_ADDRESS_LIST, Constant(value=False)),
    )
    async with db.tenant(fabrikam.id) as tx:
        await configuring.set_mapping(tx, fabrikam.operator, job, write_mapping(AttributeMapping(rows)))

    await drain(db, fabrikam.id, newcomers_min=TOGETHER)

    async with db.tenant(contoso.id) as tx:
        there = await find_by_home(tx, fabrikam.id, annie.id)
    assert there is not None
    assert (there.city, there.department, there.company_name, there.show_in_address_list) == (
        None, "Partners\t", None, False,
    )  # fmt: skip
