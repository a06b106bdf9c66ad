"""Whose job writes an attribute of an account here, and what the crossing can not see."""

from __future__ import annotations

import pytest

from comity.core.ids import JobId
from comity.db.crossings.inbound_jobs import ManagingJob, find_managing_job
from comity.db.database import Database
from comity.directory.model import Attribute, User
from comity.directory.store import find_by_home
from comity.partners import service as partners
from comity.sync import configuring
from comity.sync import service as sync
from comity.sync.drain import drain
from comity.sync.mapping_document import write_mapping
from comity.sync.mapping_rows import DEFAULT
from tests.support.drains import accept, share, unshare
from tests.support.world import Org

USER_TYPE = Attribute.USER_TYPE.bit


async def found(org: Org, home: User, bits: int = USER_TYPE) -> ManagingJob | None:
    """As the tenant of `org` asks about the account that stands for somebody."""
    async with org.db.tenant(org.id) as tx:
        account = await find_by_home(tx, home.tenant_id, home.id)
        assert account is not None
        job = await find_managing_job(tx, home=home.tenant_id, home_user=home.id, account=account.id, bits=bits)
        assert tx.tenant_id == org.id  # back home
        return job


async def map_always(org: Org, job: JobId) -> None:
    """The job sets userType at each look."""
    document = write_mapping(DEFAULT)
    for row in document["attributeMappings"]:
        if row["targetAttributeName"] == "userType":
            row["flowType"] = "Always"
    async with org.db.tenant(org.id) as tx:
        await configuring.set_mapping(tx, org.operator, job, document)


@pytest.fixture
async def annie(fabrikam: Org, contoso: Org, db: Database) -> User:
    """She is shared, with userType mapped always."""
    person = await fabrikam.add_person("annie")
    await accept(contoso, people_of=fabrikam)
    job = await share(fabrikam, person, to=contoso)
    await map_always(fabrikam, job)
    await drain(db, fabrikam.id)
    return person


async def test_the_job_is_named_that_put_the_account_here(contoso: Org, annie: User):
    """And only for attributes that it writes again and again."""
    job = await found(contoso, annie)

    assert job is not None
    assert job.name == f"Sync_{contoso.id}"
    assert await found(contoso, annie, Attribute.MAIL.bit) is None


async def test_a_job_that_rests_manages_nothing(fabrikam: Org, contoso: Org, annie: User, db: Database):
    """Nor one whose door is closed here."""
    job = await found(contoso, annie)
    assert job is not None
    async with contoso.db.tenant(contoso.id) as tx:
        await partners.withdraw_acceptance(tx, contoso.operator, fabrikam.id)
    assert await found(contoso, annie) is None

    await accept(contoso, people_of=fabrikam)
    async with db.tenant(fabrikam.id) as tx:
        await sync.pause(tx, fabrikam.operator, job.id)
    assert await found(contoso, annie) is None


async def test_jobs_toward_others_and_people_let_go_are_not_seen(
    fabrikam: Org, contoso: Org, tailspin: Org, annie: User, db: Database
):
    """Contoso learns nothing of what Fabrikam shares with Tailspin, though the same person is meant."""
    await accept(tailspin, people_of=fabrikam)
    await share(fabrikam, annie, to=tailspin)
    await drain(db, fabrikam.id)
    assert await found(tailspin, annie) is None  # there, userType is mapped on creation only

    await unshare(fabrikam, annie, to=contoso)
    await drain(db, fabrikam.id)
    assert await found(contoso, annie) is None
