"""Which tenant a script works in."""

from __future__ import annotations

from typing import Final

from comity.cli.cmdlets.cmdlet import Cmdlet, Parameter
from comity.cli.cmdlets.kinds import TEXT
from comity.cli.cmdlets.values import Shape

CONNECTION: Final = Shape("Connection", {"Account": "text", "Tenant": "text", "TenantId": "text"})

CMDLETS: Final = (
    Cmdlet(
        "Connect-MicrosoftTeams",
        "Connects to a tenant; with `--tenant` a script begins connected. Who acts is said with `--as`.",
        (Parameter("TenantId", TEXT, "The tenant, by id, domain or name; that of `--tenant` by default."),),
        returns=CONNECTION,
        connects=True,
    ),
    Cmdlet("Disconnect-MicrosoftTeams", "Ends the connection.", connects=False),
)
