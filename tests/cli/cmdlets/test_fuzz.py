"""Whatever somebody types, there is an answer: no traceback, no hang, no partial effect.

`COMITY_SOAK=1` runs a long form. Texts are mostly made of what scripts are made of, because noise alone is
turned away at its first character.
"""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.cli.cmdlets.errors import Located
from comity.cli.cmdlets.library import ALL
from comity.cli.cmdlets.script import check
from comity.core.catalogue import placeholders, sentences
from tests.cli.cmdlets.shell import Shell

SOAK: Final = bool(os.environ.get("COMITY_SOAK"))
EXAMPLES: Final = 20_000 if SOAK else 400
SECONDS_MAX: Final = 5
"""One text of a few hundred characters; generous, because machines are busy."""

_PARAMETERS = sorted({f"-{each.name}" for cmdlet in ALL for each in cmdlet.every_parameter})
_PIECES = st.sampled_from(
    [
        *(cmdlet.name for cmdlet in ALL), *_PARAMETERS, *(each[:6] + ":" for each in _PARAMETERS),
        "$x", "$y.Identity", "$_", "$_.Domain", "$true", "$false", "$null", "${x}", "'a'", '"b $x"', '"$($x.Count)"',
        "''", '"', "'", "`", "`\n", "\n", ";", "|", ",", "=", "+=", "(", ")", "@(", "@{", "{", "}",
        "@{Add='a.example'}", "#", "<#", "#>", "-eq", "-like", "-and", "-not", "5", "-1", "3.5", "a.example", "Tag:A*",
        "Global", "[0]", ".Add(", ".Count", "$x =", "$x +=", "$y = Get-CsExternalAccessPolicy", "if", "foreach", "&",
        ">", "*", "%", "?", "–", "“", "\x00", "ä", "\u2028", "'a', 'b'", "ExternalAccessPolicy", "Unlimited",
        "OrganizationDefault",
    ]
)  # fmt: skip
SOUP = st.lists(_PIECES, max_size=14).map(" ".join)
GLUED = st.lists(_PIECES, max_size=10).map("".join)
CALLS = st.builds(
    lambda name, rest: f"{name} {' '.join(rest)}",
    st.sampled_from([cmdlet.name for cmdlet in ALL]),
    st.lists(st.one_of(st.sampled_from(_PARAMETERS), _PIECES), max_size=6),
)
SCRIPTS = st.lists(st.one_of(CALLS, SOUP), max_size=4).map("\n".join)
TEXTS = st.one_of(st.text(max_size=60), SOUP, GLUED, CALLS, SCRIPTS)

_settings = settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))


def fault_in(text: str) -> Located | None:
    """What is wrong with a text, if anything."""
    try:
        asyncio.run(asyncio.wait_for(check(text, connected=True), SECONDS_MAX))
    except Located as fault:
        return fault
    return None


@_settings
@given(TEXTS)
def test_any_text_is_a_script_or_has_a_fault_at_a_place(text):
    """And the sentence of the fault can be said with the facts that it carries."""
    fault = fault_in(text)

    if fault is not None:
        assert 1 <= fault.at.line <= text.count("\n") + 1
        assert fault.at.column >= 1
        assert placeholders(sentences("en")[fault.error.code]) <= set(fault.error.parameters)


@_settings
@given(TEXTS)
def test_what_is_refused_is_refused_in_company(text):
    """A fault in a later line is found although the first is fine: a file is checked whole."""
    alone, second = fault_in(text), fault_in(f"Get-CsOnlineUser\n{text}")

    if alone is not None:
        assert second is not None
        assert second.error.code == alone.error.code
        assert second.at == (alone.at.line + 1, alone.at.column)


@pytest.mark.parametrize("rounds", [600 if SOAK else 40])
async def test_no_text_has_half_an_effect(shell, rounds):
    """Each round runs one text as somebody may type it; what it leaves is what whole cmdlets leave.

    A refused text changes nothing. One that fails later keeps exactly the cmdlets that it names as done.
    """
    await shell.org.add_person("annie")
    texts: list[str] = []

    @settings(max_examples=rounds, database=None, suppress_health_check=list(HealthCheck), deadline=None)
    @given(SCRIPTS)
    def collect(text: str) -> None:
        texts.append(text)

    collect()
    for text in texts:
        before = await _state(shell)
        shell.done = []
        with suppress(Located):
            await shell(text)
        if not shell.done:
            assert await _state(shell) == before, text


async def _state(shell: Shell) -> list[Any]:
    return await shell(
        "Get-CsTenantFederationConfiguration; Get-CsTeamsExternalAccessConfiguration; Get-CsExternalAccessPolicy\n"
        "Get-CsOnlineUser; Get-CsGroupPolicyAssignment; Get-CsBatchPolicyAssignmentOperation"
    )
