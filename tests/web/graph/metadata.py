"""Graph's metadata as a judge: is what Comity answers of the type that it says it is?

`Judged` stands before the application in the tests of the web room and looks at every Graph answer. A property that
neither the metadata nor graph-api names, or a value of the wrong JSON type, is a failure of whatever test asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TYPES: dict[str, Any] = json.loads(Path(__file__).with_name("types.json").read_text(encoding="utf-8"))
"""Entity, complex and enumeration types of Graph's public metadata."""

PREFIX = "microsoft.graph."
SETS = {
    "users": "user",
    "groups": "group",
    "directoryObjects": "directoryObject",
    "organization": "organization",
    "domains": "domain",
    "applications": "application",
    "servicePrincipals": "servicePrincipal",
    "directoryRoles": "directoryRole",
    "directoryRoleTemplates": "directoryRoleTemplate",
    "oauth2PermissionGrants": "oAuth2PermissionGrant",
    "appRoleAssignments": "appRoleAssignment",
    "appRoleAssignedTo": "appRoleAssignment",
    "invitations": "invitation",
    "subscriptions": "subscription",
    "applicationTemplates": "applicationTemplate",
    "roleDefinitions": "unifiedRoleDefinition",
    "roleAssignments": "unifiedRoleAssignment",
    "transitiveRoleAssignments": "unifiedRoleAssignment",
    "directoryAudits": "directoryAudit",
    "provisioning": "provisioningObjectSummary",
    "multiTenantOrganization": "multiTenantOrganization",
    "tenants": "multiTenantOrganizationMember",
    "joinRequest": "multiTenantOrganizationJoinRequestRecord",
    "crossTenantAccessPolicy": "crossTenantAccessPolicy",
    "default": "crossTenantAccessPolicyConfigurationDefault",
    "partners": "crossTenantAccessPolicyConfigurationPartner",
    "identitySynchronization": "crossTenantIdentitySyncPolicyPartner",
    "multiTenantOrganizationPartnerConfiguration": "multiTenantOrganizationPartnerConfigurationTemplate",
    "multiTenantOrganizationIdentitySynchronization": "multiTenantOrganizationIdentitySyncPolicyTemplate",
    "authorizationPolicy": "authorizationPolicy",
    "jobs": "synchronizationJob",
    "templates": "synchronizationTemplate",
    "schema": "synchronizationSchema",
    "directories": "directoryDefinition",
    "functions": "attributeMappingFunctionSchema",
    "filterOperators": "filterOperatorSchema",
    "userConfigurations": "teamsAdministration.teamsUserConfiguration",
    "verificationDnsRecords": "domainDnsRecord",
    "serviceConfigurationRecords": "domainDnsRecord",
    "scopedRoleMemberships": "scopedRoleMembership",
    "getPolicyId": "teamsAdministration.policyIdentifierDetail",
}
"""What a context's last segment holds."""
BEYOND = {
    "microsoft.graph.synchronizationSchema": {"directories"},
    "microsoft.graph.crossTenantIdentitySyncPolicyPartner": {"groupSyncInbound"},
    "microsoft.graph.servicePrincipal": {"createdDateTime"},
    "microsoft.graph.attributeMapping": {"flowNullValues"},
    "microsoft.graph.attributeMappingFunctionSchema": {"name"},
    "microsoft.graph.filterOperatorSchema": {"name"},
}
"""Properties that graph-api names and the clean metadata of v1.0 lacks."""
UNDESCRIBED = {"microsoft.graph.passwordValidationInformation"}
"""Types of beta that our excerpt of the metadata does not hold; their examples are replayed."""
_CONTEXT = re.compile(r"\$metadata#(.*)$")


def properties_of(name: str) -> dict[str, Any]:
    """A type's properties with those it inherits."""
    kind = TYPES[name]
    inherited = properties_of(kind["base"]) if kind.get("base") in TYPES else {}
    return {**inherited, **kind.get("properties", {})}


def navigation_of(name: str) -> dict[str, Any]:
    """A type's navigations with those it inherits."""
    kind = TYPES[name]
    inherited = navigation_of(kind["base"]) if kind.get("base") in TYPES else {}
    return {**inherited, **kind.get("navigation", {})}


