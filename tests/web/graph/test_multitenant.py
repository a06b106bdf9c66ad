"""A multitenant organisation of three tenants, over HTTP alone (graph-api §4.1)."""

from __future__ import annotations

from comity.core.ids import PERSONAL_REALM, new_id
from tests.web.client import Web, check_envelope

M = "/v1.0/tenantRelationships/multiTenantOrganization"
NOBODY = "00000000-0000-0000-0000-000000000000"


async def test_three_tenants_form_an_organization(web: Web, contoso, fabrikam, tailspin):
    owner, second, third = [await web.token_of(each) for each in (contoso, fabrikam, tailspin)]
    nothing = await web.get(M, owner)
    assert nothing.json() == {"createdDateTime": None, "displayName": None, "description": None, "state": "inactive"}
    made = await web.put(M, owner, {"displayName": "All of us", "description": "Together"})
    assert (made.status_code, made.json()["state"]) == (201, "active")
    for org in (fabrikam, tailspin):
        body = {"tenantId": str(org.id), "displayName": org.tenant.name}
        assert (await web.post(f"{M}/tenants", owner, body)).status_code == 201
    again = await web.post(f"{M}/tenants", owner, {"tenantId": str(fabrikam.id), "displayName": "x"})
    check_envelope(again, 400, "Request_BadRequest")
    before = (await web.get(f"{M}/joinRequest", second)).json()
    assert (before["addedByTenantId"], before["memberState"]) == (NOBODY, None)
    for token in (second, third):
        assert (await web.patch(f"{M}/joinRequest", token, {"addedByTenantId": str(contoso.id)})).status_code == 204
    after = (await web.get(f"{M}/joinRequest", second)).json()
    assert (after["addedByTenantId"], after["memberState"], after["role"]) == (str(contoso.id), "active", "member")

    listed = (await web.get(f"{M}/tenants?$filter=role eq 'owner'", third)).json()["value"]
    assert [each["tenantId"] for each in listed] == [str(contoso.id)]
    assert (await web.patch(f"{M}/tenants/{fabrikam.id}", owner, {"role": "owner"})).status_code == 204
    assert (await web.get(f"{M}/tenants/{fabrikam.id}", third)).json()["role"] == "owner"
    check_envelope(await web.delete(f"{M}/tenants/{contoso.id}", third), 403, "Authorization_RequestDenied")
    assert (await web.patch(M, second, {"displayName": "Still us"})).status_code == 204
    assert (await web.get(M, third)).json()["displayName"] == "Still us"
    assert (await web.delete(f"{M}/tenants/{tailspin.id}", owner)).status_code == 204
    assert (await web.get(M, third)).json()["state"] == "inactive"
    check_envelope(await web.get(f"{M}/tenants/{tailspin.id}", owner), 404, "Directory_ObjectNotFound")


async def test_tenants_are_looked_up_by_id_and_by_domain(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    base = "/v1.0/tenantRelationships"

    for path in (
        f"findTenantInformationByTenantId(tenantId='{fabrikam.id}')",
        f"findTenantInformationByTenantId(tenantId={fabrikam.id})",
        f"findTenantInformationByTenantId(tenantId='@id')?id={fabrikam.id}",
        f"findTenantInformationByTenantId(tenantId=@id)?@id='{fabrikam.id}'",
        f"findTenantInformationByDomainName(domainName='{fabrikam.domain}')",
        f"microsoft.graph.findTenantInformationByDomainName(domainName='{fabrikam.domain.upper()}')",
    ):
        answer = await web.get(f"{base}/{path}", token)
        assert answer.status_code == 200, (path, answer.text)
        assert answer.json()["tenantId"] == str(fabrikam.id)
        assert answer.json()["defaultDomainName"] == fabrikam.domain
    for unknown in (new_id(), PERSONAL_REALM, "nonsense"):
        path = f"{base}/findTenantInformationByTenantId(tenantId='{unknown}')"
        check_envelope(await web.get(path, token), 404, "Request_ResourceNotFound")
