"""Administrators who act at random: each deed is done in the database and entered in the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from tests.soak.at_home import AtHome
from tests.soak.of_sharing import OfSharing
from tests.soak.there import There


class Admins(AtHome, OfSharing, There):
    """Whoever administers the tenants."""

    async def act(self, deeds: Sequence[Deed]) -> None:
        """Do one thing."""
        deed = self.numbers.choice(deeds)
        self.firm.story.append(f"{deed.__name__}: {await deed(self)}")


Deed = Callable[[Admins], Awaitable[object]]
AT_HOME: Final[Sequence[Deed]] = [
    Admins.hire, Admins.found_team, *[Admins.rename] * 2, *[Admins.call_otherwise] * 3, *[Admins.move] * 4,
    *[Admins.switch] * 3, *[Admins.change_type] * 2, *[Admins.set_manager] * 3, *[Admins.delete] * 2,
    *[Admins.restore] * 3, *[Admins.bring_in] * 5, *[Admins.take_out] * 5, Admins.dissolve, Admins.revive_team,
    *[Admins.share] * 6, *[Admins.share_with_all] * 4, *[Admins.unshare] * 6, *[Admins.filter] * 2,
    Admins.name_everybody, Admins.map, Admins.spare,
]  # fmt: skip
"""What administrators of a source do; none of it waits for what a drain of another tenant holds."""
ANYWHERE: Final[Sequence[Deed]] = [
    *AT_HOME, Admins.rest, *[Admins.resume] * 2, *[Admins.guard] * 2, *[Admins.judge] * 3,
    *[Admins.invite] * 3, *[Admins.edit_there] * 2, Admins.bin_there, *[Admins.unbin_there] * 2, Admins.squat,
    Admins.close_door, *[Admins.open_door] * 2, Admins.leave, *[Admins.join] * 2,
]  # fmt: skip
