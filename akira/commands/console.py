"""`akira console`: console and API over the store, without a watch beside them."""

from __future__ import annotations

import ipaddress
import signal
import threading
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from akira import settings as akira_settings
from akira.serving import served
from akira.web.app import admin_link, create_app
from akira.web.health import healthz
from akira.wiring import opened


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("console")(command)


def command(
    settings: Annotated[Path | None, typer.Option(help="the settings file")] = None,
    host: Annotated[str | None, typer.Option(help="address to bind, instead of [web] host")] = None,
    port: Annotated[int | None, typer.Option(help="port, instead of [web] port; 0 takes a free one", min=0)] = None,
    greeting: Annotated[bool, typer.Option(help="print how to sign in; a service's log should not hold it")] = True,
) -> None:
    """Serve the console and the API of the store. The first start prints an admin token, once."""
    known = akira_settings.load(settings)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with opened(known) as parts:
        app = create_app(
            parts.store,
            known.policy,
            directory=parts.directory,
            fan_out=parts.fan_out,
            oidc=known.web.oidc,
            address=known.web.address,
            outlets=known.outlet,
        )
        app.router.routes.insert(0, healthz())
        bind = host or known.web.host
        with served(app, bind, known.web.port if port is None else port, app.state.hub.close) as address:
            if greeting:
                greet(*admin_link(app), address, bind)
            stop.wait()


def greet(token: str | None, path: str, address: str, host: str) -> None:
    """Tell the terminal how to sign in."""
    terminal = Console(highlight=False, soft_wrap=True)
    terminal.print(f"Console   {address}", markup=False)
    terminal.print(f"Sign in   {address}{path}  (works once, for 15 minutes)", markup=False)
    if token is not None:
        terminal.print(f"Token     {token}  (admin, 30 days; it is not shown again)", markup=False)
    if not _loopback(host):
        terminal.print(f"{host} is reached from outside: put a proxy with TLS in front", markup=False)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
