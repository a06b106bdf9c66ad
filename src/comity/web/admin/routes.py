"""Where the admin center is served."""

from __future__ import annotations

from collections.abc import Iterator

from comity.web.admin import accepting, home, plans, sharing, users
from comity.web.admin.external_access import policies, settings
from comity.web.admin.visit import Handler, visiting
from comity.web.routing import Door, Route


def admin_routes() -> tuple[Route, ...]:
    """All routes of this door."""
    return (
        Route("GET", "/admin", home.enter, Door.PAGES),
        *(Route(method, f"/admin/{{tenant}}{path}", visiting(each), Door.PAGES) for method, path, each in _pages()),
    )


def _pages() -> Iterator[tuple[str, str, Handler]]:
    yield "GET", "", home.show_home
    yield "GET", "/share", sharing.show_shares
    yield "GET", "/share/new", sharing.show_form
    yield "POST", "/share/new", sharing.plan_share
    yield "POST", "/share/offer", sharing.offer
    yield "POST", "/share/withdraw", sharing.plan_withdrawal
    yield "GET", "/share/plans", plans.show_plans
    yield "POST", "/share/plans/approve", plans.approve
    yield "POST", "/share/stop", plans.stop
    yield "POST", "/share/start", plans.start
    yield "POST", "/share/undo", plans.undo
    yield "GET", "/accept", accepting.show_incoming
    yield "POST", "/accept", accepting.decide
    yield "GET", "/users", users.show_users
    yield "GET", "/users/external-access", settings.show_settings
    yield "POST", "/users/external-access", settings.save_settings
    yield "GET", "/users/external-access/policies", policies.show_policies
    yield "POST", "/users/external-access/policies", policies.save_policy
    yield "POST", "/users/external-access/assign", policies.assign
    yield "GET", "/users/{user}", users.show_user
