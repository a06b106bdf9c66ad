"""GET /users and /users/{id or UPN} in Graph's shape (graph-api §3.2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from comity.core.ids import new_id
from comity.directory.service import delete_users
from comity.identity import service
from comity.web.graph.user_shape import DEFAULT
from tests.web.client import Web, check_envelope


def path_of(link: str) -> str:
    return link.removeprefix("http://lab.example:8080")


async def walk(web: Web, token: str, path: str) -> list[list[dict[str, Any]]]:
    """All pages from here on, following the links as they are given."""
    pages = []
    while path:
        answer = await web.get(path, token)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["value"])
        path = path_of(answer.json().get("@odata.nextLink", ""))
    return pages


async def test_users_come_with_graphs_eleven_properties(web: Web, contoso):
    annie = await contoso.add_person("annie miller", job_title="Engineer", business_phone="+49 30 1")
    token = await web.token_of(contoso)

    for version in ("v1.0", "beta"):
        answer = await web.get(f"/{version}/users", token)
        body = answer.json()
        assert answer.headers["content-type"].startswith("application/json;odata.metadata=minimal")
        assert answer.headers["odata-version"] == "4.0"
        assert body["@odata.context"] == f"http://lab.example:8080/{version}/$metadata#users"
        assert body["value"] == [
            {
                "businessPhones": ["+49 30 1"], "displayName": "Annie Miller", "givenName": "Annie",
                "jobTitle": "Engineer", "mail": annie.mail, "mobilePhone": None, "officeLocation": None,
                "preferredLanguage": None, "surname": "Miller", "userPrincipalName": annie.user_principal_name,
                "id": str(annie.id),
            }
        ]  # fmt: skip
        assert set(body["value"][0]) == set(DEFAULT)
        assert "@odata.nextLink" not in body


async def test_a_user_is_found_by_id_and_by_upn_in_every_spelling(web: Web, contoso, fabrikam):
    """Keys with slash and in parentheses, `#EXT#` percent-encoded (graph-api §1.1)."""
    annie = await contoso.add_person("annie")
    guest = await contoso.invite_guest(await fabrikam.add_person("bob"))
    token = await web.token_of(contoso)
    assert "#EXT#" in guest.user_principal_name

    for user in (annie, guest):
        upn = user.user_principal_name
        for key in (
            f"/{user.id}", f"/{str(user.id).upper()}", f"('{user.id}')", f"/{quote(upn)}", f"/{quote(upn.upper())}",
            f"('{quote(upn)}')", f"(%27{quote(upn, safe='')}%27)", f"/{quote(upn, safe='')}/",
        ):  # fmt: skip
            answer = await web.get(f"/v1.0/users{key}", token)
            assert answer.status_code == 200, (key, answer.text)
            assert answer.json()["id"] == str(user.id)
            assert answer.json()["@odata.context"] == "http://lab.example:8080/v1.0/$metadata#users/$entity"


async def test_who_is_not_there_is_not_found_in_graphs_words(web: Web, contoso, fabrikam):
    """Unknown, deleted, in another tenant, or only a mail address: all the same."""
    deleted, other = await contoso.add_person("annie"), await fabrikam.add_person("bob")
    alias = await contoso.add_person("charlie", mail="alias@elsewhere.example")
    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [deleted.id])
    token = await web.token_of(contoso)

    for key in (
        new_id(),
        deleted.id,
        other.id,
        other.user_principal_name,
        alias.mail,
        "nobody",
        "x'y",
        "%24x",
        "a%2Fb",
    ):
        error = check_envelope(await web.get(f"/v1.0/users/{key}", token), 404, "Request_ResourceNotFound")
        assert error["message"].endswith(
            "does not exist or one of its queried reference-property objects are not present."
        )


async def test_select_chooses_and_nothing_unknown_is_ignored(web: Web, contoso):
    annie = await contoso.add_person("annie", city="Köln", country="Germany")
    token = await web.token_of(contoso)

    for query in (
        "$select=city,id,userType",
        "%24select=city,id,userType",
        "select=City,ID,usertype",
        "$SELECT=city, id,userType",
    ):
        one = (await web.get(f"/v1.0/users/{annie.id}?{query}", token)).json()
        listed = (await web.get(f"/v1.0/users?{query}", token)).json()
        assert one.pop("@odata.context").endswith("$metadata#users(city,id,userType)/$entity")
        assert listed["@odata.context"].endswith("$metadata#users(city,id,userType)")
        assert one == listed["value"][0] == {"city": "Köln", "id": str(annie.id), "userType": "Member"}

    identities = (await web.get(f"/v1.0/users/{annie.id}?$select=identities", token)).json()["identities"]
    assert identities == [
        {"signInType": "userPrincipalName", "issuer": contoso.domain, "issuerAssignedId": annie.user_principal_name}
    ]
    error = check_envelope(await web.get("/v1.0/users?$select=shoeSize", token), 400, "BadRequest")
    assert error["message"] == "Could not find a property named 'shoeSize' on type 'microsoft.graph.user'."


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("$filter=startswith(displayName,'a')", "Request_UnsupportedQuery"),
        ("$search=\"displayName:a\"", "Request_UnsupportedQuery"),
        ("$orderby=displayName", "Request_UnsupportedQuery"),
        ("$expand=manager", "Request_UnsupportedQuery"),
        ("$skip=1", "Request_UnsupportedQuery"),
        ("$deltatoken=x", "Request_UnsupportedQuery"),
        ("$count=maybe", "Request_UnsupportedQuery"),
        ("$nonsense=1", "BadRequest"),
        ("nonsense=1", "BadRequest"),
        ("$top=1&$top=2", "BadRequest"),
        ("$top=1&top=2", "BadRequest"),
        ("$top=%ff", "BadRequest"),
        ("$top=0", "Request_BadRequest"),
        ("$top=-1", "Request_BadRequest"),
        ("$top=1000", "Request_BadRequest"),
        ("$top=ten", "Request_BadRequest"),
        ("$top=٣", "Request_BadRequest"),
        ("$top=" + "9" * 5000, "Request_BadRequest"),
        ("$top=", "Request_BadRequest"),
        ("$skiptoken=x", "Directory_ExpiredPageToken"),
        ("$skiptoken=", "Directory_ExpiredPageToken"),
        ("$skiptoken=ä", "Directory_ExpiredPageToken"),
        ("x" * 17_000, "BadRequest"),
    ],
)  # fmt: skip
async def test_what_is_not_supported_is_refused_not_ignored(web: Web, contoso, query, code):
    """graph-api §1.5; the parity page lists what is planned."""
    check_envelope(await web.get(f"/v1.0/users?{query}", await web.token_of(contoso)), 400, code)


async def test_count_is_ignored_until_it_is_eventual(web: Web, contoso):
    """As in Graph: `$count=true` without the header changes nothing; with it, it is a promise we cannot keep yet."""
    token = await web.token_of(contoso)

    assert (await web.get("/v1.0/users?$count=true", token)).status_code == 200
    eventual = await web.get("/v1.0/users?$count=true", token, ConsistencyLevel="eventual")
    check_envelope(eventual, 400, "Request_UnsupportedQuery")


async def test_pages_show_everybody_once_in_order(web: Web, contoso):
    people = [str((await contoso.add_person(f"person{number}")).id) for number in range(7)]
    token = await web.token_of(contoso)

    for size in (1, 2, 3, 6, 7, 8, 999):
        pages = await walk(web, token, f"/v1.0/users?$top={size}&$select=id")
        assert [len(page) for page in pages[:-1]] == [size] * (len(pages) - 1)
        assert [each["id"] for page in pages for each in page] == sorted(people)
        assert all(set(each) == {"id"} for page in pages for each in page), "the link carries the options"
    assert len((await walk(web, token, "/v1.0/users"))[0]) == 7


async def test_a_page_is_stable_while_people_come_and_go(web: Web, contoso):
    """The next page begins behind the last id shown, whatever happened meanwhile."""
    people = [await contoso.add_person(f"person{number}") for number in range(5)]
    token = await web.token_of(contoso)
    first = (await web.get("/v1.0/users?$top=2&$select=id", token)).json()

    async with contoso.db.tenant(contoso.id) as tx:
        await delete_users(tx, contoso.operator, [people[1].id, people[2].id])
    rest = await walk(web, token, path_of(first["@odata.nextLink"]))

    assert [each["id"] for page in rest for each in page] == [str(each.id) for each in people[3:]]


async def test_a_page_token_is_opaque_and_good_for_one_caller_and_question(web: Web, contoso, fabrikam):
    """Bound to tenant, caller and query; nobody else goes on with it, and nobody reads ids from it."""
    people = [await contoso.add_person(f"person{number}") for number in range(4)]
    for number in range(4):
        await fabrikam.add_person(f"person{number}")
    token = await web.token_of(contoso)
    link = (await web.get("/v1.0/users?$top=2&$select=id", token)).json()["@odata.nextLink"]
    skip = parse_qs(urlsplit(link).query)["$skiptoken"][0]
    colleague, secret = await web.identity.register(contoso)
    other = await web.post_token(
        contoso.id, grant_type="client_credentials", client_id=colleague.app_id, client_secret=secret,
        scope="https://graph.microsoft.com/.default",
    )  # fmt: skip

    assert urlsplit(link).netloc == "lab.example:8080"
    assert not any(each.id.hex in skip or str(each.id) in skip for each in people)
    for stranger in (await web.token_of(fabrikam), other.json()["access_token"]):
        check_envelope(await web.get(path_of(link), stranger), 400, "Directory_ExpiredPageToken")
    tampered = skip[:-2] + ("A" if skip[-2] != "A" else "B") + skip[-1]
    check_envelope(await web.get(f"/v1.0/users?$skiptoken={tampered}", token), 400, "Directory_ExpiredPageToken")
    check_envelope(await web.get(f"{path_of(link)}&$select=mail", token), 400, "BadRequest")
    check_envelope(await web.get(f"{path_of(link)}&$top=3", token), 400, "BadRequest")
    assert (await web.get(f"{path_of(link)}&$top=2&$select=id", token)).status_code == 200


async def test_an_app_reads_what_its_permissions_say_now(web: Web, contoso):
    """Permission checks are the services'; the row at this moment decides, not the token."""
    await contoso.add_person("annie")
    for permissions, users, organization in [
        (["User.Read.All"], 200, 403),
        (["User.ReadWrite.All"], 200, 403),
        (["Directory.Read.All"], 200, 200),
        (["Organization.Read.All"], 403, 200),
        (["Group.Read.All"], 403, 403),
        ([], 403, 403),
    ]:
        application, secret = await web.identity.register(contoso, permissions=permissions)
        web.apps[contoso.id] = (application, secret)
        token = await web.token_of(contoso)
        for path, status in (("/v1.0/users", users), ("/v1.0/organization", organization)):
            answer = await web.get(path, token)
            assert answer.status_code == status, (permissions, path)
            if status == 403:
                error = check_envelope(answer, 403, "Authorization_RequestDenied")
                assert error["message"] == "Insufficient privileges to complete the operation."
        async with contoso.db.tenant(contoso.id) as tx:
            await service.disable_application(tx, contoso.operator, application.id)
        check_envelope(await web.get("/v1.0/users", token), 401, "InvalidAuthenticationToken")


