"""Tenants and their domains."""

import pytest

from comity.core.caller import Caller
from comity.core.errors import PermissionMissing
from comity.core.ids import PERSONAL_REALM, TenantId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.tenancy import service
from comity.tenancy.model import DomainInvalid, DomainTaken, Tenant, TenantAmbiguous, TenantKind, TenantUnknown
from comity.tenancy.service import TenantNameEmpty
from tests.support.world import make_org


async def create(db: Database, name: str, domain: str) -> Tenant:
    tenant_id = TenantId(new_id())
    operator = Caller.operator("tester", tenant_id=tenant_id)
    return await service.create_tenant(db, operator, name=name, domain=domain, tenant_id=tenant_id)


async def test_a_tenant_is_found_by_id_domain_and_name(db, contoso):
    tenant = contoso.tenant

    for text in (str(tenant.id), tenant.initial_domain, tenant.initial_domain.upper(), f" {tenant.name.upper()} "):
        assert await service.resolve_tenant(db, text) == tenant


async def test_an_unknown_tenant_is_named_in_the_refusal(db):
    for text in (str(new_id()), f"nobody-{new_id().hex}"):
        with pytest.raises(TenantUnknown) as refusal:
            await service.resolve_tenant(db, text)
        assert refusal.value.parameters == {"tenant": text}


async def test_tenants_of_one_name_are_told_apart_by_their_domains(db):
    name = f"Twin {new_id().hex}"
    twins = [await create(db, name, f"twin-{new_id().hex}.example") for _ in range(2)]

    with pytest.raises(TenantAmbiguous) as refusal:
        await service.resolve_tenant(db, name)

    candidates = str(refusal.value.parameters["candidates"])
    assert all(each.initial_domain in candidates for each in twins)


async def test_a_domain_has_one_owner(db, contoso, fabrikam):
    with pytest.raises(DomainTaken):
        await create(db, "Another", contoso.domain.upper())
    async with db.tenant(fabrikam.id) as tx:
        with pytest.raises(DomainTaken):
            await service.add_domain(tx, fabrikam.operator, contoso.domain)


@pytest.mark.parametrize("domain", ["", "localhost", "a..example", "-a.example", "a b.example"])
async def test_a_domain_has_two_labels_at_least(db, domain):
    with pytest.raises(DomainInvalid):
        await create(db, "Broken", domain)


async def test_a_domain_has_one_form_whoever_wrote_it(db, contoso):
    """IDNA and lower case (external-access §2)."""
    label = new_id().hex
    async with db.tenant(contoso.id) as tx:
        added = await service.add_domain(tx, contoso.operator, f"Bücher-{label}.Example.")
        domains = await service.list_domains(tx)

    assert added.name.startswith(f"xn--bcher-{label}-")
    assert [each.name for each in domains] == [contoso.domain, added.name]
    assert domains[0].is_initial


async def test_a_tenant_needs_a_name(db):
    with pytest.raises(TenantNameEmpty):
        await create(db, "  ", f"nameless-{new_id().hex}.example")


async def test_only_the_operator_creates_and_lists_tenants(db, contoso):
    annie = contoso.as_user(await contoso.add_person("annie"), permissions=frozenset({Permission.ORGANIZATION_WRITE}))

    with pytest.raises(PermissionMissing):
        await service.create_tenant(db, annie, name="Mine", domain=f"mine-{new_id().hex}.example")
    with pytest.raises(PermissionMissing):
        await service.list_tenants(db, annie)


async def test_a_domain_takes_the_permission_for_domains(db, contoso):
    annie = contoso.as_user(await contoso.add_person("annie"), permissions=frozenset({Permission.USER_WRITE}))

    async with db.tenant(contoso.id) as tx:
        with pytest.raises(PermissionMissing):
            await service.add_domain(tx, annie, f"more-{new_id().hex}.example")


async def test_all_tenants_are_listed_by_name_page_by_page(db, contoso):
    await make_org(db, "Adatum")
    await make_org(db, "Zava")

    found = await service.list_tenants(db, contoso.operator, at_most=2)
    while page := await service.list_tenants(db, contoso.operator, after=found[-1], at_most=2):
        found += page

    names = [service.name_key(each.name) for each in found]
    assert len({each.id for each in found}) == len(found)
    assert names == sorted(names)
    assert contoso.tenant in found


async def test_there_is_one_realm_of_personal_accounts(db):
    """Made at the first start; the second finds it."""
    await service.ensure_personal_realm(db)
    await service.ensure_personal_realm(db)

    assert (await service.resolve_tenant(db, str(PERSONAL_REALM))).kind is TenantKind.PERSONAL
