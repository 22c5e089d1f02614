"""The shell: command line, settings, wiring, live loop, web. The only place with a clock, signals and environment."""

from typing import Final

VERSION: Final = "0.1.0"
