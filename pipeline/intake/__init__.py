"""Intake: what a record must be to enter, its defaults, its destination, and what the directory does not know of it."""

from pipeline.intake.destinations import resolve
from pipeline.intake.strangers import strangers
from pipeline.intake.verdicts import judge, validate

__all__ = ["judge", "resolve", "strangers", "validate"]
