"""What can be wrong with a script, and where.

Located       where in the text, around any error
ScriptWrong   the text does not say something that can be done; nothing was
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from comity.access.errors import InvalidIdentity, NotAuthorized
from comity.cli.cmdlets.syntax import Position
from comity.core.errors import ComityError, Forbidden, Invalid, PermissionMissing


class Located(Exception):
    """An error and the place in the text that it is about."""

    def __init__(self, at: Position, error: ComityError) -> None:
        super().__init__(at, error)
        self.at = at
        self.error = error


@contextmanager
def located(at: Position) -> Iterator[None]:
    """Errors from within are about this place, unless they know a closer one."""
    try:
        yield
    except ComityError as error:
        raise Located(at, error) from error


def identifier(error: ComityError) -> str:
    """The id under which scripts and the reference know an error (external-access §17)."""
    match error:
        case InvalidIdentity():
            return InvalidIdentity.code
        case PermissionMissing():
            return NotAuthorized.code
    return error.code


class ScriptWrong(Invalid):
    """The text is not what the cmdlets understand."""

    code = "script-wrong"


class Unreadable(ScriptWrong):
    """Something stands where it cannot."""

    code = "script-unreadable"


class EndsEarly(ScriptWrong):
    """The text ends in the middle of something."""

    code = "script-ends-early"


class StringOpen(ScriptWrong):
    """A text in quotes has no end."""

    code = "script-string-open"


class BacktickLoose(ScriptWrong):
    """A backtick joins lines only as the very last character of one."""

    code = "script-backtick"


class WordReserved(ScriptWrong):
    """A word of PowerShell that is no part of this language."""

    code = "script-word-reserved"


class BlankMissing(ScriptWrong):
    """Two values touch each other."""

    code = "script-blank-missing"


class NestedTooDeeply(ScriptWrong):
    """More brackets within brackets than anybody reads."""

    code = "script-nested-too-deeply"


class TooLong(ScriptWrong):
    """A script, or a value that it makes, is longer than it may be."""

    code = "script-too-long"


class ExpansionUnknown(ScriptWrong):
    """Within a text only variables and their members are filled in."""

    code = "script-expansion-unknown"


class CmdletUnknown(ScriptWrong):
    """No cmdlet of that name here."""

    code = "cmdlet-unknown"


class ParameterUnknown(ScriptWrong):
    """The cmdlet has no such parameter."""

    code = "parameter-unknown"


class ParameterAmbiguous(ScriptWrong):
    """Several parameters begin like that; lists them."""

    code = "parameter-ambiguous"


class ParameterRepeated(ScriptWrong):
    """A parameter is given twice."""

    code = "parameter-repeated"


class ParameterNeeded(ScriptWrong):
    """The cmdlet cannot do without the parameter."""

    code = "parameter-needed"


class ValueMissing(ScriptWrong):
    """A parameter stands without its value."""

    code = "parameter-value-missing"


class ValueUnplaced(ScriptWrong):
    """A value that belongs to no parameter."""

    code = "value-unplaced"


class ValueMistyped(ScriptWrong):
    """A value of another kind than the parameter takes."""

    code = "value-mistyped"


class VariableUnset(ScriptWrong):
    """A variable is used before anything is put into it."""

    code = "variable-unset"


class VariableFixed(ScriptWrong):
    """A variable that PowerShell keeps for itself."""

    code = "variable-fixed"


class PropertyAbsent(ScriptWrong):
    """The value has no such property."""

    code = "property-absent"


class PipeRefused(ScriptWrong):
    """The cmdlet takes nothing of that kind from the pipe."""

    code = "pipe-refused"


class PipeEnded(ScriptWrong):
    """Nothing can follow a cmdlet that lays results out."""

    code = "pipe-ended"


class NotConnected(ScriptWrong):
    """No tenant is connected at that point."""

    code = "not-connected"


class IdentityNotGlobal(InvalidIdentity):
    """There is one instance only, and it is called Global."""

    code = "identity-not-global"


class IdentityWildcard(InvalidIdentity):
    """One person is to be named, without wildcards."""

    code = "identity-wildcard"


class TenantForeign(Forbidden):
    """The tenant that is named is not the one that is connected."""

    code = "tenant-foreign"
