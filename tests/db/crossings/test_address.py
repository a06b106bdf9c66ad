"""What an exact address leads to, and what the crossing can not see."""

from __future__ import annotations

from dataclasses import fields

import psycopg
import pytest

from comity.core.ids import PERSONAL_REALM, new_id
from comity.db.crossings.address import AddressKind, Candidate, find_by_address
from comity.directory.model import User
from comity.directory.personal import register_personal
from comity.directory.service import delete_users
from tests.support.world import Org


async def found(org: Org, address: str, **how) -> list[Candidate]:
    """As the tenant of `org` asks."""
    async with org.db.tenant(org.id) as tx:
        candidates = await find_by_address(tx, address, **how)
        assert (tx.tenant_id, tx.person) == (org.id, None)  # back home
        return candidates


def candidate(org: Org, user: User, kind: AddressKind, address: str) -> Candidate:
    return Candidate(kind, org.id, user.id, user.display_name, address, org.tenant.name)


async def test_a_mail_leads_to_the_person_of_another_tenant(contoso: Org, fabrikam: Org):
    """In whatever case it is typed; by mail rather than by UPN where both match."""
    bob = await fabrikam.add_person("bob")
    carl = await fabrikam.add_person("carl", mail="carl@else.example")

    assert await found(contoso, f" {str(bob.mail).upper()} ") == [
        candidate(fabrikam, bob, AddressKind.MAIL, str(bob.mail))
    ]
    assert await found(contoso, carl.user_principal_name) == [
        candidate(fabrikam, carl, AddressKind.UPN, carl.user_principal_name)
    ]


async def test_a_shared_mail_leads_to_work_first_then_personal(contoso: Org, fabrikam: Org):
    """One mail may own both (external-access §10)."""
    bob = await fabrikam.add_person("bob")
    at_home = await register_personal(contoso.db, mail=str(bob.mail), display_name="Bob at home")

    candidates = await found(contoso, str(bob.mail))

    assert [(each.tenant_id, each.user_id, each.is_personal) for each in candidates] == [
        (fabrikam.id, bob.id, False), (PERSONAL_REALM, at_home.id, True),
    ]  # fmt: skip


async def test_a_phone_leads_to_personal_accounts_only(contoso: Org, fabrikam: Org):
    """A work account's number is a directory attribute, nothing to be found by from outside."""
    phone = f"+4930{new_id().int % 10**8:08}"
    await fabrikam.add_person("bob", mobile_phone=phone, business_phone=phone)
    dana = await register_personal(
        contoso.db, mail=f"dana@p-{new_id().hex[-12:]}.example", display_name="Dana", phone=phone
    )

    assert [(each.user_id, each.kind, each.address) for each in await found(contoso, phone)] == [
        (dana.id, AddressKind.PHONE, phone)
    ]
    assert await found(contoso, phone, kinds=frozenset({AddressKind.MAIL, AddressKind.UPN})) == []


async def test_only_the_whole_address_finds(contoso: Org, fabrikam: Org):
    """No prefix, no domain, no name, no wildcard, no id."""
    bob = await fabrikam.add_person("bob")
    mail = str(bob.mail)

    for text in (mail[:-1], mail[1:], f"@{fabrikam.domain}", "bob", "%", f"%@{fabrikam.domain}", str(bob.id), "", "@"):
        assert await found(contoso, text) == []


async def test_whoever_is_not_there_is_not_seen(contoso: Org, fabrikam: Org):
    """Disabled, deleted, renamed: the old address leads nowhere."""
    disabled = await fabrikam.add_person("disabled", account_enabled=False)
    deleted = await fabrikam.add_person("deleted")
    renamed = await fabrikam.add_person("renamed")
    async with fabrikam.db.tenant(fabrikam.id) as tx:
        await delete_users(tx, fabrikam.operator, [deleted.id])
    new = f"new@{fabrikam.domain}"
    await fabrikam.change(renamed, user_principal_name=new, mail=new)

    for each in (disabled, deleted, renamed):
        assert await found(contoso, str(each.mail)) == []
    assert [each.user_id for each in await found(contoso, new)] == [renamed.id]


async def test_a_guest_elsewhere_is_found_at_home_only(contoso: Org, fabrikam: Org):
    """B2B identities stand for somebody; the somebody is at home."""
    bob = await fabrikam.add_person("bob")
    guest = await contoso.invite_guest(bob)

    assert [(each.tenant_id, each.user_id) for each in await found(contoso, str(bob.mail))] == [(fabrikam.id, bob.id)]
    assert await found(fabrikam, guest.user_principal_name) == []


def test_a_candidate_carries_nothing_else():
    """Name, the address as asked for, organisation: no title, manager, phone or groups (external-access §10)."""
    assert [each.name for each in fields(Candidate)] == [
        "kind", "tenant_id", "user_id", "display_name", "address", "tenant_name",
    ]  # fmt: skip


async def test_the_index_itself_is_closed_to_tenants(contoso: Org):
    """Only the named function answers, one address at a time."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with contoso.db.tenant(contoso.id) as tx:
            await tx.rows("select address_key from address")
