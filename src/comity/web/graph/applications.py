"""Applications, service principals and templates (graph-api §3.6).

One registration is shown as both: the application object and the service principal that signs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.responses import Response

from comity.core.ids import PrincipalId, UserId
from comity.db.transaction import as_uuid
from comity.directory import finding
from comity.identity.errors import ApplicationUnknown
from comity.identity.registrations import service
from comity.identity.registrations.service import CUSTOM_TEMPLATE, SYNC_TEMPLATE, Registration, turned
from comity.identity.service import add_secret, remove_secret
from comity.sync.configurations import service as configurations
from comity.web.graph.bodies import Body, Reference, given_of, read_reference
from comity.web.graph.directory_objects import show_principals
from comity.web.graph.graph_principal import graph_principal
from comity.web.graph.listing import count_all, list_all
from comity.web.graph.odata.options import read_options
from comity.web.graph.operation import delete, get, patch, post
from comity.web.graph.shape import Edm, Shape, empty, flag, guid, instant, never, text, texts, thing, things
from comity.web.graph.user_bodies import GroupIds, ObjectIds, SecurityOnly
from comity.web.graph.visit import ObjectUnknown, Visit, answer, collection, created, done, entity, value

UNSET: Final = msgspec.UNSET
Text = str | None | msgspec.UnsetType
Thing = dict[str, Any] | None | msgspec.UnsetType
Things = list[dict[str, Any]] | msgspec.UnsetType
Texts = list[str] | msgspec.UnsetType
SECRET_DAYS: Final = 730


class ApplicationChange(Body, kw_only=True):
    """What can be changed of an application."""

    display_name: str | msgspec.UnsetType = UNSET
    description: Text = UNSET
    notes: Text = UNSET
    identifier_uris: Texts = UNSET
    tags: Texts = UNSET
    sign_in_audience: Text = UNSET
    is_fallback_public_client: bool | msgspec.UnsetType | None = UNSET
    group_membership_claims: Text = UNSET
    api: Thing = UNSET
    info: Thing = UNSET
    optional_claims: Thing = UNSET
    parental_control_settings: Thing = UNSET
    public_client: Thing = UNSET
    spa: Thing = UNSET
    web: Thing = UNSET
    app_roles: Things = UNSET
    required_resource_access: Things = UNSET
    service_management_reference: Text = UNSET

    def document(self) -> dict[str, Any]:
        """What is kept with the application, by Graph's names."""
        names = dict(zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True))
        given = {names[name]: each for name, each in given_of(self).items() if name != "display_name"}
        return {f"application/{name}": each for name, each in given.items()}


class NewApplication(ApplicationChange, kw_only=True):
    """What a new application needs."""

    display_name: str


class PrincipalChange(Body, kw_only=True):
    """What can be changed of a service principal."""

    account_enabled: bool | msgspec.UnsetType = UNSET
    app_role_assignment_required: bool | msgspec.UnsetType = UNSET
    display_name: str | msgspec.UnsetType = UNSET
    description: Text = UNSET
    homepage: Text = UNSET
    login_url: Text = UNSET
    notes: Text = UNSET
    notification_email_addresses: Texts = UNSET
    preferred_single_sign_on_mode: Text = UNSET
    reply_urls: Texts = UNSET
    tags: Texts = UNSET

    def document(self) -> dict[str, Any]:
        """What is kept with the service principal, by Graph's names."""
        names = dict(zip(self.__struct_fields__, self.__struct_encode_fields__, strict=True))
        skipped = {"display_name", "account_enabled"}
        given = {names[name]: each for name, each in given_of(self).items() if name not in skipped}
        return {f"principal/{name}": each for name, each in given.items()}


class NewPrincipal(Body, kw_only=True):
    """Which application is to have a service principal."""

    app_id: UUID


class NewPassword(Body, kw_only=True):
    """What a new secret is called, and how long it lives."""

    password_credential: dict[str, Any] | None = None


class PasswordRemoval(Body, kw_only=True):
    """Which secret goes."""

    key_id: UUID


class Instance(Body, kw_only=True):
    """What an application made from a template is called."""

    display_name: str
    service_management_reference: str | None = None


def kept(half: str, name: str, otherwise: Any = None) -> Any:
    """Reads what clients keep with an application."""
    return lambda registration: registration.document.get(f"{half}/{name}", otherwise)


