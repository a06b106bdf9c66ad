"""People from files: every good row is kept, every bad one rejected with line and reason (design §5.2)."""

from __future__ import annotations

import io
import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench.exports import write_export
from comity.audit.service import list_for_object
from comity.core.caller import Caller, UserType
from comity.core.errors import PermissionMissing
from comity.core.ids import UserId, new_id
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.handlers import sweep
from comity.directory.imports import service
from comity.directory.imports.model import (
    ImportBroken,
    ImportColumnRepeated,
    ImportEmpty,
    ImportFormUnknown,
    ImportUnreadable,
    Progress,
)
from comity.directory.imports.service import import_users
from comity.directory.model import Attribute, ExternalUserState, attributes_of
from comity.events.feed import read
from comity.events.model import ChangeKind
from tests.directory.files import as_csv, as_graph, as_json_lines, bring, counts, mend, people, reasons, rejected_rows
from tests.support.postgres import Server
from tests.support.world import Org, make_org


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
async def test_good_rows_are_kept_and_bad_ones_rejected(contoso: Org, tmp_path: Path, separator: str, encoding: str):
    """Whatever the separator and the encoding: both are told by content."""
    path = tmp_path / "people.csv"
    with path.open("wb") as file:
        export = write_export(
            file, rows=400, seed=7, domain=contoso.domain, separator=separator, encoding=encoding, bad_share=0.2
        )

    report = await import_users(contoso.db, contoso.operator, path)

    rejected = rejected_rows(tmp_path / "people.csv.rejected.csv", separator)
    assert {int(row["line"]): row["reason"] for row in rejected} == {
        line: why.value for line, why in export.bad.items()
    }
    assert [row["message"] for row in rejected if "{" in row["message"] or row["message"].startswith("row-")] == []
    assert counts(report) == (len(export.good), 0, 0, len(export.bad))
    found = {each.user_principal_name: each for each in (await people(contoso)).values()}
    assert {upn: (str(each.id), each.display_name, each.street_address) for upn, each in found.items()} == {
        upn: (row["id"], row["displayName"].strip(), row["streetAddress"]) for upn, row in export.good.items()
    }


@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), bad_share=st.floats(0, 0.5))
async def test_counts_add_up_and_a_second_run_changes_nothing(db: Database, seed: int, bad_share: float):
    """1,000 rows with everything that goes wrong; the promise of design §5.2."""
    org = await make_org(db, "Contoso")
    file = io.BytesIO()
    export = write_export(file, rows=1000, seed=seed, domain=org.domain, bad_share=bad_share)

    first = await import_users(db, org.operator, file)
    again = await import_users(db, org.operator, file)

    assert counts(first) == (len(export.good), 0, 0, len(export.bad))
    assert counts(again) == (0, 0, first.created, first.rejected)


async def test_a_given_object_id_is_kept_and_finds_the_person_again(contoso: Org):
    """By id the row is about the same person, whatever her UPN has become."""
    annie_id = str(new_id())
    await bring(contoso, {"id": annie_id, "userPrincipalName": f"annie@{contoso.domain}", "displayName": "Annie"})

    report = await bring(contoso, {"id": annie_id, "userPrincipalName": f"ann@{contoso.domain}"})

    assert counts(report) == (0, 1, 0, 0)
    found = await people(contoso)
    assert (str(found["ann"].id), found["ann"].display_name) == (annie_id, "Annie")


async def test_without_an_object_id_the_upn_finds_the_person(contoso: Org):
    """Ignoring case, as people do."""
    annie = await contoso.add_person("annie")

    report = await bring(contoso, {"userPrincipalName": f"ANNIE@{contoso.domain}", "jobTitle": "Pilot"})

    assert counts(report) == (0, 1, 0, 0)
    stored = await contoso.user(annie.id)
    assert (stored.user_principal_name, stored.job_title) == (f"ANNIE@{contoso.domain}", "Pilot")


async def test_an_empty_cell_leaves_the_attribute_alone(contoso: Org):
    """And so does a column that is not there: exports seldom hold everything."""
    annie = await contoso.add_person("annie", job_title="Pilot", city="Köln")

    report = await bring(contoso, {"userPrincipalName": annie.user_principal_name, "jobTitle": "", "mail": " "})

    assert counts(report) == (0, 0, 1, 0)
    stored = await contoso.user(annie.id)
    assert (stored.job_title, stored.city, stored.mail) == ("Pilot", "Köln", annie.mail)


