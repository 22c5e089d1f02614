"""Which slices explain a change of counts: a penalised scan over every combination of dimensions, pure numpy."""

from pipeline.explain.model import Found, Leaves, Settings
from pipeline.explain.search import one_by_one, rank, search

__all__ = ["Found", "Leaves", "Settings", "one_by_one", "rank", "search"]
