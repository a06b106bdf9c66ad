"""What would a change do: who gains or loses what, and which existing chats would break."""
