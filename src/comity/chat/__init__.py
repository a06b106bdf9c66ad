"""Chats, members, messages, seats, reading positions, first contact."""
