"""What the decision's crossing reads of other tenants, and what it can not see."""

from __future__ import annotations

from comity.access import policies, service
from comity.core.ids import PERSONAL_REALM
from comity.db.crossings.decision import Inputs, PersonRow, load_inputs
from comity.db.transaction import Transaction
from comity.directory.model import User
from tests.support.personal import make_personal


async def who(tx: Transaction, *people: User) -> Inputs:
    return await load_inputs(tx, [(each.tenant_id, each.id) for each in people])


async def test_only_people_asked_about_are_read(contoso, fabrikam):
    """Others of the same tenants, and what the asked are called, stay where they are."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    await fabrikam.add_person("carl")

    async with contoso.db.tenant(contoso.id) as tx:
        inputs = await who(tx, annie, bob)

    assert inputs.people == {
        (contoso.id, annie.id): PersonRow(active=True, address=annie.mail, policy_key=None),
        (fabrikam.id, bob.id): PersonRow(active=True, address=bob.mail, policy_key=None),
    }
    assert set(inputs.tenants) == {contoso.id, fabrikam.id}


async def test_only_list_entries_that_can_match_are_read(contoso, fabrikam, tailspin):
    """A partner's other partners are its own business: of its lists only what bears on those asked about."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    parent = contoso.domain.partition(".")[2]
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        secret = {"BlockedDomains": [tailspin.domain, contoso.domain], "AllowedTrialTenantDomains": [tailspin.domain]}
        await service.set_configuration(tx, fabrikam.operator, secret)
        blocked = {"BlockExternalUserAccess": True, "BlockedUsers": [annie.mail, "other@contoso.example"]}
        await service.set_blocked_individuals(tx, fabrikam.operator, blocked)
        await policies.new_policy(tx, fabrikam.operator, "Unrelated", {})
        await tx.execute(
            "insert into directory_contact values (%(tenant_id)s, %(user_id)s, %(at)s)", user_id=annie.id, at=tx.now
        )

    async with contoso.db.tenant(contoso.id) as tx:
        inputs = await who(tx, annie, bob)

    theirs = inputs.tenants[fabrikam.id]
    assert theirs.lists == {"": {"blocked": [contoso.domain]}}
    assert theirs.blocked == (annie.mail,)
    assert theirs.contacts == ()
    assert theirs.policies == {}
    assert parent == "example"


async def test_the_policy_of_an_asked_person_is_read_and_no_other(contoso, fabrikam):
    """With the lists of that policy, and Global."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        settings = {"AllowedExternalDomains": [contoso.domain, "x.example"]}
        await policies.new_policy(tx, fabrikam.operator, "Bobs", settings)
        await policies.new_policy(tx, fabrikam.operator, "Carls", settings)
        await policies.set_policy(tx, fabrikam.operator, {"EnableFederationAccess": False})
        await policies.grant_policy(tx, fabrikam.operator, bob.id, "Bobs")

    async with contoso.db.tenant(contoso.id) as tx:
        inputs = await who(tx, annie, bob)

    assert set(inputs.tenants[fabrikam.id].policies) == {"global", "bobs"}
    assert inputs.tenants[fabrikam.id].lists == {"bobs": {"allowed": [contoso.domain]}}


async def test_of_a_personal_account_nothing_but_its_state_is_read(contoso):
    """And only of the one asked about; the realm has no settings (design §4.9)."""
    annie = await contoso.add_person("annie")
    dana, eve = await make_personal(contoso.db, "dana"), await make_personal(contoso.db, "eve")

    async with contoso.db.tenant(contoso.id) as tx:
        inputs = await who(tx, annie, dana.user)

    assert inputs.people[PERSONAL_REALM, dana.user.id] == PersonRow(
        active=True, address=str(dana.user.mail), policy_key=None
    )
    assert (PERSONAL_REALM, eve.user.id) not in inputs.people
    assert set(inputs.tenants) == {contoso.id}


async def test_ids_of_another_tenant_and_b2b_identities_are_nobody(contoso, fabrikam):
    """An id opens nothing unless it is that tenant's own person."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    guest = await contoso.invite_guest(bob)

    async with contoso.db.tenant(contoso.id) as tx:
        inputs = await load_inputs(
            tx, [(contoso.id, bob.id), (contoso.id, guest.id), (fabrikam.id, annie.id), (PERSONAL_REALM, annie.id)]
        )

    assert inputs.people == {}


async def test_the_transaction_is_its_own_tenants_again(contoso, fabrikam):
    """What was opened for the reading is closed after it."""
    annie, bob = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    dana = await make_personal(contoso.db, "dana")

    async with contoso.db.tenant(contoso.id) as tx:
        await who(tx, bob, dana.user, annie)

        assert tx.tenant_id == contoso.id
        assert tx.person is None
        assert await tx.rows("select tenant_id from users where id = any (%(ids)s)", ids=[annie.id, bob.id]) == [
            (contoso.id,)
        ]
