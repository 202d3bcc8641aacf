"""Every promise of a plan: over every small lane, and over many made-up ones."""

from collections.abc import Iterable

from hypothesis import given, note

from tests.engine.bounds import BOUNDS
from tests.engine.promises import ALWAYS, SOUND, Promise
from tests.engine.removal_lanes import crowds, removal_lanes
from tests.engine.removals import REMOVALS
from tests.engine.samples import Case, cases, examples, small_lanes


def hold(lanes: Iterable[Case], promises: Iterable[Promise]) -> None:
    """Fails with the promise's name and the lane that breaks it."""
    kept = tuple(promises)
    for case in lanes:
        for promise in kept:
            try:
                promise(case)
            except AssertionError as error:
                error.add_note(f"{promise.__name__}: {case}")
                raise


def test_every_small_lane_keeps_every_promise() -> None:
    hold(small_lanes(), (*ALWAYS, *REMOVALS, *BOUNDS, *SOUND))


def test_every_small_removal_keeps_every_promise() -> None:
    hold(removal_lanes(), (*REMOVALS, *BOUNDS))


@given(crowds())
@examples(120)
def test_crowds_keep_within_bounds(case: Case) -> None:
    for promise in BOUNDS:
        note(promise.__name__)
        promise(case)


@given(cases())
@examples(250)
def test_whatever_is_read(case: Case) -> None:
    for promise in (*ALWAYS, *REMOVALS, *BOUNDS):
        note(promise.__name__)
        promise(case)


@given(cases(sound=True))
@examples(250)
def test_lanes_as_they_come(case: Case) -> None:
    for promise in (*ALWAYS, *REMOVALS, *BOUNDS, *SOUND):
        note(promise.__name__)
        promise(case)
