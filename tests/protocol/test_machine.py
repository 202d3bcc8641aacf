"""Whole lives of pairs over the real runs, store and resolver: users edit, calls fail, processes die, all ends well."""

import os
from collections.abc import Iterator, Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.engine.samples import examples
from tests.protocol import draw
from tests.protocol.script import What
from tests.protocol.setting import Figures
from tests.protocol.world import World

T = TypeVar("T")
SOAK = os.environ.get("CROSSWATCH_SOAK") == "1"
CHUNKS = 8
SEEDS = 250
LONG_CHUNKS = 400
LONG_SEEDS = 250


class Life(RuleBasedStateMachine):
    """One installation; Hypothesis chooses what happens to it."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.world = World(draw.a_setting(picker(data)), Figures())
        if data.draw(st.booleans()):
            draw.a_past(self.world, picker(data))

    @rule(data=st.data())
    def the_user_edits(self, data: st.DataObject) -> None:
        self.world.edit(draw.an_edit(self.world, picker(data)))

    @rule(seconds=st.sampled_from((*draw.WAITS, *draw.LONG)))
    def time_passes(self, seconds: int) -> None:
        self.world.wait(seconds)

    @rule(data=st.data())
    def the_user_takes_titles_off(self, data: st.DataObject) -> None:
        draw.take_off(self.world, picker(data))

    @rule(data=st.data())
    def the_pair_runs(self, data: st.DataObject) -> None:
        self.world.run(weather=draw.some_weather(self.world, picker(data)))

    @rule(data=st.data())
    def the_pair_runs_and_much_happens(self, data: st.DataObject) -> None:
        draw.a_run(self.world, picker(data))

    @rule(data=st.data())
    def a_preview_is_made_and_perhaps_applied(self, data: st.DataObject) -> None:
        draw.a_preview(self.world, picker(data))

    @rule(data=st.data())
    def the_user_answers(self, data: st.DataObject) -> None:
        draw.answer(self.world, picker(data))

    @rule(data=st.data())
    def something_odd_happens(self, data: st.DataObject) -> None:
        draw.something_odd(self.world, picker(data))

    @rule()
    def all_is_quiet(self) -> None:
        self.world.rest()

    def teardown(self) -> None:
        if hasattr(self, "world"):
            self.world.close()


def picker(data: st.DataObject) -> draw.Picker:
    """Choosing by Hypothesis."""

    def pick(among: Sequence[T], /) -> T:
        return data.draw(st.sampled_from(among))

    return pick


Life.TestCase.settings = settings(examples(20), stateful_step_count=12)
TestLife = Life.TestCase


def live(seeds: Iterator[int] | range, figures: Figures) -> None:
    """So many histories, each with a rest in the end."""
    for seed in seeds:
        draw.a_history(Random(seed).choice, figures, steps=6)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_history_ends_well(chunk: int) -> None:
    figures = Figures()
    live(range(chunk * SEEDS, (chunk + 1) * SEEDS), figures)
    print(figures)
    assert_it_met_enough(figures, SEEDS)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("chunk", range(LONG_CHUNKS))
def test_every_history_ends_well_in_the_long_run(chunk: int) -> None:
    figures = Figures()
    first = 1_000_000 + chunk * LONG_SEEDS
    live(range(first, first + LONG_SEEDS), figures)
    print(figures)
    assert_it_met_enough(figures, LONG_SEEDS)


def assert_it_met_enough(figures: Figures, histories: int) -> None:
    """A machine that never crashes or never overwrites shows nothing."""
    assert figures.rests >= histories
    assert figures.writes > histories
    assert figures.overwrites > histories // 20
    assert figures.met[What.KILL] + figures.met[What.KILL_LATE] > histories // 5
    assert figures.met[What.EDIT] > histories // 5
    assert figures.outcomes["in_doubt"] > 0
    assert figures.ended["killed"] > histories // 5
    assert figures.removals > histories // 2
    assert figures.most > 0
    assert figures.approved > histories // 10
    assert figures.counted["waiting"] > histories
    assert figures.counted["kept"] > histories // 5
    assert figures.counted["cleared"] > histories // 10
    assert figures.answers["allow"] > histories // 10
    assert figures.answers["keep"] > histories // 10
    assert figures.answers["take_back"] > 0
    assert figures.applied + figures.stale > 0