def app_roles(one: Registration) -> list[dict[str, Any]]:
    """The roles that people can be given in an application."""
    own: list[dict[str, Any]] = one.document.get("application/appRoles", [])
    if one.template_id is None or own:
        return own
    return [
        {
            "allowedMemberTypes": ["User"], "description": "msiam_access", "displayName": "msiam_access",
            "id": str(ACCESS_ROLE), "isEnabled": True, "origin": "Application", "value": None,
        }
    ]  # fmt: skip


def scopes_of(one: Registration) -> list[dict[str, Any]]:
    """What clients can ask for on behalf of people."""
    if one.template_id is None:
        return []
    return [
        {
            "adminConsentDescription": f"Allow the application to access {one.application.display_name}.",
            "adminConsentDisplayName": f"Access {one.application.display_name}", "id": str(turned(one.object_id)),
            "isEnabled": True, "type": "User", "userConsentDescription": None, "userConsentDisplayName": None,
            "value": "user_impersonation",
        }
    ]  # fmt: skip


APPLICATION: Final = Shape[Registration](
    "microsoft.graph.application",
    {
        "id": text(lambda one: str(one.object_id)),
        "deletedDateTime": instant(lambda _: None),
        "appId": text(lambda one: str(one.application.app_id)),
        "applicationTemplateId": text(lambda one: str(one.template_id) if one.template_id else None),
        "createdDateTime": instant(lambda one: one.application.created_at),
        "displayName": text(lambda one: one.application.display_name),
        "description": text(kept("application", "description")),
        "notes": text(kept("application", "notes")),
        "identifierUris": texts(kept("application", "identifierUris", [])),
        "isFallbackPublicClient": flag(kept("application", "isFallbackPublicClient")),
        "isDeviceOnlyAuthSupported": flag(lambda _: None),
        "groupMembershipClaims": text(kept("application", "groupMembershipClaims")),
        "optionalClaims": thing(kept("application", "optionalClaims")),
        "publisherDomain": text(lambda _: None),
        "signInAudience": text(kept("application", "signInAudience", "AzureADMyOrg")),
        "tags": texts(kept("application", "tags", [])),
        **never("tokenEncryptionKeyId", edm=Edm.GUID),
        **never("verifiedPublisher", "certification", "requestSignatureVerification", edm=Edm.OBJECT),
        **never("servicePrincipalLockConfiguration", edm=Edm.OBJECT),
        **never("defaultRedirectUri", "samlMetadataUrl", "uniqueName", "disabledByMicrosoftStatus", "createdByAppId"),
        "serviceManagementReference": text(kept("application", "serviceManagementReference")),
        **empty("addIns", "keyCredentials"),
        "api": thing(kept("application", "api", {
            "acceptMappedClaims": None, "knownClientApplications": [], "requestedAccessTokenVersion": None,
            "oauth2PermissionScopes": [], "preAuthorizedApplications": [],
        })),
        "appRoles": things(app_roles),
        "info": thing(kept("application", "info", {
            "logoUrl": None, "marketingUrl": None, "privacyStatementUrl": None, "supportUrl": None,
            "termsOfServiceUrl": None,
        })),
        "parentalControlSettings": thing(kept("application", "parentalControlSettings", {
            "countriesBlockedForMinors": [], "legalAgeGroupRule": "Allow",
        })),
        "passwordCredentials": things(lambda _: []),
        "publicClient": thing(kept("application", "publicClient", {"redirectUris": []})),
        "requiredResourceAccess": things(kept("application", "requiredResourceAccess", [])),
        "spa": thing(kept("application", "spa", {"redirectUris": []})),
        "web": thing(kept("application", "web", {
            "homePageUrl": None, "logoutUrl": None, "redirectUris": [],
            "implicitGrantSettings": {"enableIdTokenIssuance": False, "enableAccessTokenIssuance": False},
        })),
    },
)  # fmt: skip
PRINCIPAL: Final = Shape[Registration](
    "microsoft.graph.servicePrincipal",
    {
        "id": text(lambda one: str(one.application.id)),
        "deletedDateTime": instant(lambda _: None),
        "accountEnabled": flag(lambda one: one.application.disabled_at is None),
        **empty("alternativeNames", edm=Edm.TEXT),
        "appDisplayName": text(lambda one: one.application.display_name),
        "appDescription": text(kept("application", "description")),
        "appId": text(lambda one: str(one.application.app_id)),
        "applicationTemplateId": text(lambda one: str(one.template_id) if one.template_id else None),
        "appOwnerOrganizationId": guid(lambda one: str(one.application.tenant_id)),
        "appRoleAssignmentRequired": flag(
            lambda one: one.document.get("principal/appRoleAssignmentRequired", one.template_id == SYNC_TEMPLATE)
        ),
        "createdDateTime": instant(lambda one: one.application.created_at),
        "description": text(kept("principal", "description")),
        "disabledByMicrosoftStatus": text(lambda _: None),
        "displayName": text(lambda one: one.application.display_name),
        "homepage": text(lambda one: one.document.get("principal/homepage", _homepage(one))),
        "loginUrl": text(kept("principal", "loginUrl")),
        "logoutUrl": text(lambda _: None),
        "notes": text(kept("principal", "notes")),
        "notificationEmailAddresses": texts(kept("principal", "notificationEmailAddresses", [])),
        "preferredSingleSignOnMode": text(kept("principal", "preferredSingleSignOnMode")),
        "preferredTokenSigningKeyThumbprint": text(lambda _: None),
        "replyUrls": texts(kept("principal", "replyUrls", [])),
        "servicePrincipalNames": texts(lambda one: [str(one.application.app_id)]),
        "servicePrincipalType": text(lambda _: "Application"),
        "signInAudience": text(kept("application", "signInAudience", "AzureADMyOrg")),
        "tags": texts(lambda one: one.document.get("principal/tags", _tags(one))),
        **never("tokenEncryptionKeyId", edm=Edm.GUID),
        **never("samlSingleSignOnSettings", "verifiedPublisher", "info", edm=Edm.OBJECT),
        **empty("addIns", "keyCredentials", "passwordCredentials", "resourceSpecificApplicationPermissions"),
        "appRoles": things(app_roles),
        "oauth2PermissionScopes": things(scopes_of),
    },
)
TEMPLATE: Final = Shape[Mapping[str, Any]](
    "microsoft.graph.applicationTemplate",
    {
        "id": text(lambda each: each["id"]),
        "displayName": text(lambda each: each["displayName"]),
        "homePageUrl": text(lambda _: None),
        "supportedSingleSignOnModes": texts(lambda _: []),
        "supportedProvisioningTypes": texts(lambda each: each["supportedProvisioningTypes"]),
        "logoUrl": text(lambda _: None),
        "categories": texts(lambda each: each["categories"]),
        "publisher": text(lambda _: "Comity"),
        "description": text(lambda each: each["description"]),
    },
)
TEMPLATES: Final[tuple[dict[str, Any], ...]] = (
    {
        "id": str(SYNC_TEMPLATE), "displayName": "Azure Active Directory Cross-Tenant Synchronization",
        "description": "Share people of this organisation with another one.", "categories": ["collaboration"],
        "supportedProvisioningTypes": ["sync"],
    },
    {
        "id": str(CUSTOM_TEMPLATE), "displayName": "Custom", "description": "An application of your own.",
        "categories": [], "supportedProvisioningTypes": [],
    },
)  # fmt: skip
ACCESS_ROLE: Final = UUID("18d14569-c3bd-439b-9a66-3a2aee01d14f")
"""The one role of a configuration: whoever has it is shared."""


