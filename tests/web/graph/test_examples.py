"""The documented examples, replayed: method, path, status class and shape (spec graph/examples.json).

Ids, names and times are the stage's own. A property that the example shows has to be in our answer with the same
JSON type; null is of every type, and an empty collection of every element.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from comity.core.ids import new_id
from comity.directory import groups
from comity.directory.model import GroupDraft
from comity.partners.organization import form_organization, join_organization
from comity.tenancy.organizations.service import add_tenant
from tests.web.client import Web
from tests.web.graph.stage import Stage, add_partner, set_stage

EXAMPLES: list[dict[str, Any]] = json.loads(Path(__file__).with_name("examples.json").read_text(encoding="utf-8"))
NEEDED = 145

NOT_REPLAYED = {
    "a-create-internaldomainfederation-from": "no federation with other sign-in services",
    "a-get-internaldomainfederation": "no federation with other sign-in services",
    "a-create-team": "teams are out of scope",
    "a-create-unifiedroledefinition-from-rbacapplication": "built-in roles only",
    "a-delete-unifiedroledefinition": "built-in roles only",
    "a-get-custom-role-unifiedroledefinition": "built-in roles only",
    "a-create-user-from-users-identities": "local accounts belong to another product",
    "a-create-invitation-post-beta": "documentation slip: one invited user as a collection",
    "a-delta-query-groups-2": "its token is somebody else's; the links are followed in test_delta",
    "a-delta-query-groups-3": "its token is somebody else's; the links are followed in test_delta",
    "a-delta-query-groups-4": "its token is somebody else's; the links are followed in test_delta",
    "a-delta-query-groups-5": "its token is somebody else's; the links are followed in test_delta",
    "a-domain-forcedelete": "a domain is removed when nobody is named by it",
    "a-get-schemaextension": "no schema extensions",
    "a-list-schemaextension": "no schema extensions",
    "a-update-schemaextension": "no schema extensions",
    "a-get-to-count": "documentation slip: `$orderbydisplayName` is no option",
    "a-get-transitivereports-user": "reports are asked for level by level",
    "a-get-unifiedroleassignment-tenantscoped": "no administrative units",
    "b-joinrequest-failed": "joining is done at once: there is no failed request to be read later",
    "b-joinrequest-pending": "joining is done at once: there is no pending request",
    "b-mto-get-member-removing": "removing is done at once",
    "b-update-multitenantorganizationmember": "documentation slip: singular `tenant` (graph-api §4.1)",
    "c-synchronizationjob-provisionondemand-group": "people are provisioned on demand, one by one",
}
"""Which examples are not replayed, and why."""

Prepare = Callable[[Stage], Awaitable[None]]


async def in_organization(stage: Stage) -> None:
    async with stage.org.db.tenant(stage.org.id) as tx:
        await form_organization(tx, stage.org.operator, name="Contoso organization", description="All of us")
        await add_tenant(tx, stage.org.operator, stage.other.id)


async def with_both(stage: Stage) -> None:
    await in_organization(stage)
    async with stage.other.db.tenant(stage.other.id) as tx:
        await join_organization(tx, stage.other.operator, inviter=stage.org.id)


async def joined(stage: Stage) -> None:
    await with_both(stage)
    stage.app = await stage.web.token_of(stage.other)


async def with_second_policy(stage: Stage) -> None:
    """The partner has a sync policy already."""
    answer = await stage.web.put(
        f"/v1.0/policies/crossTenantAccessPolicy/partners/{stage.other.id}/identitySynchronization", stage.app, {}
    )
    assert answer.status_code == 204


async def for_client(stage: Stage) -> None:
    """The service principal of the path is a program's, which has a secret and may be given permissions."""
    client = stage.values["client"]
    stage.places["serviceprincipals"] = client
    roles = (await stage.web.get(f"/v1.0/servicePrincipals/{client}/appRoleAssignments", stage.app)).json()["value"]
    stage.places["approleassignments"] = roles[0]["id"]
    graph = (await stage.web.get(f"/v1.0/servicePrincipals/{stage.values['graph']}", stage.app)).json()
    chosen = next(each["id"] for each in graph["appRoles"] if each["value"] == "Group.Read.All")
    stage.values.update(principalId=client, resourceId=stage.values["graph"], appRoleId=chosen)


async def as_client_of_graph(stage: Stage) -> None:
    stage.values.update(clientId=stage.values["client"], resourceId=stage.values["graph"])


async def for_the_user(stage: Stage) -> None:
    """Bob, who is shared by nothing yet."""
    stage.places["users"] = str(stage.people["bob"])


async def another_owner(stage: Stage) -> None:
    stage.places["owners"] = str(stage.people["boss"])


async def a_free_domain(stage: Stage) -> None:
    stage.values["id"] = f"third.{stage.org.domain}"


async def a_deleted_group(stage: Stage) -> None:
    async with stage.org.db.tenant(stage.org.id) as tx:
        group = await groups.create(tx, stage.org.operator, GroupDraft("Sample"))
        await groups.delete(tx, stage.org.operator, group.id)
    stage.places["deleteditems"] = str(group.id)


