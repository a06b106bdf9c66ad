"""An administrator at her browser, without script, and the worker who does what she approved."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import UUID

import httpx

from comity.core.ids import new_id
from comity.directory.model import User
from comity.identity import service as identity_service
from comity.identity.model import Person
from comity.identity.roles import DirectoryRole
from comity.identity.sessions.service import start_session
from comity.jobs.model import Order, Task
from comity.sync.handlers import offered, offered_approvals, offered_plans
from comity.sync.orders import APPLY, DRAIN, PLAN
from tests.support.sign_in import Identity
from tests.support.world import Org
from tests.web.browser import Browser


@dataclass
class Desk:
    """Short words for a journey."""

    org: Org
    browser: Browser
    admin: User

    @property
    def text(self) -> str:
        """What the page says, without its markup."""
        assert self.browser.page is not None
        body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", self.browser.page.text, flags=re.DOTALL)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body))).strip()

    async def open(self, *path: object, **query: Any) -> httpx.Response:
        """A page of the tenant's admin center."""
        address = "/".join(("/admin", self.org.domain, *map(str, path)))
        return await self.browser.open(str(httpx.URL(address, params=query)) if query else address)

    async def send(
        self, values: dict[str, Any], *, form: str, button: dict[str, Any] | None = None, nth: int = 0
    ) -> None:
        """Fill in one of the page's forms, the first of that action or the `nth`, and press a button.

        Lists are for what may be chosen several times.
        """
        chosen = [each for each in self.browser.forms(self.path(form)) if each.method == "POST"][nth]
        data = {**chosen.fields, **values, **(button or {})}
        assert {*values, *(button or {})} <= chosen.names, f"there are {chosen.names}"
        assert self.browser.page is not None
        address = self.browser.page.request.url.join(chosen.action)
        origin = f"{address.scheme}://{address.netloc.decode()}"
        answer = await self.browser.client.post(address, data=data, headers={"origin": origin})
        await self.browser.follow(answer)

    def path(self, *parts: object) -> str:
        return "/".join(("/admin", self.org.domain, *map(str, parts)))

    def button(self, name: str) -> str:
        """The value of the page's first button of that name."""
        assert self.browser.page is not None
        found = re.findall(rf'<button name="{name}" value="([^"]+)"', self.browser.page.text)
        assert found, self.text
        return str(found[0])

    @property
    def plan_ids(self) -> list[str]:
        return [value for key, value in self.browser.at.params.multi_items() if key == "plan"]

    async def work(self) -> None:
        """Let the worker make the plans of this page, apply what was approved, and drain."""
        for each in self.plan_ids:
            for work, kind in ((offered_plans(self.org.db), PLAN), (offered_approvals(self.org.db), APPLY)):
                await work.handler(Task(Order(kind, self.org.id, UUID(each)), new_id(), 1, None))

    async def drain(self) -> None:
        await offered(self.org.db).handler(Task(Order(DRAIN, self.org.id), new_id(), 1, None))

    async def reload(self) -> None:
        await self.browser.open(str(self.browser.at))


async def seat(org: Org, identity: Identity, browser: Browser, *roles: DirectoryRole, name: str = "admin") -> Desk:
    """Somebody of the org with these roles, signed in with this browser."""
    admin = await org.add_person(name)
    async with org.db.tenant(org.id) as tx:
        for role in roles:
            await identity_service.assign_role(tx, org.operator, role, admin.id)
    person = Person(org.id, admin.id, admin.display_name, admin.user_principal_name, is_guest=False)
    cookie = await start_session(org.db, person, client="test", at=identity.machine.now())
    browser.client.cookies.set("comity-session", cookie)
    return Desk(org, browser, admin)
