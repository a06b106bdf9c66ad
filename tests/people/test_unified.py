"""One person, one row, one label, over the multitenant organization and beyond (people-search §4, §6, §8)."""

from __future__ import annotations

import pytest

from comity.access import service as access
from comity.access.errors import PermitMissing, PersonUnreachable
from comity.access.model import Person, Purpose, Rule
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM
from comity.db.crossings.address import Candidate, find_by_address
from comity.directory.personal import register_personal
from comity.people import service
from comity.people.model import Standing
from tests.people.conftest import found, names, represent, search, searcher
from tests.support.organizations import add, form, unite
from tests.support.personal import make_personal, person
from tests.support.world import Org


@pytest.fixture
async def annie(contoso):
    return await contoso.add_person("annie")


@pytest.fixture
async def bob(fabrikam):
    return await fabrikam.add_person("bob", surname="Builder")


async def refuse(org: Org, **changes: object) -> None:
    async with org.db.tenant(org.id) as tx:
        await access.set_configuration(tx, org.operator, changes)


async def test_a_colleague_of_the_organization_is_found_with_its_name(contoso, fabrikam, annie, bob):
    """The local account to share with, the home account to chat with (people-search §4)."""
    await unite(contoso, fabrikam)
    local = await represent(contoso, bob)

    (row,) = await found(contoso, annie, "bob")

    assert (row.id, row.home, row.home_tenant_id) == (local.id, person(bob), fabrikam.id)
    assert row.label == f"({fabrikam.tenant.name})"
    assert row.can_chat


async def test_labels_are_one_of_each(contoso, fabrikam, tailspin, annie, bob):
    """Inside the organization its name, outside (External), a guest (Guest); never two."""
    await unite(contoso, fabrikam)
    await represent(contoso, bob)
    await represent(contoso, await tailspin.add_person("berta"))
    await represent(contoso, await fabrikam.add_person("bianca"), user_type="Guest")

    assert {each.display_name: each.label for each in await found(contoso, annie, "b")} == {
        "Bob": f"({fabrikam.tenant.name})", "Berta": "(External)", "Bianca": "(Guest)",
    }  # fmt: skip


async def test_people_of_a_pending_tenant_are_ordinary_externals(contoso, fabrikam, annie, bob):
    """A defines an organisation with B, B is pending: not unified (people-search §8)."""
    await form(contoso)
    await add(contoso, fabrikam)
    await represent(contoso, bob)

    assert [each.label for each in await found(contoso, annie, "bob")] == ["(External)"]


async def test_guests_are_found_only_if_shown(contoso, fabrikam, annie, bob):
    """Hidden by default; a shown one without a known home cannot be written to (people-search §2)."""
    await contoso.invite_guest(bob)
    carl = await fabrikam.add_person("carl")
    await represent(contoso, carl, user_type="Guest", home_tenant_id=None, home_user_id=None,
                    external_user_state="PendingAcceptance")  # fmt: skip

    assert await names(contoso, annie, "bob") == []
    (row,) = await found(contoso, annie, "carl")
    assert (row.home, row.can_chat, row.reason, row.label) == (None, False, Rule.UNREACHABLE, "(Guest)")


async def test_chat_is_off_with_the_reason_where_external_access_refuses(contoso, fabrikam, annie, bob):
    """Found by name all the same; the own side's rule is named, the other side's is not (people-search §8)."""
    await represent(contoso, bob)
    await refuse(contoso, BlockedDomains=[fabrikam.domain])
    (own,) = await found(contoso, annie, "bob")
    await refuse(contoso, BlockedDomains=[])
    await refuse(fabrikam, AllowFederatedUsers=False)
    (other,) = await found(contoso, annie, "bob")

    assert [(each.can_chat, each.reason) for each in (own, other)] == [
        (False, Rule.TENANT_DOMAIN_BLOCKED), (False, Rule.UNREACHABLE),
    ]  # fmt: skip


async def test_an_exact_address_finds_beyond_the_tenant(contoso, fabrikam, annie, bob):
    """Before any sharing, through external access: name and the address typed (people-search §8)."""
    (row,) = await found(contoso, annie, str(bob.mail).upper())

    assert (row.id, row.display_name, row.mail, row.user_principal_name, row.home) == (
        bob.id, "Bob", bob.mail, None, person(bob),
    )  # fmt: skip
    assert (row.label, row.home_tenant_id, row.can_chat) == ("(External)", fabrikam.id, True)