def check_type(value: Mapping[str, Any], name: str) -> None:
    """The object has no property that its type lacks, and each is of the right JSON type."""
    stated = str(value.get("@odata.type", "")).removeprefix("#")
    name = stated or name
    if name in UNDESCRIBED:
        return
    assert name in TYPES, f"{name} is no type of Graph's"
    known, navigable = properties_of(name), navigation_of(name)
    for key, each in value.items():
        if key.startswith("@") or key.endswith("@delta"):
            continue
        if key in navigable:
            check_navigation(each, navigable[key], f"{name}.{key}")
        elif key not in known:
            assert key in BEYOND.get(name, ()) or (TYPES[name].get("open") and key.startswith("extension_")), (
                f"{name} has no {key}"
            )
        else:
            check_value(each, known[key], f"{name}.{key}")


def check_navigation(value: Any, about: Mapping[str, Any], where: str) -> None:
    """What is shown within."""
    if about["collection"]:
        assert isinstance(value, list), where
        for each in value:
            check_type(each, about["type"])
    elif value is not None:
        check_type(value, about["type"])


def check_value(value: Any, about: Mapping[str, Any], where: str) -> None:
    """A property's value is of its type."""
    if about["collection"]:
        assert isinstance(value, list), where
        for each in value:
            check_value(each, {**about, "collection": False, "nullable": False}, where)
        return
    if value is None:
        assert about["nullable"], f"{where} is never null"
        return
    kind = about["type"]
    if kind in PRIMITIVE:
        assert PRIMITIVE[kind](value), f"{where}: {value!r} is no {kind}"
    elif kind in TYPES and TYPES[kind]["kind"] == "enum":
        given = [each.strip() for each in value.split(",")]
        assert set(given) <= set(TYPES[kind]["members"]), f"{where}: {value}"
    else:
        assert kind in TYPES, f"{where} is a {kind}, which nobody here can make"
        check_type(value, kind)


def is_instant(value: Any) -> bool:
    """A date and time in UTC, as Graph writes it."""
    return datetime.fromisoformat(value).tzinfo is not None and value.endswith("Z")


def is_number(value: Any) -> bool:
    """A number, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool)


PRIMITIVE: dict[str, Callable[[Any], bool]] = {
    "Edm.String": lambda value: isinstance(value, str),
    "Edm.Boolean": lambda value: isinstance(value, bool),
    "Edm.Int16": is_number,
    "Edm.Int32": is_number,
    "Edm.Int64": is_number,
    "Edm.Guid": lambda value: bool(UUID(value)),
    "Edm.DateTimeOffset": is_instant,
    "Edm.Duration": lambda value: value.startswith("P"),
    "Edm.Date": lambda value: bool(re.fullmatch(r"\d{4}-\d\d-\d\d", value)),
}


def judge(body: Mapping[str, Any]) -> None:
    """An answer of 200 or 201 is of the type that its context names."""
    if "@odata.context" not in body:
        return
    match = _CONTEXT.search(body["@odata.context"])
    assert match is not None, f"no context: {body['@odata.context']}"
    text = re.sub(r"\([^()]*\)$", "", match[1].removesuffix("/$entity"))
    if text.startswith(("Edm.", "Collection(Edm.")) or match[1].startswith("Collection(Edm."):
        return
    if match[1].startswith(("Collection(", PREFIX)):
        name = match[1].removeprefix("Collection(").removesuffix(")")
    else:
        last = re.sub(r"\(.*?\)", "", text).split("/")[-1]
        if "#comity" in body["@odata.context"]:
            return
        assert last in SETS, f"{last} is no set that the tests know"
        name = PREFIX + SETS[last]
    items = body["value"] if isinstance(body.get("value"), list) else [body]
    for each in items:
        shown = {key: value for key, value in each.items() if key != "@odata.context"}
        check_type(shown, name)


class Judged:
    """The application, with every Graph answer looked at."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and look at what comes back."""
        if not scope["path"].startswith(("/v1.0/", "/beta/")) or scope["path"].startswith("/beta/comity"):
            await self._app(scope, receive, send)
            return
        seen: dict[str, Any] = {"status": 0, "json": False, "body": b""}

        async def look(message: Message) -> None:
            if message["type"] == "http.response.start":
                kind = dict(message["headers"]).get(b"content-type", b"")
                seen.update(status=message["status"], json=b"json" in kind)
            else:
                seen["body"] += message.get("body", b"")
            await send(message)

        await self._app(scope, receive, look)
        if seen["status"] in {200, 201} and seen["json"]:
            judge(json.loads(seen["body"]))
