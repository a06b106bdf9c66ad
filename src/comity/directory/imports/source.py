"""Open a file of people: what encoding it has and what form, told by its content."""

from __future__ import annotations

import codecs
import io
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, BinaryIO, Final

from comity.directory.imports.model import Form, ImportEmpty, ImportUnreadable

UTF_8: Final = "utf-8"
WINDOWS: Final = "cp1252"

_CHUNK: Final = 1 << 20
_HEAD: Final = 64 * 1024
"""Bytes that show the form of a file."""

_GRAPH: Final = re.compile(rb'\{\s*("@[^"]*"\s*:\s*("(\\.|[^"\\])*"|[\w.+-]+)\s*,\s*)*"value"\s*:\s*\[')
"""Graph's answer up to the first of its people: annotations, then `value`."""

_DAMAGED: Final = re.compile("[\udc80-\udcff]")


@dataclass(frozen=True, slots=True)
class Source:
    """An open file: its text line by line, line breaks as they stand in it.

    Bytes that are not of the file's encoding come as lone surrogates; see `is_damaged`.
    """

    text: io.TextIOWrapper
    raw: BinaryIO
    form: Form
    size: int

    def position(self) -> int:
        """How many bytes were read, some read ahead included."""
        return min(self.raw.tell(), self.size)


@contextmanager
def open_source(source: Path | BinaryIO) -> Iterator[Source]:
    """Open a file or a stream; a stream that cannot be read twice is copied to a temporary file.

    Raises:
        ImportUnreadable, ImportEmpty.
    """
    if not isinstance(source, Path):
        with _prepared(source) as prepared:
            yield prepared
        return
    try:
        file = source.open("rb")
    except OSError as fault:
        raise ImportUnreadable(file=str(source), detail=fault.strerror or str(fault)) from fault
    with file, _prepared(file) as prepared:
        yield prepared


def is_damaged(text: str) -> bool:
    """Does it hold bytes that are not of the file's encoding?"""
    return not text.isascii() and _DAMAGED.search(text) is not None


def readable(text: str) -> str:
    """The text with damaged bytes read as Windows-1252, which they most often are."""
    return _DAMAGED.sub(lambda found: bytes([ord(found[0]) - 0xDC00]).decode(WINDOWS, "replace"), text)


@contextmanager
def _prepared(file: BinaryIO) -> Iterator[Source]:
    with tempfile.TemporaryFile() as spool:
        raw, start, marked = _unwrapped(file, spool)
        raw.seek(start)
        head = raw.read(_HEAD)
        if not head.strip():
            raise ImportEmpty
        form = _form(head)
        # JSON is UTF-8 (RFC 8259); Excel and friends say nothing about what they write.
        encoding = UTF_8 if marked or form is not Form.CSV else _encoding(raw, start)
        raw.seek(0, io.SEEK_END)
        size = raw.tell()
        raw.seek(start)
        text = io.TextIOWrapper(raw, encoding=encoding, errors="surrogateescape", newline="")
        try:
            yield Source(text, raw, form, size)
        finally:
            text.detach()


def _unwrapped(file: BinaryIO, spool: IO[bytes]) -> tuple[BinaryIO, int, bool]:
    """A seekable file in a one-byte encoding or UTF-8, where its text begins, and whether a mark says UTF-8."""
    raw: BinaryIO = file
    if not file.seekable():
        shutil.copyfileobj(file, spool, _CHUNK)
        raw = spool  # type: ignore[assignment]
    raw.seek(0)
    mark = raw.read(3)
    if mark == codecs.BOM_UTF8:
        return raw, 3, True
    if mark[:2] not in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return raw, 0, False
    raw.seek(0)
    if raw is spool:
        with tempfile.TemporaryFile() as copy:
            shutil.copyfileobj(raw, copy, _CHUNK)
            copy.seek(0)
            spool.seek(0)
            spool.truncate()
            _transcode(copy, spool)
    else:
        _transcode(raw, spool)
    return spool, 0, True  # type: ignore[return-value]


def _transcode(source: IO[bytes], target: IO[bytes]) -> None:
    """UTF-16 with a mark becomes UTF-8; what is none becomes bytes that are no UTF-8 either, and is noticed there."""
    decoder = codecs.getincrementaldecoder("utf-16")("surrogatepass")
    while chunk := source.read(_CHUNK):
        target.write(decoder.decode(chunk).encode(UTF_8, "surrogatepass"))
    if decoder.getstate()[0]:
        target.write(b"\xff")  # half a character at the end


def _form(head: bytes) -> Form:
    text = head.lstrip()
    if text[:1] == b"[" or _GRAPH.match(text):
        return Form.JSON
    return Form.JSON_LINES if text[:1] == b"{" else Form.CSV


def _encoding(raw: BinaryIO, start: int) -> str:
    """UTF-8, unless most of the lines that could tell are none: then Windows-1252, as Excel saves.

    By majority, because one row that went through the wrong hands must not spoil the names in all others.
    """
    raw.seek(start)
    fit = unfit = 0
    while line := raw.readline(_CHUNK):
        if not line.isascii():
            try:
                line.decode(UTF_8)
                fit += 1
            except UnicodeDecodeError:
                unfit += 1
    return WINDOWS if unfit > fit else UTF_8
