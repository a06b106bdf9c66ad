"""Who somebody is, and what follows from it: passwords, app registrations, keys, tokens, directory roles."""
