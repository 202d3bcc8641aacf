"""Rules of the run protocol and of removals, broken one at a time: some history must then break a promise.

Each is tried on the histories that showed it when it was written down, and then on many others.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain
from random import Random
from typing import Any, cast

import pytest
from sqlalchemy import select

from crosswatch.engine import decide, delta
from crosswatch.engine.base import Agreed, BaseRow, Rules
from crosswatch.engine.decide import Cell
from crosswatch.engine.delta import Delta
from crosswatch.engine.planned import Cause, PlannedWrite
from crosswatch.engine.title import Title
from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.model.readings import Page, Reading
from crosswatch.model.writes import Done
from crosswatch.ports import Link
from crosswatch.runs import deriving, looks, settle
from crosswatch.runs.applying import Applying
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.lane import LaneRun
from crosswatch.runs.looks import Looks
from crosswatch.runs.sending import Numbered
from crosswatch.runs.sides import OpenSide, SideRead, read_side
from crosswatch.store import accounts, base, journal, leases, tables, unmatched
from crosswatch.store.database import Connection
from tests.protocol import broken_removals
from tests.protocol.broken_removals import Break
from tests.protocol.draw import a_history
from tests.protocol.removal_lives import Life
from tests.protocol.setting import Figures

MOST = 800
"""Histories in which a broken rule must show."""


def nothing(*_: object, **__: object) -> None:
    """Does not do what it should."""


def sent_is_not_noted_before_the_call(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "mark_sent", nothing)


def a_doubt_is_settled_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(settle, "_ripe_at", lambda *_: 0)


def a_doubt_is_replayed_blindly(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "unsettled", lambda *_: [])


def plans_of_the_dead_are_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "drop_planned_of", nothing)


def plans_of_the_dead_are_sent(patch: pytest.MonkeyPatch) -> None:
    """What a killed run had planned and not sent is sent by the next one, as it was planned."""
    commit = LaneRun._commit

    async def commit_and_inherit(self: LaneRun, *given: Any) -> list[Numbered]:
        own = await commit(self, *given)
        inherit = partial(_inherit, lane_id=self.lane.id, run_id=self.run.run_id, seq=self.run.next_seq)
        inherited = await self.run.tools.database.write(inherit)
        self.run.next_seq += len(inherited)
        self.counts.planned += len(inherited)
        return own + inherited

    patch.setattr(journal, "drop_planned_of", nothing)
    patch.setattr(LaneRun, "_commit", commit_and_inherit)


def _inherit(connection: Connection, *, lane_id: int, run_id: int, seq: int) -> list[Numbered]:
    """Enters what earlier runs of a lane left planned into this run's own journal."""
    query = select(tables.journal).where(
        tables.journal.c.lane == lane_id,
        tables.journal.c.state == journal.State.PLANNED,
        tables.journal.c.run != run_id,
    )
    left = [journal._entry(row) for row in connection.execute(query)]
    for run in {entry.run for entry in left}:
        journal.drop_planned(connection, run)
    mine = [replace(entry, run=run_id, seq=seq + place) for place, entry in enumerate(left)]
    journal.enter(connection, mine)
    return [(entry.seq, _planned(entry)) for entry in mine]


def _planned(entry: journal.Entry) -> PlannedWrite:
    other = Reading(entry.other_value, 0, entry.other_stamp, None, entry.other_native)
    halves = {
        entry.side: Agreed(entry.wanted, None, entry.native_id),
        entry.side.other: Agreed(entry.other_value, entry.other_stamp, entry.other_native),
    }
    row = BaseRow(halves[Side.SOURCE], halves[Side.TARGET], since=0, ours=entry.ours)
    return PlannedWrite(
        entry.title,
        entry.side,
        entry.action,
        entry.native_id,
        entry.expected,
        entry.wanted,
        other,
        row,
        Cause(entry.cause),
    )


def own_writes_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(journal, "remember", nothing)


def ratings_are_written_unseen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Looks, "needed", lambda *_: False)


def moved_ratings_are_overwritten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Applying, "_kept_back", nothing)


def a_look_never_gets_old(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Applying, "_leave_by", lambda _self, _writes, now: now + 3_600_000)


def in_doubt_counts_as_applied(patch: pytest.MonkeyPatch) -> None:
    ended = LaneCounts.ended

    def rosy(counts: LaneCounts, side: Side, action: Action, done: Done) -> None:
        ended(counts, side, action, Done.APPLIED if done is Done.IN_DOUBT else done)

    patch.setattr(LaneCounts, "ended", rosy)


