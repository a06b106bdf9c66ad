"""What the documented examples are played on: an organisation that has one of everything they name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote
from uuid import UUID

from comity.core.ids import UserId, new_id
from comity.directory import groups, service
from comity.directory.managers import set_manager
from comity.directory.model import GroupDraft
from comity.identity.registrations import service as registrations
from comity.identity.registrations.service import SYNC_TEMPLATE
from comity.identity.roles import TEMPLATE_IDS, DirectoryRole
from comity.identity.service import add_secret, assign_role
from comity.partners.service import accept_users, create_partner, offer_users
from comity.sync.configurations import service as configurations
from comity.sync.model import PrincipalKind
from comity.tenancy.service import add_domain
from comity.web.graph.directory_objects import role_id
from comity.web.graph.graph_principal import graph_id
from tests.support.world import Org
from tests.web.client import Web

ACCESS_ROLE = "18d14569-c3bd-439b-9a66-3a2aee01d14f"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass
class Stage:
    """The organisation, and what stands where in a path."""

    web: Web
    org: Org
    other: Org
    people: dict[str, UserId] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    values: dict[str, Any] = field(default_factory=dict)
    app: str = ""
    person: str = ""

    def path(self, documented: str) -> str:
        """A documented path with the stage's own keys; the query with its own ids."""
        path, _, query = documented.partition("?")
        parts, before = [], ""
        for part in path.split("/"):
            shown = part
            if before in self.places and self._is_key(part):
                shown = quote(self.places[before], safe="")
            parts.append(_GUID.sub(str(self.other.id), shown) if "(" in shown else shown)
            before = part.lower()
        if not query:
            return "/".join(parts)
        query = query.replace("+", " ")
        if "principalId" in query:
            query = re.sub(r"principalId eq '[^']*'", f"principalId eq '{self.people['annie']}'", query)
        if "resourceId" in query:
            query = _GUID.sub(self.places["serviceprincipals"], query)
        return "/".join(parts) + "?" + quote(unquote(query), safe="=&$'(),:/")

    def body(self, documented: Any, name: str = "") -> Any:
        """A documented body with the stage's own values."""
        if isinstance(documented, dict):
            return {key: self.body(each, key) for key, each in documented.items()}
        if name.endswith("@odata.bind"):
            return [
                f"https://graph.microsoft.com/v1.0/directoryObjects/{self.people[each]}"
                for each in ("bob", "cara", "dan")
            ]
        if isinstance(documented, list):
            return [self.body(each, name) for each in documented]
        if name in self.values:
            return self.values[name]
        if name == "userPrincipalName":
            return f"{documented.partition('@')[0]}@{self.org.domain}"
        if documented in ("{targetTenantId}", "{sourceTenantId}"):
            return str(self.other.id)
        return documented

    def _is_key(self, part: str) -> bool:
        named = part.startswith("microsoft.graph.")
        return not named and (part.startswith("{") or bool(_GUID.fullmatch(part)) or "." in part or len(part) > 30)


async def set_stage(web: Web, org: Org, other: Org) -> Stage:
    """One of everything."""
    stage = Stage(web, org, other)
    for name in ("annie", "bob", "cara", "dan", "boss", "gone"):
        stage.people[name] = (await org.add_person(name)).id
    people = stage.people
    operator = org.operator
    template = TEMPLATE_IDS[DirectoryRole.GROUPS_ADMINISTRATOR]
    async with org.db.tenant(org.id) as tx:
        await set_manager(tx, operator, people["annie"], people["boss"])
        await set_manager(tx, operator, people["gone"], people["annie"])
        team = await groups.create(
            tx,
            operator,
            GroupDraft("All annies", "A group"),
            members=[people["annie"]],
            owners=[people["annie"], people["boss"]],
        )
        parent = await groups.create(tx, operator, GroupDraft("All parents"), members=[team.id])
        await service.delete_users(tx, operator, [people["gone"]])
        await assign_role(tx, operator, DirectoryRole.GLOBAL_ADMINISTRATOR, people["annie"])
        await assign_role(tx, operator, DirectoryRole.USER_ADMINISTRATOR, people["annie"])
        domain = await add_domain(tx, operator, f"second.{org.domain}")
        client = await registrations.register(tx, operator, name="a client")
        await registrations.set_scopes(tx, operator, client.application.id, ["User.Read.All"])
        await registrations.set_permissions(tx, operator, client.application.id, ["User.Read.All"])
        secret = await add_secret(tx, operator, client.application.id, at=web.identity.machine.now())
        sharing = await registrations.register(tx, operator, name="a sharing", template_id=SYNC_TEMPLATE)
        principal = sharing.application.id
        await configurations.prepare(tx, operator, principal, "a sharing")
        await configurations.configure(tx, operator, principal, {"CompanyId": str(other.id)})
        await configurations.open_job(tx, operator, principal)
        await configurations.assign(tx, operator, principal, people["annie"], PrincipalKind.USER)
        await configurations.assign(tx, operator, principal, team.id, PrincipalKind.GROUP)
        await registrations.add_owner(tx, operator, principal, people["annie"])
        await registrations.add_owner(tx, operator, client.application.id, people["annie"])
        await offer_users(tx, operator, other.id)
    async with other.db.tenant(other.id) as tx:
        await accept_users(tx, other.operator, org.id)
    stage.app = await web.token_of(org)
    stage.person = await web.sign_in(org, org.people["annie"])
    audits = (await web.get("/v1.0/auditLogs/directoryAudits?$top=1", stage.app)).json()["value"]
    assigned = (await web.get(f"/v1.0/servicePrincipals/{principal}/appRoleAssignedTo", stage.app)).json()["value"]
    grants = (await web.get("/v1.0/oauth2PermissionGrants", stage.app)).json()["value"]
    stage.places = {
        "users": str(people["annie"]), "groups": str(team.id), "applications": str(client.object_id),
        "serviceprincipals": str(principal), "directoryobjects": str(people["annie"]),
        "deleteditems": str(people["gone"]), "owners": str(people["annie"]), "members": str(people["annie"]),
        "domains": domain.name, "organization": str(org.id),
        "directoryroles": str(role_id(org.id, DirectoryRole.GROUPS_ADMINISTRATOR)),
        "directoryroletemplates": str(template), "approleassignedto": assigned[0]["id"],
        "oauth2permissiongrants": grants[0]["id"], "partners": str(other.id), "tenants": str(other.id),
        "jobs": str(principal), "directories": "source", "directoryaudits": audits[0]["id"],
        "userconfigurations": str(people["annie"]),
    }  # fmt: skip
    stage.values = {
        "@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{people['bob']}",
        "principalId": str(people["bob"]), "resourceId": str(principal), "appRoleId": ACCESS_ROLE,
        "currentPassword": "correct horse", "keyId": str(secret.id), "objectId": str(people["bob"]),
        "userId": str(people["annie"]), "policyType": "ExternalAccessPolicy", "policyId": None,
    }  # fmt: skip
    stage.values["client"] = str(client.application.id)
    stage.values["graph"] = str(graph_id(org.id))
    stage.values["parent"] = str(parent.id)
    return stage


async def add_partner(stage: Stage) -> None:
    """Settings toward a tenant that nothing else is said about."""
    async with stage.org.db.tenant(stage.org.id) as tx:
        partner = await create_partner(tx, stage.org.operator, UUID(int=new_id().int))  # type: ignore[arg-type]
    stage.places["partners"] = str(partner.tenant_id)
