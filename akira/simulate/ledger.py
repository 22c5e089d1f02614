"""What faults did to customers in the simulated reality, and the labels that follow from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from akira.simulate.chance import Bools, Floats, Ints
from akira.simulate.codes import ANSWERED
from akira.simulate.effects import ANYTHING, Effect, Scope
from akira.simulate.legs import Legs, Tries, expected
from akira.simulate.traffic import Calls
from akira.simulate.world import World
from pipeline.incidents import TYPE_OF_SIGNAL, Signal

UNABLE_BELOW: Final = 0.2
"""A customer whose answers fall below this share of the expected ones, over all its traffic, cannot place calls."""
_UNABLE_CALLS: Final = 20
_UNABLE_EXPECTED: Final = 5.0
_MANY_BLOCKED: Final = 5
_RECORD_KINDS: Final = ("cdr_delayed", "cdr_missing", "cdr_duplicated")


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault with its effects and its label. `by_choice`: the supplier in scope is the one routing wanted first."""

    id: str
    kind: Signal
    start: int
    end: int
    cause: Mapping[str, tuple[str, ...]]
    scope: Scope
    effects: tuple[Effect, ...]
    by_choice: bool = False
    blocked: tuple[int, ...] = ()
    tolerated: bool = False
    strength: float = field(default=0.0)


class Ledger:
    """Counts, per fault and customer, all calls while it lasted and those it touched."""

    def __init__(self, world: World, faults: tuple[Fault, ...]) -> None:
        self._world, self.faults = world, faults
        shape = (len(faults), len(world.customers.ids))
        self._calls, self._answers = np.zeros(shape), np.zeros(shape)
        self._expected: Floats = np.zeros(shape)
        self._touched = np.zeros(shape)
        self._inside = np.zeros((len(faults), 3))
        self._before = np.zeros(len(faults), dtype=np.int64)

    def observe(self, legs: Legs) -> None:
        """Add attempts that reached the carrier."""
        switch = self._world.trunks.switch[legs.trunk]
        for number, fault in enumerate(self.faults):
            before, during = legs.setup < fault.start, (legs.setup >= fault.start) & (legs.setup < fault.end)
            slice_ = fault.scope.holds(
                customer=legs.customer,
                destination=legs.destination,
                terminator=legs.wanted if fault.by_choice else legs.terminator,
                trunk=legs.trunk,
                switch=switch,
            )
            self._before[number] += int((before & slice_).sum())
            if not during.any():
                continue
            self._add(number, legs.customer, during & legs.last, legs.code == ANSWERED, legs.expected)
            inside = during & slice_
            self._touched[number] += np.bincount(legs.customer[inside], minlength=self._touched.shape[1])
            answered = float((legs.code[inside] == ANSWERED).sum())
            self._inside[number] += (float(inside.sum()), float(legs.expected[inside].sum()), answered)

    def observe_lost(self, number: int, calls: Calls) -> None:
        """Add calls of a fault that were tried in vain."""
        if number < 0 or not len(calls):
            return
        row = np.arange(len(calls), dtype=np.int64)
        hope = expected(self._world, calls, Tries(row, self._world.routing.offer[calls.destination, 0], calls.setup))
        nothing = np.zeros(len(calls), dtype=np.bool_)
        self._add(number, calls.customer, ~nothing, nothing, hope)
        self._touched[number] += np.bincount(calls.customer, minlength=self._touched.shape[1])
        self._inside[number] += (float(len(calls)), float(hope.sum()), 0.0)

    def _add(self, number: int, customer: Ints, rows: Bools, answered: Bools, hope: Floats) -> None:
        size = self._calls.shape[1]
        self._calls[number] += np.bincount(customer[rows], minlength=size)
        self._answers[number] += np.bincount(customer[rows & answered], minlength=size)
        self._expected[number] += np.bincount(customer[rows], weights=hope[rows], minlength=size)

    def truth(self) -> list[dict[str, object]]:
        """One label per fault. `calls`, `expected_asr`, `asr` are of the faulty slice, for delay in calls;
        `baseline_calls` are its calls before the fault."""
        return [self._label(number, fault) for number, fault in enumerate(self.faults)]

    def _label(self, number: int, fault: Fault) -> dict[str, object]:
        severity, why = self._severity(number, fault)
        calls, hope, answers = self._inside[number]
        people = self._world.customers.ids
        return {
            "id": fault.id,
            "kind": fault.kind,
            "ticket_type": TYPE_OF_SIGNAL[fault.kind],
            "severity": severity,
            "start": fault.start,
            "end": fault.end,
            "cause": {name: list(values) for name, values in fault.cause.items()},
            "customers": [people[c] for c in self._hit(number, fault)],
            "tolerated": fault.tolerated,
            "why": why,
            "strength": fault.strength,
            "calls": int(calls),
            "baseline_calls": int(self._before[number]),
            "expected_asr": round(hope / calls, 4) if calls else None,
            "asr": round(answers / calls, 4) if calls else None,
        }

    def _hit(self, number: int, fault: Fault) -> Ints:
        if fault.blocked:
            return np.array(fault.blocked, dtype=np.int64)
        if fault.kind == "balance_threshold":
            return np.array(fault.scope.customer or (), dtype=np.int64)
        return np.flatnonzero(self._touched[number] > 0)

    def _unable(self, number: int) -> int:
        support = (self._calls[number] >= _UNABLE_CALLS) & (self._expected[number] >= _UNABLE_EXPECTED)
        low = self._answers[number] < UNABLE_BELOW * self._expected[number]
        return int((support & low).sum())

    def _severity(self, number: int, fault: Fault) -> tuple[str, str]:
        """The severity table of the NOC, first row that holds."""
        hit = self._hit(number, fault)
        unable = self._unable(number)
        major = bool(self._world.customers.major[hit].any())
        if fault.kind == "platform_down":
            return "SEV1", "production platform down"
        if fault.kind in _RECORD_KINDS:
            every = fault.scope == ANYTHING
            return ("SEV2", "records of every switch") if every else ("SEV3", "records of one switch, service unharmed")
        if fault.kind == "balance_threshold":
            return "SEV3", "a threshold was crossed"
        if len(fault.blocked) >= _MANY_BLOCKED:
            return "SEV1", f"{len(fault.blocked)} customers blocked at once"
        if unable >= 2:
            return "SEV1", f"{unable} customers cannot place calls"
        if fault.kind == "rating_failure":
            return "SEV2", "rating fails"
        if major:
            return "SEV2", "a major customer is degraded"
        if len(hit) >= 2:
            return "SEV2", f"{len(hit)} customers are impaired while their other traffic works"
        return "SEV3", "one standard customer"
