"""Rules of the engine, broken one at a time: the promise that each of them keeps must then fail.

A promise is tried on every small lane, or, where it takes more than one run to see, on a fixed set of histories.
"""

from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from crosswatch.engine import decide, delta, title
from crosswatch.engine.base import BaseRow, LastWrite
from crosswatch.engine.decide import Cell, Decision, Verb
from crosswatch.engine.delta import Delta
from crosswatch.engine.planned import Plan
from crosswatch.model.kinds import Mode, Side
from crosswatch.model.readings import Date, Reading, Seen, Unknown
from crosswatch.model.values import Grid, Value
from tests.engine import promises, removals
from tests.engine.lives import a_history
from tests.engine.promises import Promise
from tests.engine.samples import NOW, Case, small_lanes
from tests.engine.test_plan import late_list_after_a_removal, touch_after_quiet_runs

Break = Callable[[pytest.MonkeyPatch], None]
TITLE = title.Title


def young_readings_are_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delta, "_old_enough", lambda key, now, row, side, view: now)


def absence_needs_no_lookup(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delta, "needs_proof", lambda *_: False)


def one_way_writes_its_source(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(decide.ONE_WAY, (Delta.SAME, Delta.CHANGED), Cell.SAME_OR_TO_SOURCE)


def ratings_are_cut_off(patch: pytest.MonkeyPatch) -> None:
    def cut(grid: Grid, value: Value) -> Value:
        return min(max(value // grid.step * grid.step, grid.low), grid.high)

    patch.setattr(Grid, "round", cut)


def ours_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(decide.ONE_WAY, (Delta.GONE, Delta.SAME), Cell.REMOVE_ON_TARGET)


def ours_never_stops(patch: pytest.MonkeyPatch) -> None:
    adopted = TITLE._adopted

    def always(it: Any, *, kept: bool = False) -> BaseRow:
        was = it.stored is not None and it.stored.ours
        return replace(adopted(it, kept=kept), ours=was)

    patch.setattr(TITLE, "_adopted", always)


def kept_is_not_marked(patch: pytest.MonkeyPatch) -> None:
    adopted = TITLE._adopted

    def unmarked(it: Any, *, kept: bool = False) -> BaseRow:
        return adopted(it, kept=kept and False)

    patch.setattr(TITLE, "_adopted", unmarked)


def the_source_wins_every_conflict(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(title, "conflict", lambda *_, **__: Decision(Verb.PUT, Side.TARGET))


def ended_rows_stay_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TITLE, "_forget_when_old", lambda *_: None)


def ended_rows_are_forgotten_at_once(patch: pytest.MonkeyPatch) -> None:
    def forget(it: Any, made: Plan) -> None:
        if it.stored is not None and it.stored.ended and it.key not in made.rows:
            made.rows[it.key] = None

    patch.setattr(TITLE, "_forget_when_old", forget)


def a_first_run_removes(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(decide.TWO_WAY_NEW, (Delta.NOTHING, Delta.NEW), Cell.REMOVE_ON_TARGET)


def values_are_compared_off_the_grid(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(title, "same", lambda one, other, grid: one == other)


def a_row_holds_one_common_value(patch: pytest.MonkeyPatch) -> None:
    after = TITLE._after

    def common(it: Any, side: Side, *rest: Any, **more: Any) -> BaseRow:
        row: BaseRow = after(it, side, *rest, **more)
        value = row.agreed(side).value
        return replace(row, source=replace(row.source, value=value), target=replace(row.target, value=value))

    patch.setattr(TITLE, "_after", common)


def unknown_counts_as_absent(patch: pytest.MonkeyPatch) -> None:
    seen = delta.seen

    def known(*given: Any) -> Seen:
        reading = seen(*given)
        return Reading(None, NOW) if isinstance(reading, Unknown) else reading

    patch.setattr(title, "seen", known)


def tables_decide_where_nothing_is_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(TITLE, "_absent_on_both", lambda _: False)


def quiet_rows_learn_nothing(patch: pytest.MonkeyPatch) -> None:
    adopt = TITLE._adopt

    def deaf(it: Any, made: Plan, *, left: bool) -> None:
        if it._decision().verb is not Verb.NONE:
            adopt(it, made, left=left)

    patch.setattr(TITLE, "_adopt", deaf)


SMALL: tuple[tuple[Break, Promise], ...] = (
    (young_readings_are_believed, promises.young_readings_change_nothing),
    (absence_needs_no_lookup, removals.removals_are_proved),
    (one_way_writes_its_source, promises.one_way_leaves_the_source_alone),
    (ratings_are_cut_off, promises.writes_are_exact),
    (ours_does_not_matter, promises.one_way_removes_only_what_is_ours),
    (ours_never_stops, promises.only_what_we_put_there_is_ours),
    (kept_is_not_marked, removals.a_removal_that_is_not_allowed_is_kept),
    (the_source_wins_every_conflict, promises.a_clash_ends_by_its_rule),
    (ended_rows_stay_for_ever, promises.ended_rows_are_remembered_and_forgotten),
    (ended_rows_are_forgotten_at_once, promises.ended_rows_are_remembered_and_forgotten),
    (a_first_run_removes, promises.a_first_run_never_removes),
    (values_are_compared_off_the_grid, promises.what_agrees_is_not_written),
    (a_row_holds_one_common_value, promises.comes_to_rest),
    (unknown_counts_as_absent, promises.what_is_unknown_is_left_alone),
    (tables_decide_where_nothing_is_left, promises.a_title_gone_from_both_sides_ends),
    (quiet_rows_learn_nothing, promises.what_is_agreed_learns_stamps_late_and_never_loses_any),
)


def rule_and_promise(value: object) -> str:
    return getattr(value, "__name__", str(value))


@pytest.mark.parametrize(("breaks", "promise"), SMALL, ids=rule_and_promise)
def test_a_broken_rule_breaks_its_promise(
    breaks: Break, promise: Promise, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        try_small(promise)


def try_small(promise: Promise) -> None:
    """Holds every small lane to a promise."""
    for case in small_lanes():
        promise(case)


LIVES: tuple[Break, ...] = (
    young_readings_are_believed,
    one_way_writes_its_source,
    ours_does_not_matter,
    kept_is_not_marked,
    a_first_run_removes,
    unknown_counts_as_absent,
)
HISTORIES: tuple[tuple[Break, Callable[[], None]], ...] = (
    (ended_rows_are_forgotten_at_once, late_list_after_a_removal),
    (quiet_rows_learn_nothing, touch_after_quiet_runs),
)


def live(seeds: int) -> None:
    """So many histories in which only the world judges: what the user did, and what both services hold in the end."""
    for seed in range(seeds):
        a_history(Random(seed).choice, steps=25, promises=())


@pytest.mark.parametrize("breaks", LIVES, ids=rule_and_promise)
def test_a_broken_rule_shows_in_the_life_of_a_lane(breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        live(300)


@pytest.mark.parametrize(("breaks", "history"), HISTORIES, ids=rule_and_promise)
def test_a_broken_rule_loses_its_history(
    breaks: Break, history: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    history()
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        history()


def test_unbroken_the_same_histories_end_well() -> None:
    live(40)


def test_a_date_that_may_be_ours_breaks_newest(monkeypatch: pytest.MonkeyPatch) -> None:
    case = next(lane for lane in small_lanes() if both_new(lane))
    dates = Date(0), Date(10_000_000)
    listed = [view.listed[1] for view in (case.source, case.target)]
    assert all(isinstance(reading, Reading) for reading in listed)
    source, target = (
        replace(r, date=d) for r, d in zip(listed, dates, strict=True) if isinstance(r, Reading)
    )
    ours = replace(case.target, listed={1: target}, last_writes={1: LastWrite(target.value, 0)})
    case = replace(case, source=replace(case.source, listed={1: source}), target=ours)
    promises.newest_goes_by_the_users_own_dates(case)
    monkeypatch.setattr(TITLE, "_own_date", lambda it, side: it.seen[side].date)
    with pytest.raises(AssertionError):
        promises.newest_goes_by_the_users_own_dates(replace(case))


def both_new(case: Case) -> bool:
    """A lane without a base in which both sides have the title, with different ratings."""
    said = [view.listed.get(1) for view in (case.source, case.target)]
    values = [reading.value for reading in said if isinstance(reading, Reading)]
    return not case.base and values == [900, 800] and case.rules.mode is Mode.TWO_WAY
