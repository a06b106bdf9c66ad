"""What came of the worked example: each figure is read back through the queries that the commands use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any, Final

from comity.access.model import AddressedBy, Person, Purpose
from comity.access.service import decide_pair
from comity.chat import service as chat
from comity.chat.model import ChatView, Request
from comity.cli.demo.build import ADMIN, Demo
from comity.cli.names import home_of, person_of, rights_of
from comity.core.caller import Caller
from comity.core.ids import TenantId, UserId
from comity.db.transaction import Transaction
from comity.directory.model import User
from comity.directory.service import list_users
from comity.partners.model import PartnerUnknown
from comity.partners.service import get_partner
from comity.people import service as people
from comity.sync import service as sync

_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """One decision that the report asks for; `instead` is asked in place of what the tenant has stored."""

    actor: str
    target: str
    by: AddressedBy = AddressedBy.EMAIL
    instead: tuple[str, str, bool] | None = None
    """Tenant's letter, setting, value."""


INBOUND_OFF: Final = ("B", "AllowTeamsConsumerInbound", False)
QUESTIONS: Final = (
    Question("Annie", "Charlie"),
    Question("Charlie", "Annie"),
    Question("Barbara", "Dana"),
    Question("Barbara", "Dana", AddressedBy.PHONE),
    Question("Dana", "Barbara"),
    Question("Dana", "Barbara", AddressedBy.PHONE),
    Question("Dana", "Barbara", instead=INBOUND_OFF),
    Question("Barbara", "Dana", instead=INBOUND_OFF),
)


@dataclass(slots=True)
class Report:
    """The contract of `comity demo` (design §5.3), and what only the expectations look at."""

    tenants: list[dict[str, Any]] = field(default_factory=list)
    people: list[dict[str, Any]] = field(default_factory=list)
    representations: list[dict[str, Any]] = field(default_factory=list)
    searches: list[dict[str, Any]] = field(default_factory=list)
    decisions: list[dict[str, Any]] = field(default_factory=list)
    chats: list[dict[str, Any]] = field(default_factory=list)
    accepted: set[tuple[str, str]] = field(default_factory=set)
    """(who, whose) by letter: whose people are let in."""
    shared: set[tuple[str, str]] = field(default_factory=set)
    """(person, to) by first name and letter: who is offered where."""
    may_write: dict[str, bool] = field(default_factory=dict)
    """By chat id: nobody is asked any more, and nobody has blocked."""

    def as_json(self) -> dict[str, Any]:
        """The report's members, without addresses and timings."""
        return {
            "tenants": self.tenants,
            "people": self.people,
            "representations": self.representations,
            "searches": self.searches,
            "decisions": self.decisions,
            "chats": self.chats,
        }


async def read_report(demo: Demo) -> Report:
    """Look at everything, as the commands would."""
    report = Report()
    accounts = {each.name: await demo.account(each.name) for each in demo.scenario.people}
    homes = {home_of(account): name for name, account in accounts.items()}
    for plan in demo.scenario.tenants:
        report.tenants.append(_tenant(demo, plan.letter))
        await _read_tenant(demo, plan.letter, homes, report)
    for name, account in accounts.items():
        report.people.append(_person(demo, name, account))
    for name in (each.name for each in demo.scenario.employees):
        await _search(demo, await rights_of(demo.comity.db, accounts[name]), name, homes, report)
    for question in QUESTIONS:
        report.decisions.append(await _decide(demo, question, accounts))
    for each in demo.scenario.chats:
        await _read_chat(demo, accounts[each.starter], accounts[each.other], homes, report)
    return report


def _tenant(demo: Demo, letter: str) -> dict[str, Any]:
    tenant, secrets = demo.tenants[letter], demo.file.tenant(letter)
    return {
        "letter": letter,
        "id": str(tenant.id),
        "name": tenant.name,
        "domain": tenant.initial_domain,
        "client_id": secrets.client_id,
        "client_secret": secrets.client_secret,
        "public_client_id": secrets.public_client_id,
        "admin": {
            "userPrincipalName": f"{ADMIN}@{tenant.initial_domain}",
            "password": secrets.admin_password,
        },
    }


def _person(demo: Demo, name: str, account: User) -> dict[str, Any]:
    plan = demo.person(name)
    named = {"userPrincipalName": account.user_principal_name} if plan.tenant else {"mail": account.mail}
    return {
        "name": name,
        "tenant": plan.tenant,
        "id": str(account.id),
        **named,
        "phone": account.mobile_phone,
        "password": demo.file.password(name),
    }


