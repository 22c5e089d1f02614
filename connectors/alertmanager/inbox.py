"""Alerts become notes on the ticket that explains them, or tickets; a recovery needs a heartbeat after it.

The rules, and why (measured on Alertmanager 0.25 with Prometheus 2.42):
- a delivery may come again, from a second Alertmanager too: an occurrence is (fingerprint, startsAt), taken once;
- a Prometheus that dies sends a false `resolved` four resend delays later: it closes nothing by itself;
- an Alertmanager that is killed never sends the true one: what is no longer listed counts as ended, not yet as over;
- over is what ended `hold_s` ago while an always-firing alert of the same Prometheus was heard without a break for as
  long: one that starts again sends its heartbeat before it has found the fault a second time.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Final, Literal, Protocol

from connectors.alertmanager.alert import Alert
from connectors.alertmanager.book import SOURCE_CHARS, Book, Known
from connectors.alertmanager.heartbeat import Beat, heard
from connectors.alertmanager.match import explaining
from connectors.alertmanager.settings import AlertmanagerSettings
from connectors.alertmanager.wording import ended, fires_again, incident_key, joined, over, request
from pipeline.desk.commands import AddNote, Command, Merge, Open, Refusal, Reopen, Resolve
from pipeline.desk.ticket import Ticket

ACTOR: Final = "akira/alertmanager"
Outcome = Literal["opened", "joined", "reopened", "known", "recovering", "over", "own", "suppressed", "unknown"]


class DeskDoor(Protocol):
    """The desk as alerts reach it: the same commands as a person's, in the store's transaction."""

    def open_tickets(self) -> Sequence[Ticket]:
        """Tickets that want work."""
        ...

    def ticket(self, ticket_id: str) -> Ticket | None: ...

    def open(self, command: Open, at_ms: int, actor: str) -> str | Refusal:
        """Open a ticket, or join the one that holds its incident key; its id."""
        ...

    def act(self, ticket_id: str, command: Command, at_ms: int, actor: str) -> Refusal | None:
        """Do a command on a ticket."""
        ...


class Inbox:
    """Takes alerts one delivery at a time. `told` hears what became of each (for metrics)."""

    def __init__(
        self, desk: DeskDoor, book: Book, settings: AlertmanagerSettings, told: Callable[[Outcome], None]
    ) -> None:
        self._desk, self._book, self._settings, self._told = desk, book, settings, told
        self._one_at_a_time = threading.Lock()
        self._beats: dict[str, Beat] = {}

    def take(self, alerts: Iterable[Alert], at_ms: int) -> None:
        """Alerts of a webhook or a list, firing or resolved, at wall-clock `at_ms`."""
        with self._one_at_a_time:
            joining: dict[str, list[Alert]] = {}
            for alert in alerts:
                self._told(self._take(alert, at_ms, joining))
            for ticket_id, joined_now in joining.items():
                self._note(ticket_id, joined(joined_now), at_ms)
                self._remember(ticket_id, *joined_now)

    def reconcile(self, listed: Sequence[Alert], at_ms: int) -> None:
        """Compare with everything that Alertmanager lists now: take what is new, and see what is over."""
        firing = {alert.fingerprint: alert.starts_ms for alert in listed}
        known = [
            one for one in self._book.open() if firing.get(one.fingerprint) == one.starts_ms and one.ended_ms is None
        ]
        settled = {one.fingerprint for one in known}
        self.take([alert for alert in listed if alert.fingerprint not in settled], at_ms)
        with self._one_at_a_time:
            self._beats = heard(listed, self._beats, self._settings)
            for one in self._book.open():
                if one.fingerprint in firing:
                    self._join_later(one, at_ms)
                elif one.ended_ms is None:
                    self._end(one, at_ms, at_ms)
                else:
                    self._confirm(one, self._beats.get(one.source), at_ms)

    def _take(self, alert: Alert, at_ms: int, joining: dict[str, list[Alert]]) -> Outcome:
        if alert.name in self._settings.heartbeats or "akira_ticket" in alert.labels or alert.name.startswith("Akira"):
            return "own"
        known = self._book.get(alert.fingerprint)
        if alert.ends_ms is not None:
            return self._resolved(known, alert, alert.ends_ms, at_ms)
        if known is not None and alert.starts_ms <= known.starts_ms:
            return self._still(known, at_ms)
        if alert.suppressed:
            return "suppressed"
        return self._fires(known, alert, at_ms, joining)

    def _resolved(self, known: Known | None, alert: Alert, ended_ms: int, at_ms: int) -> Outcome:
        if known is None or known.starts_ms != alert.starts_ms:
            return "unknown"
        if known.over or known.ended_ms is not None:
            return "known"
        self._end(known, ended_ms, at_ms)
        return "recovering"

    def _still(self, known: Known, at_ms: int) -> Outcome:
        if known.ended_ms is not None:
            self._note(known.ticket_id, fires_again(known), at_ms)
            self._book.put(replace(known, ended_ms=None, over=False))
            self._reopen(known, at_ms)
        return "known"

    def _fires(self, known: Known | None, alert: Alert, at_ms: int, joining: dict[str, list[Alert]]) -> Outcome:
        """A new occurrence: it joins its own ticket, what explains it, or its group's ticket; else it opens one."""
        tickets, key = self._desk.open_tickets(), incident_key(alert)
        before = next((one for one in tickets if known and one.id == known.ticket_id), None)
        found = before or explaining(alert, tickets, self._settings)
        found = found or next((one for one in tickets if one.incident_key == key), None)
        if found is not None:
            joining.setdefault(found.id, []).append(alert)
            return "joined"
        if known is not None and self._recent(known, at_ms) and self._reopen(known, at_ms):
            self._remember(known.ticket_id, alert)
            return "reopened"
        ticket_id = self._desk.open(request(alert, self._settings), at_ms, ACTOR)
        if isinstance(ticket_id, Refusal):
            raise ValueError(f"the desk refused the alert {alert.words()}: {ticket_id.message}")
        self._remember(ticket_id, alert)
        return "opened"

    def _remember(self, ticket_id: str, *alerts: Alert) -> None:
        source = self._settings.source_label
        self._book.put(
            *(
                Known(one.fingerprint, one.starts_ms, ticket_id, one.labels.get(source, "")[:SOURCE_CHARS])
                for one in alerts
            )
        )

    def _recent(self, known: Known, at_ms: int) -> bool:
        return known.ended_ms is not None and at_ms - known.ended_ms <= self._settings.reopen_s * 1000

    def _reopen(self, known: Known, at_ms: int) -> bool:
        """Reopen a ticket of our own that is resolved; a closed one is a person's word and stays."""
        ticket = self._own_ticket(known)
        if ticket is None or ticket.state != "resolved":
            return False
        return self._desk.act(known.ticket_id, Reopen(fires_again(known)), at_ms, ACTOR) is None

    def _end(self, known: Known, ended_ms: int, at_ms: int) -> None:
        self._note(known.ticket_id, ended(known, ended_ms), at_ms)
        self._book.put(replace(known, ended_ms=ended_ms))

    def _confirm(self, known: Known, beat: Beat | None, at_ms: int) -> None:
        """Believe an end that was held long enough while its Prometheus was heard; resolve a ticket of our own."""
        if known.ended_ms is None or beat is None:
            return
        sure_ms = max(known.ended_ms, beat.since_ms) + round(self._settings.hold_s * 1000)
        if at_ms < sure_ms or beat.last_ms < sure_ms:
            return
        self._book.put(replace(known, over=True))
        others = any(one.ticket_id == known.ticket_id for one in self._book.open())
        ticket = self._own_ticket(known)
        if ticket is not None and ticket.active and not others:
            self._desk.act(known.ticket_id, Resolve(over(known, beat.last_ms)), at_ms, ACTOR)
        else:
            self._note(known.ticket_id, over(known, beat.last_ms), at_ms)
        self._told("over")

    def _join_later(self, known: Known, at_ms: int) -> None:
        """A ticket of our own whose fault telemetry has found since goes into that one; undone by unmerging."""
        ticket = self._own_ticket(known)
        if ticket is None or not ticket.active:
            return
        alert = Alert(known.fingerprint, _labels(ticket), {}, known.starts_ms, None)
        found = explaining(alert, (one for one in self._desk.open_tickets() if one.revision), self._settings)
        if found is not None:
            why = f"telemetry explains the alert: {found.summary}"
            if self._desk.act(ticket.id, Merge(found.id, why), at_ms, ACTOR) is None:
                self._book.put(replace(known, ticket_id=found.id))

    def _own_ticket(self, known: Known) -> Ticket | None:
        """The ticket of an alert when an alert opened it and telemetry has not taken it over."""
        ticket = self._desk.ticket(known.ticket_id)
        return ticket if ticket is not None and ticket.door == "alertmanager" and not ticket.revision else None

    def _note(self, ticket_id: str, text: str, at_ms: int) -> None:
        ticket = self._desk.ticket(ticket_id)
        if ticket is not None and all(note.text != text for note in ticket.notes):
            self._desk.act(ticket_id, AddNote(text), at_ms, ACTOR)


def _labels(ticket: Ticket) -> dict[str, str]:
    """The labels of the alert that opened a ticket, as its intake keeps them (one `label = text` a line)."""
    pairs = (line.partition(" = ") for line in ticket.intake.text.splitlines())
    return {label: text for label, equals, text in pairs if equals}