async def test_the_first_of_two_claims_to_a_upn_stays(contoso: Org):
    """Of rows in the file, and of a row against a person who is there."""
    annie = await contoso.add_person("annie")
    rows = [
        {"id": str(new_id()), "userPrincipalName": f"bob@{contoso.domain}", "displayName": "Bob"},
        {"id": str(new_id()), "userPrincipalName": f"BOB@{contoso.domain}", "displayName": "Other Bob"},
        {"id": str(new_id()), "userPrincipalName": annie.user_principal_name.upper(), "displayName": "Other Annie"},
    ]

    report = await bring(contoso, *rows)

    assert reasons(report) == {3: "row-upn-taken", 4: "row-upn-taken"}
    assert {each.display_name for each in (await people(contoso)).values()} == {"Annie", "Bob"}
    holders = [each.parameters["holder"] for each in report.rejections]
    assert holders == [rows[0]["id"], str(annie.id)]


async def test_a_row_that_says_the_same_again_is_unchanged(contoso: Org):
    """The rule is about another object id; the same row twice is no contradiction."""
    row = {"id": str(new_id()), "userPrincipalName": f"bob@{contoso.domain}", "displayName": "Bob"}

    report = await bring(contoso, row, row, {**row, "displayName": "Robert"})

    assert counts(report) == (1, 0, 1, 1)
    assert reasons(report) == {4: "row-repeated"}


async def test_two_people_may_swap_their_upns(contoso: Org):
    """Design §4.11: swaps and chains of renames go through."""
    bob, barbara = await contoso.add_person("bob"), await contoso.add_person("barbara")

    report = await bring(
        contoso,
        {"id": str(bob.id), "userPrincipalName": barbara.user_principal_name},
        {"id": str(barbara.id), "userPrincipalName": bob.user_principal_name},
    )

    assert counts(report) == (0, 2, 0, 0)
    found = await people(contoso)
    assert (found["bob"].id, found["barbara"].id) == (barbara.id, bob.id)


async def test_a_swap_goes_through_wherever_the_rows_stand(contoso: Org):
    """Not even batches between them matter: a row waits for a UPN that a later one may free."""
    bob, barbara = await contoso.add_person("bob"), await contoso.add_person("barbara")
    carl_id = str(new_id())
    between = [
        {"id": str(new_id()), "userPrincipalName": f"p{nr}@{contoso.domain}"} for nr in range(service.BATCH_ROWS)
    ]

    report = await bring(
        contoso,
        {"id": str(bob.id), "userPrincipalName": barbara.user_principal_name},
        *between,
        {"id": str(barbara.id), "userPrincipalName": bob.user_principal_name},
        {"id": carl_id, "userPrincipalName": barbara.user_principal_name},
    )

    assert counts(report) == (len(between), 2, 0, 1)
    assert reasons(report) == {len(between) + 4: "row-upn-taken"}
    assert (await contoso.user(bob.id)).user_principal_name == barbara.user_principal_name
    assert (await contoso.user(barbara.id)).user_principal_name == bob.user_principal_name


async def test_a_new_person_gets_the_upn_that_another_row_gives_up(contoso: Org):
    """Changes are written before new people, and in one transaction with them."""
    bob = await contoso.add_person("bob")

    report = await bring(
        contoso,
        {"id": str(new_id()), "userPrincipalName": bob.user_principal_name, "displayName": "New Bob"},
        {"id": str(bob.id), "userPrincipalName": f"bob.old@{contoso.domain}"},
    )

    assert counts(report) == (1, 1, 0, 0)
    found = await people(contoso)
    assert (found["bob"].display_name, found["bob.old"].id) == ("New Bob", bob.id)


async def test_whoever_is_in_the_recycle_bin_is_not_brought_back(contoso: Org):
    """Restoring is an administrator's decision; so is an id that was purged."""
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [annie.id, bob.id])
        await directory.purge_users(tx, contoso.operator, [bob.id])

    report = await bring(
        contoso,
        {"id": str(annie.id), "userPrincipalName": annie.user_principal_name},
        {"id": str(bob.id), "userPrincipalName": bob.user_principal_name},
        {"id": str(new_id()), "userPrincipalName": annie.user_principal_name},
    )

    assert counts(report) == (1, 0, 0, 2)
    assert reasons(report) == {2: "row-id-deleted", 3: "row-id-purged"}


