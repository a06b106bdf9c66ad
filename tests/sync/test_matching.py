"""Who is who in the target: invited guests, mails that several have, names that people swap (provisioning §5.1)."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from comity.core.errors import Invalid
from comity.core.ids import JobId, UserId, new_id
from comity.db.database import Database
from comity.directory.model import ExternalUserState, User
from comity.directory.store import find_by_home, insert_users, list_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.sync import configuring
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from comity.sync.model import Counts, LogEntry
from tests.support.drains import accept, share, unshare
from tests.support.world import Org


async def existing(org: Org, home: User) -> User:
    async with org.db.tenant(org.id) as tx:
        found = await find_by_home(tx, home.tenant_id, home.id)
    assert found is not None
    return found


async def failures(org: Org) -> dict[UserId, LogEntry]:
    """The log's newest failure of each person."""
    async with org.db.tenant(org.id) as tx:
        log = await sync.read_log(tx, org.operator, at_most=1000)
    return {each.source_id: each for each in reversed(log) if each.status.name == "FAILURE"}


async def put_in(org: Org, **attributes: Any) -> User:
    """Somebody whom no door would let in, written past the service."""
    name = attributes.pop("name", f"p{new_id().hex[-8:]}")
    user = User(**{
        "tenant_id": org.id, "id": UserId(new_id()), "display_name": name,
        "user_principal_name": f"{name}@{org.domain}", "mail": f"{name}@{org.domain}",
        "created_at": org.db.clock.now(), **attributes,
    })  # fmt: skip
    async with org.db.tenant(org.id) as tx:
        await insert_users(tx, [user])
        append(tx, [Change(ChangeKind.USER_CREATED, user.id)])
    return user


async def map_row(org: Org, job: JobId, target: str, **changes: Any) -> None:
    document = write_mapping(DEFAULT)
    rows = [each for each in document["attributeMappings"] if each["targetAttributeName"] == target]
    if not rows:
        rows = [{"targetAttributeName": target, "source": None}]
        document["attributeMappings"] += rows
    rows[0] |= changes
    async with org.db.tenant(org.id) as tx:
        await configuring.set_mapping(tx, org.operator, job, document)


async def test_a_guest_invited_by_mail_is_taken_over_and_gets_the_mapped_name(
    fabrikam: Org, contoso: Org, db: Database
):
    """D-12: the invitation went to her mail, which is not her UPN; there is never a second account."""
    annie = await fabrikam.add_person("annie", mail="annie.miller@mail.example")
    invited = await contoso.add_person("invited")
    guest = replace(
        invited,
        id=UserId(new_id()),
        mail="Annie.Miller@mail.example",
        user_principal_name=f"annie.miller_mail.example#EXT#@{contoso.domain}",
        creation_type="Invitation",
        external_user_state=ExternalUserState.PENDING,
        version=1,
    )
    async with db.tenant(contoso.id) as tx:
        await insert_users(tx, [guest])
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)

    await drain(db, fabrikam.id)

    there = await existing(contoso, annie)
    assert (there.id, there.external_user_state) == (guest.id, ExternalUserState.ACCEPTED)
    assert there.user_principal_name == f"annie_{fabrikam.domain}#EXT#@{contoso.domain}"


@pytest.mark.parametrize("page_size", [1, 100])
async def test_of_two_with_one_mail_the_second_fails(fabrikam: Org, contoso: Org, db: Database, page_size: int):
    """D-13: the reference product links both to one account, where each reads what is the other's."""
    first = await fabrikam.add_person("first", mail="shared@mail.example")
    second = await fabrikam.add_person("second", mail="Shared@mail.example")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, first, to=contoso)
    await drain(db, fabrikam.id)
    third = await fabrikam.add_person("third", mail="other@mail.example")
    fourth = await fabrikam.add_person("fourth", mail="other@mail.example")
    await share(fabrikam, second, third, fourth, to=contoso)

    done = await drain(db, fabrikam.id, page_size=page_size)

    assert done.total.created == 1
    found = await failures(fabrikam)
    assert [each.code for each in found.values()] == ["DuplicateSourceEntries"] * 2
    assert found.keys() == {second.id, *({third.id, fourth.id} & found.keys())}


async def test_a_mail_of_the_targets_own_people_is_ambiguous(fabrikam: Org, contoso: Org, db: Database):
    """An internal account is never matched, and never joined by a second one of the same mail."""
    annie = await fabrikam.add_person("annie", mail="annie@mail.example")
    await contoso.add_person("namesake", mail="annie@mail.example")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, annie, to=contoso)

    assert (await drain(db, fabrikam.id)).total == Counts(failed=1)
    assert (await failures(fabrikam))[annie.id].code == "InvitationCreationFailureAmbiguousUser"


