"""The judge of previews: they write nothing, and applied they do exactly what they said, or nothing."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from crosswatch.model.kinds import Feature
from crosswatch.store.runs import RunRow
from tests.protocol.ground import Ground
from tests.protocol.removals import DAY
from tests.protocol.seen import Begun

Line = tuple[str, int, str, str, int | None, int | None]
"""A write: the list, the title, the side, what it is called there, what is there and what shall be."""

State = Mapping[str, list[tuple[Any, ...]]]

TABLES = ("base", "reading", "snapshot", "unmatched", "last_write", "journal", "attention")
LINES = "SELECT feature, title, side, native_id, {} AS before, wanted FROM {} WHERE {} = ?"


@dataclass(frozen=True)
class Plan:
    """A plan as it was shown. ``switched``: the user set something else while it was made."""

    begun: Begun
    made_at: int
    lines: frozenset[Line]
    switched: bool


@dataclass
class Previews:
    """``plans``: what was promised, by number; ``applied``: those that a run has begun to write."""

    ground: Ground
    plans: dict[int, Plan] = field(default_factory=dict)
    applied: set[int] = field(default_factory=set)
    kept: int = 0
    stale: int = 0

    def doubted(self) -> frozenset[int]:
        """The titles of which a run may settle something before it looks."""
        query = "SELECT DISTINCT title FROM journal WHERE state IN ('planned', 'sent', 'in_doubt')"
        return frozenset(row["title"] for row in self.ground.rows(query))

    def state(self, doubted: frozenset[int]) -> State:
        """All that a preview leaves alone; what is settled is none of it, nor complaints about accounts."""
        return {table: self._rows(table, doubted) for table in TABLES}

    def _rows(self, table: str, doubted: frozenset[int]) -> list[tuple[Any, ...]]:
        rows = self.ground.rows(f"SELECT * FROM {table}")
        if table != "snapshot":
            rows = [row for row in rows if row["title"] is not None and row["title"] not in doubted]
        return sorted((tuple(row) for row in rows), key=repr)

    def wrote_nothing(self, before: State, after: State) -> None:
        """A preview has left everything as it was."""
        for table, rows in before.items():
            assert after[table] == rows, f"a preview changed {table}: {set(after[table]) ^ set(rows)}"

    def shown(self, row: RunRow, begun: Begun, *, switched: bool) -> None:
        """A preview was made: what it says is kept."""
        assert row.plan is not None
        query = LINES.format("before", "plan_item", "plan") + " AND state = 'write'"
        lines = frozenset(tuple(one) for one in self.ground.rows(query, row.plan))
        self.plans[row.plan] = Plan(begun, row.finished_at or 0, lines, switched)

    def was_applied(self, row: RunRow, begun: Begun, *, switched: bool) -> None:
        """What was applied is what was shown, to the last title, or nothing at all."""
        plan = self.plans[begun.plan or 0]
        query = LINES.format("before", "journal", "run")
        written = frozenset(tuple(one) for one in self.ground.rows(query, row.id))
        if row.code == "plan_stale":
            assert not written, "a stale plan wrote"
            self.stale += 1
            return
        assert written <= plan.lines, f"never shown: {written - plan.lines}"
        why = self._why_stale(plan, row, begun, switched=switched or plan.switched)
        assert not written or not why, f"applied, and {why}"
        if row.code:
            return
        assert not why, f"applied, and {why}"
        first = self._first(written or plan.lines)
        aside = {one["title"] for one in self.ground.rows("SELECT title FROM unmatched")}
        missing = {line for line in plan.lines - written if line[1] not in aside and not switched}
        assert not any(line[0] == first for line in missing), f"shown, and not done: {missing}"
        self.applied.add(begun.plan or 0)
        self.kept += bool(written)

    def _first(self, lines: frozenset[Line]) -> str:
        """The list that is written first."""
        return min((line[0] for line in lines), key=[one.value for one in Feature].index, default="")

    def _why_stale(self, plan: Plan, row: RunRow, begun: Begun, *, switched: bool) -> str:
        if begun.plan in self.applied:
            return "it was applied before"
        if row.started_at >= plan.made_at + DAY:
            return "it was too old"
        if (plan.begun.rules != begun.rules and not switched) or plan.begun.lanes != begun.lanes:
            return "the user had set something else"
        uids = [[service.uid for service in one.sides.values()] for one in (plan.begun, begun)]
        return "" if uids[0] == uids[1] else "it was made with somebody else"
