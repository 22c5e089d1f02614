"""Prepaid blocking and balance thresholds.

Input: balance events.
Method: blocked accounts and accounts below their threshold are states; customers that enter one within a quarter of an
hour (setting) of each other are one case. A threshold is left only at 1.2 times its value or by a top-up, so that a
balance on the edge does not flap.
Output: `balance_blocked`, `balance_threshold` on the customers.
Limits: without balance events, blocking shows as 402 in the records (`blocked_calls`).
Source: operator practice (reset thresholds as in account-balance alarms of voice platforms).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from pipeline.findings import ClosedMinute, Finding
from pipeline.incidents import Figure
from pipeline.questions import Question, Window
from pipeline.records import MINUTE_MS
from pipeline.rows import Flags, Rows
from pipeline.rulebook import state_finding
from pipeline.settings import GateSettings, WatchSettings

RESET: Final = 1.2
Account = tuple[str, str]


def last_attempts(rows: Rows) -> Flags:
    """What the customer experiences: last attempts, re-attempts apart."""
    return rows.last & ~rows.retry


def worth_it(window: Window, gates: GateSettings) -> bool:
    """Most calls refused for want of balance."""
    return window.excess >= 0.5


BLOCKED_CALLS: Final = Question(
    name="blocked_calls",
    signal="balance_blocked",
    metric="calls refused for balance",
    rises=True,
    counts=last_attempts,
    hit=lambda rows: rows.blocked,
    gate=worth_it,
    support="records_support",
    families=(("customer",),),
    by_hour=False,
    needs=("failures",),
)


@dataclass(slots=True)
class Episode:
    """Customers that entered the state close together."""

    since_ms: int
    latest_ms: int
    accounts: list[Account] = field(default_factory=list)
    left: list[Account] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)


class Balance:
    """Episodes of blocking and of low balance."""

    name = "balance"
    kept: tuple[type, ...] = (Episode,)

    def __init__(self, settings: WatchSettings) -> None:
        self.joint_ms = settings.hold.joint_blocking_min * MINUTE_MS
        self.episodes: dict[str, list[Episode]] = {"balance_blocked": [], "balance_threshold": []}

    def observe(self, minute: ClosedMinute) -> list[Finding]:
        """Findings of this minute."""
        columns = ["at", "customer", "account", "event", "balance_micro", "threshold_micro", "reason"]
        ended: list[Finding] = []
        for at, customer, account, event, balance, threshold, reason in minute.balance[columns].rows():
            who = (customer, account or "")
            low = balance is not None and threshold is not None and balance < threshold
            high = balance is not None and threshold is not None and balance >= RESET * threshold
            if event == "blocked":
                self._enter("balance_blocked", who, at, reason)
                ended += self._leave("balance_threshold", who, at)
            elif event == "threshold" or (event == "balance" and low):
                self._enter("balance_threshold", who, at, reason)
            elif event in {"unblocked", "topup"} or (event == "balance" and high):
                ended += self._leave("balance_threshold", who, at)
                if event != "balance":
                    ended += self._leave("balance_blocked", who, at)
        current = [self._finding(signal, e, None) for signal, all_ in self.episodes.items() for e in all_]
        return ended + current

    def _enter(self, signal: str, who: Account, at: int, reason: str | None) -> None:
        episodes = self.episodes[signal]
        if any(who in episode.accounts for episode in episodes):
            return
        if signal == "balance_threshold" and any(who in e.accounts for e in self.episodes["balance_blocked"]):
            return
        joint = next((e for e in episodes if at - e.latest_ms <= self.joint_ms), None)
        if joint is None:
            joint = Episode(at, at)
            episodes.append(joint)
        joint.accounts.append(who)
        joint.latest_ms = max(joint.latest_ms, at)
        if reason and reason not in joint.reasons:
            joint.reasons.append(reason)

    def _leave(self, signal: str, who: Account, at: int) -> list[Finding]:
        ended = []
        for episode in self.episodes[signal]:
            if who in episode.accounts:
                episode.accounts.remove(who)
                episode.left.append(who)
                if not episode.accounts:
                    ended.append(self._finding(signal, episode, at))
        self.episodes[signal] = [e for e in self.episodes[signal] if e.accounts]
        return ended

    def _finding(self, signal: str, episode: Episode, ended_ms: int | None) -> Finding:
        accounts = episode.accounts or episode.left
        customers = tuple(sorted({customer for customer, _ in accounts}))
        ever = tuple(sorted({customer for customer, _ in episode.accounts + episode.left}))
        count = float(len(customers))
        figure = Figure(signal, "customers", count, 0.0, 0.0, 0.0, len(accounts), "count")
        notes = tuple(f"reason given: {reason}" for reason in sorted(episode.reasons))
        return state_finding(
            signal, "balance", {"customer": ever}, episode.since_ms, ended_ms, figure, notes, customers
        )

    def state(self) -> dict[str, object]:
        """What a snapshot keeps."""
        return {"episodes": self.episodes}

    def load(self, state: dict[str, object]) -> None:
        """Take a snapshot back."""
        self.episodes = state["episodes"]  # type: ignore[assignment]
