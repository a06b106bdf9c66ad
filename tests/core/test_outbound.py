"""Calling addresses that others named: only outside, only over HTTPS, only the address that was looked at."""

from __future__ import annotations

import ipaddress
import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.core.answers import AddressRefused, AnswerMissing
from comity.core.local_authority import authority_file, certify
from comity.core.outbound import ANSWER_BYTES_MAX, URL_LENGTH_MAX, Outbound, is_public
from tests.support.receiver import Received, receiving


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/hook", "ftp://example.com/", "https://", "//example.com", "nonsense", "",
        "https://user:secret@example.com/", "https://example.com/#fragment", "https://exa mple.com/", "https://[::1/",
        "https://127.0.0.1/", "https://10.1.2.3/", "https://169.254.169.254/latest/meta-data/", "https://0.0.0.0/",
        "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1]/", "https://224.0.0.1/",
        "https://example.com/" + "a" * URL_LENGTH_MAX,
    ],
)  # fmt: skip
async def test_addresses_that_are_not_called(url: str):
    """SSRF: the metadata service of a cloud is the address that everybody tries first (design §7)."""
    with pytest.raises(AddressRefused):
        Outbound().check(url)
    with pytest.raises(AddressRefused):
        await Outbound().get(url, timeout_s=5)


async def test_a_name_that_leads_inside_is_refused_where_it_is_resolved():
    """`localhost` looks like any name until it is asked for."""
    Outbound().check("https://localhost/")
    with pytest.raises(AddressRefused):
        await Outbound().get("https://localhost/", timeout_s=5)


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True), ("2606:4700::1111", True), ("192.168.0.1", False), ("100.64.0.1", False), ("::", False),
        ("::ffff:10.0.0.1", False), ("::ffff:8.8.8.8", True), ("2002:0a00:0001::", False),
        ("64:ff9b::7f00:1", False), ("64:ff9b::808:808", True), ("ff02::1", False), ("fd00::1", False),
    ],
)  # fmt: skip
def test_what_lies_on_the_internet(address: str, public: bool):
    """An IPv4 address is seen through each wrapping that a network may unpack."""
    assert is_public(ipaddress.ip_address(address)) is public


async def test_a_lab_may_call_this_machine():
    """Over plain HTTP, with the name in the Host header."""
    async with receiving(lambda asked: (200, "Text/Plain; charset=utf-8", asked.body)) as receiver:
        said = await Outbound(loopback=True).post(receiver.url, b"hello", media_type="text/plain", timeout_s=5)

    assert (said.status, said.media_type, said.body) == (200, "text/plain", b"hello")
    (asked,) = receiver.received
    assert (asked.method, asked.headers["host"]) == ("POST", f"localhost:{receiver.port}")


async def test_plain_http_is_for_this_machine_alone():
    """Even in a lab."""
    with pytest.raises(AddressRefused):
        await Outbound(loopback=True).get("http://8.8.8.8/", timeout_s=5)


async def test_redirects_are_answers():
    """Whoever is called cannot send us elsewhere."""
    async with receiving(lambda _: (302, "text/plain", b"")) as receiver:
        assert (await Outbound(loopback=True).get(receiver.url, timeout_s=5)).status == 302


async def test_the_certificate_has_to_be_the_names(tmp_path: Path):
    """Though the connection goes to an address; and an authority of one's own has to be named."""
    certificate = certify(tmp_path, ["localhost"], now=datetime.now(UTC))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    async with receiving(tls=context) as receiver:
        trusting = Outbound(loopback=True, ca_file=authority_file(tmp_path))
        assert (await trusting.get(receiver.url, timeout_s=5)).status == 202
        for outbound, url in (
            (Outbound(loopback=True), receiver.url),
            (trusting, receiver.url.replace("localhost", "127.0.0.2")),
        ):
            with pytest.raises(AnswerMissing):
                await outbound.get(url, timeout_s=5)


async def test_long_answers_are_cut_and_missing_ones_said():
    """A caller of ours waits for nobody for long, and reads nobody's endless answer."""

    def endless(_: Received) -> tuple[int, str, bytes]:
        return 200, "text/plain", b"x" * (ANSWER_BYTES_MAX + 1)

    async with receiving(endless) as receiver:
        outbound = Outbound(loopback=True)
        assert len((await outbound.get(receiver.url, timeout_s=5)).body) == ANSWER_BYTES_MAX
        url = receiver.url
    with pytest.raises(AnswerMissing):
        await outbound.get(url, timeout_s=5)
