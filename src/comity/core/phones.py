"""Phone numbers: one form for comparing, whoever wrote them."""

from __future__ import annotations


def phone_key(text: str) -> str | None:
    """The number in E.164 (+49 30 901820 → +4930901820), or None if it is none.

    It has to carry its country's prefix, since nobody here knows where the writer is. Numbers that are
    possible but not assigned are fine: which are assigned changes with every numbering plan.
    """
    import phonenumbers  # noqa: PLC0415 - 100 ms that only whoever writes a number waits

    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
