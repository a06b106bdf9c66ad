"""The installation's settings: read once, frozen, passed down by argument."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final

from platformdirs import user_data_path

from comity.core.errors import Invalid

_SWITCH: Final = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}


class SettingInvalid(Invalid):
    """A setting's value cannot be read."""

    code = "setting-invalid"


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that does not print itself."""

    value: str

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set from outside; each field is `COMITY_` plus its upper-case name.

    Documented in docs/reference/settings.md; a test holds the two together.
    """

    data: Path
    """Directory of the embedded server, keys and outboxes."""
    database_url: Secret | None = None
    """A PostgreSQL ≥ 15 to use instead of the embedded one; may point to a transaction pooler."""
    database_direct_url: Secret | None = None
    """The same database without a pooler, for LISTEN, migrations, session locks and the queue."""
    secret_key_file: Path | None = None
    """The key that seals secrets at rest; default `secret.key` in the data directory."""
    host: str = "127.0.0.1"
    """Address the web process listens on."""
    port: int = 8080
    """Port the web process listens on; 0 picks a free one."""
    tls: bool = False
    """Serve HTTPS; without a certificate of your own, with one of the local authority in the data directory."""
    tls_certificate_file: Path | None = None
    """A certificate of your own to serve HTTPS with: PEM, with the chain, and with the key unless it lies apart."""
    tls_key_file: Path | None = None
    """The private key of that certificate, where it lies in a file of its own."""
    origin: str | None = None
    """Where people reach Comity, such as https://comity.example; default: as each request names it."""
    outbound_loopback: bool = False
    """Let webhooks and upstream sign-in services lie on this machine, over plain HTTP, too: for labs."""
    outbound_ca_file: Path | None = None
    """A certificate authority of your own that these are trusted by, as PEM, besides the machine's."""
    pool_size: int = 10
    """Database connections per process, at most."""
    pool_wait_s: float = 5.0
    """Seconds a request waits for a connection before it is answered 503."""
    requests_max: int = 256
    """Requests in work at once; more are answered 503."""
    requests_per_tenant_max: int = 128
    """Requests of one tenant in work at once; more are answered 429."""
    sign_in_failures_per_address_max: int = 100
    """Wrong passwords and codes from one address within ten minutes; raise it if all come through one proxy."""
    drain_s: float = 20.0
    """Seconds that SIGTERM gives running requests and drains to finish."""
    mail_from: str = "comity@localhost"
    """Whom mail comes from."""
    outbox: Path | None = None
    """Where mail is put as files while no mail server is named; default `outbox` in the data directory."""
    text_webhook: str | None = None
    """Where text messages are handed over, as JSON; default: as files in `texts` below the outbox."""
    text_webhook_token: Secret | None = None
    """The bearer token that this address expects."""
    smtp_host: str | None = None
    """The mail server."""
    smtp_port: int | None = None
    """Its port; by default 587 with starttls, 465 with tls, 25 with none."""
    smtp_security: str = "starttls"
    """starttls, tls (from the first byte) or none (a relay on the same machine)."""
    smtp_user: str | None = None
    """The name to sign in to the mail server with; default: without."""
    smtp_password: Secret | None = None
    """The password that goes with it."""
    smtp_timeout_s: float = 30.0
    """Seconds to wait for each answer of the mail server."""
    smtp_ca_file: Path | None = None
    """Certificates to trust for the mail server instead of the system's."""
    log_level: str = "info"
    """debug, info, warning or error."""

    @property
    def outbox_path(self) -> Path:
        """Where mail lies while no mail server is named."""
        return self.outbox or self.data / "outbox"

    @property
    def address(self) -> str:
        """Where people reach Comity, as far as the settings know; without a slash at its end."""
        if self.origin:
            return self.origin.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.serves_https else 'http'}://{host}:{self.port}"

    @property
    def serves_https(self) -> bool:
        """Is HTTPS spoken on the socket itself?"""
        return self.tls or self.tls_certificate_file is not None

    @property
    def secret_key_path(self) -> Path:
        """Where the sealing key lies."""
        return self.secret_key_file or self.data / "secret.key"


def default_data() -> Path:
    """The user's own data directory for Comity."""
    return user_data_path("comity", appauthor=False)


def read_settings(environment: Mapping[str, str] | None = None, **given: object) -> Settings:
    """Read the settings from the environment; `given` (from the command line) wins.

    Raises:
        SettingInvalid: names the variable and the value's fault.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, object] = {"data": default_data()}
    for field in fields(Settings):
        text = environment.get(f"COMITY_{field.name.upper()}")
        if text:
            values[field.name] = _parse(field.name, str(field.type), text)
    values.update({name: value for name, value in given.items() if value is not None})
    return Settings(**values)  # type: ignore[arg-type]


def _parse(name: str, kind: str, text: str) -> object:
    try:
        if "Secret" in kind:
            return Secret(text)
        if "Path" in kind:
            return Path(text).expanduser()
        if kind == "bool":
            return _SWITCH[text.strip().lower()]
        if kind in ("int", "int | None"):
            return int(text)
        if kind == "float":
            return float(text)
    except (ValueError, KeyError) as fault:
        raise SettingInvalid(setting=f"COMITY_{name.upper()}", value=text) from fault
    return text
