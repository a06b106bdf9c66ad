"""Rows of CSV files as people and programs really write them; line numbers are those of the file."""

from __future__ import annotations

import io

import pytest

from comity.directory.imports.csv_rows import LINE_LENGTH_MAX, CsvRows, bounded_lines
from comity.directory.imports.model import ImportFormUnknown, RawRow, Rejection

HEADER = "userPrincipalName,displayName,city\r\n"


def rows(text: str) -> list[tuple[int, str | tuple[str, ...]]]:
    """Line and cells of each row, or line and reason."""
    found = CsvRows(bounded_lines(io.StringIO(text, newline="")))
    return [(each.line, each.cells if isinstance(each, RawRow) else each.reason.value) for each in found]


def test_line_breaks_stand_in_quoted_fields():
    """Excel writes a line feed within a cell and both characters at the end of a row."""
    found = rows(HEADER + 'a@x,"Straße 1\nHinterhaus",Köln\r\nb@x,B,Bonn\r\n')

    assert found == [(2, ("a@x", "Straße 1\nHinterhaus", "Köln")), (4, ("b@x", "B", "Bonn"))]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(line_end: str):
    """And the last one may not end at all."""
    assert rows((HEADER + "a@x,A,Köln\r\nb@x,B,Bonn").replace("\r\n", line_end)) == [
        (2, ("a@x", "A", "Köln")), (3, ("b@x", "B", "Bonn")),
    ]  # fmt: skip


def test_other_breaks_of_unicode_are_text():
    """U+2028, U+0085 and form feeds end no line in a file."""
    assert rows(HEADER + "a@x,A\u2028B\x85C\x0cD,Köln\n") == [(2, ("a@x", "A\u2028B\x85C\x0cD", "Köln"))]


def test_empty_lines_are_no_rows_but_empty_fields_are():
    """Counts have to add up to rows somebody can see."""
    assert rows(HEADER + "\n  \n,,\n") == [(4, ("", "", ""))]


def test_surplus_separators_at_the_end_are_no_column():
    """Spreadsheets leave them; a value there is too many."""
    assert rows(HEADER + "a@x,A,Köln,,\nb@x,B,Bonn,zu viel\nc@x,C\n") == [
        (2, ("a@x", "A", "Köln", "", "")), (3, "row-columns-too-many"), (4, "row-columns-too-few"),
    ]  # fmt: skip


def test_an_open_quote_costs_its_own_row_only():
    """The rows it would swallow are read again, whether or not a later mark seems to close it."""
    good = "".join(f"p{nr}@x,P,Köln\n" for nr in range(200))

    at_the_end = rows(HEADER + 'a@x,"A,Köln\nb@x,B,Bonn\n')
    closed_by_chance = rows(HEADER + 'a@x,"A,Köln\nb@x,B,Bonn\nc@x,"C",Trier\n')
    next_row_quoted = rows(HEADER + 'a@x,"A,Köln\nb@x,"B\nB2",Bonn\n')
    twice = rows(HEADER + 'a@x,"A,Köln\nb@x,"B,Bonn\nc@x,C,Trier\n')
    far_away = rows(HEADER + 'a@x,"A,Köln\n' + good)

    assert at_the_end == [(2, "row-quote-open"), (3, ("b@x", "B", "Bonn"))]
    assert closed_by_chance == [(2, "row-quote-open"), (3, ("b@x", "B", "Bonn")), (4, ("c@x", "C", "Trier"))]
    assert next_row_quoted == [(2, "row-quote-open"), (3, ("b@x", "B\nB2", "Bonn"))]
    assert twice == [(2, "row-quote-open"), (3, "row-quote-open"), (4, ("c@x", "C", "Trier"))]
    assert (far_away[0], len(far_away)) == ((2, "row-quote-open"), 201)


def test_marks_inside_a_field_are_text():
    """Nobody doubles them by hand."""
    assert rows(HEADER + 'a@x,Hans "Hansi" Weiß,5" Rohr\n') == [(2, ("a@x", 'Hans "Hansi" Weiß', '5" Rohr'))]


def test_a_row_with_a_line_break_and_a_field_too_many_is_one_row():
    """Not one per line."""
    assert rows(HEADER + 'a@x,"A\nB",Köln,zu viel\nb@x,B,Bonn\n') == [
        (2, "row-columns-too-many"), (4, ("b@x", "B", "Bonn")),
    ]  # fmt: skip


def test_a_field_without_end_is_a_bad_row():
    """And memory stays bounded: of the line only the beginning is kept."""
    assert rows(HEADER + "a@x," + "A" * 200_000 + ",Köln\nb@x,B,Bonn\n") == [
        (2, "row-too-long"), (3, ("b@x", "B", "Bonn")),
    ]  # fmt: skip
    assert rows(HEADER + "," * (2 * LINE_LENGTH_MAX) + "x\nb@x,B,Bonn\n")[1] == (3, ("b@x", "B", "Bonn"))


@pytest.mark.parametrize(
    ("preamble", "line"), [("", 2), ("sep=;\r\n", 3), ("version:v1.0\r\n", 3), ("version:v1.0;;;\r\n\r\n", 4)]
)
def test_what_stands_above_the_header_is_skipped(preamble: str, line: int):
    """Excel's hint and the first line of the product's templates, also after Excel has saved them."""
    text = preamble + "userPrincipalName;displayName;city\r\na@x;A;Köln\r\n"

    assert rows(text) == [(line, ("a@x", "A", "Köln"))]


def test_the_separator_is_the_one_that_shows_known_columns():
    """A header may hold the others inside quotes or names."""
    found = CsvRows(bounded_lines(io.StringIO('userPrincipalName;"Kosten, Stelle";displayName\na@x;1,5;A\n')))

    assert found.separator == ";"
    assert found.names == ("userPrincipalName", "Kosten, Stelle", "displayName")


def test_columns_of_an_earlier_rejected_file_are_no_part_of_the_row():
    """So that mended rows which are rejected again do not gather columns."""
    found = CsvRows(bounded_lines(io.StringIO("line,reason,message,userPrincipalName\n7,row-x,Words.,a@x,\n")))

    assert found.names == ("userPrincipalName",)
    [row] = found
    assert isinstance(row, RawRow)
    assert (row.cells, dict(row.values)) == (("a@x", ""), {"userPrincipalName": "a@x"})


def test_a_header_without_a_upn_is_no_list_of_people():
    """Nothing else says who a row is about."""
    with pytest.raises(ImportFormUnknown):
        rows("displayName,city\nA,Köln\n")


def test_damaged_rows_show_what_they_most_likely_meant():
    """In the rejected file, so that they can be mended by looking at them."""
    [row] = CsvRows(bounded_lines(io.StringIO(HEADER + "a@x,M\udcfcller,Köln\n")))

    assert isinstance(row, Rejection)
    assert (row.reason.value, row.cells) == ("row-encoding", ("a@x", "Müller", "Köln"))
