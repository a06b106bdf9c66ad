"""Where sign-in is served: what clients ask, and the pages that people see."""

from __future__ import annotations

from comity.web.oauth import account, device, register, sign_in, sign_out, upstream, welcome
from comity.web.oauth.authorize import authorize
from comity.web.oauth.discovery import show_keys, show_metadata
from comity.web.oauth.token import issue_token
from comity.web.routing import Door, Route


def oauth_routes() -> tuple[Route, ...]:
    """All routes of this door."""
    return (
        Route("POST", "/{tenant}/oauth2/v2.0/token", issue_token, Door.OAUTH),
        Route("POST", "/{tenant}/oauth2/v2.0/devicecode", device.issue_device_code, Door.OAUTH),
        Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", show_metadata, Door.OAUTH),
        Route("GET", "/{tenant}/discovery/v2.0/keys", show_keys, Door.OAUTH),
        Route("GET", "/{tenant}/oauth2/v2.0/authorize", authorize, Door.PAGES),
        Route("GET", "/{tenant}/oauth2/v2.0/logout", sign_out.log_out, Door.PAGES),
        *_pages(),
    )


def _pages() -> tuple[Route, ...]:
    return (
        Route("GET", "/signin", sign_in.ask_name, Door.PAGES),
        Route("POST", "/signin", sign_in.take_name, Door.PAGES),
        Route("POST", "/signin/password", sign_in.take_password, Door.PAGES),
        Route("POST", "/signin/with-password", sign_in.ask_password, Door.PAGES),
        Route("GET", upstream.CALLBACK, upstream.come_back, Door.PAGES),
        Route("GET", "/signin/account", sign_in.choose_account, Door.PAGES),
        Route("GET", "/signin/consent", sign_in.ask_consent, Door.PAGES),
        Route("POST", "/signin/consent", sign_in.take_consent, Door.PAGES),
        Route("GET", "/device", device.ask_code, Door.PAGES),
        Route("POST", "/device", device.take_code, Door.PAGES),
        Route("POST", "/device/answer", device.take_answer, Door.PAGES),
        Route("POST", "/signout", sign_out.take_sign_out, Door.PAGES),
        Route("GET", "/signed-out", sign_out.say_signed_out, Door.PAGES),
        Route("GET", "/account", account.show_account, Door.PAGES),
        Route("POST", "/account/end", account.end_one, Door.PAGES),
        Route("GET", "/account/phone", register.ask_phone, Door.PAGES),
        Route("POST", "/account/phone", register.take_phone, Door.PAGES),
        Route("GET", "/register", register.ask_registration, Door.PAGES),
        Route("POST", "/register", register.take_registration, Door.PAGES),
        Route("GET", "/register/{token}", register.ask_confirmation, Door.PAGES),
        Route("POST", "/register/{token}", register.take_confirmation, Door.PAGES),
        Route("GET", "/welcome/{token}", welcome.welcome, Door.PAGES),
        Route("POST", "/welcome/{token}", welcome.take_password, Door.PAGES),
    )