async def list_applications(visit: Visit) -> Response:
    """GET /applications."""
    found = await service.list_registrations(visit.tx, visit.caller)
    return list_all(visit, APPLICATION, found, resource="applications")


async def count_applications(visit: Visit) -> Response:
    """GET /applications/$count."""
    return count_all(visit, APPLICATION, await service.list_registrations(visit.tx, visit.caller))


async def add_application(visit: Visit) -> Response:
    """POST /applications."""
    draft: NewApplication = visit.body
    public = bool(draft.is_fallback_public_client) if draft.is_fallback_public_client is not UNSET else False
    made = await service.register(
        visit.tx, visit.caller, name=draft.display_name, document=_given(draft.document()), is_public=public
    )
    return created(visit.context("applications", entity=True), APPLICATION.show(made))


async def read_application(visit: Visit) -> Response:
    """GET /applications/{id}."""
    select = read_options(visit.ask, supported={"select"}).select(APPLICATION.properties, type_name=APPLICATION.type)
    found = await _application(visit)
    return entity(visit.context("applications", select, entity=True), APPLICATION.show(found, select))


async def change_application(visit: Visit) -> Response:
    """PATCH /applications/{id}."""
    change: ApplicationChange = visit.body
    name = change.display_name if isinstance(change.display_name, str) else None
    await service.change(visit.tx, visit.caller, await _principal_id(visit), name=name, document=change.document())
    return done()