async def test_names_swapped_within_one_page_go_through(fabrikam: Org, contoso: Org, db: Database):
    """And so does a chain of renames: the database compares when the statement is done."""
    people = [await fabrikam.add_person(name) for name in ("anna", "berta", "carla", "doris", "emma")]
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, *people, to=contoso)
    await drain(db, fabrikam.id)
    anna, berta, carla, doris, emma = people
    names = {each.id: each.user_principal_name for each in people}
    await fabrikam.change(anna, user_principal_name=f"x@{fabrikam.domain}")
    await fabrikam.change(berta, user_principal_name=names[anna.id])
    await fabrikam.change(anna, user_principal_name=names[berta.id])
    await fabrikam.change(emma, user_principal_name=f"new@{fabrikam.domain}")
    await fabrikam.change(doris, user_principal_name=names[emma.id])
    await fabrikam.change(carla, user_principal_name=names[doris.id])

    done = await drain(db, fabrikam.id)

    assert done.total == Counts(updated=5)
    for home, upn in (
        (anna, names[berta.id]),
        (berta, names[anna.id]),
        (carla, names[doris.id]),
        (doris, names[emma.id]),
    ):
        local, _, domain = upn.partition("@")
        assert (await existing(contoso, home)).user_principal_name == f"{local}_{domain}#EXT#@{contoso.domain}"


async def test_a_name_that_somebody_gives_up_by_leaving_is_free(fabrikam: Org, contoso: Org, db: Database):
    """Deletions come first within a page."""
    bob, barbara = await fabrikam.add_person("bob"), await fabrikam.add_person("barbara")
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, bob, barbara, to=contoso)
    await drain(db, fabrikam.id)
    name = bob.user_principal_name
    await fabrikam.change(bob, user_principal_name=f"former@{fabrikam.domain}")
    await fabrikam.change(barbara, user_principal_name=name)
    await unshare(fabrikam, bob, to=contoso)

    assert (await drain(db, fabrikam.id)).total == Counts(updated=1, deleted=1)
    assert (await existing(contoso, barbara)).user_principal_name.startswith("bob_")


async def test_people_with_hostile_values_fail_alone_and_by_name(fabrikam: Org, contoso: Org, db: Database):
    """100 KB names, emoji, right-to-left text, reversed dates, and expressions that break on some of them."""
    good = [
        await put_in(fabrikam, name="good"),
        await put_in(fabrikam, display_name="👩‍👩‍👧 Ünï", city="العربية"),
        await put_in(fabrikam, state="2026-05-01", country="2025-05-01"),
        await put_in(fabrikam, display_name="\u202eereht", city="x\ty\n\\N'\"{}"),
    ]
    endless = await put_in(fabrikam, mail="m" * 100_000 + "@mail.example")
    nameless = await put_in(fabrikam, user_principal_name="u" * 2600 + f"@{fabrikam.domain}")
    wordy = await put_in(fabrikam, city="c" * 100_000)
    undated = await put_in(fabrikam, state="soon", country="2025-05-01")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, *good, endless, nameless, wordy, undated, to=contoso)
    expression = 'IIF(IsPresent([state]), DateDiff("d", CDate([state]), CDate([country])), [city])'
    await map_row(fabrikam, job, "mobile", source={"type": "Function", "expression": expression})

    done = await drain(db, fabrikam.id)

    assert done.total.created == len(good)
    found = await failures(fabrikam)
    assert found.keys() == {endless.id, nameless.id, wordy.id, undated.id}
    codes = [found[each.id].code for each in (endless, nameless, wordy, undated)]
    assert codes == ["AttributeValueRefused"] * 2 + ["AttributeEvaluationError"] * 2
    assert found[endless.id].details == {"attribute": "mail", "error": "too-long"}
    details = found[undated.id].details
    assert details is not None
    assert (details["attribute"], details["error"], details["line"]) == ("mobile", "expression-date-unreadable", 1)
    assert (await existing(contoso, good[1])).city == "العربية"
    assert (await existing(contoso, good[3])).city == "x\ty\n\\N'\"{}"


async def test_a_swap_goes_through_beside_somebody_who_is_refused(fabrikam: Org, contoso: Org, db: Database):
    """A page that is taken apart to find the guilty one must not tear those asunder who need each other."""
    anna, berta = await fabrikam.add_person("anna"), await fabrikam.add_person("berta")
    bad = await put_in(fabrikam)
    await accept(contoso, people_of=fabrikam)
    await share(fabrikam, anna, berta, bad, to=contoso)
    await drain(db, fabrikam.id)
    names = anna.user_principal_name, berta.user_principal_name
    await fabrikam.change(anna, user_principal_name=f"x@{fabrikam.domain}")
    await fabrikam.change(berta, user_principal_name=names[0])
    await fabrikam.change(anna, user_principal_name=names[1])
    async with db.tenant(fabrikam.id) as tx:
        await tx.execute(
            "update users set user_principal_name = %(upn)s where tenant_id = %(tenant_id)s and id = %(id)s",
            upn=f"{no_index_holds()}@{fabrikam.domain}", id=bad.id,
        )  # fmt: skip
        append(tx, [Change(ChangeKind.USER_UPDATED, bad.id, changed=1 << 4)])

    assert (await drain(db, fabrikam.id)).total == Counts(updated=2, failed=1)
    assert (await existing(contoso, anna)).user_principal_name.startswith("berta_")
    assert (await failures(fabrikam)).keys() == {bad.id}


