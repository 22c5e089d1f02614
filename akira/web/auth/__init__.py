"""Who is asking, and whether they may: tokens, sessions, roles, and one table of operations."""
