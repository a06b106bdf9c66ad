"""Objects whatever they are: by ids, and what they are in."""

from __future__ import annotations

from comity.core.ids import new_id
from comity.directory import groups
from comity.directory.model import GroupDraft
from tests.web.client import Web, check_envelope


async def test_objects_are_found_by_their_ids(web: Web, contoso, fabrikam):
    annie, other = await contoso.add_person("annie"), await fabrikam.add_person("eve")
    async with contoso.db.tenant(contoso.id) as tx:
        team = await groups.create(tx, contoso.operator, GroupDraft("Team"), members=[annie.id])
    token = await web.token_of(contoso)
    ids = [str(each) for each in (annie.id, team.id, other.id, new_id())]

    both = (await web.post("/v1.0/directoryObjects/getByIds", token, {"ids": ids})).json()["value"]
    assert {(each["@odata.type"], each["id"]) for each in both} == {
        ("#microsoft.graph.user", str(annie.id)), ("#microsoft.graph.group", str(team.id)),
    }  # fmt: skip
    only = await web.post("/v1.0/directoryObjects/getByIds", token, {"ids": ids, "types": ["group"]})
    assert [each["id"] for each in only.json()["value"]] == [str(team.id)]
    for what, kind in ((annie.id, "user"), (team.id, "group")):
        read = (await web.get(f"/v1.0/directoryObjects/{what}", token)).json()
        assert read["@odata.type"] == f"#microsoft.graph.{kind}"
    for stranger in (other.id, new_id()):
        check_envelope(await web.get(f"/v1.0/directoryObjects/{stranger}", token), 404, "Request_ResourceNotFound")


async def test_they_are_in_groups(web: Web, contoso):
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        inner = await groups.create(tx, contoso.operator, GroupDraft("Inner"), members=[annie.id])
        outer = await groups.create(tx, contoso.operator, GroupDraft("Outer"), members=[inner.id])
    token = await web.token_of(contoso)
    base = f"/v1.0/directoryObjects/{annie.id}"

    for name in ("getMemberGroups", "getMemberObjects"):
        found = (await web.post(f"{base}/{name}", token, {"securityEnabledOnly": True})).json()["value"]
        assert set(found) == {str(inner.id), str(outer.id)}
    wanted = [str(outer.id), str(new_id())]
    for name, key in (("checkMemberGroups", "groupIds"), ("checkMemberObjects", "ids")):
        assert (await web.post(f"{base}/{name}", token, {key: wanted})).json()["value"] == wanted[:1]


async def test_whatever_it_is_it_can_be_deleted(web: Web, contoso):
    annie = await contoso.add_person("annie")
    async with contoso.db.tenant(contoso.id) as tx:
        team = await groups.create(tx, contoso.operator, GroupDraft("Team"))
    token = await web.token_of(contoso)

    for path, what in (("users", annie.id), ("groups", team.id)):
        assert (await web.delete(f"/v1.0/directoryObjects/{what}", token)).status_code == 204
        check_envelope(await web.get(f"/v1.0/{path}/{what}", token), 404, "Request_ResourceNotFound")
