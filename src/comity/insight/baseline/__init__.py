"""Is external access as the published baselines ask: CISA SCuBA MS.TEAMS.2.x, CIS 8.2.x, and hygiene of our own."""
