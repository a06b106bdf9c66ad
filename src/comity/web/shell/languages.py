"""Which language a page is written in: as chosen, else as the browser asks, else English."""

from __future__ import annotations

from typing import Final

from comity.web.asking import Ask
from comity.web.shell.cookies import LANGUAGE, get_cookie

LANGUAGES: Final = {"en": "English", "de": "Deutsch"}
"""Those that pages are written in, by code, as they call themselves."""
DEFAULT: Final = "en"


def language_of(ask: Ask) -> str:
    """The page's language."""
    chosen = get_cookie(ask, LANGUAGE)
    if chosen in LANGUAGES:
        return chosen
    return next((each for each in _wanted(ask.header("accept-language") or "") if each in LANGUAGES), DEFAULT)


def _wanted(header: str) -> list[str]:
    """Languages of an Accept-Language header, the most wanted first (RFC 9110 §12.5.4)."""
    weighed: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        try:
            weight = float(parameter.partition("=")[2]) if parameter else 1.0
        except ValueError:
            weight = 0.0
        weighed.append((-weight, tag.split("-")[0].strip().lower()))
    return [tag for weight, tag in sorted(weighed, key=lambda each: each[0]) if weight < 0]
