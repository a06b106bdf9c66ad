"""The organisation's settings: /admin/{tenant}/users/external-access, items 1 to 4 of external-access §15.

Saving takes two steps: the first answer shows whom the change would hit, the second makes it. Both carry the same
form, so nothing waits on the server in between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final

from starlette.responses import Response

from comity.access.availability import load_consumer_date
from comity.access.model import BlockedIndividuals, Delegation, TenantConfiguration, TrialTenants
from comity.access.properties import changed_blocked, changed_configuration
from comity.access.service import (
    get_blocked_individuals,
    get_configuration,
    set_blocked_individuals,
    set_configuration,
)
from comity.insight.rehearsal.model import ChatBreak, PersonChange, Rehearsal
from comity.insight.rehearsal.service import rehearse, stream_breaks
from comity.tenancy.service import list_domains
from comity.web.admin.visit import AdminPage, Visit
from comity.web.shell.forms import FieldMissing, Form, read_form
from comity.web.shell.pages import move_on, show

NAMES_SHOWN: Final = 100
"""People and chats by name; the rest is counted."""


class Organizations(StrEnum):
    """The one choice about other organisations."""

    ALL = "all"
    ONLY = "only"
    EXCEPT = "except"
    NONE = "none"


class Personal(StrEnum):
    """Which of three states holds for personal accounts."""

    NOBODY = "nobody"
    OURS_START = "ours-start"
    BOTH_START = "both-start"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for: changes of the configuration and of the blocked individuals."""

    configuration: Mapping[str, Any]
    blocked: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a change would hit, by name as far as they are shown."""

    people: tuple[PersonChange, ...]
    people_count: int
    chats: tuple[ChatBreak, ...]
    chats_count: int


@dataclass(frozen=True, kw_only=True)
class SettingsPage(AdminPage):
    """The settings as they are, or as they would be."""

    template: ClassVar[str] = "admin/pages/external_access/settings.html"
    configuration: TenantConfiguration
    blocked: BlockedIndividuals
    available_from: datetime | None = None
    """From when chat with personal accounts is to be had; None: now."""
    preview: Preview | None = None
    fields: tuple[tuple[str, str], ...] = ()
    """What the first form held, for the second one."""
    saved: bool = False

    @property
    def organizations(self) -> Organizations:
        """Which choice the settings amount to."""
        now = self.configuration
        if not now.allow_federated_users:
            return Organizations.NONE
        if now.allowed_domains is not None:
            return Organizations.ONLY
        return Organizations.EXCEPT if now.blocked_domains else Organizations.ALL

    @property
    def personal(self) -> Personal:
        """Which state holds for personal accounts, before policies narrow it."""
        now = self.configuration
        if not now.allow_teams_consumer:
            return Personal.NOBODY
        return Personal.BOTH_START if now.allow_teams_consumer_inbound else Personal.OURS_START

    @property
    def allowed(self) -> str:
        """The allow list, one a line."""
        return "\n".join(sorted(self.configuration.allowed_domains or ()))

    @property
    def forbidden(self) -> str:
        """The block list, one a line."""
        return "\n".join(sorted(self.configuration.blocked_domains))

    @property
    def people(self) -> str:
        """Blocked individuals, one a line."""
        return "\n".join(sorted(self.blocked.addresses))

    @property
    def allows_trials(self) -> bool:
        """May people of trial tenants be reached?"""
        return self.configuration.trial_tenants is TrialTenants.ALLOWED

    @property
    def delegates(self) -> bool:
        """May the security team edit the block lists?"""
        return self.configuration.security_team_delegation is Delegation.ENABLED


async def show_settings(visit: Visit) -> Response:
    """GET /admin/{tenant}/users/external-access"""
    async with visit.transaction() as tx:
        page = SettingsPage(
            title="admin-access-title", visit=visit, section="external-access",
            configuration=await get_configuration(tx, visit.caller),
            blocked=await get_blocked_individuals(tx, visit.caller),
            available_from=await load_consumer_date(tx), saved=visit.query("saved") == "yes",
        )  # fmt: skip
    return show(visit.ask, page)


async def save_settings(visit: Visit) -> Response:
    """POST /admin/{tenant}/users/external-access: show whom it would hit, or, confirmed, do it."""
    form = await read_form(visit.ask)
    wanted = read_wanted(form)
    if form.get("confirmed") != "yes":
        return await _preview(visit, form, wanted)
    caller = visit.caller_because(form.get("reason"))
    async with visit.transaction() as tx:
        await set_configuration(tx, caller, wanted.configuration)
        await set_blocked_individuals(tx, caller, wanted.blocked)
    return move_on(visit.path("users", "external-access", saved="yes"))


async def _preview(visit: Visit, form: Form, wanted: Wanted) -> Response:
    async with visit.transaction() as tx:
        configuration = await get_configuration(tx, visit.caller)
        blocked = await get_blocked_individuals(tx, visit.caller)
        own = frozenset(each.name for each in await list_domains(tx))
        found = await rehearse(tx, visit.caller, Rehearsal(configuration=wanted.configuration, blocked=wanted.blocked))
        chats = [each async for each in stream_breaks(tx, found)]
        available = await load_consumer_date(tx)
    page = SettingsPage(
        title="admin-access-preview-title", visit=visit, section="external-access",
        configuration=changed_configuration(configuration, wanted.configuration, own_domains=own),
        blocked=changed_blocked(blocked, wanted.blocked), available_from=available,
        preview=Preview(
            tuple(found.changes[:NAMES_SHOWN]), len(found.changes), tuple(chats[:NAMES_SHOWN]), len(chats)
        ),
        fields=tuple(each for each in form.fields if each[0] in _FIELDS),
    )  # fmt: skip
    return show(visit.ask, page)


_FIELDS: Final = frozenset(
    {
        "organizations", "allowed", "forbidden", "people", "people_in_force", "delegates", "consumer",
        "consumer_inbound", "trials",
    }
)  # fmt: skip


def read_wanted(form: Form) -> Wanted:
    """The form as changes of properties; what a choice makes meaningless is left as it is."""
    choice = _choice(form.required("organizations"))
    changes: dict[str, Any] = {"AllowFederatedUsers": choice is not Organizations.NONE}
    if choice is Organizations.ONLY:
        changes["AllowedDomains"] = {"mode": "AllowList", "domains": _lines(form.get("allowed"))}
    elif choice is not Organizations.NONE:
        changes["AllowedDomains"] = {"mode": "AllowAllKnownDomains"}
        changes["BlockedDomains"] = {"Replace": _lines(form.get("forbidden")) if choice is Organizations.EXCEPT else []}
    consumer = form.get("consumer") == "yes"
    changes["AllowTeamsConsumer"] = consumer
    if consumer:
        changes["AllowTeamsConsumerInbound"] = form.get("consumer_inbound") == "yes"
    changes["ExternalAccessWithTrialTenants"] = (
        TrialTenants.ALLOWED if form.get("trials") == "yes" else TrialTenants.BLOCKED
    ).value
    changes["SecurityTeamAllowBlockListDelegation"] = (
        Delegation.ENABLED if form.get("delegates") == "yes" else Delegation.DISABLED
    ).value
    blocked = {
        "BlockExternalUserAccess": form.get("people_in_force") == "yes",
        "BlockedUsers": {"Replace": _lines(form.get("people"))},
    }
    return Wanted(changes, blocked)


def _choice(text: str) -> Organizations:
    try:
        return Organizations(text)
    except ValueError as fault:
        raise FieldMissing(field="organizations") from fault


def _lines(text: str) -> list[str]:
    return [each.strip() for each in text.replace(",", "\n").splitlines() if each.strip()]
