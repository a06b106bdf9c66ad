"""What the pages of the sign-in show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from comity.web.shell.pages import Page


@dataclass(frozen=True, kw_only=True)
class Message:
    """A sentence above a form: `kind` is danger, success or warning."""

    kind: str
    said: str


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    """Whatever is asked on the way to a program."""

    template: ClassVar[str]
    flow: str = ""
    """Sealed: where the way leads."""
    client: str | None = None
    """The program's name."""
    message: Message | None = None


@dataclass(frozen=True, kw_only=True)
class AskName(SignInPage):
    """Who are you?"""

    template: ClassVar[str] = "oauth/pages/sign_in/name.html"
    name: str = ""


@dataclass(frozen=True, kw_only=True)
class AskPassword(SignInPage):
    """And your password?"""

    template: ClassVar[str] = "oauth/pages/sign_in/password.html"
    name: str


@dataclass(frozen=True, kw_only=True)
class ChooseAccount(SignInPage):
    """Go on as the one who is signed in, or as somebody else?"""

    template: ClassVar[str] = "oauth/pages/sign_in/account.html"
    name: str
    display_name: str
    to: str


@dataclass(frozen=True, kw_only=True)
class AskConsent(SignInPage):
    """May this program, may that tenant?"""

    template: ClassVar[str] = "oauth/pages/sign_in/consent.html"
    question: str
    name: str
    tenant: str | None
    """The tenant that she would be in, if she has to agree to that."""
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class AskDeviceCode(SignInPage):
    """Which device?"""

    template: ClassVar[str] = "oauth/pages/device/code.html"
    code: str = ""


@dataclass(frozen=True, kw_only=True)
class AskDevice(SignInPage):
    """Is it your device that is to be signed in?"""

    template: ClassVar[str] = "oauth/pages/device/confirm.html"
    code: str
    name: str
    scopes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Told(SignInPage):
    """Something is done, and there is nothing more to do here."""

    template: ClassVar[str] = "oauth/pages/sign_in/told.html"
    again: str | None = None
    again_label: str = "sign-in-on"


@dataclass(frozen=True, kw_only=True)
class AskSignOut(SignInPage):
    """Do you want to sign out?"""

    template: ClassVar[str] = "oauth/pages/sign_in/out.html"
    name: str
    goes_to: str


@dataclass(frozen=True, kw_only=True)
class AskNewPassword(SignInPage):
    """Choose a password."""

    template: ClassVar[str] = "oauth/pages/welcome/password.html"
    action: str
    name: str
    tenant: str
    shortest: int
