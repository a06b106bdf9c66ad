"""Graph itself as a service principal: its app roles are the permissions that applications can be given."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid5

from comity.core.ids import AppId, PrincipalId, TenantId
from comity.identity.decide import APPLICATION_PERMISSIONS, GRAPH_APP_ID
from comity.identity.model import Application
from comity.identity.registrations.service import Registration

GRAPH: Final = UUID(GRAPH_APP_ID)
_SINCE: Final = datetime(2026, 1, 1, tzinfo=UTC)
ROLE_IDS: Final = {name: uuid5(GRAPH, name) for name in APPLICATION_PERMISSIONS}
"""The id of each application permission's app role."""
ROLE_NAMES: Final = {role: name for name, role in ROLE_IDS.items()}


def graph_id(tenant_id: UUID) -> UUID:
    """The id of Graph's service principal in a tenant."""
    return uuid5(tenant_id, GRAPH_APP_ID)


def graph_principal(tenant_id: UUID) -> Registration:
    """Graph as a tenant's directory shows it."""
    application = Application(
        tenant_id=TenantId(tenant_id), id=PrincipalId(graph_id(tenant_id)), app_id=AppId(GRAPH),
        display_name="Microsoft Graph", is_public=False, password_flow=False, permissions=(), scopes=(),
        redirect_uris=(),
        created_at=_SINCE, disabled_at=None, version=1,
    )  # fmt: skip
    return Registration(application, None, {"application/appRoles": [_role(name) for name in APPLICATION_PERMISSIONS]})


def _role(name: str) -> dict[str, Any]:
    return {
        "allowedMemberTypes": ["Application"], "description": name, "displayName": name, "id": str(ROLE_IDS[name]),
        "isEnabled": True, "origin": "Application", "value": name,
    }  # fmt: skip
