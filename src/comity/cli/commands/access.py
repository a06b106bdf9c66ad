"""`comity access`: who may talk to whom across the border, why, and what a tenant says about it."""

from __future__ import annotations

from typing import Final

import click

from comity.cli.options import Group

_AT: Final = "comity.cli.commands.access_"
COMMANDS: Final = {
    "decide": (_AT + "asking:decide", "May two people talk?"),
    "why": (_AT + "asking:why", "Why they may or may not, and the smallest change that flips it."),
    "history": (_AT + "asking:history", "What they could do on a date, and what changed since."),
    "who-can": (_AT + "reports:who_can", "Who may talk to personal accounts, or to a domain."),
    "what-if": (_AT + "reports:what_if", "Who would gain or lose what by a change; which chats would break."),
    "baseline": (_AT + "reports:baseline", "SCuBA and CIS checks over every effective policy."),
    "show": (_AT + "settings:show", "Show what a tenant allows."),
    "set": (_AT + "settings:set_", "Change what a tenant allows."),
    "directory": (_AT + "settings:directory", "Personal accounts that a tenant knows."),
    "assign": (_AT + "assigning:assign", "Give a policy to many people."),
    "policy-of": (_AT + "assigning:policy_of", "Where a person's policy comes from."),
    "consumer-date": (_AT + "settings:consumer_date", "From when chat with personal accounts is available."),
}
"""Name → where the command is, and a sentence for the list."""


@click.group(cls=Group, lazy=COMMANDS)
def access() -> None:
    """External access: who may talk to whom across the border."""
