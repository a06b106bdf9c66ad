"""Policies and who has them: list, make, change, remove, assign to people and groups (external-access §4, §5, §15)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from starlette.responses import Response

from comity.access.assignments.model import GroupAssignment
from comity.access.assignments.service import get_tenant_policy, grant_group, grant_tenant, list_group_assignments
from comity.access.model import GLOBAL, ExternalAccessPolicy
from comity.access.policies import grant_policy, list_policies, new_policy, remove_policy, set_policy
from comity.core.ids import GroupId
from comity.db.transaction import Transaction, as_uuid
from comity.directory.model import Group
from comity.directory.service import list_groups, resolve_user
from comity.insight.rehearsal.model import Rehearsal
from comity.insight.rehearsal.service import rehearse, stream_breaks
from comity.web.admin.external_access.settings import NAMES_SHOWN, Preview
from comity.web.admin.visit import AdminPage, Visit
from comity.web.shell.forms import FieldMissing, Form, read_form
from comity.web.shell.pages import move_on, show

GROUPS_SHOWN: Final = 200


@dataclass(frozen=True, kw_only=True)
class PoliciesPage(AdminPage):
    """Policies, Global first, and to whom they are assigned."""

    template: ClassVar[str] = "admin/pages/external_access/policies.html"
    policies: tuple[ExternalAccessPolicy, ...]
    assignments: tuple[GroupAssignment, ...]
    tenant_wide: str | None
    groups: tuple[Group, ...]
    group_names: Mapping[object, str]


@dataclass(frozen=True, kw_only=True)
class PolicyPreviewPage(AdminPage):
    """Whom a change of a policy or of an assignment would hit; confirming it does it."""

    template: ClassVar[str] = "admin/pages/external_access/preview.html"
    action: str
    """Where the confirmation goes."""
    preview: Preview
    fields: tuple[tuple[str, str], ...]


async def show_policies(visit: Visit) -> Response:
    """GET /admin/{tenant}/users/external-access/policies"""
    async with visit.transaction() as tx:
        groups = await list_groups(tx, visit.caller, at_most=GROUPS_SHOWN)
        page = PoliciesPage(
            title="admin-policies-title", visit=visit, section="external-access",
            policies=tuple(await list_policies(tx, visit.caller)),
            assignments=tuple(await list_group_assignments(tx, visit.caller)),
            tenant_wide=await get_tenant_policy(tx, visit.caller),
            groups=tuple(groups), group_names={each.id: each.display_name for each in groups},
        )  # fmt: skip
    return show(visit.ask, page)


async def save_policy(visit: Visit) -> Response:
    """POST …/policies: make, change or remove one; a change shows first whom it would hit."""
    form = await read_form(visit.ask)
    name, what = form.required("identity"), form.required("do")
    caller = visit.caller_because(form.get("reason"))
    async with visit.transaction() as tx:
        if what == "new":
            await new_policy(tx, caller, name, _changes(form))
        elif what == "remove":
            await remove_policy(tx, caller, name)
        elif form.get("confirmed") == "yes":
            await set_policy(tx, caller, _changes(form), identity=name)
        else:
            return await _preview(tx, visit, form, Rehearsal(policies={name: _changes(form)}))
    return move_on(visit.path("users", "external-access", "policies"))


async def assign(visit: Visit) -> Response:
    """POST …/assign: give a policy to a person, a group or the whole tenant, or take it back."""
    form = await read_form(visit.ask)
    policy = form.get("policy") or None
    caller = visit.caller_because(form.get("reason"))
    async with visit.transaction() as tx:
        rehearsal = await _assignment(tx, visit, form, policy)
        if form.get("confirmed") != "yes":
            return await _preview(tx, visit, form, rehearsal, action=visit.path("users", "external-access", "assign"))
        for user_id in rehearsal.direct:
            await grant_policy(tx, caller, user_id, policy)
        for group_id, (_, rank) in rehearsal.groups.items():
            await grant_group(tx, caller, group_id, policy, rank=rank)
        if rehearsal.tenant_wide is not None:
            await grant_tenant(tx, caller, policy)
    return move_on(form.get("then") if form.get("then").startswith(visit.path()) else visit.path(*_PLACE))


_PLACE: Final = ("users", "external-access", "policies")
_FIELDS: Final = frozenset(
    {
        "do", "identity", "description", "federation", "consumer", "consumer_inbound", "bilateral", "policy", "user",
        "group", "rank", "everybody", "then",
    }
)  # fmt: skip


async def _assignment(tx: Transaction, visit: Visit, form: Form, policy: str | None) -> Rehearsal:
    if form.get("everybody") == "yes":
        return Rehearsal(tenant_wide=(policy if policy != GLOBAL else None,))
    if named := form.get("user"):
        return Rehearsal(direct={(await resolve_user(tx, visit.caller, named)).id: policy})
    if group := as_uuid(form.get("group")):
        rank = form.get("rank")
        return Rehearsal(groups={GroupId(group): (policy, int(rank) if rank.isdecimal() and len(rank) < 5 else None)})
    raise FieldMissing(field="user")


async def _preview(
    tx: Transaction, visit: Visit, form: Form, rehearsal: Rehearsal, *, action: str | None = None
) -> Response:
    found = await rehearse(tx, visit.caller, rehearsal)
    chats = [each async for each in stream_breaks(tx, found)]
    page = PolicyPreviewPage(
        title="admin-access-preview-title", visit=visit, section="external-access",
        action=action or visit.path(*_PLACE),
        preview=Preview(
            tuple(found.changes[:NAMES_SHOWN]), len(found.changes), tuple(chats[:NAMES_SHOWN]), len(chats)
        ),
        fields=tuple(each for each in form.fields if each[0] in _FIELDS),
    )  # fmt: skip
    return show(visit.ask, page)


def _changes(form: Form) -> dict[str, Any]:
    """The form as properties; Global's scope of domains is the organisation's and not in the form."""
    consumer = form.get("consumer") == "yes"
    changes: dict[str, Any] = {
        "Description": form.get("description"),
        "EnableFederationAccess": form.get("federation") == "yes",
        "EnableTeamsConsumerAccess": consumer,
        "FederatedBilateralChats": form.get("bilateral") == "yes",
    }
    if consumer:
        changes["EnableTeamsConsumerInbound"] = form.get("consumer_inbound") == "yes"
    return changes
