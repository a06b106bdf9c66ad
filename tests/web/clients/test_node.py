"""MSAL for JavaScript, unpatched, over TLS and real sockets (feasibility §3)."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.support.world import Org
from tests.web.clients.site import GRAPH, PASSWORD, REDIRECT, Site

NODE = Path(__file__).with_name("node")
READ = "https://graph.microsoft.com/User.Read"


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The client as its makers publish it, installed once for all test processes."""
    if shutil.which("npm") is None:
        pytest.skip("there is no npm here")
    base = tmp_path_factory.getbasetemp()
    directory = (base if worker_id == "master" else base.parent) / "node"
    directory.mkdir(exist_ok=True)
    with (directory / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (directory / "done").exists():
            for each in NODE.iterdir():
                shutil.copy(each, directory)
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            subprocess.run(command, cwd=directory, check=True, capture_output=True, timeout=120)
            (directory / "done").touch()
    return directory


@dataclass
class Program:
    """A program in JavaScript: one wish per line, one answer."""

    process: asyncio.subprocess.Process

    async def do(self, what: str, **more: str) -> dict[str, Any]:
        """Have it do something, and read what came of it."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, **more}).encode() + b"\n")
        await self.process.stdin.drain()
        return await self.read()

    async def read(self) -> dict[str, Any]:
        """The next thing that it says."""
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        assert line, (await self.process.stderr.read()).decode() if self.process.stderr else ""
        return dict(json.loads(line))


@asynccontextmanager
async def program(packages: Path, site: Site, **environment: str) -> AsyncIterator[Program]:
    process = await asyncio.create_subprocess_exec(
        "node", "sign_in.mjs", cwd=packages, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "NODE_EXTRA_CA_CERTS": site.ca, "REDIRECT": REDIRECT, **environment},
    )  # fmt: skip
    try:
        yield Program(process)
    finally:
        process.kill()
        await process.communicate()


async def test_msal_node_with_a_secret(site: Site, packages: Path, contoso: Org):
    application, secret = await site.identity.register(contoso)
    async with program(
        packages, site, AUTHORITY=f"{site.url}/{contoso.id}", CLIENT_ID=str(application.app_id), CLIENT_SECRET=secret,
        SCOPE=GRAPH,
    ) as it:  # fmt: skip
        answer = await it.do("app")

    assert await site.graph(answer["token"]) == 200


async def test_msal_node_with_an_authorization_code_and_refresh(
    site: Site, packages: Path, contoso: Org, client, annie
):
    """Its own PKCE; then silently with the refresh token."""
    async with program(
        packages, site, AUTHORITY=f"{site.url}/organizations", CLIENT_ID=str(client.app_id), SCOPE=READ
    ) as it:
        await site.browser.open((await it.do("begin"))["address"])
        await site.browser.send({"name": annie.user_principal_name})
        await site.browser.send({"password": PASSWORD})
        code = parse_qs(urlsplit(str(site.browser.left_for)).query)["code"][0]
        answer = await it.do("code", code=code)
        renewed = await it.do("silent")
        again = await it.do("code", code=code)

    assert answer["username"] == annie.user_principal_name, answer
    assert answer["id"] == f"{annie.id}.{contoso.id}"
    assert await site.graph(answer["token"], "/v1.0/me") == 200
    assert renewed["token"] != answer["token"]
    assert await site.graph(renewed["token"], "/v1.0/me") == 200
    assert again["error"] == "invalid_grant"


async def test_msal_node_with_a_device_code(site: Site, packages: Path, contoso: Org, client, annie):
    """It sends the grant's short name."""
    async with program(
        packages, site, AUTHORITY=f"{site.url}/{contoso.id}", CLIENT_ID=str(client.app_id), SCOPE=READ
    ) as it:
        shown = await it.do("device")
        browser = site.browser
        await browser.open(shown["uri"])
        await browser.send({"code": shown["code"]})
        await browser.send({"name": annie.user_principal_name})
        await browser.send({"password": PASSWORD})
        await browser.send({"answer": "accept"})
        answer = await it.read()

    assert await site.graph(answer["token"], "/v1.0/me") == 200
