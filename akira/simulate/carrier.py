"""The simulated carrier at work: stretch by stretch, its records, samples, balance events; in the end the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import polars as pl

from akira.errors import OperatorError
from akira.simulate.accounts import Accounts
from akira.simulate.calendar import DAY_MS, MINUTE_MS
from akira.simulate.codes import ANSWERED
from akira.simulate.confounders import CONFOUNDERS
from akira.simulate.drawn import draw
from akira.simulate.effects import Effect, Retries, gather
from akira.simulate.emission import Emission
from akira.simulate.faults_edge import RECIPES
from akira.simulate.ledger import Fault, Ledger
from akira.simulate.legs import Legs
from akira.simulate.legs import join as join_legs
from akira.simulate.routing import place
from akira.simulate.samples import Samples
from akira.simulate.scenario import Event, Scenario
from akira.simulate.site import Site
from akira.simulate.traffic import Calls, offered
from akira.simulate.traffic import join as join_calls
from akira.simulate.world import SCALES, Scale, World, build

_AGAIN: Final = 0.3
"""Probability that a failed call is tried again."""
_ROUNDS: Final = 3


@dataclass(frozen=True, slots=True)
class Stretch:
    """What arrived in [start, end), each frame in order of arrival and in contract columns."""

    start: int
    end: int
    cdr: pl.DataFrame
    sip: pl.DataFrame
    balance: pl.DataFrame


class Carrier:
    """A carrier with a scenario and a seed. `stretches()` may be run through once."""

    def __init__(self, scenario: Scenario, seed: int, world: World | None = None) -> None:
        self.scenario, self.seed = scenario, seed
        self.world = world or build(scale_of(scenario), seed, scenario.overdispersion)
        self.start = int(scenario.start.timestamp() * 1000)
        self.first_day = self.start + scenario.days_before * DAY_MS
        self.end = self.first_day + scenario.days * DAY_MS
        faults, confounders = _plan(scenario, Site(self.world, np.random.default_rng([seed, 7])), self.first_day)
        self.effects = gather([*(fault.effects for fault in faults), *confounders])
        self.ledger = Ledger(self.world, faults)
        self._rng = np.random.default_rng([seed, 4])

    def stretches(self) -> Iterator[Stretch]:
        """All stretches, in order."""
        minutes = self.world.scale.chunk_minutes
        total = (self.end - self.start) // MINUTE_MS
        samples = Samples(self.world, self.effects, self._rng, self.start, total)
        emission = Emission(self.world, self.effects, self._rng)
        accounts = Accounts(self.world, self.effects)
        for begin in range(self.start, self.end, minutes * MINUTE_MS):
            stop = min(begin + minutes * MINUTE_MS, self.end)
            calls, legs, lost = self._calls(begin, (stop - begin) // MINUTE_MS)
            samples.count(legs, lost)
            self.ledger.observe(legs)
            for fault, gone in lost:
                self.ledger.observe_lost(fault, gone)
            yield Stretch(
                start=begin,
                end=stop,
                cdr=emission.write(calls, legs, stop),
                sip=samples.minutes(begin, stop),
                balance=accounts.events(begin, stop),
            )

    def _calls(self, begin: int, minutes: int) -> tuple[Calls, Legs, list[tuple[int, Calls]]]:
        calls, lost = offered(self.world, self.effects, self._rng, begin, minutes)
        rounds, parts, rows = [calls], [place(self.world, calls, self.effects, self._rng)], 0
        for _ in range(_ROUNDS):
            again = self._again(rounds[-1], parts[-1], rows)
            rows += len(rounds[-1])
            if not len(again):
                break
            legs = place(self.world, again, self.effects, self._rng)
            rounds.append(again)
            parts.append(replace(legs, call=legs.call + rows))
        return join_calls(rounds), join_legs(parts), lost

    def _again(self, calls: Calls, legs: Legs, rows: int) -> Calls:
        """Failed calls that are tried again within the minute, by the same person to the same number."""
        failed = np.flatnonzero(legs.last & (legs.code != ANSWERED) & (legs.code != 484))
        chance = np.full(len(failed), _AGAIN)
        if len(failed):
            when = legs.ended[failed]
            for retries in self.effects.of(Retries, int(when.min()), int(when.max()) + 1):
                chance = np.where(retries.during(when), retries.again, chance)
        chosen = failed[self._rng.random(len(failed)) < chance]
        calls = calls.take(legs.call[chosen] - rows)
        pause = self._rng.integers(3_000, 40_000, len(chosen))
        return replace(calls, setup=legs.ended[chosen] + pause)


def scale_of(scenario: Scenario) -> Scale:
    """The scale a scenario names, with its own volume if it says one."""
    if scenario.scale not in SCALES:
        raise OperatorError(f"no scale {scenario.scale!r}", "one of S, M, L")
    scale = SCALES[scenario.scale]
    return replace(scale, calls_per_day=scenario.calls_per_day) if scenario.calls_per_day else scale


def _plan(scenario: Scenario, site: Site, first_day: int) -> tuple[tuple[Fault, ...], list[tuple[Effect, ...]]]:
    """The faults and the effects of the confounders of a scenario: its named ones, then those drawn."""
    per_minute = site.world.scale.calls_per_day / 1440.0
    events = [(event, event.calls_per_minute / per_minute) for event in scenario.faults]
    confounders = list(scenario.confounders)
    if scenario.random is not None:
        more, others = draw(scenario.random, site.world.scale, scenario.days, site.world.seed)
        events, confounders = events + more, confounders + others
    faults = []
    for number, (event, least) in enumerate(events):
        recipe = RECIPES.get(event.kind)  # type: ignore[call-overload]
        if recipe is None:
            raise OperatorError(f"no fault is called {event.kind!r}", f"one of {', '.join(RECIPES)}")
        label = f"{scenario.label}-{number + 1}"
        faults.append(recipe(site, event.order(first_day, number, label, least)))
    return tuple(faults), [_confounder(site, event, first_day, i) for i, event in enumerate(confounders)]


def _confounder(site: Site, event: Event, first_day: int, number: int) -> tuple[Effect, ...]:
    recipe = CONFOUNDERS.get(event.kind)
    if recipe is None:
        raise OperatorError(f"no confounder is called {event.kind!r}", f"one of {', '.join(CONFOUNDERS)}")
    return recipe(site, event.order(first_day, number, f"c{number + 1}", 0.0))
