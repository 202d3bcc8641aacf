"""Lanes over a whole life: users edit and answer, lists are late, writes fail, and still the sides end in step."""

from collections.abc import Sequence
from random import Random
from typing import TypeVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.engine import lives
from tests.engine.rest import comes_to_rest
from tests.engine.samples import SOAK, examples

T = TypeVar("T")


class Lane(RuleBasedStateMachine):
    """One lane between two services; Hypothesis chooses what happens to it, now and then a rest."""

    def _pick(self, data: st.DataObject) -> lives.Picker:
        def pick(among: Sequence[T], /) -> T:
            return data.draw(st.sampled_from(among))

        return pick

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        self.world = lives.a_world(self._pick(data))

    @rule(data=st.data())
    def the_user_acts(self, data: st.DataObject) -> None:
        lives.the_user_acts(self.world, self._pick(data))

    @rule(time=st.sampled_from((5, 20, 50, 500)))
    def time_passes(self, time: int) -> None:
        self.world.wait(time)

    @rule(data=st.data())
    def the_lane_runs(self, data: st.DataObject) -> None:
        lives.a_run(self.world, self._pick(data))

    @rule()
    def all_is_quiet(self) -> None:
        comes_to_rest(self.world)


Lane.TestCase.settings = examples(40)
TestLane = Lane.TestCase


@pytest.mark.parametrize("seed", range(2000 if SOAK else 150))
def test_every_history_ends_in_step(seed: int) -> None:
    lives.a_history(Random(seed).choice, steps=30)
