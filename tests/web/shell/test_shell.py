"""The shell of all pages: files, languages, forms that only our pages can send, and headers."""

from __future__ import annotations

import re
from importlib import resources

import httpx
import pytest

from comity.core.catalogue import catalogue_files, placeholders, read_file
from comity.web.shell.languages import LANGUAGES
from comity.web.shell.pages import asset, local_path
from comity.web.shell.routes import FILES
from tests.web.browser import Browser


def test_pages_speak_each_language_whole():
    """A page half in another language is worse than one in English: same codes, same facts (design §8)."""
    own = {
        language: {
            code: text
            for file in catalogue_files(language)
            if "/web/" in str(file) and str(file).split("/web/")[1].count("/")
            for code, text in read_file(file).items()
        }
        for language in LANGUAGES
    }
    everything = {code for file in catalogue_files("en") for code in read_file(file)}

    for language, sentences in own.items():
        assert set(own["en"]) - set(sentences) == set(), language
        assert set(sentences) - everything == set(), "sentences for codes that nobody has"
        for code, text in own["en"].items():
            assert placeholders(text) == placeholders(sentences[code]), (language, code)


def test_every_sentence_of_a_template_is_in_the_catalogue():
    """`say('…')` with a code that nobody wrote would show the code."""
    known = {code for file in catalogue_files("en") for code in read_file(file)}
    said: set[str] = set()
    waiting = [resources.files("comity.web")]
    while waiting:
        for each in waiting.pop().iterdir():
            if each.is_dir():
                waiting.append(each)
            elif each.name.endswith(".html"):
                said |= set(re.findall(r"say\('([^']+)'(?! ~)", each.read_text(encoding="utf-8")))

    assert said
    assert said - known == set()


@pytest.mark.parametrize("name", FILES)
async def test_files_of_the_shell_may_be_kept_for_ever(browser: Browser, name: str):
    """Their address changes with their content."""
    answer = await browser.client.get(asset(name))

    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-type"].startswith(("text/css", "image/svg+xml", "text/javascript"))


async def test_nothing_else_is_served_from_there(browser: Browser):
    for name in ("../routes.py", "..%2Froutes.py", "messages.en.po", "x"):
        assert (await browser.client.get(f"/shell/{name}")).status_code == 404


async def test_a_page_that_fails_is_a_page_in_the_readers_language(browser: Browser):
    """German with Sie; the number of the request leads to the log."""
    answer = await browser.client.get("/shell/x", headers={"accept-language": "fr, de-AT;q=0.9, en;q=0.5"})

    assert '<html lang="de">' in answer.text
    assert "Das hat nicht geklappt" in answer.text
    assert answer.headers["request-id"] in answer.text


async def test_a_page_runs_no_script_of_others_and_stands_in_no_frame(browser: Browser):
    """Design §7: CSP without inline script."""
    answer = await browser.client.get("/shell/x")
    policy = answer.headers["content-security-policy"]

    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert not re.search(r"<script(?![^>]*\bsrc=)|\son\w+=|style=", answer.text)
    assert answer.headers["cache-control"] == "no-store"


async def test_the_language_can_be_chosen_without_script(browser: Browser):
    await browser.open("/shell/x")
    page = await browser.send({"language": "de"}, form="/shell/language")

    assert '<html lang="de">' in page.text
    assert str(browser.at) == "/shell/x"
    assert "Sprache" in (await browser.open("/shell/x")).text


async def test_a_form_of_another_site_is_refused(browser: Browser):
    """No cookie, another browser's token, no token, or sent from elsewhere."""
    await browser.open("/shell/x")
    token = browser.hidden("form_token", form="/shell/language")
    send = browser.client.post

    async with httpx.AsyncClient(transport=browser.client._transport, base_url=browser.client.base_url) as other:
        stolen = await other.post("/shell/language", data={"form_token": token})
    for answer in (
        stolen,
        await send("/shell/language", data={"form_token": "x"}),
        await send("/shell/language", data={}),
        await send("/shell/language", data={"form_token": token}, headers={"origin": "https://evil.example"}),
        await send("/shell/language", data={"form_token": token}, headers={"origin": "null"}),
        await send("/shell/language", json={"form_token": token}),
    ):
        assert answer.status_code == 400
        assert "form" in answer.text


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "", "/\n/x"])
def test_nobody_is_sent_elsewhere_by_a_link_to_us(to: str):
    assert local_path(to) == "/account"
