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
        ("$filter=shoeSize eq 'a'", "BadRequest"),
        ("$filter=startswith(displayName", "BadRequest"),
        ("$filter=endswith(displayName,'a')", "Request_UnsupportedQuery"),
        ("$filter=displayName ne 'a'", "Request_UnsupportedQuery"),
        ("$filter=accountEnabled eq 'x'", "Request_UnsupportedQuery"),
        ("$filter=employeeOrgData eq 'x'", "Request_UnsupportedQuery"),
        ("$search=\"displayName:a\"", "Request_UnsupportedQuery"),
        ("$orderby=city", "Request_UnsupportedQuery"),
        ("$orderby=shoeSize", "BadRequest"),
        ("$orderby=displayName&$filter=city eq 'x'", "Request_UnsupportedQuery"),
        ("$expand=memberOf", "Request_BadRequest"),
        ("$expand=manager($levels=max)", "Request_UnsupportedQuery"),
        ("$skip=1", "Request_UnsupportedQuery"),
        ("$deltatoken=x", "Request_UnsupportedQuery"),
        ("$count=maybe", "BadRequest"),
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
    """As in Graph: `$count=true` without the header changes nothing."""
    await contoso.add_person("annie")
    token = await web.token_of(contoso)

    assert "@odata.count" not in (await web.get("/v1.0/users?$count=true", token)).json()
    eventual = await web.get("/v1.0/users?$count=true&$top=1", token, ConsistencyLevel="eventual")
    assert eventual.json()["@odata.count"] == 1
    segment = await web.get("/v1.0/users/$count", token, ConsistencyLevel="eventual")
    assert (segment.text, segment.headers["content-type"]) == ("1", "text/plain; charset=utf-8")
    error = check_envelope(await web.get("/v1.0/users/$count", token), 400, "Request_BadRequest")
    assert error["message"] == "$count is not currently supported."


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


async def test_a_guest_sees_herself_and_whom_she_can_name(web: Web, contoso):
    """Provisioning §11, column guest: no listing, and names and addresses only, whatever the client was given."""
    bob = await contoso.add_person("bob", job_title="Secret agent")
    guest = await contoso.add_person("greta", user_type="Guest")
    await web.identity.give_password(contoso, guest, "correct horse")
    client = await web.identity.register_public(contoso, "User.Read.All", "Organization.Read.All")
    answer: httpx.Response = await web.post_token(
        contoso.id, grant_type="password", client_id=client.app_id, username=guest.user_principal_name,
        password="correct horse", scope="https://graph.microsoft.com/.default",
    )  # fmt: skip
    token = answer.json()["access_token"]

    assert (await web.get("/v1.0/me", token)).json()["id"] == str(guest.id)
    for path in ("/v1.0/users", "/v1.0/users/$count", "/v1.0/groups", "/v1.0/users/delta"):
        check_envelope(await web.get(path, token, ConsistencyLevel="eventual"), 403, "Authorization_RequestDenied")
    named = (await web.get(f"/v1.0/users/{bob.id}", token)).json()
    assert (named["displayName"], named["mail"], named["jobTitle"]) == ("Bob", bob.mail, None)
    check_envelope(await web.get(f"/v1.0/users/{new_id()}", token), 404, "Request_ResourceNotFound")
    known = (await web.get("/v1.0/organization", token)).json()["value"][0]
    assert set(known) == {"id", "displayName", "verifiedDomains"}


async def test_a_user_is_made_and_signs_in(web: Web, contoso):
    token = await web.token_of(contoso)
    upn = f"adelev@{contoso.domain}"
    body = {
        "accountEnabled": True, "displayName": "Adele Vance", "mailNickname": "AdeleV", "userPrincipalName": upn,
        "passwordProfile": {"forceChangePasswordNextSignIn": True, "password": "xWwvJ]6NMw+bWH-d"},
    }  # fmt: skip
    answer = await web.post("/v1.0/users", token, body)
    made = answer.json()

    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(made["id"])
    assert "password" not in answer.text.lower()
    client = await web.identity.register_public(contoso, "User.Read")
    signed = await web.post_token(
        contoso.id, grant_type="password", client_id=client.app_id, username=upn, password="xWwvJ]6NMw+bWH-d",
        scope="https://graph.microsoft.com/.default",
    )  # fmt: skip
    assert signed.status_code == 200, signed.text
    assert (await web.get("/v1.0/me", signed.json()["access_token"])).json()["id"] == made["id"]
    taken = check_envelope(await web.post("/v1.0/users", token, body), 400, "Request_BadRequest")
    assert "ObjectConflict" in [each["code"] for each in taken["details"]]
    for wrong in (
        {**body, "userPrincipalName": "adele@elsewhere.example"},
        {**body, "userPrincipalName": f"adele2@{contoso.domain}", "passwordProfile": {"password": "short"}},
        {**body, "userPrincipalName": f"adele2@{contoso.domain}", "passwordProfile": {}},
        {**body, "userPrincipalName": f"adele2@{contoso.domain}", "shoeSize": 1},
        {"displayName": "x"},
    ):
        check_envelope(await web.post("/v1.0/users", token, wrong), 400, "Request_BadRequest")


