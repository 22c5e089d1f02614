"""From open minutes to incidents."""

from pipeline.watch.watch import Watch

__all__ = ["Watch"]
