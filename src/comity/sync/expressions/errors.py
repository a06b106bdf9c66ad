"""What can be wrong with an expression, when it is saved or when it meets a person.

    ExpressionError                 kind
    ├── ExpressionTooLong           too_long
    ├── ParseError                  parse
    │   ├── TextNotClosed, AttributeNotClosed, NotClosed, SingleQuotes, NoLogicalOperators,
    │   ├── UnknownWord, MisspelledWord, BareAttribute, NumberTooLong, NestedTooDeep
    ├── UnknownFunction             unknown_function
    │   └── MisspelledFunction
    ├── ArityError                  arity
    │   ├── ArgumentMissing, PairsNeeded, NoReplaceMode
    ├── PatternRefused              regex
    │   └── PatternGroupMissing
    └── EvaluationError             type
        ├── raised when saved: MisplacedFunction
        └── raised for a person: all others

Every error carries `line` and `column`. Facts never hold a person's values: errors go to logs, and a value may be
one that the reader must not see.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from comity.core.errors import Invalid
from comity.sync.expressions.tree import Place


class ErrorKind(StrEnum):
    """The classes of errors that other programs know (provisioning §6.5)."""

    PARSE = "parse"
    UNKNOWN_FUNCTION = "unknown_function"
    ARITY = "arity"
    TYPE = "type"
    TOO_LONG = "too_long"
    REGEX = "regex"


class ExpressionError(Invalid):
    """Something is wrong with an expression at `line` and `column` of its text."""

    code = "expression-invalid"
    kind: ClassVar[ErrorKind] = ErrorKind.PARSE

    @property
    def place(self) -> Place:
        """Where in the text."""
        return Place(int(str(self.parameters.get("line", 1))), int(str(self.parameters.get("column", 1))))


class ExpressionTooLong(ExpressionError):
    """It has more characters than an expression may have."""

    code = "expression-too-long"
    kind = ErrorKind.TOO_LONG


class ParseError(ExpressionError):
    """The text does not follow the grammar; `found` stands where `expected` should."""

    code = "expression-parse"
    kind = ErrorKind.PARSE


class TextNotClosed(ParseError):
    """A text begins with a quote and has no end."""

    code = "expression-text-not-closed"


class AttributeNotClosed(ParseError):
    """A bracket opens and no attribute name in brackets follows."""

    code = "expression-attribute-not-closed"


class NotClosed(ParseError):
    """The text ends before the expression does."""

    code = "expression-not-closed"


class SingleQuotes(ParseError):
    """Texts stand in double quotes."""

    code = "expression-single-quotes"


class NoLogicalOperators(ParseError):
    """There is no AND, OR or NOT between conditions."""

    code = "expression-no-logical-operators"


class UnknownWord(ParseError):
    """A bare word that means nothing."""

    code = "expression-unknown-word"


class MisspelledWord(UnknownWord):
    """A bare word that is nearly one that means something."""

    code = "expression-misspelled-word"


class BareAttribute(UnknownWord):
    """An attribute's name without its brackets."""

    code = "expression-bare-attribute"


class UnknownAttribute(ParseError):
    """An attribute that the source does not have; only looked for where the attributes are known."""

    code = "expression-unknown-attribute"


class MisspelledAttribute(UnknownAttribute):
    """An attribute that the source has under a slightly different name."""

    code = "expression-misspelled-attribute"


class NumberTooLong(ParseError):
    """A number with more digits than a number may have."""

    code = "expression-number-too-long"


class NestedTooDeep(ParseError):
    """Functions within functions within functions, too many times."""

    code = "expression-nested-too-deep"


class UnknownFunction(ExpressionError):
    """There is no such function."""

    code = "expression-unknown-function"
    kind = ErrorKind.UNKNOWN_FUNCTION


class MisspelledFunction(UnknownFunction):
    """There is a function of nearly that name."""

    code = "expression-misspelled-function"


class ArityError(ExpressionError):
    """A function was given too few or too many arguments."""

    code = "expression-arity"
    kind = ErrorKind.ARITY


