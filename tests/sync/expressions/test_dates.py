"""Dates by the rules of .NET and VB.NET (provisioning §6.3)."""

from __future__ import annotations

import pytest

from comity.sync.expressions import errors
from tests.sync.expressions.evaluating import value


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2020-03-16", "3/16/2020 12:00:00 AM"),
        ("2020-03-16Z", "3/16/2020 12:00:00 AM"),
        ("2020-03-16-07:00", "3/16/2020 7:00:00 AM"),
        ("2020-03-16+0530", "3/15/2020 6:30:00 PM"),
        ("2020-03-16T10:15", "3/16/2020 10:15:00 AM"),
        ("2020-03-16T10:15:30Z", "3/16/2020 10:15:30 AM"),
        ("2020-03-16T10:15:30.1234567Z", "3/16/2020 10:15:30 AM"),
        ("2020-03-16 10:15:30+02", "3/16/2020 8:15:30 AM"),
        ("20200316", "3/16/2020 12:00:00 AM"),
        ("20200316T101530Z", "3/16/2020 10:15:30 AM"),
        ("3/16/2020", "3/16/2020 12:00:00 AM"),
        ("3/16/2020 12:00:00 AM", "3/16/2020 12:00:00 AM"),
        ("03/16/2020 12:00:00 pm", "3/16/2020 12:00:00 PM"),
        ("8/25/2021 5:41:18 PM", "8/25/2021 5:41:18 PM"),
        ("  2020-03-16  ", "3/16/2020 12:00:00 AM"),
    ],
)
def test_cdate_reads(text, utc):
    """Offsets are applied, the result is UTC, without an offset it is UTC already."""
    assert value("CStr(CDate([a]))", a=text) == utc


@pytest.mark.parametrize(
    "text",
    [
        "", "not a date", "2020-02-30", "2021-02-29", "2020-13-01", "2020-3-1", "2020-03-16T25:00", "2020-03-16T24:00",
        "13/1/2020", "1/1/2020 13:00:00 PM", "1/1/2020 0:30:00 AM", "2020-03-16+15:00", "2020-03-16+01:60", "16.3.2020",
        "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "٢٠٢٠-03-16",
    ],
)  # fmt: skip
def test_cdate_refuses(text):
    """A day that does not exist, a form nobody named, a date beyond the calendar."""
    with pytest.raises(errors.DateUnreadable if not text.startswith(("0001", "9999")) else errors.DateOutOfRange):
        value("CDate([a])", a=text)


@pytest.mark.parametrize(
    ("interval", "count", "start", "end"),
    [
        ("yyyy", 1, "2020-02-29", "2/28/2021 12:00:00 AM"),
        ("yyyy", -4, "2020-02-29", "2/29/2016 12:00:00 AM"),
        ("m", 1, "2021-01-31", "2/28/2021 12:00:00 AM"),
        ("m", 13, "2021-12-15", "1/15/2023 12:00:00 AM"),
        ("m", -1, "2021-01-31", "12/31/2020 12:00:00 AM"),
        ("d", 10, "2021-12-25", "1/4/2022 12:00:00 AM"),
        ("ww", -2, "2021-01-10", "12/27/2020 12:00:00 AM"),
        ("h", 25, "2021-01-01", "1/2/2021 1:00:00 AM"),
        ("n", "90", "2021-01-31", "1/31/2021 1:30:00 AM"),
        ("s", 86399, "2021-01-01", "1/1/2021 11:59:59 PM"),
    ],
)
def test_dateadd(interval, count, start, end):
    """Months and years clamp to the end of the month; a count may be quoted."""
    assert value("CStr(DateAdd([i],[n],CDate([d])))", i=interval, n=count, d=start) == end


@pytest.mark.parametrize(
    ("interval", "start", "end", "difference"),
    [
        ("yyyy", "2020-12-31", "2021-01-01", 1),
        ("yyyy", "2020-01-01", "2020-12-31", 0),
        ("m", "2020-01-31", "2020-02-01", 1),
        ("m", "2021-01-01", "2020-12-31", -1),
        ("d", "2020-01-01T23:00", "2020-01-02T01:00", 0),
        ("d", "2020-01-02T01:00", "2020-01-01T23:00", 0),
        ("d", "2020-01-03T00:00", "2020-01-01T01:00", -1),
        ("h", "2020-01-01T00:00", "2020-01-01T01:59:59", 1),
        ("h", "2020-01-01T01:59:59", "2020-01-01T00:00", -1),
        ("n", "2020-01-01T00:00:59", "2020-01-01T00:01:58", 0),
        ("s", "2020-01-01T00:00:00.9Z", "2020-01-01T00:00:02.8Z", 1),
        ("ww", "2026-01-03", "2026-01-04", 1),  # Saturday, Sunday
        ("ww", "2026-01-04", "2026-01-10", 0),  # Sunday, Saturday
        ("ww", "2026-01-11", "2026-01-10", -1),
        ("d", "8/25/2021 5:41:18 PM", "2012-03-16-07:00", -3449),
        ("h", "2021-08-24", "2021-08-25", 24),
    ],
)
def test_datediff(interval, start, end, difference):
    """VB.NET: years and months by the calendar, weeks by Sundays, the rest by time gone by, toward zero."""
    assert value("DateDiff([i],CDate([a]),CDate([b]))", i=interval, a=start, b=end) == difference


