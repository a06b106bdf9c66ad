"""What may stand in a message: plain text, or restricted HTML cleaned on the way in (chat §2).

Cleaning drops what is not listed and keeps its text. It runs before anything is stored, so no reader
ever has to; escaping on the way out comes on top.
"""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Final

import nh3

from comity.chat.model import Body, BodyType, MessageEmpty, MessageTextInvalid, MessageTooLarge

BODY_BYTES_MAX: Final = 28_672
"""UTF-8 bytes of a stored body (chat §2.1)."""
RAW_BYTES_MAX: Final = 8 * BODY_BYTES_MAX
"""What is looked at at all: cleaning makes a body smaller, but not a book into a message."""
DEPTH_MAX: Final = 20
"""Elements within elements (chat §2.4)."""

_TAGS: Final = frozenset(
    {
        "p", "br", "b", "strong", "i", "em", "u", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a", "span",
        "h1", "h2", "h3", "table", "thead", "tbody", "tr", "th", "td", "hr",
    }
)  # fmt: skip
"""Images are missing until there are hosted ones: nothing else may be shown (chat §2.4)."""
_VOID: Final = frozenset({"br", "hr"})
_CLEANER: Final = nh3.Cleaner(
    tags=set(_TAGS),
    clean_content_tags={"script", "style"},
    attributes={"a": {"href"}, "span": {"data-mention", "data-emoji"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="noopener noreferrer",
    strip_comments=True,
)


def checked_body(body: Body) -> Body:
    """The body as it is stored.

    Raises:
        MessageTooLarge, MessageEmpty, MessageTextInvalid.
    """
    content = body.content
    if "\x00" in content:
        raise MessageTextInvalid(fault="nul")
    if any("\ud800" <= each <= "\udfff" for each in content):
        raise MessageTextInvalid(fault="surrogate")
    _check_size(content, RAW_BYTES_MAX)
    if body.type is BodyType.HTML:
        content = clean_html(content)
    _check_size(content, BODY_BYTES_MAX)
    if not (_text_of(content) if body.type is BodyType.HTML else content).strip():
        raise MessageEmpty
    return Body(body.type, content)


def clean_html(text: str) -> str:
    """The HTML with nothing but what is allowed, at most `DEPTH_MAX` deep."""
    flattener = _Flattener()
    flattener.feed(_CLEANER.clean(text))
    flattener.close()
    return "".join(flattener.parts)


def _check_size(content: str, limit: int) -> None:
    size = len(content.encode())
    if size > limit:
        raise MessageTooLarge(size=size, limit=limit)


def _text_of(html: str) -> str:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return "".join(reader.parts)


class _Reader(HTMLParser):
    """Collects the text of clean HTML; an emoji or a mention without text counts as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "span" and attrs:
            self.parts.append("span")

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


class _Flattener(HTMLParser):
    """Passes clean HTML on and leaves out the tags, not the text, of what lies too deep."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _VOID:
            self.parts.append(self.get_starttag_text() or "")
            return
        self._depth += 1
        if self._depth <= DEPTH_MAX:
            self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self._depth <= DEPTH_MAX:
            self.parts.append(f"</{tag}>")
        self._depth -= 1

    def handle_data(self, data: str) -> None:
        self.parts.append(data)

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")
