"""Phone numbers have one form, whoever wrote them."""

from __future__ import annotations

import pytest

from comity.core.phones import phone_key


@pytest.mark.parametrize("text", ["+49 30 901820", "+49 (0) 30 / 90 18 20", " +49-30-901820 ", "+4930901820"])
def test_a_number_is_e_164(text: str):
    """Blanks, brackets, dashes and a trunk zero are for the eye."""
    assert phone_key(text) == "+4930901820"


@pytest.mark.parametrize(
    "text", ["030 901820", "901820", "+1 23", "+49 30 901820 901820 901820", "annie", "", "+", "dana@personal.example"]
)
def test_what_is_no_number_is_none(text: str):
    """Without its country's prefix nobody knows whose number it is."""
    assert phone_key(text) is None
