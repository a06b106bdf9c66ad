"""Anybody can register a personal account: its mail address is confirmed first, a phone number afterwards."""