async def test_people_are_mapped_once_for_all_jobs_of_one_mapping(
    fabrikam: Org, contoso: Org, tailspin: Org, db: Database
):
    """A random value is the same in both targets, and only the name differs."""
    annie = await fabrikam.add_person("annie")
    for org in (contoso, tailspin):
        await accept(org, people_of=fabrikam)
        job = await share(fabrikam, annie, to=org)
        await map_row(fabrikam, job, "mobile", source={"type": "Function", "expression": "Guid()"})
    await drain(db, fabrikam.id)

    there = [await existing(org, annie) for org in (contoso, tailspin)]
    assert there[0].mobile_phone == there[1].mobile_phone is not None
    assert there[0].user_principal_name != there[1].user_principal_name


async def test_a_filter_takes_out_whom_it_does_not_let_pass_and_leaves_whom_it_cannot_judge(
    fabrikam: Org, contoso: Org, db: Database
):
    """Falling out is a soft delete; a new filter is a look at everybody; an input filter leaves people as they are."""
    sales = await fabrikam.add_person("sales", department="Sales", city="Köln")
    other = await fabrikam.add_person("other", department="Research", city="Köln")
    aside = await fabrikam.add_person("aside", department="Research", city="Bonn")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, sales, other, aside, to=contoso)
    await drain(db, fabrikam.id)

    async with db.tenant(fabrikam.id) as tx:
        document = {"groups": [group("department", "Sales")], "inputFilterGroups": [group("city", "Köln")]}
        await configuring.set_filter(tx, fabrikam.operator, job, document)
    done = await drain(db, fabrikam.id)

    assert done.total == Counts(deleted=1, skipped=1)
    assert (await existing(contoso, other)).deleted_at is not None
    assert (await existing(contoso, aside)).deleted_at is None
    await fabrikam.change(other, department="Sales")
    assert (await drain(db, fabrikam.id)).total == Counts(restored=1)
    await fabrikam.change(sales, department="Research")
    assert (await drain(db, fabrikam.id)).total == Counts(deleted=1)
    async with db.tenant(contoso.id) as tx:
        assert {each.home_user_id for each in await list_users(tx, after=UUID(int=0), at_most=9)} == {
            other.id,
            aside.id,
        }


def no_index_holds() -> str:
    """1,000 characters, so that our own rules let it pass, and more bytes than an index entry may have."""
    numbers = random.Random(1)
    return "".join(chr(numbers.randrange(0x20000, 0x2A6D0)) for _ in range(1000))


def group(attribute: str, value: str) -> dict[str, Any]:
    clause = {"sourceOperandName": attribute, "operatorName": "EQUALS", "targetOperand": {"values": [value]}}
    return {"name": attribute, "clauses": [clause]}


@pytest.mark.parametrize("text", ["x\x00", "x\ud800"])
@pytest.mark.parametrize("where", ["expression", "pattern", "default", "operand", "title"])
async def test_what_no_database_holds_is_refused_on_save(fabrikam: Org, contoso: Org, where: str, text: str):
    """NUL and lone surrogates come in by JSON, in an expression, a default, an operand or a title."""
    job = await share(fabrikam, await fabrikam.add_person("annie"), to=contoso)
    with pytest.raises(Invalid):
        await save_with(fabrikam, job, where, text)


async def save_with(org: Org, job: JobId, where: str, text: str) -> None:
    """Save a mapping or a filter with a text in some place."""
    match where:
        case "expression":
            source = {"type": "Function", "expression": f'Append([city], "{text}")'}
            await map_row(org, job, "mobile", source=source)
        case "pattern":
            source = {"type": "Function", "expression": f'Replace([city], , "{text}", , "y", , )'}
            await map_row(org, job, "mobile", source=source)
        case "default":
            await map_row(org, job, "mobile", defaultValue=text, source={"type": "Attribute", "name": "mobile"})
        case _:
            clause = {
                "sourceOperandName": "city", "operatorName": "EQUALS",
                "targetOperand": {"values": [text if where == "operand" else "x"]},
            }  # fmt: skip
            document = {"groups": [{"name": text if where == "title" else "x", "clauses": [clause]}]}
            async with org.db.tenant(org.id) as tx:
                await configuring.set_filter(tx, org.operator, job, document)