async def test_rows_of_guests_become_guests_and_never_members(contoso: Org):
    """By userType or by a mangled UPN, whatever else the row says."""
    mangled = f"alice_fabrikam.example#EXT#@{contoso.domain}"
    report = await bring(
        contoso,
        {
            "userPrincipalName": mangled,
            "userType": "Member",
            "invitationState": "Accepted",
            "mail": "alice@fabrikam.example",
        },
        {"userPrincipalName": f"gast@{contoso.domain}", "userType": "guest"},
        {"userPrincipalName": f"carl_fabrikam.example#EXT#@{contoso.domain}", "showInAddressList": "TRUE"},
        {"userPrincipalName": "dora_contoso.example#EXT#@elsewhere.example", "userType": "Guest"},
    )

    assert counts(report) == (3, 0, 0, 1)
    assert reasons(report) == {5: "row-upn-foreign-domain"}
    guests = sorted((await people(contoso)).values(), key=lambda user: user.user_principal_name)
    assert [each.display_name for each in guests] == ["alice", "carl", "gast"]
    for guest in guests:
        assert (guest.user_type, guest.creation_type, guest.home_user_id) == (UserType.GUEST, "Invitation", None)
    accepted, pending = ExternalUserState.ACCEPTED, ExternalUserState.PENDING
    assert [each.external_user_state for each in guests] == [accepted, pending, pending]
    assert [each.show_in_address_list for each in guests] == [False, True, False]


async def test_an_import_does_not_turn_accounts_into_guests_or_back(contoso: Org):
    """Whose account it is decides what else hangs on it: that is no matter of a column."""
    annie = await contoso.add_person("annie")
    await bring(contoso, {"userPrincipalName": f"gast@{contoso.domain}", "userType": "Guest"})
    guest = (await people(contoso))["gast"]

    report = await bring(
        contoso,
        {"id": str(annie.id), "userPrincipalName": annie.user_principal_name, "userType": "Guest"},
        {"id": str(guest.id), "userPrincipalName": guest.user_principal_name, "userType": "Member"},
    )

    assert reasons(report) == {2: "row-account-kind", 3: "row-account-kind"}


@pytest.mark.parametrize("form", ["csv", "json", "lines"])
async def test_every_form_brings_the_same_people(contoso: Org, form: str):
    """CSV, Graph's answer and JSON Lines."""
    rows: list[dict[str, Any]] = [
        {
            "id": str(new_id()),
            "userPrincipalName": f"annie@{contoso.domain}",
            "displayName": "Annie Größmann",
            "city": "Köln",
        },
        {"userPrincipalName": "", "displayName": "Nobody"},
        {
            "userPrincipalName": f"bob@{contoso.domain}",
            "givenName": "Bob",
            "surname": "O'Brien",
            "accountEnabled": False,
        },
    ]

    report = await bring(contoso, *rows, form=form)

    assert counts(report) == (2, 0, 0, 1)
    assert list(reasons(report).values()) == ["row-upn-empty"]
    found = await people(contoso)
    assert (str(found["annie"].id), found["annie"].display_name, found["annie"].city) == (
        rows[0]["id"], "Annie Größmann", "Köln",
    )  # fmt: skip
    assert (found["bob"].display_name, found["bob"].account_enabled) == ("Bob O'Brien", False)


async def test_managers_are_set_once_everybody_is_there(contoso: Org):
    """A manager may stand below, be named by id or UPN, or be nobody: then the person is imported without."""
    boss_id = str(new_id())
    rows = [
        {"userPrincipalName": f"annie@{contoso.domain}", "manager": f"BOSS@{contoso.domain}"},
        {"userPrincipalName": f"bob@{contoso.domain}", "manager": boss_id},
        {"userPrincipalName": f"carl@{contoso.domain}", "manager": "nobody@nowhere.example"},
        {"userPrincipalName": f"boss@{contoso.domain}", "id": boss_id, "manager": boss_id},
    ]

    first, again = await bring(contoso, *rows), await bring(contoso, *rows)

    assert (counts(first), counts(again)) == ((4, 0, 0, 0), (0, 0, 4, 0))
    assert [(each.line, each.manager) for each in first.missing] == [(4, "nobody@nowhere.example"), (5, boss_id)]
    found = await people(contoso)
    managers = [found[name].manager_id for name in ("annie", "bob", "carl", "boss")]
    assert managers == [UUID(boss_id), UUID(boss_id), None, None]


async def test_a_new_manager_alone_makes_a_row_an_update(contoso: Org):
    """The counts say what happened, in whichever pass it did."""
    annie, boss = await contoso.add_person("annie"), await contoso.add_person("boss")

    report = await bring(contoso, {"userPrincipalName": annie.user_principal_name, "managerId": str(boss.id)})

    assert counts(report) == (0, 1, 0, 0)
    assert (await contoso.user(annie.id)).manager_id == boss.id


