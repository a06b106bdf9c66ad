"""Comity over TLS, as a client sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support.sign_in import Identity
from tests.web.browser import Browser

GRAPH = "https://graph.microsoft.com/.default"
PASSWORD = "correct horse"
REDIRECT = "http://localhost:5000/back"


@dataclass
class Site:
    """Comity over TLS, and who may be trusted for it."""

    url: str
    ca: str
    identity: Identity
    browser: Browser

    async def graph(self, token: str, path: str = "/v1.0/organization") -> int:
        """The status of a Graph call with that token."""
        answer = await self.browser.client.get(f"{self.url}{path}", headers={"authorization": f"Bearer {token}"})
        return answer.status_code

    @property
    def azure(self) -> dict[str, Any]:
        """What azure-identity needs to be told."""
        return {"authority": self.url, "disable_instance_discovery": True, "connection_verify": self.ca}

    def msal(self, tenant: object) -> dict[str, Any]:
        """What MSAL needs to be told."""
        return {"authority": f"{self.url}/{tenant}", "instance_discovery": False, "verify": self.ca}
