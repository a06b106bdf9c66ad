"""Personal accounts for tests: people who registered themselves, outside any organisation."""

from __future__ import annotations

from dataclasses import dataclass

from comity.access.model import Person
from comity.core.caller import Caller, PrincipalKind
from comity.core.ids import PERSONAL_REALM, PrincipalId, UserId, new_id
from comity.core.permissions import Permission
from comity.db.database import Database
from comity.directory.model import User
from comity.directory.store import insert_users


def person(user: User) -> Person:
    """The home identity of an account of its tenant's own."""
    return Person(user.tenant_id, user.id)


@dataclass(frozen=True)
class Personal:
    """A person with a personal account."""

    user: User

    @property
    def person(self) -> Person:
        return Person(PERSONAL_REALM, self.user.id)

    @property
    def caller(self) -> Caller:
        return Caller(
            tenant_id=PERSONAL_REALM, kind=PrincipalKind.USER, principal_id=PrincipalId(self.user.id),
            name=self.user.user_principal_name, permissions=frozenset({Permission.CHAT, Permission.PEOPLE_READ}),
        )  # fmt: skip


async def make_personal(db: Database, name: str, *, enabled: bool = True) -> Personal:
    """A personal account with an address that nobody else has."""
    user_id = UserId(new_id())
    mail = f"{name}@personal-{user_id.hex[-12:]}.example"
    user = User(
        tenant_id=PERSONAL_REALM, id=user_id, display_name=name.title(), given_name=name.title(), mail=mail,
        user_principal_name=mail, account_enabled=enabled, created_at=db.clock.now(),
    )  # fmt: skip
    async with db.tenant(PERSONAL_REALM, person=user_id) as tx:
        await insert_users(tx, [user])
    return Personal(user)
