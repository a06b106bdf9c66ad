"""What benchmarks share: a lab on a fresh embedded server, people, and what durability was in force."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final

import psycopg

from comity.core.caller import Caller
from comity.core.clock import BusinessClock
from comity.core.ids import TenantId, UserId, new_id
from comity.db.database import Address, Database
from comity.db.embedded import attach
from comity.db.migrate import migrate
from comity.directory.model import User
from comity.tenancy.service import create_tenant, ensure_personal_realm

_GIVEN: Final = ("Annie", "Bob", "Barbara", "Charlie", "Dörte", "Jürgen", "Zoë", "Łukasz", "Søren", "Änne", "Mehmet")
_SURNAMES: Final = ("Müller", "Strauß", "Köhntopp", "von der Leyen", "Özdemir", "Nowak", "Þórsdóttir", "Schmidt-Rüdt")
_CITIES: Final = ("Köln", "Bonn", "Würzburg", "Gießen", "Århus", "Łódź")


@dataclass
class Lab:
    """A migrated database on a server of its own."""

    db: Database
    url: str
    clock: BusinessClock

    def operator(self, tenant_id: TenantId) -> Caller:
        return Caller.operator("bench", tenant_id=tenant_id)

    async def tenant(self, name: str) -> tuple[TenantId, str]:
        """A new tenant; its id and its domain."""
        tenant_id = TenantId(new_id())
        made = await create_tenant(
            self.db, self.operator(tenant_id), name=name, domain=f"{name}.example", tenant_id=tenant_id
        )
        return tenant_id, made.initial_domain

    async def settle(self) -> None:
        """Statistics are fresh and nothing waits to be written, so that what is measured next is itself."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("set role comity_owner")
            connection.execute("analyze")


@asynccontextmanager
async def open_lab(data: Path) -> AsyncIterator[Lab]:
    """A fresh embedded server with its default, durable settings, gone afterwards."""
    with attach(data) as lease:
        url = lease.connection.dsn
        clock = BusinessClock()
        await migrate(url, now=clock.now())
        async with Database(Address(url, url), clock=clock) as db:
            await ensure_personal_realm(db)
            yield Lab(db, url, clock)


def people_of(tenant_id: TenantId, domain: str, numbers: Iterable[int], *, at: datetime) -> list[User]:
    """People with most attributes set, as an HR system fills them."""
    return [_person(tenant_id, domain, nr, at) for nr in numbers]


def _person(tenant_id: TenantId, domain: str, nr: int, at: datetime) -> User:
    given, surname = _GIVEN[nr % len(_GIVEN)], _SURNAMES[nr // len(_GIVEN) % len(_SURNAMES)]
    upn = f"p{nr:07}@{domain}"
    return User(
        tenant_id=tenant_id, id=UserId(new_id()), display_name=f"{given} {surname} {nr}", given_name=given,
        surname=surname, mail_nickname=f"p{nr:07}", user_principal_name=upn, mail=upn,
        street_address=f"Hauptstraße {nr % 200}",
        city=_CITIES[nr % len(_CITIES)], state="NW", postal_code=f"{10000 + nr % 89999}", country="Germany",
        company_name="Bench AG", department=f"Department {nr % 300}", employee_id=f"E{nr:07}",
        job_title=f"Specialist {nr % 50}", office_location=f"B{nr % 40}.{nr % 7}", preferred_language="de-DE",
        business_phone=f"+49 221 {nr:07}", created_at=at,
    )  # fmt: skip


def durability(url: str) -> dict[str, str]:
    """The settings that decide what an acknowledged commit is worth; printed with every figure."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select name, setting from pg_settings where name in ('fsync', 'synchronous_commit', 'full_page_writes')"
        ).fetchall()
    return dict(rows)