async def test_me_takes_a_person(web: Web, contoso):
    token = await web.token_of(contoso)

    for path in ("/v1.0/me", "/v1.0/users/me-token-to-replace", "/v1.0/me/"):
        error = check_envelope(await web.get(path, token), 400, "BadRequest")
        assert error["message"] == "/me request is only valid with delegated authentication flow."


async def test_a_guest_sees_herself_and_nobody_else(web: Web, contoso):
    """Provisioning §11, column guest: no listing, whatever the client was given."""
    bob = await contoso.add_person("bob")
    guest = await contoso.add_person("greta", user_type="Guest")
    await web.identity.give_password(contoso, guest, "correct horse")
    client = await web.identity.register_public(contoso, "User.Read.All", "Organization.Read.All")
    answer: httpx.Response = await web.post_token(
        contoso.id, grant_type="password", client_id=client.app_id, username=guest.user_principal_name,
        password="correct horse", scope="https://graph.microsoft.com/.default",
    )  # fmt: skip
    token = answer.json()["access_token"]

    assert (await web.get("/v1.0/me", token)).json()["id"] == str(guest.id)
    for path in ("/v1.0/users", f"/v1.0/users/{bob.id}", f"/v1.0/users/{new_id()}", "/v1.0/organization"):
        check_envelope(await web.get(path, token), 403, "Authorization_RequestDenied")
