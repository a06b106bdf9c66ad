"""Rows of Graph's answers and JSON Lines, read piece by piece."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.directory.imports import json_rows
from comity.directory.imports.json_rows import json_array, json_lines
from comity.directory.imports.model import ImportBroken, RawRow, Rejection

TEXTS = st.text(max_size=5)
VALUES = (
    st.none()
    | st.booleans()
    | TEXTS
    | st.integers()
    | st.lists(TEXTS, max_size=2)
    | st.dictionaries(TEXTS, TEXTS, max_size=2)
)
PEOPLE = st.lists(st.dictionaries(TEXTS, VALUES, max_size=4), max_size=5)


def found(rows) -> list[tuple[int, object]]:
    return [(each.line, dict(each.values) if isinstance(each, RawRow) else each.reason.value) for each in rows]


def of_array(text: str) -> list[tuple[int, object]]:
    return found(json_array(io.StringIO(text, newline="")))


def of_lines(text: str) -> list[tuple[int, object]]:
    return found(json_lines(io.StringIO(text, newline="")))


@given(people=PEOPLE, indent=st.none() | st.integers(0, 3), chunk=st.integers(1, 50))
def test_an_array_is_what_the_json_module_says(people, indent, chunk):
    """However it is cut into pieces."""

    class Slow(io.StringIO):
        def read(self, size: int | None = -1, /) -> str:
            return super().read(min(chunk, size) if size and size > 0 else chunk)

    text = Slow(json.dumps({"@odata.context": "x", "value": people}, indent=indent, ensure_ascii=False), newline="")

    assert [values for _, values in found(json_array(text))] == people


def test_lines_are_those_of_the_file():
    """Where each person's bracket opens."""
    assert of_array('{\n "value": [\n  {"a": 1},\n  {\n   "a": 2\n  }\n ]\n}\n') == [(3, {"a": 1}), (4, {"a": 2})]
    assert of_lines('{"a": 1}\n\n  \n{"a": 2}') == [(1, {"a": 1}), (4, {"a": 2})]


def test_a_broken_person_in_an_array_costs_herself_only():
    """Reading goes on behind her last bracket."""
    assert of_array('[{"a": 1}, {"a": }, {"b": [{}, ]}, 17, "x", {"a": 2}]') == [
        (1, {"a": 1}), (1, "row-json-invalid"), (1, "row-json-invalid"), (1, "row-no-object"), (1, "row-no-object"),
        (1, {"a": 2}),
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["[", '[{"a": 1}', '[{"a": 1},', '[{"a": 1}, {"a": "', '{"value": ['])
def test_an_array_that_breaks_off_is_an_error(text: str):
    """Of a person that is half there, nobody knows the other half."""
    with pytest.raises(ImportBroken):
        of_array(text)


def test_a_broken_line_costs_itself_only():
    """Also one that would exhaust the parser."""
    deep = "[" * 100_000
    assert of_lines(f'{{"a": 1}}\n{{"a": \n{deep}\n17\n{{"a": 1{"0" * 5000}}}\n{{"a": 2}}\n') == [
        (1, {"a": 1}), (2, "row-json-invalid"), (3, "row-json-invalid"), (4, "row-no-object"), (5, "row-json-invalid"),
        (6, {"a": 2}),
    ]  # fmt: skip


def test_bytes_that_are_no_utf_8_are_noticed():
    """JSON has no other encoding (RFC 8259)."""
    [row] = json_lines(io.StringIO('{"displayName": "M\udcfcller"}\n'))

    assert isinstance(row, Rejection)
    assert (row.reason.value, row.source) == ("row-encoding", '{"displayName": "Müller"}')


def test_memory_holds_a_window_never_the_file():
    """An element without end is refused at a bound, not read to the end of the disk."""
    read = 0

    class Endless(io.StringIO):
        def read(self, size: int | None = -1, /) -> str:
            nonlocal read
            read += size or 0
            return '[{"a": "' if read == size else "x" * (size or 0)

    with pytest.raises(ImportBroken):
        list(json_array(Endless()))

    assert read <= 4 * json_rows.ELEMENT_LENGTH_MAX
