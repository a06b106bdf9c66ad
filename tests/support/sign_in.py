"""What tests of sign-in and of the doors are built with: a clock that obeys, light passwords, one sealing key."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from comity.core.caller import Caller
from comity.core.clock import MachineClock
from comity.core.folding import address_key
from comity.core.ids import PERSONAL_REALM, UserId, new_id
from comity.db.database import Database
from comity.directory.model import User
from comity.directory.store import insert_users, replace_addresses
from comity.identity import decide, service
from comity.identity.keys import KeySet
from comity.identity.model import Application
from comity.identity.parts import SignIn
from comity.identity.passwords import Passwords
from comity.identity.sealing import Sealer
from comity.identity.tokens import Tokens
from tests.support.world import Org

SECRET = bytes(range(32))
"""One for all tests: they share the signing keys of their database."""


class TestMachine(MachineClock):
    """The machine clock, moved by hand."""

    __test__ = False

    def __init__(self) -> None:
        self.offset = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def monotonic_s(self) -> float:
        return super().monotonic_s() + self.offset.total_seconds()


@dataclass
class Identity:
    """The parts of identity, as one process has them."""

    db: Database
    machine: TestMachine
    sealer: Sealer
    keys: KeySet
    tokens: Tokens
    passwords: Passwords

    @property
    def sign_in(self) -> SignIn:
        return SignIn(self.db, self.tokens, self.passwords, self.machine, self.sealer)

    async def register(self, org: Org, *, secret: bool = True, **wanted: object) -> tuple[Application, str]:
        """An app of the org with every application permission unless told otherwise, and its secret."""
        wanted = {"name": "Robot", "permissions": decide.APPLICATION_PERMISSIONS, **wanted}
        async with self.db.tenant(org.id) as tx:
            application = await service.register_application(tx, org.operator, **wanted)  # type: ignore[arg-type]
            if not secret:
                return application, ""
            made = await service.add_secret(tx, org.operator, application.id, at=self.machine.now())
        return application, made.value

    async def register_public(self, org: Org, *scopes: str) -> Application:
        """A public client that may use username and password."""
        application, _ = await self.register(
            org, secret=False, name="Lab client", is_public=True, password_flow=True, permissions=(), scopes=scopes,
            redirect_uris=["http://localhost"],
        )  # fmt: skip
        return application

    async def give_password(self, org: Org, user: User, text: str) -> None:
        hashed = await self.passwords.hash(text)
        async with self.db.tenant(org.id) as tx:
            await service.set_password(tx, org.operator, user.id, hashed, at=self.machine.now())

    async def add_personal(self, name: str, *, password: str, phone: str | None = None) -> User:
        """A personal account: name@personal.example, with letters of its own so that nobody else has it."""
        user_id = UserId(new_id())
        mail = f"{name}.{user_id.hex[-12:]}@personal.example"
        user = User(
            tenant_id=PERSONAL_REALM, id=user_id, display_name=name.title(), mail=mail, user_principal_name=mail,
            created_at=self.db.clock.now(),
        )  # fmt: skip
        hashed = await self.passwords.hash(password)
        operator = Caller.operator("tester", tenant_id=PERSONAL_REALM)
        async with self.db.tenant(PERSONAL_REALM, person=user_id) as tx:
            await insert_users(tx, [user])
            await replace_addresses(tx, [user])
            if phone:
                await tx.execute(
                    "select address_replace(array[%(id)s]::uuid[], array[%(id)s, %(id)s]::uuid[],"
                    " array[%(mail)s, %(phone)s], array['mail', 'phone'])",
                    id=user_id, mail=address_key(mail), phone=phone,
                )  # fmt: skip
            await service.set_password(tx, operator, user_id, hashed, at=self.machine.now())
        return user


def make_identity(db: Database) -> Identity:
    """Identity over a database, with hashes that cost little."""
    machine, sealer = TestMachine(), Sealer(SECRET)
    keys = KeySet(db, sealer, machine)
    return Identity(db, machine, sealer, keys, Tokens(keys, machine), Passwords(memory_kib=64, passes=1))
