"""Build the worked example, through the services that the commands call.

Each step looks first at what is there, so an interrupted demo is completed by running it again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid5

from comity.access.service import set_configuration
from comity.chat import service as chat
from comity.chat.model import Body, BodyType
from comity.cli.demo.place import DemoFile
from comity.cli.demo.scenario import ChatPlan, PersonPlan, Scenario, TenantPlan
from comity.cli.names import find_person, home_of, person_of, rights_of
from comity.cli.session import Installation, operator_name
from comity.core.caller import Caller
from comity.core.ids import PERSONAL_REALM, TenantId, UserId, new_id
from comity.directory.imports.service import import_users
from comity.directory.model import User, UserUnknown
from comity.directory.personal import register_personal
from comity.directory.service import create_user, resolve_user
from comity.identity.decide import APPLICATION_PERMISSIONS, DELEGATED_PERMISSIONS
from comity.identity.passwords import Passwords
from comity.identity.roles import DirectoryRole
from comity.identity.service import add_secret, assign_role, register_application, set_password
from comity.partners.service import accept_users
from comity.people import service as people
from comity.sync import service as sync
from comity.tenancy.model import Tenant, TenantUnknown
from comity.tenancy.organizations import service as organizations
from comity.tenancy.service import create_tenant, resolve_tenant

if TYPE_CHECKING:
    from comity.db.transaction import Transaction

CONFIDENTIAL: Final = "Demo client"
PUBLIC: Final = "Demo public client"
ADMIN: Final = "admin"
LOOPBACK: Final = ("http://localhost", "http://127.0.0.1")
"""Where programs on the same machine listen for their code, on any port."""
_MESSAGES: Final = UUID("6f0d9a52-4b0e-5f1c-9a51-2f1c7b5e6d10")
"""Names the demo's messages, so that sending them again is a retry."""


@dataclass(slots=True)
class Demo:
    """The demo while it is built or looked at: tenants by letter, and how to say what is going on."""

    comity: Installation
    scenario: Scenario
    file: DemoFile
    say: Callable[[str], None]
    tenants: dict[str, Tenant] = field(default_factory=dict)

    def operator(self, letter: str) -> Caller:
        """The operator, in a tenant of the demo."""
        return Caller.operator(operator_name(), tenant_id=self.tenants[letter].id, reason="demo")

    def plan_of(self, letter: str) -> TenantPlan:
        """The tenant's plan."""
        return next(each for each in self.scenario.tenants if each.letter == letter)

    def person(self, name: str) -> PersonPlan:
        """Somebody's plan."""
        return next(each for each in self.scenario.people if each.name == name)

    async def account(self, name: str) -> User:
        """Somebody's own account."""
        plan = self.person(name)
        return await find_person(self.comity.db, plan.mail if plan.tenant else f"personal:{plan.mail}")


async def build(demo: Demo) -> float | None:
    """Build everything; return how many seconds a share took to be found in the other tenant."""
    passwords = Passwords()
    try:
        demo.say("Three tenants and their people …")
        for plan in demo.scenario.tenants:
            await _tenant(demo, plan, passwords)
        for person in demo.scenario.people:
            await _password(demo, person, passwords)
    finally:
        passwords.close()
    demo.say("One organisation …")
    await _organization(demo)
    await _accept(demo)
    await _block(demo)
    demo.say("Shared, synced …")
    visible_s = await _share(demo)
    demo.say("Two chats …")
    for each in demo.scenario.chats:
        await _chat(demo, each)
    demo.file.complete = True
    demo.file.save()
    return visible_s


async def find_tenants(demo: Demo) -> None:
    """Look the tenants up; for a demo that stands."""
    for plan in demo.scenario.tenants:
        demo.tenants[plan.letter] = await resolve_tenant(demo.comity.db, plan.domain)


async def _tenant(demo: Demo, plan: TenantPlan, passwords: Passwords) -> None:
    db, secrets = demo.comity.db, demo.file.tenant(plan.letter)
    demo.file.save()
    try:
        tenant = await resolve_tenant(db, plan.domain)
    except TenantUnknown:
        installer = Caller.operator(operator_name(), tenant_id=PERSONAL_REALM, reason="demo")
        tenant = await create_tenant(db, installer, name=plan.name, domain=plan.domain)
    demo.tenants[plan.letter] = tenant
    caller = demo.operator(plan.letter)
    hashed = await passwords.hash(secrets.admin_password)
    async with db.tenant(tenant.id) as tx:
        admin = await _admin(tx, caller, tenant)
        await set_password(tx, caller, admin.id, hashed, at=demo.comity.machine.now())
    await _applications(demo, plan.letter)
    table = _csv(demo.scenario.of(plan.letter))
    await import_users(db, caller, io.BytesIO(table), name=f"{plan.name.lower()}.csv")


async def _admin(tx: Transaction, caller: Caller, tenant: Tenant) -> User:
    upn = f"{ADMIN}@{tenant.initial_domain}"
    try:
        return await resolve_user(tx, caller, upn)
    except UserUnknown:
        user = User(
            tenant_id=tenant.id, id=UserId(new_id()), display_name=f"{tenant.name} administrator",
            mail_nickname=ADMIN, user_principal_name=upn, show_in_address_list=False, created_at=tx.now,
        )  # fmt: skip
        await create_user(tx, caller, user)
        await assign_role(tx, caller, DirectoryRole.GLOBAL_ADMINISTRATOR, user.id)
        return user


