"""What is exported comes in again as it was."""

from __future__ import annotations

import csv
import io
import json

import pytest

from comity.core.errors import PermissionMissing
from comity.core.ids import new_id
from comity.db.database import Database
from comity.directory.export import ExportForm, export_users
from comity.directory.imports.service import import_users
from comity.directory.service import delete_users
from tests.directory.files import bring, counts, people
from tests.support.world import Org


async def exported(org: Org, form: ExportForm) -> str:
    return "".join([piece async for piece in export_users(org.db, org.operator, form=form)])


async def filled(org: Org) -> None:
    boss = str(new_id())
    await bring(
        org,
        {
            "userPrincipalName": f"käthe@{org.domain}",
            "displayName": 'Käthe "K" Größmann; jr.',
            "manager": boss,
            "streetAddress": "Straße 1\nHinterhaus",
            "accountEnabled": "no",
            "telephoneNumber": "+49 30 1",
            "employeeId": "007",
        },
        {
            "userPrincipalName": f"boss@{org.domain}",
            "id": boss,
            "mail": "boss@else.example",
            "showInAddressList": "false",
        },
        {"userPrincipalName": f"al_fabrikam.example#EXT#@{org.domain}", "invitationState": "Accepted"},
    )


@pytest.mark.parametrize("form", ExportForm)
async def test_an_export_into_an_empty_tenant_keeps_ids_and_attributes(
    db: Database, contoso: Org, fabrikam: Org, form: ExportForm
):
    """Of the same domain, as after a loss; here the domain's name is exchanged in the text."""
    await filled(contoso)
    text = (await exported(contoso, form)).replace(contoso.domain, fabrikam.domain)

    report = await import_users(db, fabrikam.operator, io.BytesIO(text.encode()))

    assert counts(report) == (3, 0, 0, 0)
    before, after = await people(contoso), await people(fabrikam)
    for name, user in before.items():
        there = after[name]
        assert (there.id, there.display_name, there.street_address, there.manager_id, there.account_enabled) == (
            user.id, user.display_name, user.street_address, user.manager_id, user.account_enabled,
        )  # fmt: skip
        assert (there.user_type, there.creation_type, there.external_user_state, there.show_in_address_list) == (
            user.user_type, user.creation_type, user.external_user_state, user.show_in_address_list,
        )  # fmt: skip


@pytest.mark.parametrize("form", ExportForm)
async def test_an_export_changes_nothing_where_it_comes_from(contoso: Org, form: ExportForm):
    """Every value is read as it was written."""
    await filled(contoso)

    report = await import_users(contoso.db, contoso.operator, io.BytesIO((await exported(contoso, form)).encode()))

    assert counts(report) == (0, 0, 3, 0)


async def test_both_forms_hold_the_same_columns(contoso: Org):
    """So that a script may take either."""
    await filled(contoso)

    table = list(
        csv.DictReader(io.StringIO((await exported(contoso, ExportForm.CSV)).removeprefix("\ufeff"), newline=""))
    )
    lines = [json.loads(line) for line in (await exported(contoso, ExportForm.JSON_LINES)).splitlines()]

    assert [row["id"] for row in table] == [row["id"] for row in lines]
    assert list(table[0]) == list(lines[0])


async def test_deleted_people_are_not_exported(contoso: Org):
    """Nor those of other tenants."""
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [annie.id])

    assert await exported(contoso, ExportForm.JSON_LINES) == ""


async def test_who_may_not_read_users_may_not_export(contoso: Org):
    """Permission is asked at the first piece."""
    annie = await contoso.add_person("annie")

    with pytest.raises(PermissionMissing):
        await anext(export_users(contoso.db, contoso.as_user(annie), form=ExportForm.CSV))