async def test_who_stands_here_is_not_found_beyond_a_second_time(contoso, fabrikam, annie, bob):
    """The merge key is the home identity (people-search §4)."""
    await unite(contoso, fabrikam)
    local = await represent(contoso, bob)

    (row,) = await found(contoso, annie, str(bob.mail))

    assert (row.id, row.label) == (local.id, f"({fabrikam.tenant.name})")


async def test_a_phone_number_finds_personal_accounts_and_no_others(contoso, fabrikam, annie, db):
    """However the number is written (mission M15)."""
    suffix = f"{annie.id.int % 10**7:07}"
    await fabrikam.add_person("phoebe", mobile_phone=f"+4930{suffix}")
    dana = await register_personal(
        db, mail=f"dana@{annie.id.hex}.example", display_name="Dana", phone=f"+49 30 {suffix}"
    )

    (row,) = await found(contoso, annie, f"+49 (30) {suffix}")

    assert (row.home, row.standing, row.label, row.mail) == (
        Person(PERSONAL_REALM, dana.id), Standing.PERSONAL, "(Personal)", None,
    )  # fmt: skip


async def test_whoever_cannot_be_reached_looks_like_nobody(contoso, fabrikam, annie, bob):
    """Nonexistent, refused over there, disabled: one answer (external-access §10)."""
    disabled = await fabrikam.add_person("dora", account_enabled=False)
    await refuse(fabrikam, AllowFederatedUsers=False)

    answers = [
        await search(contoso, annie, each)
        for each in (str(bob.mail), str(disabled.mail), f"nobody@{fabrikam.domain}", "x@unheard-of.example")
    ]

    assert all(each.people == () and isinstance(each.refusal, PersonUnreachable) for each in answers)
    assert len({(each.refusal.code, tuple(each.refusal.parameters.items())) for each in answers if each.refusal}) == 1


async def test_ones_own_sides_refusal_says_so(contoso, annie, bob):
    """The searcher can then ask his own admin (external-access §10)."""
    await refuse(contoso, AllowFederatedUsers=False)

    answer = await search(contoso, annie, str(bob.mail))

    assert answer.refusal is not None
    assert answer.refusal.decision.deciding_rule is Rule.TENANT_FEDERATION_OFF


async def test_a_personal_account_finds_by_exact_organizational_address_only(contoso, annie, db):
    """No name, no beginning of an address; and nobody whose tenant keeps them from it (mission M15)."""
    dana = await make_personal(db, "dana")

    async def look(text: str) -> list[str]:
        async with db.tenant(PERSONAL_REALM, person=dana.user.id) as tx:
            return [each.display_name for each in (await service.find(tx, dana.caller, text)).people]

    assert [await look(each) for each in ("annie", "dana", str(annie.mail)[:-1], str(annie.mail))] == [
        [], [], [], ["Annie"],
    ]  # fmt: skip
    await refuse(contoso, AllowTeamsConsumerInbound=False)
    assert await look(str(annie.mail)) == []


async def test_one_address_may_lead_to_a_work_and_a_personal_account(contoso, annie, bob, db):
    """Each a result of its own, the work account first (external-access §10)."""
    await register_personal(db, mail=str(bob.mail), display_name="Bob at home")

    assert [(each.display_name, each.label) for each in await found(contoso, annie, str(bob.mail))] == [
        ("Bob", "(External)"), ("Bob at home", "(Personal)"),
    ]  # fmt: skip


async def test_lookup_reveals_nobody_without_a_permit_for_just_her(contoso, fabrikam, annie, bob):
    """The door takes a permit, and checks it (design §4.7)."""
    carl = await fabrikam.add_person("carl")
    caller: Caller = searcher(contoso, annie)
    async with contoso.db.tenant(contoso.id) as tx:
        (candidate,) = await find_by_address(tx, str(carl.mail))
        assert isinstance(candidate, Candidate)
        for target, purpose in ((bob, Purpose.LOOKUP), (carl, Purpose.START)):
            permit = await access.permit(tx, caller, actor=person(annie), target=person(target), purpose=purpose)
            with pytest.raises(PermitMissing):
                service.reveal(tx, permit, candidate, membership=None)
        with pytest.raises(TypeError):
            service.reveal(tx, candidate=candidate, membership=None)  # type: ignore[call-arg]
        permit = await access.permit(tx, caller, actor=person(annie), target=person(carl), purpose=Purpose.LOOKUP)
        assert service.reveal(tx, permit, candidate, membership=None).display_name == "Carl"