async def _applications(demo: Demo, letter: str) -> None:
    """One confidential client with every application permission, one public client with every delegated one."""
    secrets, caller = demo.file.tenant(letter), demo.operator(letter)
    if secrets.client_secret and secrets.public_client_id:
        return
    async with demo.comity.db.tenant(caller.tenant_id) as tx:
        confidential = await register_application(
            tx, caller, name=CONFIDENTIAL, permissions=APPLICATION_PERMISSIONS, scopes=DELEGATED_PERMISSIONS
        )
        secret = await add_secret(tx, caller, confidential.id, at=demo.comity.machine.now())
        public = await register_application(
            tx, caller, name=PUBLIC, scopes=DELEGATED_PERMISSIONS, redirect_uris=LOOPBACK, is_public=True,
            password_flow=True,
        )  # fmt: skip
    secrets.client_id, secrets.client_secret = str(confidential.app_id), secret.value
    secrets.public_client_id = str(public.app_id)
    demo.file.save()


def _csv(people: tuple[PersonPlan, ...]) -> bytes:
    """The people as the admin center would export them."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(("userPrincipalName", "displayName", "givenName", "surname", "mail", "userType"))
    writer.writerows((each.mail, each.display_name, each.name, each.surname, each.mail, "Member") for each in people)
    return text.getvalue().encode()


async def _password(demo: Demo, plan: PersonPlan, passwords: Passwords) -> None:
    """Everybody can sign in; the personal account is registered first."""
    db = demo.comity.db
    password = demo.file.password(plan.name)
    demo.file.save()
    try:
        user = await demo.account(plan.name)
    except UserUnknown:
        user = await register_personal(db, mail=plan.mail, display_name=plan.display_name, phone=plan.phone)
    hashed = await passwords.hash(password)
    caller = Caller.operator(operator_name(), tenant_id=user.tenant_id, reason="demo")
    async with db.tenant(user.tenant_id, person=person_of(user)) as tx:
        await set_password(tx, caller, user.id, hashed, at=demo.comity.machine.now())


async def _organization(demo: Demo) -> None:
    db, owner = demo.comity.db, demo.operator(demo.scenario.owner)
    async with db.tenant(owner.tenant_id) as tx:
        if await organizations.load_membership(tx) is None:
            await organizations.create_organization(tx, owner, name=demo.scenario.organization)
        listed = {each.tenant_id for each in await organizations.list_members(tx, owner)}
        for tenant in demo.tenants.values():
            if tenant.id not in listed:
                await organizations.add_tenant(tx, owner, tenant.id)
    for letter, tenant in demo.tenants.items():
        async with db.tenant(tenant.id) as tx:
            if await organizations.load_membership(tx) is None:
                await organizations.join_organization(tx, demo.operator(letter), inviter=owner.tenant_id)


async def _accept(demo: Demo) -> None:
    for who, whose in demo.scenario.acceptances:
        caller = demo.operator(who)
        async with demo.comity.db.tenant(caller.tenant_id) as tx:
            await accept_users(tx, caller, demo.tenants[whose].id)


async def _block(demo: Demo) -> None:
    for who, domain in demo.scenario.blocked_domains:
        caller = demo.operator(who)
        async with demo.comity.db.tenant(caller.tenant_id) as tx:
            await set_configuration(tx, caller, {"BlockedDomains": [domain]})


async def _share(demo: Demo) -> float | None:
    """Share and sync; the seconds from the first share's commit until its people are found over there."""
    db, machine = demo.comity.db, demo.comity.machine
    targets: dict[str, list[TenantId]] = {}
    for letter, to in demo.scenario.shares:
        targets.setdefault(letter, []).append(demo.tenants[to].id)
    visible_s: float | None = None
    for letter, others in targets.items():
        caller = demo.operator(letter)
        ids = [(await demo.account(each.name)).id for each in demo.scenario.of(letter)]
        async with db.tenant(caller.tenant_id) as tx:
            if len(others) == len(demo.tenants) - 1:
                await sync.share_with_all(tx, caller, sync.Principals(ids))
            else:
                for other in others:
                    await sync.share_with(tx, caller, sync.Principals(ids), other)
        begun = machine.monotonic_s()
        await sync.run(db, caller)
        if visible_s is None and await _is_found(demo, letter, others[0]):
            visible_s = machine.monotonic_s() - begun
    return visible_s


async def _is_found(demo: Demo, letter: str, there: TenantId) -> bool:
    """Does somebody of that tenant find the first person of this one?"""
    wanted = demo.scenario.of(letter)[0]
    other = next(name for name, tenant in demo.tenants.items() if tenant.id == there)
    searcher = await rights_of(demo.comity.db, await demo.account(demo.scenario.of(other)[0].name))
    async with demo.comity.db.tenant(there) as tx:
        return bool((await people.find(tx, searcher, wanted.name)).people)


async def _chat(demo: Demo, plan: ChatPlan) -> None:
    db = demo.comity.db
    starter, other = await demo.account(plan.starter), await demo.account(plan.other)
    first, second = await rights_of(db, starter), await rights_of(db, other)
    opening = uuid5(_MESSAGES, f"{plan.starter} {plan.other} opening")
    started = await chat.start_chat(
        db, first, to=home_of(other), body=Body(BodyType.TEXT, plan.opening), client_id=opening
    )
    await chat.accept(db, second, started.chat.id)
    answer = uuid5(_MESSAGES, f"{plan.starter} {plan.other} answer")
    await chat.post_message(db, second, started.chat.id, body=Body(BodyType.TEXT, plan.answer), client_id=answer)