def what_was_not_sent_is_left_out(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(LaneCounts, "not_sent", nothing)


def fences_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(leases, "check", nothing)


def another_account_is_not_noticed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(accounts, "check", nothing)


def a_row_holds_one_common_value(patch: pytest.MonkeyPatch) -> None:
    after = Title._after

    def common(title: Any, side: Side, *rest: Any, **more: Any) -> BaseRow:
        row: BaseRow = after(title, side, *rest, **more)
        value = row.agreed(side).value
        return replace(row, source=replace(row.source, value=value), target=replace(row.target, value=value))

    patch.setattr(Title, "_after", common)


def young_readings_are_believed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(delta, "_old_enough", lambda _key, now, *_: now)


def rejected_writes_are_agreed_on(patch: pytest.MonkeyPatch) -> None:
    store = Applying._store

    def believe(self: Applying, connection: Connection, final: Any, again: Any) -> None:
        store(self, connection, final, again)
        rejected = [ending for ending in final if ending[1].done is Done.REJECTED]
        rows = {write.key: self._row(write, outcome, 0) for (_, write), outcome in rejected}
        base.keep(connection, self.lane_id, rows)

    patch.setattr(Applying, "_store", believe)


def unmatched_titles_are_tried_in_every_run(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(unmatched, "set_aside", nothing)


def half_a_list_is_taken_for_whole(patch: pytest.MonkeyPatch) -> None:
    async def believe(side: OpenSide, *rest: Any, **more: Any) -> SideRead:
        read = await read_side(side, *rest, **more)
        return replace(read, end=replace(read.end, whole=True, gap=0))

    patch.setattr(deriving, "read_side", believe)
    patch.setattr(looks, "read_side", believe)


class _LastRowOnly:
    """A link whose lists name every title once."""

    def __init__(self, link: Any) -> None:
        self._link = link

    def __getattr__(self, name: str) -> Any:
        return getattr(self._link, name)

    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        async for page in self._link.read(feature, cursor):
            twins = {row.ref.native_id.removesuffix("x") for row in page.rows if row.ref.native_id[-1] == "x"}
            yield replace(page, rows=tuple(row for row in page.rows if row.ref.native_id not in twins))


def one_of_two_rows_is_taken(patch: pytest.MonkeyPatch) -> None:
    async def choose(side: OpenSide, *rest: Any, **more: Any) -> SideRead:
        return await read_side(replace(side, link=cast("Link", _LastRowOnly(side.link))), *rest, **more)

    patch.setattr(deriving, "read_side", choose)
    patch.setattr(looks, "read_side", choose)


def removals_are_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(deriving, "Rules", lambda **said: Rules(**{**said, "remove": True}))


def one_way_writes_its_source(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(decide.ONE_WAY, (Delta.SAME, Delta.CHANGED), Cell.SAME_OR_TO_SOURCE)


def the_journal_keeps_no_value_before(patch: pytest.MonkeyPatch) -> None:
    entries = LaneRun._entries

    def forgetful(self: LaneRun, *given: Any) -> list[journal.Entry]:
        return [replace(entry, before=None) for entry in entries(self, *given)]

    patch.setattr(LaneRun, "_entries", forgetful)


SHOWN_BY: dict[Break, tuple[int, ...]] = {
    sent_is_not_noted_before_the_call: (1,),
    a_doubt_is_settled_at_once: (3, 20),
    a_doubt_is_replayed_blindly: (3, 13),
    plans_of_the_dead_are_kept: (121, 236),
    plans_of_the_dead_are_sent: (121, 236),
    own_writes_are_forgotten: (468, 562),
    ratings_are_written_unseen: (3, 137),
    moved_ratings_are_overwritten: (137, 200),
    a_look_never_gets_old: (178, 460),
    in_doubt_counts_as_applied: (21, 22),
    what_was_not_sent_is_left_out: (121, 193),
    fences_are_not_checked: (31, 43),
    another_account_is_not_noticed: (274, 332),
    a_row_holds_one_common_value: (4, 5),
    young_readings_are_believed: (43, 124),
    rejected_writes_are_agreed_on: (111,),
    unmatched_titles_are_tried_in_every_run: (1, 2),
    half_a_list_is_taken_for_whole: (72, 137),
    one_of_two_rows_is_taken: (5, 15),
    removals_are_written: (16, 17),
    one_way_writes_its_source: (46, 54),
    the_journal_keeps_no_value_before: (2,),
}
"""Rule -> histories that showed it broken."""

EVERY: dict[Break, Sequence[int | Life]] = {**SHOWN_BY, **broken_removals.SHOWN_BY}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("breaks", EVERY, ids=lambda breaks: breaks.__name__)
def test_a_broken_rule_breaks_a_promise(breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        live(chain(EVERY[breaks], range(MOST)))


def test_unbroken_the_same_histories_end_well() -> None:
    live(dict.fromkeys(chain.from_iterable(EVERY.values())))


def live(histories: Iterable[int | Life]) -> None:
    """So many histories, drawn by their seeds or scripted, one after the other."""
    for history in histories:
        if callable(history):
            history()
        else:
            a_history(Random(history).choice, Figures(), steps=6)