async def test_a_user_is_changed_and_deleted(web: Web, contoso):
    annie = await contoso.add_person("annie", city="Köln")
    token = await web.token_of(contoso)
    change = {"businessPhones": ["+1 425 555 0109"], "officeLocation": "18/2111", "city": None, "userType": "Guest"}

    assert (await web.patch(f"/v1.0/users/{annie.id}", token, change)).status_code == 204
    select = "businessPhones,officeLocation,city,userType"
    read = (await web.get(f"/v1.0/users/{annie.id}?$select={select}", token)).json()
    assert {name: read[name] for name in change} == change
    for wrong in (
        {"userType": "Friend"},
        {"businessPhones": ["1", "2"]},
        {"displayName": None},
        {"createdDateTime": "x"},
    ):
        check_envelope(await web.patch(f"/v1.0/users/{annie.id}", token, wrong), 400, "Request_BadRequest")
    assert (await web.delete(f"/v1.0/users/{annie.user_principal_name}", token)).status_code == 204
    check_envelope(await web.get(f"/v1.0/users/{annie.id}", token), 404, "Request_ResourceNotFound")


async def test_members_change_little_of_themselves(web: Web, contoso):
    """Provisioning §11: one's own phone and password; nothing of others."""
    annie, bob = await contoso.add_person("annie"), await contoso.add_person("bob")
    token = await web.sign_in(contoso, annie)
    reader = await web.sign_in(contoso, annie, "User.Read")

    assert (await web.patch("/v1.0/me", token, {"mobilePhone": "+49 1"})).status_code == 204
    assert (await contoso.user(annie.id)).mobile_phone == "+49 1"
    for path, body, by in [
        ("/v1.0/me", {"jobTitle": "Boss"}, token),
        ("/v1.0/me", {"mobilePhone": "+49 2"}, reader),
        (f"/v1.0/users/{bob.id}", {"mobilePhone": "+49 3"}, token),
    ]:
        check_envelope(await web.patch(path, by, body), 403, "Authorization_RequestDenied")
    check_envelope(await web.delete(f"/v1.0/users/{bob.id}", token), 403, "Authorization_RequestDenied")
    wrong = {"currentPassword": "another horse", "newPassword": "brand new horse"}
    check_envelope(await web.post("/v1.0/me/changePassword", token, wrong), 400, "Request_BadRequest")
    right = {**wrong, "currentPassword": "correct horse"}
    assert (await web.post("/v1.0/me/changePassword", token, right)).status_code == 204


async def test_managers_and_reports(web: Web, contoso):
    annie, bob, cara = [await contoso.add_person(name) for name in ("annie", "bob", "cara")]
    token = await web.token_of(contoso)
    ref = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{bob.id}"}

    check_envelope(await web.get(f"/v1.0/users/{annie.id}/manager", token), 404, "Request_ResourceNotFound")
    assert (await web.put(f"/v1.0/users/{annie.id}/manager/$ref", token, ref)).status_code == 204
    boss = {"@odata.id": f"https://graph.microsoft.com/beta/directoryObjects('{cara.id}')"}
    assert (await web.put(f"/v1.0/users/{bob.id}/manager/$ref", token, boss)).status_code == 204
    manager = (await web.get(f"/v1.0/users/{annie.id}/manager?$select=id", token)).json()
    assert (manager["@odata.type"], manager["id"]) == ("#microsoft.graph.user", str(bob.id))
    circle = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{annie.id}"}
    check_envelope(await web.put(f"/v1.0/users/{cara.id}/manager/$ref", token, circle), 400, "Request_BadRequest")
    reports = (await web.get(f"/v1.0/users/{bob.id}/directReports", token)).json()["value"]
    assert [each["id"] for each in reports] == [str(annie.id)]
    shown = (await web.get(f"/v1.0/users/{annie.id}?$expand=manager($select=id,displayName)", token)).json()
    assert shown["manager"] == {"@odata.type": "#microsoft.graph.user", "id": str(bob.id), "displayName": "Bob"}
    deep = await web.get(
        f"/v1.0/users/{annie.id}?$count=true&$select=id&$expand=manager($levels=max;$select=id)", token,
        ConsistencyLevel="eventual",
    )  # fmt: skip
    assert deep.status_code == 400, "$count is no option of one entity"
    assert (await web.delete(f"/v1.0/users/{annie.id}/manager/$ref", token)).status_code == 204
    check_envelope(await web.get(f"/v1.0/users/{annie.id}/manager", token), 404, "Request_ResourceNotFound")


async def test_ending_sessions_ends_tokens(web: Web, contoso):
    annie = await contoso.add_person("annie")
    hers, token = await web.sign_in(contoso, annie), await web.token_of(contoso)
    web.identity.machine.offset = web.identity.machine.offset.__class__(seconds=5)

    ended = await web.post(f"/v1.0/users/{annie.id}/revokeSignInSessions", token)

    assert ended.json()["value"] is True
    check_envelope(await web.get("/v1.0/me", hers), 401, "InvalidAuthenticationToken")


async def test_a_password_is_judged(web: Web, contoso):
    token = await web.token_of(contoso)

    for text, fit in (("short", False), ("long enough", True)):
        judged = (await web.post("/beta/users/validatePassword", token, {"password": text})).json()
        assert judged["isValid"] is fit
