"""What looks across: who can talk to whom, what a change would break, what held on a date, baselines."""
