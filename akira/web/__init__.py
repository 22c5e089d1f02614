"""The console and the API: one FastAPI application over the store of the desk."""
