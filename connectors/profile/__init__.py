"""A declarative profile (TOML) for any CSV or JSON of calls."""

from connectors.profile.model import Profile, load
from connectors.profile.reader import ProfileReader

__all__ = ["Profile", "ProfileReader", "load"]
