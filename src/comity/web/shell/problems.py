"""A page that says what went wrong, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from starlette.responses import Response

from comity.core.catalogue import sentence
from comity.core.errors import ComityError
from comity.web.asking import Ask
from comity.web.errors import error_headers, shape_of
from comity.web.shell.languages import language_of
from comity.web.shell.pages import Page, show


@dataclass(frozen=True, kw_only=True)
class Problem(Page):
    """What went wrong, in words; `request_id` leads to the log."""

    template: ClassVar[str] = "shell/pages/shell/problem.html"
    said: str
    request_id: str
    number: str | None = None
    """The number under which others have asked about it before."""
    again: str | None = None
    """Where to try again."""


def page_refusal(error: ComityError, ask: Ask) -> Response:
    """Any failure behind a door of pages."""
    return problem(ask, error)


def problem(ask: Ask, error: ComityError, *, again: str | None = None) -> Response:
    """The failure as a page."""
    number = getattr(error, "number", None)
    page = Problem(
        title="problem-title",
        said=sentence(error.code, error.parameters, language_of(ask)),
        request_id=str(ask.id),
        number=f"AADSTS{number}" if number else None,
        again=again,
    )
    response = show(ask, page, status=shape_of(error).status, here=again)
    response.headers.update(error_headers(error))
    return response
