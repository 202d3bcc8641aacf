"""Every lane of one title in which a removal may be planned, kept, blamed on the service, or held back."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

from hypothesis import strategies as st

from crosswatch.engine.base import Agreed, Approval, BaseRow, Rules, SideView
from crosswatch.engine.guard import Bounds
from crosswatch.engine.plan import LOOKUPS_PER_SIDE
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Action, Conflict, Feature, Mode, Side
from crosswatch.model.readings import Reading, Seen, Unknown, Why
from crosswatch.model.values import PRESENT
from tests.engine.samples import NOW, TMDB, Case

THERE = Reading(PRESENT, NOW, native_id="n1")
OTHER = Reading(PRESENT, NOW, native_id="n2")
REMOVES = Rules(Feature.WATCHLIST, Mode.TWO_WAY, remove=True)
GONE = Reading(None, NOW, mark="")
AGAIN = replace(THERE, stamp=2)
"""The user set the title once more."""


def view(seen: Seen | None, **more: Any) -> SideView:
    """A side whose list, or a lookup, says this of the title; other titles are listed, too."""
    listed: dict[int, Seen] = {2: OTHER} if seen is None else {1: seen, 2: OTHER}
    return SideView(listed, **{"whole": True, "taken_at": NOW, "delay": 10, **more})


def half(value: int | None = PRESENT, **more: Any) -> Agreed:
    """What one side said when both agreed."""
    return Agreed(value, **{"native_id": "n1", **more})


def lane(
    row: BaseRow | None, source: SideView, target: SideView, rules: Rules = REMOVES, **more: Any
) -> Case:
    """The title, and another one that both sides hold."""
    quiet = BaseRow(half(native_id="n2"), half(native_id="n2"), since=0)
    return Case({2: quiet} if row is None else {1: row, 2: quiet}, source, target, rules, **more)


def turned(case: Case) -> Case:
    """The same the other way round."""
    base = {key: replace(row, source=row.target, target=row.source) for key, row in case.base.items()}
    approved = {(key, side.other): leave for (key, side), leave in case.rules.approved.items()}
    rules = replace(
        case.rules,
        approved=approved,
        waiting=frozenset((key, side.other) for key, side in case.rules.waiting),
    )
    return replace(case, base=base, source=case.target, target=case.source, rules=rules)


def _cleared() -> Iterator[Case]:
    """The source may take titles off by itself: what was rated when, by whom, and what the row knows of it."""
    rows = [None] + [BaseRow(half(mark=mark), half(), 0) for mark in ("", "r800")]
    rows += [BaseRow(half(None), half(), 0), BaseRow(half(None), half(None), 0)]
    marks = (None, "", "r800", "r800p", "p")
    for row, mark, ours, was_listed in product(rows, marks, (None, 800, 850), (True, False)):
        for target in (THERE, GONE):
            for remove, when_rated in ((False, True), (True, False), (True, True)):
                source = view(
                    Reading(None, NOW, mark=mark),
                    clears=True,
                    rated_by_us={} if ours is None else {1: ours},
                    was_listed=frozenset({1} if was_listed else ()),
                    marks={1: "r800"} if ours else {},
                )
                rules = replace(REMOVES, remove=remove, remove_when_rated=when_rated)
                yield lane(row, source, view(target), rules)
                yield lane(_stamped(row), source, view(AGAIN, stamps=Stamps.USER), rules)


def _stamped(row: BaseRow | None) -> BaseRow | None:
    """The same, where the target stamps what its user sets."""
    if row is None:
        return None
    return replace(row, source=replace(row.source, stamp=1), target=replace(row.target, stamp=1))


def _kept() -> Iterator[Case]:
    """A removal was kept; what was allowed since, and what both sides say now."""
    for value, kept, version in product((None, PRESENT), (True, False), (1, 2)):
        row = BaseRow(half(value), half(), 0, version, kept=kept)
        for source in (None, GONE, THERE):
            for side, remove, looks_up, gap in product(Side, (True, False), (True, False), (0, 1)):
                rules = replace(REMOVES, remove=remove, approved={(1, side): Approval(2, PRESENT, None)})
                seen = view(source, looks_up=looks_up, gap=gap)
                yield lane(row, seen, view(THERE), rules)
                yield lane(_stamped(row), seen, view(AGAIN, stamps=Stamps.USER), rules)


def _unasked() -> Iterator[Case]:
    """The source cannot be asked about single titles: what it hides, and when a list first lacked the title."""
    moments = (0, NOW - 11, NOW - 10, NOW - 9, NOW)
    for missing_at, gap, then, whole in product(moments, (0, 1, 2), (0, 1), (True, False)):
        for since, source in product((0, NOW - 5), (None, THERE)):
            row = BaseRow(half(missing_at=missing_at, gap=then), half(), since)
            for doubt in (frozenset(), frozenset({1})):
                seen = view(source, looks_up=False, gap=gap, whole=whole, in_doubt=doubt)
                yield lane(row, seen, view(THERE))


def _staying() -> Iterator[Case]:
    """The source took the title off: what else wants it on the target, and what it is called there."""
    flags = (True, False)
    for stored, now, wanted, can, whole in product(("", "n1"), ("", "n1", "m1"), flags, flags, flags):
        row = BaseRow(half(), half(native_id=stored), 0)
        target = view(
            replace(THERE, native_id=now),
            wanted=frozenset({1} if wanted else ()),
            can=frozenset(Action if can else ()),
        )
        for remove in (True, False):
            yield lane(row, view(GONE, whole=whole), target, replace(REMOVES, remove=remove))


def _counted() -> Iterator[Case]:
    """One removal more: after so many, of a base of so many, with leave or not, on whose word."""
    row = BaseRow(half(), half(), 0)
    asked = (1, Side.TARGET)
    for versions, waiting in product(((), (1,), (0,)), (frozenset(), frozenset((asked,)))):
        rules = replace(REMOVES, waiting=waiting)
        for values in ((PRESENT, None), (PRESENT, 800), (800, None)):
            asked_about = replace(rules, approved={asked: Approval(versions[0], *values)} if versions else {})
            yield lane(
                row, view(GONE), view(THERE), asked_about, bounds=Bounds(0, {(Side.TARGET, Action.REMOVE): 3})
            )
        for base, lately in product((0, 39, 40), (0, 2, 3, 4)):
            for side, action in product(Side, (Action.REMOVE, Action.CHANGE)):
                bounds = Bounds(base, {(side, action): lately} if lately else {})
                yield lane(row, view(GONE), view(THERE), rules, bounds=bounds)
                apart = replace(view(THERE), listed={1: THERE, 2: GONE, 3: OTHER})
                yield lane(row, replace(view(GONE), listed={1: GONE, 2: OTHER}), apart, rules, bounds=bounds)
        for others in ({}, {2: GONE}, {2: replace(OTHER, mark="")}, {2: Unknown(Why.GONE)}):
            emptied = replace(view(GONE), listed={1: GONE, **others})
            yield lane(row, emptied, view(THERE), rules)


def _unproved() -> Iterator[Case]:
    """One removal, while so many more titles are missing and were not looked up."""
    for more, lately in product(range(5), (0, 1)):
        base = {key: BaseRow(half(), half(native_id=f"n{key}"), 0) for key in range(1, more + 3)}
        there = {key: replace(THERE, native_id=f"n{key}") for key in base}
        source = replace(view(GONE), listed={1: GONE, 2: OTHER})
        bounds = Bounds(len(base), {(Side.TARGET, Action.REMOVE): lately} if lately else {})
        yield Case(base, source, replace(view(THERE), listed=there), REMOVES, bounds=bounds)


def _overwritten() -> Iterator[Case]:
    """One rating more to overwrite: after so many, of what was agreed or at a first meeting."""
    rules = Rules(Feature.RATINGS, Mode.TWO_WAY)
    for base, lately, known, waits in product((0, 54, 55), (9, 10, 11), (True, False), (True, False)):
        row = BaseRow(half(700), half(700), 0) if known else None
        seen = [view(Reading(value, NOW, native_id="n1"), grid=TMDB) for value in (800, 700)]
        waiting = frozenset({(1, Side.TARGET)} if waits else ())
        for versions in ((), (1,), (0,)):
            bounds = Bounds(base, {(Side.TARGET, Action.CHANGE): lately})
            approved = {(1, Side.TARGET): Approval(versions[0], 700, 800)} if versions else {}
            asked = replace(rules, waiting=waiting, approved=approved)
            yield lane(row, seen[0], seen[1], asked, bounds=bounds)


def _same_name() -> Iterator[Case]:
    """Two titles of ours that a service takes for one."""
    for names in product(("n1", "m1", ""), repeat=2):
        base = {key: BaseRow(half(), half(native_id=name), 0) for key, name in enumerate(names, 1)}
        source = replace(view(GONE), listed={1: GONE, 2: GONE, 3: THERE})
        there = {key: replace(THERE, native_id=name) for key, name in enumerate(names, 1)}
        yield Case(base, source, replace(view(THERE), listed=there), REMOVES)


def _many_missing() -> Iterator[Case]:
    """More titles of which the list says nothing than can be looked up in a run; some were allowed to be removed."""
    base = {
        key: BaseRow(half(), half(), since=key % 7, looked_at=NOW * (key % 3))
        for key in range(1, 3 + LOOKUPS_PER_SIDE)
    }
    for approved in ({}, {(key, Side.TARGET): Approval(1, PRESENT, None) for key in (3, 50, 52)}):
        yield Case(base, view(None), view(None), replace(REMOVES, approved=approved))


@st.composite
def crowds(draw: st.DrawFn) -> Case:
    """Many titles: some taken off either side, some rated anew, some that meet for the first time, some allowed."""
    agreed = [row(700) for _ in range(draw(st.sampled_from((0, 12, 29, 39, 40, 54, 55, 60))))]
    base = dict(enumerate(agreed, 1))
    said = {side: {key: Reading(700, NOW, native_id=f"n{key}") for key in base} for side in Side}
    left = list(base)
    for side in Side:
        for most, value in ((6, None), (13, 800)):
            for key in [left.pop() for _ in range(min(draw(st.integers(0, most)), len(left)))]:
                said[side][key] = Reading(value, NOW, native_id=f"n{key}", mark="" if value is None else None)
    for key in range(101, 101 + draw(st.integers(0, 13))):
        for side, value in ((Side.SOURCE, 800), (Side.TARGET, 300)):
            said[side][key] = Reading(value, NOW, native_id=f"n{key}")
    some = st.sets(st.tuples(st.integers(40, 60), st.sampled_from(Side)), max_size=5)
    rules = Rules(
        Feature.RATINGS,
        draw(st.sampled_from(Mode)),
        remove=True,
        conflict=draw(st.sampled_from((Conflict.SOURCE, Conflict.TARGET))),
        approved={
            asked: Approval(draw(st.sampled_from((1, 1, 2))), 700, draw(st.sampled_from((None, None, 800))))
            for asked in draw(some)
        },
        waiting=frozenset(draw(some)),
    )
    views = [view_of(said[side], looks_up=draw(st.sampled_from((True, True, False)))) for side in Side]
    lately = st.dictionaries(st.tuples(st.sampled_from(Side), st.sampled_from(Action)), st.integers(1, 8))
    return Case(base, views[0], views[1], rules, bounds=Bounds(len(base), draw(lately)))


def row(value: int) -> BaseRow:
    """What both sides agreed on, put on the target by the lane."""
    return BaseRow(Agreed(value), Agreed(value), since=0, ours=True)


def view_of(said: dict[int, Reading], **more: Any) -> SideView:
    """A side of ratings."""
    return SideView(said, whole=True, taken_at=NOW, grid=TMDB, **more)


def removal_lanes() -> Iterator[Case]:
    """All of them, and the same with source and target exchanged and one way."""
    for made in (
        _cleared,
        _kept,
        _unasked,
        _staying,
        _counted,
        _unproved,
        _overwritten,
        _same_name,
        _many_missing,
    ):
        for case in made():
            yield case
            yield turned(case)
            ours = {key: replace(row, ours=True) for key, row in case.base.items()}
            yield replace(case, base=ours, rules=replace(case.rules, mode=Mode.ONE_WAY))