async def remove_application(visit: Visit) -> Response:
    """DELETE /applications/{id}, DELETE /servicePrincipals/{id}: the one goes with the other."""
    principal = await _principal_id(visit)
    await configurations.forget(visit.tx, visit.caller, principal)
    await service.delete(visit.tx, visit.caller, principal)
    return done()


async def add_password(visit: Visit) -> Response:
    """POST …/addPassword: the secret is shown this once."""
    wanted: NewPassword = visit.body
    asked = wanted.password_credential or {}
    at = visit.ask.services.machine.now()
    secret = await add_secret(
        visit.tx, visit.caller, PrincipalId(await _principal_id(visit)), at=at, lifetime=timedelta(days=SECRET_DAYS)
    )
    body = {
        "customKeyIdentifier": None, "displayName": asked.get("displayName"), "endDateTime": secret.expires_at,
        "hint": secret.hint, "keyId": str(secret.id), "secretText": secret.value, "startDateTime": at,
    }  # fmt: skip
    return entity(visit.context("microsoft.graph.passwordCredential"), body)


async def remove_password(visit: Visit) -> Response:
    """POST …/removePassword."""
    wanted: PasswordRemoval = visit.body
    await remove_secret(visit.tx, visit.caller, PrincipalId(await _principal_id(visit)), wanted.key_id)
    return done()


async def list_owners(visit: Visit) -> Response:
    """GET …/owners."""
    principal = await _principal_id(visit)
    owners = await service.list_owners(visit.tx, visit.caller, principal)
    users = await finding.load_people(visit.tx, visit.caller, owners)
    return show_principals(visit, users=users, resource=f"servicePrincipals/{principal}/owners")


async def add_owner(visit: Visit) -> Response:
    """POST …/owners/$ref."""
    reference: Reference = visit.body
    owner = UserId(read_reference(reference.id))
    await service.add_owner(visit.tx, visit.caller, await _principal_id(visit), owner)
    return done()


async def remove_owner(visit: Visit) -> Response:
    """DELETE …/owners/{id}/$ref."""
    await service.remove_owner(visit.tx, visit.caller, await _principal_id(visit), UserId(visit.id("owner")))
    return done()


async def list_principals(visit: Visit) -> Response:
    """GET /servicePrincipals: the tenant's own, its configurations, and Graph itself."""
    return list_all(visit, PRINCIPAL, await all_principals(visit), resource="servicePrincipals")


async def count_principals(visit: Visit) -> Response:
    """GET /servicePrincipals/$count."""
    return count_all(visit, PRINCIPAL, await all_principals(visit))


async def delta_principals(visit: Visit) -> Response:
    """GET /servicePrincipals/delta: all of them each time, which clients merge."""
    bodies = [PRINCIPAL.show(each) for each in await all_principals(visit)]
    link = f"{visit.base}/servicePrincipals/delta?$deltatoken=all"
    return collection(visit.context("servicePrincipals"), bodies, delta_link=link)


async def add_principal(visit: Visit) -> Response:
    """POST /servicePrincipals: every application of the tenant has its own already."""
    wanted: NewPrincipal = visit.body
    found = await _by_app_id(visit, str(wanted.app_id))
    return created(visit.context("servicePrincipals", entity=True), PRINCIPAL.show(found))


async def read_principal(visit: Visit) -> Response:
    """GET /servicePrincipals/{id}."""
    select = read_options(visit.ask, supported={"select"}).select(PRINCIPAL.properties, type_name=PRINCIPAL.type)
    found = await find_principal(visit)
    return entity(visit.context("servicePrincipals", select, entity=True), PRINCIPAL.show(found, select))


async def change_principal(visit: Visit) -> Response:
    """PATCH /servicePrincipals/{id}."""
    change: PrincipalChange = visit.body
    name = change.display_name if isinstance(change.display_name, str) else None
    enabled = change.account_enabled if isinstance(change.account_enabled, bool) else None
    await service.change(
        visit.tx, visit.caller, await _principal_id(visit), name=name, document=change.document(), enabled=enabled
    )
    return done()


