"""The engine behind every question: counts minute by minute, evidence, the search for a cause, its life and its end."""
