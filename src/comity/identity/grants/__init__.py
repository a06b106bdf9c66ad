"""What people let clients do for them: a code first, then one refresh token after the other."""