async def test_audit_and_feed_tell_one_story_with_one_cause(contoso: Org):
    """One audit entry per person and one feed entry, all referring to the import (design §4.5, §4.14)."""
    bob = await contoso.add_person("bob")
    report = await bring(
        contoso,
        {"userPrincipalName": bob.user_principal_name, "jobTitle": "Pilot"},
        {"userPrincipalName": f"carl@{contoso.domain}"},
        {"userPrincipalName": bob.user_principal_name.upper()},
    )

    carl = (await people(contoso))["carl"]
    async with contoso.db.tenant(contoso.id) as tx:
        entries = [entry for entry in await read(tx, after=0) if entry.cause == report.cause]
        changes = await list_for_object(tx, contoso.operator, bob.id)
        creation = await list_for_object(tx, contoso.operator, carl.id)
        head = await list_for_object(tx, contoso.operator, contoso.id)
    assert [(entry.kind, entry.object_id, attributes_of(entry.changed)) for entry in entries] == [
        (ChangeKind.USER_UPDATED, bob.id, (Attribute.JOB_TITLE,)),
        (ChangeKind.USER_CREATED, carl.id, ()),
    ]
    assert (changes[0].action, changes[0].before, changes[0].after) == (
        "Update user", {"job_title": None}, {"job_title": "Pilot"},
    )  # fmt: skip
    assert [each.action for each in creation] == ["Add user"]
    assert {changes[0].cause, creation[0].cause} == {report.cause} == {head[0].id}


async def test_what_only_the_database_refuses_is_found_by_halving(contoso: Org, server: Server, database_url: str):
    """Design §4.3: the guilty row stands alone in the log, everybody else is imported."""
    name = psycopg.conninfo.conninfo_to_dict(database_url)["dbname"]
    rows = [{"userPrincipalName": f"p{nr}@{contoso.domain}", "displayName": f"P{nr}"} for nr in range(50)]
    rows[17]["displayName"] = f"refuse {contoso.id}"
    with psycopg.connect(server.admin_url(str(name)), autocommit=True) as admin:
        admin.execute(
            "create function refuse_one() returns trigger language plpgsql as "
            f"$$ begin if new.display_name = 'refuse {contoso.id}' then "
            "raise exception 'not this one' using errcode = '22000'; end if; return new; end $$"
        )
        admin.execute("create trigger refuse_one before insert on users for each row execute function refuse_one()")
        try:
            report = await bring(contoso, *rows)
        finally:
            admin.execute("drop function refuse_one() cascade")

    assert counts(report) == (49, 0, 0, 1)
    assert reasons(report) == {19: "row-refused"}
    assert "not this one" in str(report.rejections[0].parameters["detail"])


async def test_rejected_rows_can_be_mended_and_imported(contoso: Org, tmp_path: Path):
    """The file beside the import holds line, reason and sentence, then the columns as they were."""
    path = tmp_path / "people.csv"
    path.write_bytes(
        as_csv(
            {"userPrincipalName": f"annie@{contoso.domain}", "displayName": "Annie", "Kostenstelle": "4711"},
            {"userPrincipalName": "bob@elsewhere.example", "displayName": "Bob", "Kostenstelle": "4712"},
            separator=";",
        )
    )
    report = await import_users(contoso.db, contoso.operator, path)
    rejected = Path(str(report.rejected_file))

    assert rejected.name == "people.csv.rejected.csv"
    [row] = rejected_rows(rejected, ";")
    assert list(row) == ["line", "reason", "message", "userPrincipalName", "displayName", "Kostenstelle"]
    assert (row["line"], row["reason"], row["Kostenstelle"]) == ("3", "row-upn-foreign-domain", "4712")
    assert "elsewhere.example" in row["message"]

    mend(rejected, "bob@elsewhere.example", f"bob@{contoso.domain}")
    mended = await import_users(contoso.db, contoso.operator, rejected)

    assert counts(mended) == (1, 0, 0, 0)
    assert mended.rejected_file is None


async def test_rejected_rows_of_json_get_the_columns_of_an_export(contoso: Org, tmp_path: Path):
    """What could not even be read stands as text in a column of its own."""
    path = tmp_path / "people.jsonl"
    bad = {
        "userPrincipalName": f"x@{contoso.domain}",
        "mail": "broken",
        "displayName": "Mül\ud800ler",
        "businessPhones": ["1"],
    }
    path.write_bytes(as_json_lines({"userPrincipalName": ""}).replace(b"\n", b"\r\n") + b'{"userPrincipalName": \n')
    with path.open("ab") as file:
        file.write((json.dumps(bad) + "\n").encode())

    report = await import_users(contoso.db, contoso.operator, path)

    rows = rejected_rows(Path(str(report.rejected_file)))
    assert [(row["line"], row["reason"]) for row in rows] == [
        ("1", "row-upn-empty"), ("2", "row-json-invalid"), ("3", "row-mail-invalid"),
    ]  # fmt: skip
    assert rows[1]["source"] == '{"userPrincipalName":'
    assert (rows[2]["mail"], rows[2]["telephoneNumber"]) == ("broken", "1")


