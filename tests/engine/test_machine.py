"""Lanes over a whole life: users edit, lists are late, writes fail, and still the sides end in step."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.engine import world as worlds
from tests.engine.samples import SOAK, examples

T = TypeVar("T")


class Lane(RuleBasedStateMachine):
    """One lane between two services; Hypothesis chooses what happens to it, now and then a rest."""

    def _pick(self, data: st.DataObject) -> worlds.Picker:
        def pick(among: Sequence[T], /) -> T:
            return data.draw(st.sampled_from(among))

        return pick

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.world = worlds.a_world(self._pick(data))

    @rule(data=st.data())
    def the_user_edits(self, data: st.DataObject) -> None:
        self.world.edit(*worlds.an_edit(self.world, self._pick(data)))

    @rule(time=st.sampled_from((5, 20, 50)))
    def time_passes(self, time: int) -> None:
        self.world.wait(time)

    @rule(data=st.data())
    def the_lane_runs(self, data: st.DataObject) -> None:
        pick = self._pick(data)
        self.world.run(worlds.some_lags(pick), worlds.some_bad(pick))

    @rule(data=st.data())
    def the_lane_runs_while_the_user_edits(self, data: st.DataObject) -> None:
        pick = self._pick(data)
        self.world.run(worlds.some_lags(pick), meanwhile=[worlds.an_edit(self.world, pick)])

    @rule()
    def all_is_quiet(self) -> None:
        self.world.comes_to_rest()


Lane.TestCase.settings = examples(40)
TestLane = Lane.TestCase


@pytest.mark.parametrize("seed", range(2000 if SOAK else 150))
def test_every_history_ends_in_step(seed: int) -> None:
    worlds.a_history(Random(seed).choice, steps=25)