class ArgumentMissing(ArityError):
    """A required argument was left out between its commas."""

    code = "expression-argument-missing"


class PairsNeeded(ArityError):
    """Keys and values come in pairs."""

    code = "expression-pairs-needed"


class NoReplaceMode(ArityError):
    """The arguments of Replace fit none of its modes."""

    code = "expression-no-replace-mode"


class PatternRefused(ExpressionError):
    """A regular expression that can not be used."""

    code = "expression-pattern-refused"
    kind = ErrorKind.REGEX


class PatternGroupMissing(PatternRefused):
    """The pattern has no group of that name."""

    code = "expression-pattern-group-missing"


class EvaluationError(ExpressionError):
    """A function met a value that it can do nothing with."""

    code = "expression-evaluation"
    kind = ErrorKind.TYPE


class MisplacedFunction(EvaluationError):
    """A function stands where it must not."""

    code = "expression-misplaced-function"


class TextNeeded(EvaluationError):
    """A text is needed."""

    code = "expression-text-needed"


class NumberNeeded(EvaluationError):
    """A number is needed."""

    code = "expression-number-needed"


class WholeNumberNeeded(EvaluationError):
    """A whole number is needed."""

    code = "expression-whole-number-needed"


class NumberOutOfRange(EvaluationError):
    """A number is too small or too large for its place."""

    code = "expression-number-out-of-range"


class DateNeeded(EvaluationError):
    """A date is needed; a text becomes one by CDate."""

    code = "expression-date-needed"


class BooleanNeeded(EvaluationError):
    """True or False is needed."""

    code = "expression-boolean-needed"


class DateUnreadable(EvaluationError):
    """A text is no date in the form asked for."""

    code = "expression-date-unreadable"


class DateOutOfRange(EvaluationError):
    """A date before the year 1 or after 9999, or before 1601 where ticks are counted."""

    code = "expression-date-out-of-range"


class DateFormatInvalid(EvaluationError):
    """A date format that can not be followed."""

    code = "expression-date-format-invalid"


class DateStyleUnknown(EvaluationError):
    """A date style that .NET does not have."""

    code = "expression-date-style-unknown"


class IntervalUnknown(EvaluationError):
    """An interval that dates are not counted in."""

    code = "expression-interval-unknown"


class CompareTypeUnknown(EvaluationError):
    """Neither vbTextCompare nor vbBinaryCompare."""

    code = "expression-compare-type-unknown"


class CultureUnknown(EvaluationError):
    """A culture name of no known form."""

    code = "expression-culture-unknown"


class DefaultDomainMissing(EvaluationError):
    """The tenant has no default domain."""

    code = "expression-default-domain-missing"


class TimeMissing(EvaluationError):
    """The time was not given."""

    code = "expression-time-missing"


class AllTaken(EvaluationError):
    """Every value that the rules yield is in use in the target."""

    code = "expression-all-taken"


class SeveralRoles(EvaluationError):
    """One role is asked for and there are several."""

    code = "expression-several-roles"


class TextTooLong(EvaluationError):
    """The result would be longer than a text may become."""

    code = "expression-text-too-long"


class PatternTooSlow(EvaluationError):
    """A regular expression took longer than it may."""

    code = "expression-pattern-too-slow"


class RandomImpossible(EvaluationError):
    """No text can fulfil what RandomString was asked for."""

    code = "expression-random-impossible"


class ValueUnsupported(EvaluationError):
    """A source value of a kind that the language does not know."""

    code = "expression-value-unsupported"


class Fault(Exception):
    """An error on its way up to the function call that knows where it stands in the text."""

    def __init__(self, error: type[ExpressionError], **facts: object) -> None:
        super().__init__(error.code)
        self.error = error
        self.facts = facts

    def at(self, place: Place, function: str) -> ExpressionError:
        """The error with its place; `function` is the call in which it arose."""
        known: dict[str, Any] = {"line": place.line, "column": place.column, "function": function, **self.facts}
        return self.error(**known)
