"""Why two people may talk or not: every rule that matters on both sides, and the smallest change that flips it."""