async def list_memberships(visit: Visit) -> Response:
    """GET /servicePrincipals/{id}/memberOf: programs are in no group here."""
    found = await find_principal(visit)
    return show_principals(visit, resource=f"servicePrincipals/{found.application.id}/memberOf")


async def no_memberships(visit: Visit) -> Response:
    """POST /servicePrincipals/{id}/checkMemberGroups and the like: programs are in no group here."""
    await find_principal(visit)
    return value(visit.context("Collection(Edm.String)"), [])


async def list_templates(visit: Visit) -> Response:
    """GET /applicationTemplates."""
    return list_all(visit, TEMPLATE, TEMPLATES, resource="applicationTemplates")


async def read_template(visit: Visit) -> Response:
    """GET /applicationTemplates/{id}."""
    return entity(visit.context("applicationTemplates", entity=True), TEMPLATE.show(_template(visit)))


async def instantiate(visit: Visit) -> Response:
    """POST /applicationTemplates/{id}/instantiate."""
    wanted: Instance = visit.body
    template = UUID(_template(visit)["id"])
    made = await service.register(visit.tx, visit.caller, name=wanted.display_name, template_id=template)
    if template == SYNC_TEMPLATE:
        await configurations.prepare(visit.tx, visit.caller, made.application.id, made.application.display_name)
    context = visit.context("microsoft.graph.applicationServicePrincipal")
    body = {"application": APPLICATION.show(made), "servicePrincipal": PRINCIPAL.show(made)}
    return answer({"@odata.context": context, **body}, status=201)


async def all_principals(visit: Visit) -> list[Registration]:
    """Every service principal that the tenant knows."""
    own = await service.list_registrations(visit.tx, visit.caller)
    known = {each.application.id for each in own}
    shared = await configurations.list_unregistered(visit.tx, visit.caller, known)
    return [*own, *shared, graph_principal(visit.tx.tenant_id)]


async def find_principal(visit: Visit) -> Registration:
    """The service principal that the path names.

    Raises:
        ApplicationUnknown, PermissionMissing.
    """
    if "appId" in visit.ask.parameters:
        return await _by_app_id(visit, visit.parameter("appId"))
    return await principal_of(visit, visit.id("principal"))


async def principal_of(visit: Visit, wanted: UUID) -> Registration:
    """The service principal of that id: an application's, a configuration's, or Graph's own."""
    if wanted == graph_principal(visit.tx.tenant_id).application.id:
        return graph_principal(visit.tx.tenant_id)
    try:
        return await service.get_registration(visit.tx, visit.caller, wanted)
    except ApplicationUnknown:
        found = await configurations.list_unregistered(visit.tx, visit.caller, set())
        for each in found:
            if each.application.id == wanted:
                return each
        raise


async def _by_app_id(visit: Visit, app_id: str) -> Registration:
    wanted = as_uuid(app_id)
    for each in await all_principals(visit):
        if each.application.app_id == wanted:
            return each
    raise ApplicationUnknown(application=app_id)


async def _application(visit: Visit) -> Registration:
    if "appId" in visit.ask.parameters:
        return await _by_app_id(visit, visit.parameter("appId"))
    return await service.get_registration(visit.tx, visit.caller, turned(visit.id("application")))


async def _principal_id(visit: Visit) -> UUID:
    """The service principal's id, whichever half the path names."""
    if "application" in visit.ask.parameters:
        return turned(visit.id("application"))
    if "appId" in visit.ask.parameters:
        return (await _by_app_id(visit, visit.parameter("appId"))).application.id
    return visit.id("principal")


def _template(visit: Visit) -> Mapping[str, Any]:
    wanted = visit.parameter("template").lower()
    found = next((each for each in TEMPLATES if each["id"] == wanted), None)
    if found is None:
        raise ObjectUnknown(id=wanted)
    return found


def _given(document: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in document.items() if each is not None}


def _homepage(one: Registration) -> str | None:
    if one.template_id != SYNC_TEMPLATE:
        return None
    return "https://account.activedirectory.windowsazure.com:444/applications/default.aspx?metadata=aad2aadsync|ISV9.1|primary|z"


