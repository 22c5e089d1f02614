"""`akira demo --live`: a simulated carrier in real time through the parts of `akira run`, to try the console on."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from rich.console import Console

from akira.commands.run import run
from akira.demo.live import NAME, CarrierSource, scenario
from akira.errors import OperatorError
from akira.settings import RunSettings, Settings, StoreSettings, WebSettings
from akira.simulate.carrier import Carrier
from akira.simulate.files import directory_toml
from akira.sources import Opened
from akira.wiring import Asked
from pipeline.desk.words import clock
from pipeline.directory import Directory


def show(folder: Path, seed: int, speed: float, port: int) -> None:
    """Serve the console and stream, until Ctrl-C or the end of the simulated day; `folder` keeps the tickets."""
    terminal = Console(stderr=True, highlight=False, soft_wrap=True)
    carrier = Carrier(scenario(), seed)

    def learnt(show_at_ms: int) -> None:
        terminal.print(
            f"Live. The platform fails at {clock(show_at_ms)}; its SEV1 opens within three minutes. Ctrl-C ends."
        )

    def source(
        settings: Settings, directory: Directory, stop: threading.Event, *, drain: bool, from_oldest: bool
    ) -> Opened:
        return Opened(NAME, CarrierSource(carrier, time.time, speed, stop.wait, learnt))

    known = _settings(folder, carrier, port)
    terminal.print("The watch learns the simulated day before; half a minute.")
    run(known, Asked(from_scratch=True, source=source), web=True, greeting=True)


def _settings(folder: Path, carrier: Carrier, port: int) -> Settings:
    """Everything in the folder, nothing outside."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "directory.toml").write_text(directory_toml(carrier.world), encoding="utf-8")
    except OSError as wrong:
        raise OperatorError(
            f"cannot write to {folder}: {wrong.strerror}", "name a folder that may be written with --out"
        ) from wrong
    return Settings(
        directory=str(folder / "directory.toml"),
        store=StoreSettings.model_validate({"url": f"sqlite:///{folder / 'akira.db'}"}),
        run=RunSettings(source="switches", sinks=(), deadletters=str(folder / "deadletters.ndjson")),
        web=WebSettings(port=port),
    )
