"""The page of promises: its numbers are the program's, and the engine does what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from crosswatch.engine.base import Agreed, Approval, BaseRow, Key, LastWrite, Rules, SideView
from crosswatch.engine.grids import ENOUGH
from crosswatch.engine.guard import (
    APPROVAL_MS,
    FEWEST_OVERWRITES,
    FEWEST_REMOVALS,
    OVERWRITES_SHARE,
    REMOVALS_SHARE,
    WINDOW_MS,
    Bounds,
    guard,
)
from crosswatch.engine.plan import LOOKUPS_PER_SIDE, plan
from crosswatch.engine.planned import Plan
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Reading, Seen, Unknown, Verdict, Why, mark_of
from crosswatch.model.values import PRESENT, Value
from crosswatch.providers.tmdb.manifest import GRID as TMDB
from crosswatch.providers.tmdb.manifest import manifest as tmdb
from crosswatch.providers.tracker.manifest import MANIFEST as TRACKER
from crosswatch.runs.looks import GOOD_FOR_MS
from crosswatch.runs.sides import seen_in
from crosswatch.settings import Settings
from crosswatch.store.pairs import LaneSettings
from crosswatch.store.plans import EXPIRES_MS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "what-happens-to-my-lists.md").read_text("utf-8")
TEXT = " ".join(PAGE.split())
HOUR = 60 * 60 * 1000
DELAY_MINUTES = Settings.model_fields["tmdb_visibility_delay"].default // 60
TENTHS = TRACKER.features[Feature.RATINGS].grid
assert TENTHS is not None

NUMBERS = [
    f"at most {FEWEST_REMOVALS} titles are removed in {WINDOW_MS // HOUR} hours, "
    f"or {100 // REMOVALS_SHARE} % of the titles that it keeps if that is more",
    f"removed in {WINDOW_MS // HOUR} hours without asking, at most",
    f"more than {FEWEST_OVERWRITES} ratings of one side (or a fifth of the titles",
    f"at most {FEWEST_OVERWRITES} ratings of one side are overwritten in {WINDOW_MS // HOUR} hours, "
    f"or {100 // OVERWRITES_SHARE} % of the titles that the pair keeps",
    f"for {APPROVAL_MS // (24 * HOUR)} days",
    f"less than {GOOD_FOR_MS // 1000} seconds old",
    f"at most {GOOD_FOR_MS // 1000} seconds, and as much longer",
    f"At most {LOOKUPS_PER_SIDE} titles of each side",
    f"can be applied for {EXPIRES_MS // HOUR} hours",
    f"TMDb: up to {DELAY_MINUTES} minutes",
    f"within {DELAY_MINUTES} minutes after a title was last agreed",
    f"{ENOUGH} of them or more",
    f"steps of {TMDB.step / 100:g}, CrossWatch's tracker steps of {TENTHS.step / 100:g}",
    f"8.3 becomes {TMDB.round(830) / 100:g} at TMDb",
    f"8.3 and {TMDB.round(830) / 100:g} belong together",
]
FREE = [
    "“200 OK”",
    "removes nothing. 1.",
    "1. **",
    "2. **",
    "3. **",
    "4. **",
    "5. **",
    "6. **",
    "7. **",
    "8. **",
]
ROW = re.compile(r"^\| ([\d,]+) titles \| ([\d,]+) \|$", re.MULTILINE)


def test_every_number_of_the_page_is_the_programs() -> None:
    missing = [phrase for phrase in NUMBERS if phrase not in TEXT]
    assert missing == []
    rest = ROW.sub("", PAGE)
    rest = " ".join(rest.split())
    for phrase in (*NUMBERS, *FREE):
        rest = rest.replace(phrase, "")
    assert re.findall(r".{0,40}\d.{0,40}", rest) == [], "a number that no test knows"


def test_the_table_of_the_guard_is_what_it_lets_pass() -> None:
    rows = [(int(kept.replace(",", "")), int(most.replace(",", ""))) for kept, most in ROW.findall(PAGE)]
    assert len(rows) == 3
    assert {kept: Bounds(kept).most(Action.REMOVE) for kept, _ in rows} == dict(rows)
    assert OVERWRITES_SHARE == 5, "a fifth"


NOW = 1_000_000_000
WATCHLIST = Rules(Feature.WATCHLIST, Mode.TWO_WAY, remove=True)
RATINGS = Rules(Feature.RATINGS, Mode.TWO_WAY, remove=True, conflict=Conflict.ASK)
BOTH = BaseRow(Agreed(PRESENT, native_id="n"), Agreed(PRESENT, native_id="n"), since=0)
GONE = Reading(None, NOW, native_id="n", mark="")


def there(value: Value = PRESENT, native_id: str = "n") -> Reading:
    return Reading(value, NOW, native_id=native_id)


def side(listed: Mapping[Key, Seen], **more: object) -> SideView:
    return replace(SideView(listed, whole=True, taken_at=NOW), **more)  # type: ignore[arg-type]


def meet(
    base: Mapping[Key, BaseRow],
    source: SideView,
    target: SideView,
    rules: Rules = WATCHLIST,
    *,
    kept: int | None = None,
) -> Plan:
    """What a sync makes of a lane; ``kept``: how many titles the pair keeps, where it is not the base alone."""
    made = plan(base, source, target, rules, now=NOW)
    views = {Side.SOURCE: source, Side.TARGET: target}
    guard(made, base, views, rules, Bounds(len(base) if kept is None else kept))
    return made


def writes(made: Plan) -> list[tuple[Action, Side, Key]]:
    return [(write.action, write.side, write.key) for write in made.writes]


REMOVED = [(Action.REMOVE, Side.TARGET, 1)]
OTHERS = {2: there()}


def test_a_title_that_is_gone_by_its_services_own_word_is_removed() -> None:
    """Without this the tests below would show nothing: each takes away one of the conditions."""
    assert writes(meet({1: BOTH}, side({1: GONE, **OTHERS}), side({1: there(), **OTHERS}))) == REMOVED


def test_the_first_sync_removes_nothing() -> None:
    made = meet({}, side({2: there()}), side({1: there(), 2: there()}))
    assert writes(made) == [(Action.ADD, Side.SOURCE, 1)]


def test_removing_is_off_until_it_is_switched_on() -> None:
    assert LaneSettings().remove is False
    assert LaneSettings().remove_when_rated is False
    made = meet(
        {1: BOTH}, side({1: GONE, **OTHERS}), side({1: there(), **OTHERS}), replace(WATCHLIST, remove=False)
    )
    assert (writes(made), made.kept) == ([], [1])
    assert made.rows[1] is not None
    assert made.rows[1].kept


@pytest.mark.parametrize(("answer", "why"), [("gone", Why.GONE), ("unknown", Why.NOT_PROVED)])
def test_no_such_title_and_no_answer_are_no_removal(answer: str, why: Why) -> None:
    said = seen_in(Verdict(answer), Feature.WATCHLIST, taken_at=NOW, native_id="n")
    made = meet({1: BOTH}, side({1: said, **OTHERS}), side({1: there(), **OTHERS}))
    assert (writes(made), [held.why for held in made.held]) == ([], [why])


@pytest.mark.parametrize("whole", [True, False])
def test_a_list_that_lacks_a_title_proves_nothing_complete_or_not(whole: bool) -> None:
    made = meet({1: BOTH}, side(OTHERS, whole=whole), side({1: there(), **OTHERS}))
    assert (writes(made), [held.key for held in made.held]) == ([], [1])


def test_what_an_incomplete_list_lacks_is_not_even_added() -> None:
    made = meet({}, side(OTHERS, whole=False), side({1: there(), **OTHERS}))
    assert (writes(made), [held.why for held in made.held]) == ([], [Why.NOT_WHOLE])


def test_what_the_service_took_off_after_a_rating_is_nobodys_removal() -> None:
    rated = replace(GONE, mark=mark_of(800))
    source = side({1: rated, **OTHERS}, clears=True)
    target = side({1: there(), **OTHERS})
    made = meet({1: BOTH}, source, target)
    assert (writes(made), made.cleared) == ([], [1])
    spread = replace(WATCHLIST, remove_when_rated=True)
    assert writes(meet({1: BOTH}, source, target, spread)) == REMOVED


def test_what_another_pair_wants_stays() -> None:
    target = side({1: there(), **OTHERS}, wanted=frozenset({1}))
    made = meet({1: BOTH}, side({1: GONE, **OTHERS}), target)
    assert (writes(made), [held.why for held in made.held]) == ([], [Why.WANTED])


def test_another_number_for_the_title_stays() -> None:
    made = meet({1: BOTH}, side({1: GONE, **OTHERS}), side({1: there(native_id="other"), **OTHERS}))
    assert (writes(made), [held.why for held in made.held]) == ([], [Why.OTHER_ID])


def test_one_way_only_what_the_pair_put_there_is_removed() -> None:
    source, target = side({1: GONE, **OTHERS}), side({1: there(), **OTHERS})
    one_way = replace(WATCHLIST, mode=Mode.ONE_WAY)
    assert writes(meet({1: BOTH}, source, target, one_way)) == []
    assert writes(meet({1: replace(BOTH, ours=True)}, source, target, one_way)) == REMOVED


def gone(titles: int) -> SideView:
    return side({**{key: replace(GONE, native_id=f"{key}") for key in range(1, titles + 1)}, 9999: there()})


def full(titles: int) -> SideView:
    return side({**{key: there(native_id=f"{key}") for key in range(1, titles + 1)}, 9999: there()})


def agreed_on(titles: int) -> dict[Key, BaseRow]:
    halves = {key: Agreed(PRESENT, native_id=f"{key}") for key in range(1, titles + 1)}
    return {key: BaseRow(half, half, since=0) for key, half in halves.items()}


@pytest.mark.parametrize(("kept", "titles"), [(12, 3), (100, 10)])
def test_one_title_too_many_and_all_of_them_wait(kept: int, titles: int) -> None:
    few = meet(agreed_on(titles), gone(titles), full(titles), kept=kept)
    assert (len(few.writes), few.waiting) == (titles, [])
    many = meet(agreed_on(titles + 1), gone(titles + 1), full(titles + 1), kept=kept)
    assert (many.writes, len(many.waiting)) == ([], titles + 1)


def test_a_list_that_is_all_empty_lets_nothing_pass() -> None:
    made = meet({1: BOTH}, side({1: GONE}), side({1: there()}), kept=5000)
    assert (writes(made), [write.key for write in made.waiting]) == ([], [1])


@pytest.mark.parametrize("lost_at", ["source", "target"])
def test_nothing_is_removed_while_a_list_arrived_in_part(lost_at: str) -> None:
    source = side({1: GONE, **OTHERS}, whole=lost_at != "source")
    target = side({1: there(), **OTHERS}, whole=lost_at != "target")
    made = meet({1: BOTH}, source, target, kept=5000)
    assert (writes(made), made.waiting, [held.why for held in made.held]) == ([], [], [Why.PARTIAL])


def test_what_waited_once_goes_on_waiting_and_runs_when_it_is_allowed() -> None:
    source, target = side({1: GONE, **OTHERS}), side({1: there(), **OTHERS})
    waits = replace(WATCHLIST, waiting={(1, Side.TARGET)})
    leave = Approval(BOTH.version, PRESENT, None)
    assert writes(meet({1: BOTH}, source, target, waits)) == []
    allowed = replace(waits, approved={(1, Side.TARGET): leave})
    assert writes(meet({1: BOTH}, source, target, allowed)) == REMOVED
    changed = {1: replace(BOTH, version=BOTH.version + 1)}
    assert writes(meet(changed, source, target, allowed)) == [], "a yes counts for what was shown"


def rated(source: Value | None, target: Value | None) -> BaseRow:
    return BaseRow(Agreed(source, native_id="n"), Agreed(target, native_id="n"), since=0)


def test_an_edit_beats_a_removal() -> None:
    made = meet({1: rated(700, 700)}, side({1: GONE}), side({1: there(900)}), RATINGS)
    assert writes(made) == [(Action.ADD, Side.SOURCE, 1)]


def test_the_finer_rating_stays_and_the_rounded_one_is_not_sent_back() -> None:
    finer = side({1: there(830)}, grid=TENTHS)
    first = meet({}, finer, side({}, grid=TMDB), RATINGS)
    assert [(write.wanted, write.side) for write in first.writes] == [(850, Side.TARGET)]
    after = {1: replace(first.writes[0].row, since=0)}
    again = meet(after, finer, side({1: there(850)}, grid=TMDB), RATINGS)
    assert (writes(again), again.conflicts) == ([], [])


def test_both_changed_and_the_pair_asks() -> None:
    made = meet({1: rated(700, 700)}, side({1: there(800)}), side({1: there(600)}), RATINGS)
    assert (writes(made), [clash.key for clash in made.conflicts]) == ([], [1])


@pytest.mark.parametrize(("titles", "asked"), [(10, 0), (11, 11)])
def test_a_first_meeting_does_not_flatten_an_account(titles: int, asked: int) -> None:
    keys = range(1, titles + 1)
    one_way = replace(RATINGS, mode=Mode.ONE_WAY, conflict=Conflict.SOURCE)
    high, low = ({key: there(value, f"{key}") for key in keys} for value in (800, 300))
    made = meet({}, side(high), side(low), one_way)
    assert (len(made.writes), len(made.conflicts)) == (titles - asked, asked)


def test_a_write_in_doubt_is_looked_up_before_anything_else_is_done() -> None:
    source, target = side({1: GONE, **OTHERS}), side({1: there(), **OTHERS})
    made = meet({1: BOTH}, source, replace(target, in_doubt=frozenset({1})))
    assert (writes(made), [held.why for held in made.held]) == ([], [Why.IN_DOUBT])


def test_a_change_within_the_services_delay_waits() -> None:
    delay = tmdb(DELAY_MINUTES * 60).features[Feature.WATCHLIST].visibility_delay * 1000
    young = {1: replace(BOTH, since=NOW - delay + 1)}
    source, target = side({1: GONE, **OTHERS}, delay=delay), side({1: there(), **OTHERS})
    assert writes(meet(young, source, target)) == []
    assert writes(meet({1: replace(BOTH, since=NOW - delay)}, source, target)) == REMOVED
    own = replace(source, last_writes={1: LastWrite(PRESENT, NOW - delay + 1)})
    assert writes(meet({1: BOTH}, own, target)) == []


def test_unknown_is_never_absent() -> None:
    for why in Why:
        made = meet({1: BOTH}, side({1: Unknown(why), **OTHERS}), side({1: there(), **OTHERS}))
        assert writes(made) == [], why
