"""`comity` itself: every command and where it lives."""

from __future__ import annotations

from typing import Final

import click

from comity import __version__
from comity.cli.options import Group

_AT: Final = "comity.cli.commands."
COMMANDS: Final = {
    "demo": ("comity.cli.demo.command:demo", "Build the worked example, then serve it."),
    "serve": (_AT + "service:serve", "Run the service: a web process and a worker."),
    "worker": (_AT + "service:worker", "Run background work alone."),
    "web": (_AT + "service:web", ""),
    "doctor": (_AT + "doctor:doctor", "Check the set-up, and say how to mend it."),
    "clock": (_AT + "clock:clock", "Show and move the lab's clock."),
    "keys": (_AT + "keys:keys", "The keys that tokens are signed with."),
    "tenant": (_AT + "tenant:tenant", "Tenants and their domains."),
    "user": (_AT + "user:user", "People: import, export, change, delete, restore."),
    "group": (_AT + "group:group", "Groups and their members."),
    "mto": (_AT + "mto:mto", "The multitenant organisation: create, invite, join, leave."),
    "partner": (_AT + "partner:partner", "What a tenant declares toward another."),
    "accept": (_AT + "partner:accept", "Let another tenant's people in."),
    "share": (_AT + "sync:share", "Offer people to other tenants."),
    "unshare": (_AT + "sync:unshare", "Share people no longer."),
    "mapping": (_AT + "mapping:mapping", "What sync jobs map: show, set, try an expression."),
    "sync": (_AT + "sync:sync", "Run sync jobs, see how they stand, read the log."),
    "people": (_AT + "people:people", "Find people as somebody."),
    "access": (_AT + "access:access", "Who may talk to whom across the border."),
    "eval": (_AT + "eval:evaluate", "Evaluate a file of vectors."),
    "cmdlet": (_AT + "cmdlet:cmdlet", "Run the Teams cmdlets, typed as in PowerShell."),
    "chat": (_AT + "chat:chat", "Write and read as a person."),
    "upstream": (_AT + "upstream:upstream", "Where a tenant's people sign in, if not here."),
    "app": (_AT + "app:app", "Programs that may sign in."),
}
"""Name → where the command is, and a sentence for the list; without one it is not listed."""


@click.group(
    name="comity",
    cls=Group,
    lazy=COMMANDS,
    top=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="comity")
def main() -> None:
    """Share people between tenants, find them, decide who may talk, and talk.

    A tenant is named by id, domain or name; a person by userPrincipalName, mail or id, and
    personal:MAIL is the personal account. The options below may stand before or after a
    command's name.
    """
