"""Where sign-in is served."""

from __future__ import annotations

from comity.web.oauth.discovery import show_keys, show_metadata
from comity.web.oauth.token import issue_token
from comity.web.routing import Door, Route


def oauth_routes() -> tuple[Route, ...]:
    """All routes of this door."""
    return (
        Route("POST", "/{tenant}/oauth2/v2.0/token", issue_token, Door.OAUTH),
        Route("GET", "/{tenant}/v2.0/.well-known/openid-configuration", show_metadata, Door.OAUTH),
        Route("GET", "/{tenant}/discovery/v2.0/keys", show_keys, Door.OAUTH),
    )
