"""The other half of the webhook: every `poll_s` everything that Alertmanager has is compared with what is known.

Absence closes nothing and an Alertmanager that is away changes nothing: see `inbox`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from connectors.alertmanager.client import AlertmanagerClient
from connectors.alertmanager.inbox import Inbox
from connectors.clock import now_ms
from connectors.errors import ConnectorError
from pipeline.ports import Disconnected


class Reconciler:
    """Polls until stopped. `told` hears each outcome: an empty text when it went well, else why not."""

    def __init__(
        self,
        client: AlertmanagerClient,
        inbox: Inbox,
        poll_s: float,
        told: Callable[[str], None],
        now_ms: Callable[[], int] = now_ms,
    ) -> None:
        self._client, self._inbox, self._poll_s, self._told, self._now_ms = client, inbox, poll_s, told, now_ms

    def once(self) -> bool:
        """One comparison; False when Alertmanager is away or answers something else."""
        try:
            listed = self._client.alerts()
        except (Disconnected, ConnectorError) as wrong:
            self._told(str(wrong))
            return False
        self._inbox.reconcile(listed, self._now_ms())
        self._told("")
        return True

    def run(self, stop: threading.Event) -> None:
        """Compare now and every `poll_s` until `stop` is set."""
        while not stop.is_set():
            self.once()
            stop.wait(self._poll_s)
