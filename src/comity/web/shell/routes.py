"""What the shell itself serves: its files, and the choice of a language."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from comity.core.errors import NotFound
from comity.web.asking import Ask
from comity.web.routing import Door, Route
from comity.web.shell.cookies import LANGUAGE, set_cookie
from comity.web.shell.forms import read_form
from comity.web.shell.languages import DEFAULT, LANGUAGES
from comity.web.shell.pages import asset_bytes, local_path, move_on

YEAR_S: Final = 365 * 86400
_KINDS: Final = {"css": "text/css", "svg": "image/svg+xml", "js": "text/javascript"}
FILES: Final = ("shell.css", "tokens.css", "icon.svg", "send.js")


class AssetUnknown(NotFound):
    """The shell has no such file."""

    code = "asset-unknown"


def shell_routes() -> tuple[Route, ...]:
    """All routes of the shell."""
    return (
        Route("GET", "/shell/{file}", show_file, Door.PAGES),
        Route("POST", "/shell/language", choose_language, Door.PAGES),
    )


async def show_file(ask: Ask) -> Response:
    """GET /shell/{file}"""
    name = ask.parameters["file"]
    if name not in FILES:
        raise AssetUnknown(file=name)
    return Response(
        asset_bytes(name),
        media_type=_KINDS[name.rpartition(".")[2]],
        headers={"cache-control": f"public, max-age={YEAR_S}, immutable"},
    )


async def choose_language(ask: Ask) -> Response:
    """POST /shell/language: remember the choice, and back to where it was made."""
    form = await read_form(ask)
    chosen = form.get("language")
    response = move_on(local_path(form.get("to")))
    set_cookie(ask, response, LANGUAGE, chosen if chosen in LANGUAGES else DEFAULT, seconds=YEAR_S)
    return response