async def a_secret_of_the_client(stage: Stage) -> None:
    stage.places["serviceprincipals"] = stage.values["client"]


PREPARE: dict[str, Prepare] = {
    "a-serviceprincipal-create-approleassignment": for_client,
    "a-serviceprincipal-delete-approleassignment": for_client,
    "a-serviceprincipal-get-approleassignments": for_client,
    "a-serviceprincipal-removepassword": a_secret_of_the_client,
    "a-post-oauth2permissiongrant": as_client_of_graph,
    "a-user-create-approleassignment": for_the_user,
    "a-delete-owner-from-group": another_owner,
    "a-domain-post-domains": a_free_domain,
    "a-get-directory": a_deleted_group,
    "b-get-multitenantorganization": in_organization,
    "b-delete-multitenantorganizationmember": in_organization,
    "b-list-multitenantorganizationmember": in_organization,
    "b-mto-get-member-role-change-pending": in_organization,
    "b-mto-list-tenants-pending": in_organization,
    "b-mto-list-tenants-joined": with_both,
    "b-mto-joinrequest-active": joined,
    "b-create-identitysynchronization": add_partner,
    "b-xts-02-identitysync-put": add_partner,
    "b-xts-02b-identitysync-put-conflict": with_second_policy,
}
ABSENT = {
    "*": {"@odata.context", "@odata.id", "@odata.nextLink", "@odata.deltaLink", "@odata.type", "@odata.count"},
    "a-directoryobject-getbyid": {"accountEnabled"},
    "a-directoryrole-delta": {"members@delta"},
    "a-group-delta": {"mail"},
    "a-get-directoryaudit-1": {"targetResource", "value"},
    "a-get-group": {"creationOptions"},
    "a-get-group-non-default": {"id"},
    "a-get-organization-1": {"isMultipleDataLocationsForServicesEnabled", "directorySizeQuota"},
    "a-get-serviceprincipal": {"endpoints", "publisherName"},
    "b-get-crosstenantaccesspolicy": {"definition"},
    "c-get-synchronizationtemplate": {"schema"},
    "b-get-crosstenantaccesspolicy-beta": {"definition", "lastModifiedDateTime"},
}
"""What an example shows and nobody asked for, by example."""


def check_shape(shown: Any, ours: Any, absent: set[str], where: str) -> None:
    """Everything that the example shows is in our answer, with the same JSON type."""
    if shown is None or ours is None:
        return
    if isinstance(shown, dict):
        assert isinstance(ours, dict), where
        for name, each in shown.items():
            if name not in absent:
                assert name in ours, f"{where}.{name} is missing"
                check_shape(each, ours[name], absent, f"{where}.{name}")
    elif isinstance(shown, list):
        assert isinstance(ours, list), where
        if shown and ours:
            check_shape(shown[0], ours[0], absent, f"{where}[0]")
    elif isinstance(shown, bool) or isinstance(ours, bool):
        assert isinstance(shown, bool), where
        assert isinstance(ours, bool), where
    else:
        assert isinstance(ours, int | float if isinstance(shown, int | float) else str), f"{where}: {ours!r}"


REPLAYED = [each for each in EXAMPLES if each["id"] not in NOT_REPLAYED]


def test_enough_is_replayed_and_the_rest_has_a_reason():
    known = {each["id"] for each in EXAMPLES}

    assert len(known) == 193
    assert set(NOT_REPLAYED) <= known
    assert all(NOT_REPLAYED.values())
    assert len(REPLAYED) >= NEEDED


@pytest.mark.parametrize("example", REPLAYED, ids=[each["id"] for each in REPLAYED])
async def test_an_example_is_answered_as_documented(web: Web, contoso, fabrikam, example):
    stage = await set_stage(web, contoso, fabrikam)
    if prepare := PREPARE.get(example["id"]):
        await prepare(stage)
    token = stage.person if "/me" in example["path"] else stage.app
    path, body = stage.path(example["path"]), stage.body(example["request_body"])
    headers = {"client-request-id": str(new_id())} | {
        name: text
        for name, text in (example["request_headers"] or {}).items()
        if name.lower() in {"consistencylevel", "prefer"}
    }

    answer = await web.ask(example["method"], path, token, body, **headers)

    assert answer.status_code // 100 == example["response_status"] // 100, (path, answer.status_code, answer.text)
    shown = example["response_body"]
    if not isinstance(shown, dict) or not answer.content:
        return
    ours = answer.json()
    if "error" in shown:
        assert ours["error"]["code"] == shown["error"]["code"]
    if set(shown) == {"value"} and isinstance(shown["value"], dict):
        shown = shown["value"]  # some pages wrap a single object (graph-api §8)
    if isinstance(shown.get("value"), list) and "value" not in ours:
        shown = shown["value"][0]
    check_shape(shown, ours, ABSENT["*"] | ABSENT.get(example["id"], set()), example["id"])