async def test_a_file_that_is_no_list_of_people_is_one_clear_error(contoso: Org, tmp_path: Path):
    """Nothing is imported, and nothing half-read (must hold: bad input)."""
    operator = contoso.operator

    async def refuse(content: bytes, error: type[Exception]) -> None:
        with pytest.raises(error):
            await import_users(contoso.db, operator, io.BytesIO(content))

    await refuse(b"", ImportEmpty)
    await refuse(b" \r\n\r\n", ImportEmpty)
    await refuse(b"name,street\nAnnie,Here\n", ImportFormUnknown)
    await refuse(b"\x89PNG\r\n\x1a\n\x00\x00", ImportFormUnknown)
    await refuse(b"userPrincipalName,mail,E-Mail\n", ImportColumnRepeated)
    await refuse(b"userPrincipalName,UPN\n", ImportColumnRepeated)
    await refuse(b"[", ImportBroken)
    with pytest.raises(ImportUnreadable):
        await import_users(contoso.db, operator, tmp_path / "missing.csv")
    with pytest.raises(ImportUnreadable):
        await import_users(contoso.db, operator, tmp_path)
    assert await people(contoso) == {}


async def test_a_graph_answer_that_breaks_off_keeps_what_stands_before(contoso: Org):
    """A download that was cut: the error names the line, and a later run of the whole file goes on from there."""
    rows = [{"userPrincipalName": f"p{nr}@{contoso.domain}"} for nr in range(3000)]
    whole = as_graph(*rows)

    with pytest.raises(ImportBroken):
        await import_users(contoso.db, contoso.operator, io.BytesIO(whole[: len(whole) * 9 // 10]))
    report = await import_users(contoso.db, contoso.operator, io.BytesIO(whole))

    assert report.unchanged == service.BATCH_ROWS
    assert report.created == 3000 - service.BATCH_ROWS


async def test_progress_is_told_after_each_batch(contoso: Org):
    """For the bar on the terminal."""
    told: list[Progress] = []
    rows = [{"userPrincipalName": f"p{nr}@{contoso.domain}"} for nr in range(service.BATCH_ROWS + 1)]
    file = as_csv(*rows)

    await import_users(contoso.db, contoso.operator, io.BytesIO(file), tell=told.append)

    assert [each.rows for each in told] == [service.BATCH_ROWS, service.BATCH_ROWS + 1]
    assert (told[-1].bytes_done, told[-1].bytes_total) == (len(file), len(file))


async def test_a_stream_that_cannot_be_read_twice_is_fine(contoso: Org):
    """Standard input, or what another program writes."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    report = await import_users(
        contoso.db, contoso.operator, Pipe(f"userPrincipalName\nkäthe@{contoso.domain}\n".encode("utf-16"))
    )

    assert counts(report) == (1, 0, 0, 0)
    assert "käthe" in await people(contoso)


async def test_who_may_not_write_users_may_not_import(contoso: Org):
    """Permission is asked before the file is touched."""
    annie = await contoso.add_person("annie")

    with pytest.raises(PermissionMissing):
        await import_users(contoso.db, contoso.as_user(annie), Path("missing.csv"))


async def test_a_batch_takes_few_statements(contoso: Org):
    """Never a statement per row: 2,000 new people cost as many as one."""
    counted: list[int] = []
    contoso.db.on_begin.append(lambda tx: tx.after_commit.append(lambda: counted.append(tx.statements)))
    rows = [{"userPrincipalName": f"p{nr}@{contoso.domain}", "mail": f"p{nr}@{contoso.domain}"} for nr in range(2000)]

    await bring(contoso, *rows)

    assert max(counted) <= 15


async def test_an_expired_person_makes_room_for_her_upn(contoso: Org, clock):
    """Purged after 30 days on the business clock: the name is free, the id is not."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await directory.delete_users(tx, contoso.operator, [annie.id])
    clock.offset = timedelta(days=31)
    await sweep(contoso.db, contoso.id, Caller.system("sweeper", tenant_id=contoso.id))

    report = await bring(contoso, {"userPrincipalName": annie.user_principal_name})

    assert counts(report) == (1, 0, 0, 0)
    assert (await people(contoso))["annie"].id != UserId(annie.id)
