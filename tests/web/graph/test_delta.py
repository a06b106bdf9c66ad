"""Delta queries of users and groups: everything, then what changed, from the feed (graph-api §1.9)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

from comity.directory import groups, service
from comity.directory.model import GroupDraft
from comity.events import feed
from tests.web.client import Web, check_envelope


def path_of(link: str) -> str:
    return link.removeprefix("http://lab.example:8080")


async def round_trip(web: Web, token: str, path: str, **headers: str) -> tuple[list[dict[str, Any]], str]:
    """All objects of a round and the link that the next one begins with."""
    found: list[dict[str, Any]] = []
    while True:
        answer = await web.get(path, token, **headers)
        assert answer.status_code == 200, answer.text
        body = answer.json()
        found += body["value"]
        assert ("@odata.nextLink" in body) != ("@odata.deltaLink" in body), "one link, never both"
        if "@odata.deltaLink" in body:
            return found, path_of(body["@odata.deltaLink"])
        path = path_of(body["@odata.nextLink"])


async def test_a_round_trip_tells_of_every_change(web: Web, contoso):
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    token = await web.token_of(contoso)
    first, link = await round_trip(web, token, "/v1.0/users/delta?$select=displayName,city")
    assert {each["id"] for each in first} == {str(annie.id), str(bob.id)}
    assert {frozenset(each) for each in first} == {frozenset({"id", "displayName", "city"})}

    nothing, link = await round_trip(web, token, link)
    assert nothing == []
    charlie = await contoso.add_person("charlie")
    await contoso.change(annie, city="Köln")
    async with contoso.db.tenant(contoso.id) as tx:
        await service.delete_users(tx, contoso.operator, [bob.id])
    changed, link = await round_trip(web, token, link)
    told = {each["id"]: each for each in changed}
    assert told[str(bob.id)] == {"id": str(bob.id), "@removed": {"reason": "changed"}}
    assert told[str(annie.id)]["city"] == "Köln"
    assert told[str(charlie.id)]["displayName"] == "Charlie"

    async with contoso.db.tenant(contoso.id) as tx:
        await service.restore_user(tx, contoso.operator, bob.id)
        await service.delete_users(tx, contoso.operator, [charlie.id])
        await service.purge_users(tx, contoso.operator, [charlie.id])
    changed, _ = await round_trip(web, token, link)
    told = {each["id"]: each for each in changed}
    assert told[str(charlie.id)] == {"id": str(charlie.id), "@removed": {"reason": "deleted"}}
    assert "@removed" not in told[str(bob.id)]


async def test_the_first_round_goes_page_by_page(web: Web, contoso):
    await contoso.add_many(450)
    token = await web.token_of(contoso)

    found, _ = await round_trip(web, token, "/v1.0/users/delta()?$select=id")

    assert len({each["id"] for each in found}) == 450


async def test_latest_begins_now(web: Web, contoso):
    await contoso.add_person("annie")
    token = await web.token_of(contoso)

    found, link = await round_trip(web, token, "/v1.0/users/delta?$deltatoken=latest")
    assert found == []
    bob = await contoso.add_person("bob")
    found, _ = await round_trip(web, token, link)
    assert [each["id"] for each in found] == [str(bob.id)]


async def test_minimal_tells_only_what_changed(web: Web, contoso):
    annie = await contoso.add_person("annie", job_title="Lead")
    token = await web.token_of(contoso)
    minimal = {"Prefer": "return=minimal"}
    _, link = await round_trip(web, token, "/v1.0/users/delta?$select=displayName,jobTitle,city", **minimal)

    await contoso.change(annie, job_title="Head")
    found, _ = await round_trip(web, token, link)

    assert found == [{"id": str(annie.id), "jobTitle": "Head"}]


async def test_a_filter_follows_single_people(web: Web, contoso):
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    token = await web.token_of(contoso)

    found, link = await round_trip(web, token, f"/v1.0/users/delta?$filter=id eq '{annie.id}'")
    assert [each["id"] for each in found] == [str(annie.id)]
    await contoso.change(annie, city="A")
    await contoso.change(bob, city="B")
    found, _ = await round_trip(web, token, link)
    assert [each["id"] for each in found] == [str(annie.id)]
    refused = await web.get("/v1.0/users/delta?$filter=city eq 'A'", token)
    check_envelope(refused, 400, "Request_UnsupportedQuery")


async def test_managers_are_followed(web: Web, contoso):
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    token = await web.token_of(contoso)
    _, link = await round_trip(web, token, "/v1.0/users/delta?$select=displayName,manager")

    await contoso.change(annie, manager_id=bob.id)
    found, _ = await round_trip(web, token, link)

    assert found[0]["manager@delta"] == [{"@odata.type": "#microsoft.graph.user", "id": str(bob.id)}]


async def test_groups_tell_of_their_members(web: Web, contoso):
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    async with contoso.db.tenant(contoso.id) as tx:
        team = await groups.create(tx, contoso.operator, GroupDraft("Team", "The team"), members=[annie.id])
    token = await web.token_of(contoso)
    first, link = await round_trip(web, token, "/v1.0/groups/delta?$select=displayName,description,members")
    member = {"@odata.type": "#microsoft.graph.user"}
    assert first == [
        {"id": str(team.id), "displayName": "Team", "description": "The team",
         "members@delta": [{**member, "id": str(annie.id)}]}
    ]  # fmt: skip

    async with contoso.db.tenant(contoso.id) as tx:
        await groups.add_members(tx, contoso.operator, team.id, [bob.id])
        await groups.remove_member(tx, contoso.operator, team.id, annie.id)
    changed, link = await round_trip(web, token, link)
    assert changed[0]["members@delta"] == [
        {**member, "id": str(bob.id)},
        {**member, "id": str(annie.id), "@removed": {"reason": "deleted"}},
    ]
    async with contoso.db.tenant(contoso.id) as tx:
        await groups.delete(tx, contoso.operator, team.id)
    changed, _ = await round_trip(web, token, link)
    assert changed == [{"id": str(team.id), "@removed": {"reason": "changed"}}]


async def test_a_token_below_the_floor_starts_over(web: Web, contoso):
    """410 with a fresh address (design §4.5)."""
    await contoso.add_person("annie")
    token = await web.token_of(contoso)
    _, link = await round_trip(web, token, "/v1.0/users/delta?$deltatoken=latest")
    await contoso.add_person("bob")
    await contoso.add_person("charlie")
    async with contoso.db.tenant(contoso.id) as tx:
        await feed.trim(tx, before=tx.now.replace(year=tx.now.year + 1))

    answer = await web.get(link, token)

    check_envelope(answer, 410, "resyncRequired")
    assert answer.headers["location"] == "http://lab.example:8080/v1.0/users/delta"


async def test_a_delta_token_is_one_callers(web: Web, contoso, fabrikam):
    await contoso.add_person("annie")
    _, link = await round_trip(web, await web.token_of(contoso), "/v1.0/users/delta")
    token = parse_qs(urlsplit(link).query)["$deltatoken"][0]

    for path in (link, f"/v1.0/groups/delta?$deltatoken={token}"):
        check_envelope(await web.get(path, await web.token_of(fabrikam)), 400, "Directory_ExpiredPageToken")
    again = await web.get(f"/v1.0/groups/delta?$deltatoken={token}", await web.token_of(contoso))
    check_envelope(again, 400, "Directory_ExpiredPageToken")
