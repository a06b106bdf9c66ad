"""GET /organization in Graph's shape (graph-api §3.1), and the walls around it."""

from __future__ import annotations

from comity.core.ids import PERSONAL_REALM, new_id
from comity.tenancy.service import add_domain
from comity.web.graph.organization import ORGANIZATION
from comity.web.graph.user_shape import TYPE, USER
from tests.web.client import Web, check_envelope
from tests.web.graph.metadata import check_type


async def test_a_user_is_of_graphs_type_with_everything_selected(web: Web, contoso, fabrikam):
    await contoso.add_person("annie", mobile_phone="+49 1", business_phone="+49 2", usage_location="DE")
    await contoso.invite_guest(await fabrikam.add_person("bob"))
    token = await web.token_of(contoso)

    everything = ",".join(sorted(USER.properties))
    for query in ("", f"?$select={everything}"):
        users = (await web.get(f"/v1.0/users{query}", token)).json()["value"]
        assert len(users) == 2
        for user in users:
            check_type(user, TYPE)


async def test_the_organization_is_of_graphs_type_and_exactly_one(web: Web, contoso):
    async with contoso.db.tenant(contoso.id) as tx:
        await add_domain(tx, contoso.operator, f"more.{contoso.domain}")
    token = await web.token_of(contoso)

    listed = (await web.get("/v1.0/organization", token)).json()
    one = (await web.get(f"/v1.0/organization/{contoso.id}", token)).json()
    assert listed["@odata.context"] == "http://lab.example:8080/v1.0/$metadata#organization"
    assert one.pop("@odata.context") == "http://lab.example:8080/v1.0/$metadata#organization/$entity"
    assert listed["value"] == [one]
    check_type(one, ORGANIZATION.type)
    assert one["id"] == str(contoso.id)
    assert one["displayName"] == contoso.tenant.name
    assert [(each["name"], each["isInitial"], each["isDefault"]) for each in one["verifiedDomains"]] == [
        (contoso.domain, True, True),
        (f"more.{contoso.domain}", False, False),
    ]
    chosen = (await web.get("/beta/organization?$select=id,displayName", token)).json()["value"]
    assert chosen == [{"id": str(contoso.id), "displayName": contoso.tenant.name}]
    error = check_envelope(await web.get("/v1.0/organization?$select=x", token), 400, "BadRequest")
    assert "microsoft.graph.organization" in error["message"]
    check_envelope(await web.get("/v1.0/organization?$top=1", token), 400, "Request_UnsupportedQuery")


async def test_another_organization_looks_like_none(web: Web, contoso, fabrikam):
    """Absence of permission and absence of the thing look alike across tenants (style §7)."""
    token = await web.token_of(contoso)

    bodies = []
    for key in (fabrikam.id, new_id(), PERSONAL_REALM, "nonsense", contoso.domain):
        error = check_envelope(await web.get(f"/v1.0/organization/{key}", token), 404, "Request_ResourceNotFound")
        bodies.append(str({**error, "innerError": None}).replace(str(key), "?"))
    assert len(set(bodies)) == 1


async def test_domains_are_listed_added_and_removed(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    name = f"second.{contoso.domain}"

    made = await web.post("/v1.0/domains", token, {"id": name})
    assert made.status_code == 201, made.text
    listed = (await web.get("/v1.0/domains", token)).json()["value"]
    assert {each["id"]: each["isDefault"] for each in listed} == {contoso.domain: True, name: False}
    assert (await web.patch(f"/v1.0/domains/{name}", token, {"isDefault": True})).status_code == 204
    assert (await web.get(f"/v1.0/domains/{name}", token)).json()["isDefault"] is True
    assert (await web.post(f"/v1.0/domains/{name}/verify", token)).json()["isVerified"] is True
    records = (await web.get(f"/v1.0/domains/{name}/verificationDnsRecords", token)).json()["value"]
    assert records[0]["text"].startswith("MS=ms")
    assert (await web.get(f"/v1.0/domains/{name}/serviceConfigurationRecords", token)).json()["value"] == []
    for kept in (name, contoso.domain):
        check_envelope(await web.delete(f"/v1.0/domains/{kept}", token), 400, "Request_BadRequest")
    assert (await web.patch(f"/v1.0/domains/{contoso.domain}", token, {"isDefault": True})).status_code == 204
    assert (await web.delete(f"/v1.0/domains/{name}", token)).status_code == 204
    for gone in (name, fabrikam.domain):
        check_envelope(await web.get(f"/v1.0/domains/{gone}", token), 404, "Request_ResourceNotFound")
    taken = await web.post("/v1.0/domains", token, {"id": fabrikam.domain})
    assert taken.status_code in {400, 409}


async def test_a_domain_that_names_people_stays(web: Web, contoso):
    token = await web.token_of(contoso)
    name = f"second.{contoso.domain}"
    await web.post("/v1.0/domains", token, {"id": name})
    await contoso.add_person("annie", user_principal_name=f"annie@{name}")

    check_envelope(await web.delete(f"/v1.0/domains/{name}", token), 400, "Request_BadRequest")


async def test_the_organization_says_how_to_reach_it(web: Web, contoso, fabrikam):
    token = await web.token_of(contoso)
    change = {
        "technicalNotificationMails": ["it@contoso.example"],
        "privacyProfile": {"contactEmail": "alice@contoso.example", "statementUrl": "https://contoso.example/p"},
    }

    assert (await web.patch(f"/v1.0/organization/{contoso.id}", token, change)).status_code == 204
    read = (await web.get(f"/v1.0/organization/{contoso.id}", token)).json()
    assert {name: read[name] for name in change} == change
    refused = await web.patch(f"/v1.0/organization/{fabrikam.id}", token, change)
    check_envelope(refused, 404, "Request_ResourceNotFound")
    wrong = await web.patch(f"/v1.0/organization/{contoso.id}", token, {"displayName": "Ours"})
    check_envelope(wrong, 400, "Request_BadRequest")
