"""Factories: valid things from the fewest words (style §12).

The cast is fixed: Annie in A, Bob and Barbara in B, Charlie in C. Every test has tenants of its
own, with domains nobody else has, so tests share a server and run in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from comity.core.caller import Caller, UserType
from comity.core.ids import TenantId, UserId, new_id
from comity.db.database import Database
from comity.directory import service as directory
from comity.directory.decide import mangled_upn
from comity.directory.model import Attribute, ExternalUserState, User
from comity.directory.store import insert_users
from comity.events.feed import append
from comity.events.model import Change, ChangeKind
from comity.tenancy import service as tenancy
from comity.tenancy.model import Tenant


@dataclass
class Org:
    """A tenant of a test, with its operator and its people by first name."""

    db: Database
    tenant: Tenant
    people: dict[str, User] = field(default_factory=dict)

    @property
    def id(self) -> TenantId:
        return self.tenant.id

    @property
    def domain(self) -> str:
        return self.tenant.initial_domain

    @property
    def operator(self) -> Caller:
        return Caller.operator("tester", tenant_id=self.id)

    def as_user(self, user: User, **rights: Any) -> Caller:
        """The person herself, with the rights given."""
        from comity.core.caller import PrincipalKind
        from comity.core.ids import PrincipalId

        return Caller(
            tenant_id=self.id, kind=PrincipalKind.USER, principal_id=PrincipalId(user.id),
            name=user.user_principal_name, user_type=user.user_type, **rights,
        )  # fmt: skip

    async def add_person(self, name: str, **attributes: Any) -> User:
        """An account of the tenant's own: `annie` becomes Annie, annie@domain."""
        given, _, surname = name.partition(" ")
        local = name.replace(" ", ".").lower()
        user = User(**{
            "tenant_id": self.id, "id": UserId(new_id()), "display_name": name.title(), "given_name": given.title(),
            "surname": surname.title() or None, "mail_nickname": local, "user_principal_name": f"{local}@{self.domain}",
            "mail": f"{local}@{self.domain}", "created_at": self.db.clock.now(), **attributes,
        })  # fmt: skip
        async with self.db.tenant(self.id) as tx:
            await directory.create_user(tx, self.operator, user)
        self.people[name] = user
        return user

    async def add_many(self, count: int) -> list[User]:
        """Many people at once, past the service: for tests in which only their number matters."""
        now = self.db.clock.now()
        people = [
            User(
                tenant_id=self.id, id=UserId(new_id()), display_name=f"Person {n:06}", given_name="Person",
                surname=f"{n:06}", user_principal_name=f"p{n:06}@{self.domain}", mail=f"p{n:06}@{self.domain}",
                created_at=now,
            )
            for n in range(count)
        ]  # fmt: skip
        async with self.db.tenant(self.id) as tx:
            await insert_users(tx, people)
            append(tx, [Change(ChangeKind.USER_CREATED, each.id) for each in people])
        return people

    async def invite_guest(self, home: User, *, home_known: bool = True) -> User:
        """Somebody from elsewhere as a guest, invited by hand before any sync."""
        guest = User(
            tenant_id=self.id, id=UserId(new_id()), display_name=home.display_name, mail=home.mail,
            user_principal_name=mangled_upn(home.user_principal_name, self.domain), user_type=UserType.GUEST,
            creation_type="Invitation", show_in_address_list=False, created_at=self.db.clock.now(),
            external_user_state=ExternalUserState.ACCEPTED if home_known else ExternalUserState.PENDING,
            home_tenant_id=home.tenant_id if home_known else None, home_user_id=home.id if home_known else None,
        )  # fmt: skip
        async with self.db.tenant(self.id) as tx:
            await insert_users(tx, [guest])
            append(tx, [Change(ChangeKind.USER_CREATED, guest.id, external=True)])
        return guest

    async def change(self, user: User, **changes: Any) -> User:
        """Change attributes, named as columns."""
        async with self.db.tenant(self.id) as tx:
            named = {Attribute[name.upper()]: value for name, value in changes.items()}
            return await directory.update_user(tx, self.operator, user.id, named)

    async def user(self, user_id: UserId) -> User:
        """The user as stored now."""
        async with self.db.tenant(self.id) as tx:
            return await directory.get_user(tx, self.operator, user_id)


async def make_org(db: Database, name: str) -> Org:
    """A tenant of a domain that nobody else has."""
    tenant_id = TenantId(new_id())
    domain = f"{name.lower()}-{tenant_id.hex[-12:]}.example"
    operator = Caller.operator("tester", tenant_id=tenant_id)
    return Org(
        db,
        await tenancy.create_tenant(
            db, operator, name=f"{name} {tenant_id.hex[-12:]}", domain=domain, tenant_id=tenant_id
        ),
    )