async def _read_tenant(demo: Demo, letter: str, homes: dict[Person, str], report: Report) -> None:
    """Who stands in a tenant for whom, whom it lets in, and whom it offers."""
    caller = demo.operator(letter)
    async with demo.comity.db.tenant(caller.tenant_id) as tx:
        async for user in _everybody(tx, caller):
            home = user.home
            name = homes.get(Person(home.tenant_id, home.user_id)) if home.user_id else None
            if name is not None:
                report.representations.append(_representation(name, letter, user))
        for other, tenant in demo.tenants.items():
            if other != letter and await _lets_in(tx, caller, tenant.id):
                report.accepted.add((letter, other))
        await _read_shares(demo, tx, caller, homes, report)


async def _everybody(tx: Transaction, caller: Caller) -> AsyncIterator[User]:
    after: UserId | None = None
    while page := await list_users(tx, caller, after=after, at_most=_PAGE):
        for user in page:
            yield user
        after = page[-1].id


async def _lets_in(tx: Transaction, caller: Caller, other: TenantId) -> bool:
    try:
        entry = await get_partner(tx, caller, other)
    except PartnerUnknown:
        return False
    return bool(entry.sync and entry.sync.user_sync and entry.settings.redeem_inbound)


async def _read_shares(demo: Demo, tx: Transaction, caller: Caller, homes: dict[Person, str], report: Report) -> None:
    letters = {tenant.id: letter for letter, tenant in demo.tenants.items()}
    for standing in await sync.list_standing(tx, caller):
        target = letters.get(standing.job.target_tenant_id)
        for principal, _ in await sync.list_scope(tx, caller, standing.job.id):
            name = homes.get(Person(caller.tenant_id, UserId(principal)))
            if name is not None and target is not None:
                report.shared.add((name, target))


def _representation(name: str, letter: str, user: User) -> dict[str, Any]:
    return {
        "person": name,
        "tenant": letter,
        "id": str(user.id),
        "kind": "b2b" if user.is_external else "internal",
        "userType": user.user_type.value,
    }


async def _search(demo: Demo, searcher: Caller, name: str, homes: dict[Person, str], report: Report) -> None:
    """Somebody looks for each of the others by first name."""
    for other in (each.name for each in demo.scenario.employees if each.name != name):
        async with demo.comity.db.tenant(searcher.tenant_id) as tx:
            found = await people.find(tx, searcher, other)
        names = [homes.get(each.home, each.display_name) if each.home else each.display_name for each in found.people]
        report.searches.append({"as": name, "query": other, "found": names})


async def _decide(demo: Demo, question: Question, accounts: dict[str, User]) -> dict[str, Any]:
    actor, target = home_of(accounts[question.actor]), home_of(accounts[question.target])
    letter, setting, value = question.instead or ("", "", False)
    caller = Caller.system("demo", tenant_id=actor.tenant_id)
    async with demo.comity.db.tenant(actor.tenant_id, person=person_of(actor)) as tx:
        decision = await decide_pair(
            tx,
            caller,
            actor=actor,
            target=target,
            purpose=Purpose.START,
            by=question.by,
            instead={demo.tenants[letter].id: {setting: value}} if question.instead else None,
        )
    return {
        "from": question.actor,
        "to": question.target,
        "kind": "oneOnOne",
        "by": question.by.value,
        "with": {setting: value} if question.instead else None,
        "allowed": decision.allowed,
        "deciding_rule": decision.deciding_rule.value,
    }


async def _read_chat(demo: Demo, one: User, other: User, homes: dict[Person, str], report: Report) -> None:
    """The chat of two, as each of them sees it."""
    views: list[ChatView] = []
    messages = 0
    for me, you in ((one, other), (other, one)):
        caller = await rights_of(demo.comity.db, me)
        async with demo.comity.db.tenant(me.tenant_id, person=person_of(me)) as tx:
            views += [each for each in await chat.list_chats(tx, caller) if _is_with(each, home_of(you))]
            if views:
                messages = len(await chat.list_messages(tx, caller, views[-1].chat.id))
    if len(views) == 2:
        view = views[0]
        members = [homes.get(each.person, "?") for each in view.chat.members]
        report.chats.append(
            {"id": str(view.chat.id), "kind": view.chat.kind.value, "members": sorted(members), "messages": messages}
        )
        open_to_both = {Request.NONE, Request.ACCEPTED}
        report.may_write[str(view.chat.id)] = all(each.own_request in open_to_both for each in views)


def _is_with(view: ChatView, person: Person) -> bool:
    return view.chat.member(person) is not None
