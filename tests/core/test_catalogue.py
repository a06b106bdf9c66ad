"""Every code has its words (design D6)."""

from __future__ import annotations

import ast
import inspect

from comity.core.catalogue import catalogue_files, placeholders, read_file, sentence, sentences
from comity.core.errors import ComityError
from tools.reference import error_classes
from tools.sources import python_files

ERRORS = sorted(error_classes(), key=lambda each: each.code)


def test_every_error_has_a_sentence():
    """A person who meets a code alone knows nothing."""
    assert [each.__qualname__ for each in ERRORS if each.code not in sentences("en")] == []


def test_no_code_has_two_sentences():
    """Two rooms would disagree, and the order of files would decide."""
    codes = [code for file in catalogue_files("en") for code in read_file(file)]

    assert sorted({code for code in codes if codes.count(code) > 1}) == []


def test_a_sentence_names_only_facts_that_the_error_carries():
    """A placeholder without a fact would be shown as it stands."""
    given = _facts_given()
    wrong = {
        each.code: missing
        for each in ERRORS
        if each.__name__ in given
        if (missing := placeholders(sentences("en").get(each.code, "")) - given[each.__name__])
    }

    assert given["PermissionMissing"] == {"permission"}
    assert wrong == {}


def test_facts_are_filled_in():
    """Lists with commas, nothing for nothing."""
    words = sentence("permission-missing", {"permission": "User.Read.All"})

    assert words == "That needs the permission User.Read.All, which you do not hold."


def test_a_list_is_shown_with_commas():
    """Candidates of an ambiguous name."""
    words = sentence("embedded-account-missing", {"tried": ["comity", "nobody"]})

    assert "comity, nobody" in words


def test_a_code_without_words_still_says_what_is_known():
    """A bug, but not one that hides another."""
    assert sentence("no-such-code", {"user": "annie", "count": 3}) == "no-such-code (user annie, count 3)"


def test_a_language_that_is_not_there_falls_back():
    """English is always complete."""
    assert sentence("invalid", {}, "tlh") == sentence("invalid", {})


def _facts_given() -> dict[str, set[str]]:
    """By class name: parameters that each place which makes one gives, so that all sentences can rely on them."""
    given: dict[str, set[str]] = {}
    own = {each.__name__: _own_parameters(each) for each in ERRORS}
    for _, tree in python_files("src"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Name) and node.exc.id in own:
                given[node.exc.id] = given.get(node.exc.id, own[node.exc.id]) & own[node.exc.id]
            if isinstance(node, ast.Call) and isinstance(name := node.func, ast.Name | ast.Attribute):
                called = name.id if isinstance(name, ast.Name) else name.attr
                if called in own and not any(each.arg is None for each in node.keywords):
                    names = {each.arg for each in node.keywords if each.arg} | own[called]
                    given[called] = given.get(called, names) & names
    return given


def _own_parameters(error: type[ComityError]) -> set[str]:
    """Named parameters of the class's own constructor: they are always there."""
    parameters = inspect.signature(error.__init__).parameters.values()
    return {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}