def _tags(one: Registration) -> list[str]:
    return ["WindowsAzureActiveDirectoryIntegratedApp"] if one.template_id else []


_A: Final = "/applications/{application}"
_S: Final = "/servicePrincipals/{principal}"
_LIST: Final = ("select", "filter", "search", "orderby", "top", "count")
_STORED: Final = "kept and shown; sign-in goes by what `comity app` says"

OPERATIONS: Final = (
    get("/applications", list_applications, "List applications", shape=APPLICATION, many=True, options=_LIST),
    get("/applications/$count", count_applications, "Count applications", options=("filter", "search")),
    post(
        "/applications",
        add_application,
        "Register an application",
        shape=APPLICATION,
        body=NewApplication,
        remark=_STORED,
    ),
    get(_A, read_application, "Read an application", shape=APPLICATION, options=("select",)),
    patch(_A, change_application, "Change an application", body=ApplicationChange, remark=_STORED),
    delete(_A, remove_application, "Delete an application", remark="for good, with its service principal"),
    get(
        "/applications/(appid)/{appId}",
        read_application,
        "Read an application by its client id",
        shape=APPLICATION,
        options=("select",),
    ),
    post(f"{_A}/addPassword", add_password, "Make a secret", status=200, body=NewPassword, remark="lives two years"),
    post(f"{_A}/removePassword", remove_password, "Remove a secret", status=204, body=PasswordRemoval),
    get(f"{_A}/owners", list_owners, "List owners", many=True, options=("select",)),
    post(f"{_A}/owners/$ref", add_owner, "Add an owner", status=204, body=Reference),
    delete(f"{_A}/owners/{{owner}}/$ref", remove_owner, "Remove an owner"),
    get("/servicePrincipals", list_principals, "List service principals", shape=PRINCIPAL, many=True, options=_LIST),
    get("/servicePrincipals/$count", count_principals, "Count service principals", options=("filter", "search")),
    post(
        "/servicePrincipals",
        add_principal,
        "Give an application a service principal",
        shape=PRINCIPAL,
        body=NewPrincipal,
        remark="it has one already, which is answered",
    ),
    get(
        "/servicePrincipals/delta",
        delta_principals,
        "Service principals that changed",
        shape=PRINCIPAL,
        many=True,
        remark="all of them each time",
    ),
    get(_S, read_principal, "Read a service principal", shape=PRINCIPAL, options=("select",)),
    patch(_S, change_principal, "Change a service principal", body=PrincipalChange),
    delete(_S, remove_application, "Delete a service principal", remark="for good, with its application"),
    get(
        "/servicePrincipals/(appid)/{appId}",
        read_principal,
        "Read a service principal by its client id",
        shape=PRINCIPAL,
        options=("select",),
    ),
    post(f"{_S}/addPassword", add_password, "Make a secret", status=200, body=NewPassword, remark="lives two years"),
    post(f"{_S}/removePassword", remove_password, "Remove a secret", status=204, body=PasswordRemoval),
    get(f"{_S}/owners", list_owners, "List owners", many=True, options=("select",)),
    post(f"{_S}/owners/$ref", add_owner, "Add an owner", status=204, body=Reference),
    delete(f"{_S}/owners/{{owner}}/$ref", remove_owner, "Remove an owner"),
    get(
        f"{_S}/memberOf",
        list_memberships,
        "List the groups that it is in",
        many=True,
        remark="always empty: programs are in no group",
    ),
    post(f"{_S}/checkMemberGroups", no_memberships, "Is it in these groups?", status=200, body=GroupIds),
    post(f"{_S}/getMemberGroups", no_memberships, "All its groups", status=200, body=SecurityOnly),
    post(f"{_S}/checkMemberObjects", no_memberships, "Is it in these objects?", status=200, body=ObjectIds),
    post(f"{_S}/getMemberObjects", no_memberships, "All objects it is in", status=200, body=SecurityOnly),
    get(
        "/applicationTemplates",
        list_templates,
        "List application templates",
        shape=TEMPLATE,
        many=True,
        options=("select", "filter", "top"),
    ),
    get("/applicationTemplates/{template}", read_template, "Read an application template", shape=TEMPLATE),
    post(
        "/applicationTemplates/{template}/instantiate",
        instantiate,
        "Make an application from a template",
        body=Instance,
    ),
)
