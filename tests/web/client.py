"""A client that walks the site in process, and what every answer has to look like."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from comity.directory.model import User
from comity.identity.decide import DELEGATED_PERMISSIONS
from comity.identity.model import Application
from tests.support.sign_in import Identity
from tests.support.world import Org

GRAPH = "https://graph.microsoft.com/.default"


@dataclass
class Web:
    """Requests, with a token where one is wanted."""

    client: httpx.AsyncClient
    identity: Identity
    apps: dict[UUID, tuple[Application, str]] = field(default_factory=dict)
    known: set[UUID] = field(default_factory=set)
    """Who has a password."""

    async def app_of(self, org: Org) -> tuple[Application, str]:
        """The org's app with every application permission, registered at first use."""
        if org.id not in self.apps:
            self.apps[org.id] = await self.identity.register(org)
        return self.apps[org.id]

    async def token_of(self, org: Org) -> str:
        """A token for the org's app, from the token endpoint."""
        application, secret = await self.app_of(org)
        answer = await self.post_token(
            org.id, grant_type="client_credentials", client_id=application.app_id, client_secret=secret, scope=GRAPH
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def post_token(self, tenant: object, **form: object) -> httpx.Response:
        """A form to a tenant's token endpoint."""
        data = {name: str(value) for name, value in form.items()}
        return await self.client.post(f"/{tenant}/oauth2/v2.0/token", data=data)

    async def get(self, path: str, token: str | None = None, **headers: str) -> httpx.Response:
        """GET a path."""
        return await self.ask("GET", path, token, **headers)

    async def ask(
        self, method: str, path: str, token: str | None = None, json: object = None, **headers: str
    ) -> httpx.Response:
        """Any request."""
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        return await self.client.request(method, path, headers=headers, json=json)

    async def post(self, path: str, token: str, json: object = None, **headers: str) -> httpx.Response:
        """POST to a path."""
        return await self.ask("POST", path, token, json, **headers)

    async def patch(self, path: str, token: str, json: object) -> httpx.Response:
        """PATCH a path."""
        return await self.ask("PATCH", path, token, json)

    async def put(self, path: str, token: str, json: object) -> httpx.Response:
        """PUT to a path."""
        return await self.ask("PUT", path, token, json)

    async def delete(self, path: str, token: str) -> httpx.Response:
        """DELETE a path."""
        return await self.ask("DELETE", path, token)

    async def sign_in(self, org: Org, person: User, *scopes: str) -> str:
        """A token for a person, through a client with these delegated permissions, by default all there are."""
        if person.id not in self.known:  # a new password would end the tokens that she has
            await self.identity.give_password(org, person, "correct horse")
            self.known.add(person.id)
        client = await self.identity.register_public(org, *(scopes or DELEGATED_PERMISSIONS))
        answer = await self.post_token(
            org.id, grant_type="password", client_id=client.app_id, username=person.user_principal_name,
            password="correct horse", scope=GRAPH,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])


def check_envelope(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The answer is an error in Graph's form (graph-api §1.4) with the request id of its header; the error itself."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("application/json")
    body = answer.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert error["code"] == code, error
    assert error["message"]
    assert "{" not in error["message"], "every fact of the sentence was filled in"
    assert error["innerError"]["request-id"] == answer.headers["request-id"]
    UUID(answer.headers["request-id"])
    return error
