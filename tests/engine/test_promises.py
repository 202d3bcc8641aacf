"""Every promise of a plan: over every small lane, and over many made-up ones."""

from hypothesis import given, note

from tests.engine.promises import ALWAYS, SOUND
from tests.engine.samples import Case, cases, examples, small_lanes


def test_every_small_lane_keeps_every_promise() -> None:
    for case in small_lanes():
        for promise in (*ALWAYS, *SOUND):
            try:
                promise(case)
            except AssertionError as error:
                error.add_note(f"{promise.__name__}: {case}")
                raise


@given(cases())
@examples(500)
def test_whatever_is_read(case: Case) -> None:
    for promise in ALWAYS:
        note(promise.__name__)
        promise(case)


@given(cases(sound=True))
@examples(500)
def test_lanes_as_they_come(case: Case) -> None:
    for promise in (*ALWAYS, *SOUND):
        note(promise.__name__)
        promise(case)
