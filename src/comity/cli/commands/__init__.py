"""Commands, one module per noun; each is imported when it is used."""