@pytest.mark.parametrize("expression", ["DateAdd([i],1,Now())", "DateDiff([i],Now(),Now())"])
@pytest.mark.parametrize("interval", ["q", "w", "D", "YYYY", "y", "", "day", 1])
def test_an_unknown_interval_is_a_fault(expression, interval):
    """The seven documented ones and no others."""
    with pytest.raises(errors.IntervalUnknown):
        value(expression, i=interval)


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ('DateAdd("d",1,"2020-01-01")', errors.DateNeeded),
        ('DateDiff("d","2020-01-01",Now())', errors.DateNeeded),
        ('DateAdd("d","many",Now())', errors.NumberNeeded),
        ('DateAdd("d",1.5,Now())', errors.WholeNumberNeeded),
        ('DateAdd("yyyy",9000,Now())', errors.DateOutOfRange),
        ('DateAdd("m",-99999999,Now())', errors.DateOutOfRange),
        ('DateAdd("d",99999999999999999999,Now())', errors.DateOutOfRange),
        ("DateFromNum(-1)", errors.NumberOutOfRange),
        ("DateFromNum(99999999999999999999999)", errors.DateOutOfRange),
        ('NumFromDate("1600-12-31")', errors.DateOutOfRange),
        ('NumFromDate("12/31/2020 1:00:00 AM")', errors.DateUnreadable),
    ],
)
def test_what_dates_can_not_do(expression, error):
    """A type or domain fault fails the attribute; nothing is guessed."""
    with pytest.raises(error):
        value(expression)


def test_ticks_go_both_ways():
    """100 ns since 1601, to the last digit."""
    assert value("NumFromDate([a])", a="1601-01-01T00:00:00.0000001Z") == 1
    assert value("NumFromDate([a])", a="2012-01-01 23:00:00Z") == 129699324000000000
    assert value("NumFromDate(DateFromNum([a]))", a="129699324000000000") == 129699324000000000
    assert value("CStr(DateFromNum(0))") == "1/1/1601 12:00:00 AM"


@pytest.mark.parametrize(
    ("text", "read_as", "write_as", "written"),
    [
        ("2020-12-31-08:00", "yyyy-MM-ddzzz", "yyyy-MM-ddTHH:mm:sszzz", "2020-12-31T08:00:00+00:00"),
        ("20150123105347.1Z", "yyyyMMddHHmmss.fZ", "yyyy-MM-dd HH:mm:ss.fff", "2015-01-23 10:53:47.100"),
        ("12/31/2025 12:00:00 AM", "M/d/yyyy hh:mm:ss tt", "yyyy-MM-dd H", "2025-12-31 0"),
        ("1/2/2025 3:04:05 PM", "M/d/yyyy h:mm:ss tt", "d.M.yy HH.mm.ss", "2.1.25 15.04.05"),
        ("02 Jan 2025", "dd MMM yyyy", "dddd, MMMM d, yyyy", "Thursday, January 2, 2025"),
        ("thursday 2 JANUARY 2025", "dddd d MMMM yyyy", "ddd d MMM", "Thu 2 Jan"),
        ("49-50", "yy-MM", "yyyy", None),
        ("49-05", "yy-MM", "yyyy", "2049"),
        ("50-05", "yy-MM", "yyyy", "1950"),
        ("2025-01-02T03:04:05.1234567Z", "o", "fffffff FFF", "1234567 123"),
        ("2025-01-02T03:04:05Z", "yyyy-MM-ddTHH:mm:ss.FFFFFFFK", "yyyy-MM-ddTHH:mm:ss.FFFK", "2025-01-02T03:04:05Z"),
        ("2025-01-02T03:04:05.5+02:00", "yyyy-MM-ddTHH:mm:ss.FFFK", "HH:mm:ss.FF z zz zzz", "01:04:05.5 +0 +00 +00:00"),
        ("1:05 P", "h:mm t", "HH:mm t", "13:05 P"),
        ("2025", "yyyy", "M/d/yyyy", "1/1/2025"),
        ("03-04", "MM-dd", "yyyy-MM-dd", "2026-03-04"),
        ("10:20", "HH:mm", "yyyy-MM-dd HH:mm", "2026-07-02 10:20"),
        ("at 2025 o'clock", "'at' yyyy \"o'clock\"", "yyyy' is it'", "2025 is it"),
        ("2025d01", "yyyy\\dMM", "%M", "1"),
        ("01/02/2025", "d", "D", "Thursday, 02 January 2025"),
        ("2025-01-02 03:04:05Z", "u", "R", "Thu, 02 Jan 2025 03:04:05 GMT"),
        ("2025 A.D.", "yyyy g", "g yyyyy", "A.D. 02025"),
        ("  2025  ", "yyyy", "yy", "25"),
        ("2025-1-2", "yyyy-MM-dd", "yyyy", None),
        ("2025-01-02x", "yyyy-MM-dd", "yyyy", None),
        ("2025-02-30", "yyyy-MM-dd", "yyyy", None),
        ("Friday 2 January 2025", "dddd d MMMM yyyy", "yyyy", None),
        ("2025 2024", "yyyy yyyy", "yyyy", None),
        ("13:00 AM", "HH:mm tt", "HH", None),
        ("13:00 PM", "hh:mm tt", "HH", None),
        ("", "yyyy", "yyyy", None),
    ],
)  # fmt: skip
def test_formatdatetime(text, read_as, write_as, written):
    """.NET's custom formats, read exactly; offsets are applied; what is missing is today's."""
    source = {"a": text, "r": read_as, "w": write_as}

    if written is None:
        with pytest.raises(errors.DateUnreadable):
            value("FormatDateTime([a], , [r], [w])", **source)
    else:
        assert value("FormatDateTime([a], , [r], [w])", **source) == written
        assert value("FormatDateTime([a], [r], [w])", **source) == written


