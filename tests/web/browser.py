"""A browser without script: it keeps cookies, follows redirects, fills in forms and presses their buttons."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx


@dataclass
class PageForm:
    """One form of a page."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    """Hidden fields, and whatever is filled in already."""
    names: set[str] = field(default_factory=set)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[PageForm] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag == "form":
            self.forms.append(PageForm(given.get("action") or "", (given.get("method") or "get").upper()))
        elif name and self.forms and tag in {"input", "select", "textarea", "button"}:
            self.forms[-1].names.add(name)
            if tag == "input" and given.get("type") not in {"checkbox", "radio", "submit"}:
                self.forms[-1].fields[name] = given.get("value") or ""


@dataclass
class Browser:
    """What a person without JavaScript has; it stops before addresses that are not ours."""

    client: httpx.AsyncClient
    page: httpx.Response | None = None
    left_for: str | None = None
    """The address elsewhere that the last answer sent us to."""

    @property
    def at(self) -> httpx.URL:
        """Path and query of the page shown."""
        assert self.page is not None
        return httpx.URL(self.page.request.url.raw_path.decode())

    async def open(self, address: str, **headers: str) -> httpx.Response:
        """Go to an address."""
        return await self.follow(await self.client.get(address, headers=headers))

    async def send(self, values: dict[str, Any] | None = None, *, form: str | None = None) -> httpx.Response:
        """Fill in and send the page's form: the one with that action, or the only one of the page itself."""
        chosen = self.form(form)
        data = {**chosen.fields, **{name: str(value) for name, value in (values or {}).items()}}
        assert set(values or {}) <= chosen.names, f"no such field; there are {chosen.names}"
        assert self.page is not None
        address = self.page.request.url.join(chosen.action)
        origin = f"{address.scheme}://{address.netloc.decode()}"
        return await self.follow(await self.client.post(address, data=data, headers={"origin": origin}))

    def form(self, action: str | None = None) -> PageForm:
        """The page's form."""
        found = self.forms(action)
        assert self.page is not None
        assert len(found) == 1, (action, [each.action for each in found], self.page.text)
        return found[0]

    def forms(self, action: str | None = None) -> list[PageForm]:
        """The page's forms: those whose action begins so, or all of the page itself."""
        assert self.page is not None
        reader = _Forms()
        reader.feed(self.page.text)
        return [
            each
            for each in reader.forms
            if (each.action.startswith(action) if action else each.action != "/shell/language")
        ]

    def hidden(self, name: str, *, form: str | None = None) -> str:
        """The value of a form's field."""
        return self.form(form).fields[name]

    async def follow(self, answer: httpx.Response) -> httpx.Response:
        """Go where an answer sends us, as long as that is here."""
        self.left_for = None
        for _ in range(10):
            if not answer.is_redirect:
                break
            target = answer.request.url.join(answer.headers["location"])
            if target.netloc != self.client.base_url.netloc:
                self.left_for = str(target)
                break
            answer = await self.client.get(target)
        self.page = answer
        return answer
