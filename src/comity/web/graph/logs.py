"""The audit log in Graph's form (graph-api §3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.responses import Response

from comity.audit.model import AuditEntry
from comity.audit.service import get_entry, list_latest
from comity.core.caller import PrincipalKind
from comity.core.criteria import fits
from comity.core.ids import AuditId
from comity.db.values import dump_json
from comity.db.walking import Place
from comity.web.graph.listing import searchable
from comity.web.graph.operation import get
from comity.web.graph.paging import asked, next_link
from comity.web.graph.shape import Shape, instant, text, thing, things
from comity.web.graph.visit import ObjectUnknown, Visit, collection, entity

WALK: Final = 1000
"""Entries that one page looks at."""
_CATEGORIES: Final[Mapping[str, str]] = {
    "user": "UserManagement",
    "group": "GroupManagement",
    "application": "ApplicationManagement",
    "partner": "CrossTenantAccessSettings",
    "partnerDefault": "CrossTenantAccessSettings",
    "partner-template": "CrossTenantAccessSettings",
    "syncJob": "ProvisioningManagement",
    "domain": "DirectoryManagement",
    "tenant": "DirectoryManagement",
    "authorizationPolicy": "AuthorizationPolicy",
}
_TYPES: Final[Mapping[str, str]] = {
    "user": "User",
    "group": "Group",
    "application": "ServicePrincipal",
    "partner": "Policy",
    "syncJob": "ServicePrincipal",
}


def _operation(entry: AuditEntry) -> str:
    if entry.before is None and entry.after is not None:
        return "Add"
    return "Delete" if entry.after is None and entry.before is not None else "Update"


def _initiator(entry: AuditEntry) -> dict[str, Any]:
    who = None if entry.actor_id is None else str(entry.actor_id)
    if entry.actor_kind is PrincipalKind.USER:
        user = {"id": who, "displayName": None, "userPrincipalName": entry.actor_name, "ipAddress": None}
        return {"user": user, "app": None}
    app = {
        "appId": None, "displayName": entry.actor_name or entry.actor_kind.value, "servicePrincipalId": who,
        "servicePrincipalName": None,
    }  # fmt: skip
    return {"user": None, "app": app}


def _resources(entry: AuditEntry) -> list[dict[str, Any]]:
    names = sorted({*(entry.before or {}), *(entry.after or {})})
    modified = [
        {"displayName": name, "oldValue": _value(entry.before, name), "newValue": _value(entry.after, name)}
        for name in names
    ]
    kind = _TYPES.get(entry.object_kind, "Other")
    shown: dict[str, Any] = {"id": None if entry.object_id is None else str(entry.object_id), "displayName": None}
    named = (entry.after or entry.before or {}).get("displayName") or (entry.after or entry.before or {}).get(
        "display_name"
    )
    if isinstance(named, str):
        shown["displayName"] = named
    return [{**shown, "type": kind, "userPrincipalName": None, "groupType": None, "modifiedProperties": modified}]


def _value(facts: Mapping[str, object] | None, name: str) -> str | None:
    value = None if facts is None else facts.get(name)
    return None if value is None else dump_json(value)


AUDIT: Final = Shape[AuditEntry](
    "microsoft.graph.directoryAudit",
    {
        "id": text(lambda entry: str(entry.id)),
        "category": text(lambda entry: _CATEGORIES.get(entry.object_kind, "Policy")),
        "correlationId": text(lambda entry: str(entry.request_id)),
        "result": text(lambda _: "success"),
        "resultReason": text(lambda entry: entry.reason or ""),
        "activityDisplayName": text(lambda entry: entry.action),
        "activityDateTime": instant(lambda entry: entry.at),
        "loggedByService": text(
            lambda entry: "Account Provisioning" if entry.object_kind == "syncJob" else "Core Directory"
        ),
        "operationType": text(_operation),
        "initiatedBy": thing(_initiator),
        "targetResources": things(_resources),
        "additionalDetails": things(lambda entry: [{"key": "cause", "value": str(entry.cause)}]),
    },
)


async def list_audits(visit: Visit) -> Response:
    """GET /auditLogs/directoryAudits: newest first; a page looks at a thousand entries."""
    of = searchable(
        AUDIT, paths=("initiatedBy/user/id", "initiatedBy/user/userPrincipalName", "initiatedBy/app/displayName")
    )
    page = asked(
        visit, of, resource="auditLogs/directoryAudits", supported={"select", "filter", "top", "orderby", "skiptoken"}
    )
    criterion = page.options.criterion(of)
    before = None if page.after is None else AuditId(page.after.id)
    found: list[AuditEntry] = []
    looked_at = 0
    while looked_at < WALK and len(found) <= page.size:
        batch = await list_latest(visit.tx, visit.caller, before=before, at_most=200)
        looked_at += len(batch)
        found += [each for each in batch if fits(criterion, lambda name, entry=each: AUDIT.read(entry, name))]  # type: ignore[misc]
        if len(batch) < 200:
            before = None
            break
        before = batch[-1].id
    shown = found[: page.size]
    place = None
    if len(found) > page.size:
        place = Place(None, shown[-1].id)
    elif before is not None:
        place = Place(None, before)
    onward = None if place is None else next_link(visit, page, resource="auditLogs/directoryAudits", after=place)
    bodies = [AUDIT.show(each, page.select) for each in shown]
    return collection(visit.context("auditLogs/directoryAudits", page.select), bodies, next_link=onward)


async def read_audit(visit: Visit) -> Response:
    """GET /auditLogs/directoryAudits/{id}."""
    found = await get_entry(visit.tx, visit.caller, AuditId(visit.id("entry")))
    if found is None:
        raise ObjectUnknown(id=visit.parameter("entry"))
    return entity(visit.context("auditLogs/directoryAudits", entity=True), AUDIT.show(found))


OPERATIONS: Final = (
    get(
        "/auditLogs/directoryAudits",
        list_audits,
        "List administrative changes",
        shape=AUDIT,
        many=True,
        options=("select", "filter", "top", "orderby"),
        remark="newest first in every order",
    ),
    get("/auditLogs/directoryAudits/{entry}", read_audit, "Read an administrative change", shape=AUDIT),
)