@pytest.mark.parametrize(
    ("styles", "text", "form", "fine"),
    [
        ("None", " 2025", "yyyy", False),
        ("AllowLeadingWhite", " 2025", "yyyy", True),
        ("AllowLeadingWhite", " 2025 ", "yyyy", False),
        ("DateTimeStyles.AllowLeadingWhite, DateTimeStyles.AllowTrailingWhite", " 2025 ", "yyyy", True),
        ("AllowWhiteSpaces, AssumeUniversal", " 2025 -  01 ", "yyyy-MM", True),
        ("AllowInnerWhite", "2025   01", "yyyy MM", True),
        ("", " 2025 ", "yyyy", True),
        ("AdjustToUniversal,RoundtripKind", "2025", "yyyy", True),
    ],
)
def test_date_styles_decide_about_blanks(styles, text, form, fine):
    """Omitted: leading and trailing ones are allowed (documented default)."""
    source = {"s": styles, "a": text, "f": form}

    if fine:
        assert value('FormatDateTime([a],[s],[f],"yyyy")', **source) == "2025"
    else:
        with pytest.raises(errors.DateUnreadable):
            value('FormatDateTime([a],[s],[f],"yyyy")', **source)


@pytest.mark.parametrize(
    ("form", "error"),
    [("", errors.DateFormatInvalid), ("x", errors.DateFormatInvalid), ("'open", errors.DateFormatInvalid),
     ("yyyy\\", errors.DateFormatInvalid), ("ffffffff", errors.DateFormatInvalid), ("yyyy%", errors.DateFormatInvalid),
     ("%%", errors.DateFormatInvalid)],
)  # fmt: skip
def test_a_format_that_is_none_is_a_fault(form, error):
    """Reading or writing."""
    with pytest.raises(error):
        value("FormatDateTime([a],,[f],[f])", a="2025", f=form)
    with pytest.raises(errors.DateStyleUnknown):
        value('FormatDateTime([a],"Sideways","yyyy","yyyy")', a="2025")


def test_a_date_needs_no_format_that_fits_its_text_form_only_by_luck():
    """Now() is read in its text form, as the documented expression does."""
    assert value('FormatDateTime(Now(),,"M/d/yyyy h:mm:ss tt","yyyy-MM-dd")') == "2026-07-02"
    with pytest.raises(errors.DateUnreadable):
        value('FormatDateTime(Now(),,"yyyy","yyyy")')


def test_formatdatetime_needs_both_formats():
    """With three arguments they are source and formats, with four the styles come second."""
    for expression in (
        "FormatDateTime([a])",
        'FormatDateTime([a],"yyyy")',
        'FormatDateTime([a],,,"yyyy")',
        'FormatDateTime([a],,"yyyy")',
    ):
        with pytest.raises(errors.ArityError):
            value(expression, a="2025")
