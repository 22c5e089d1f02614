"""The API under /api/v1: every command and query of the desk as JSON; docs/api.md describes it."""
