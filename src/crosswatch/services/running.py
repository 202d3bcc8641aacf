"""Running pairs, and looking at what runs did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from crosswatch.errors import Refused
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from crosswatch.store import journal, runs
from crosswatch.store.database import Connection
from crosswatch.store.journal import Item
from crosswatch.store.pairs import PairRow
from crosswatch.store.runs import RunRow

LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class RunReport:
    """A run and what it did in each lane; ``lanes`` maps a feature to its figures."""

    run: RunRow
    lanes: Mapping[str, Mapping[str, Any]]


class Running:
    """The runs of an installation."""

    def __init__(self, house: House) -> None:
        self._house, self._pairs = house, Pairs(house)

    async def start(self, pair_id: int, *, trigger: str) -> int:
        """Begins a run in the background and returns its id. Refused ``already_running`` names the one going on."""
        pair = await self._runnable(pair_id)
        run_id = await self._house.runner.begin(pair, trigger=trigger)
        self._house.runner.in_background(run_id, pair)
        return run_id

    async def begin(self, pair_id: int, *, trigger: str) -> tuple[int, PairRow]:
        """Enters a run that the caller carries out itself with ``carry_out``."""
        pair = await self._runnable(pair_id)
        return await self._house.runner.begin(pair, trigger=trigger), pair

    async def carry_out(self, run_id: int, pair: PairRow) -> RunReport:
        """Does a run to its end."""
        await self._house.runner.carry_out(run_id, pair)
        return await self.show(run_id)

    async def _runnable(self, pair_id: int) -> PairRow:
        pair = await self._pairs.show(pair_id)
        if not pair.enabled:
            raise Refused("pair_disabled", name=pair.name)
        if not any(lane.settings.enabled for lane in pair.lanes):
            raise Refused("nothing_to_sync", name=pair.name)
        return pair

    async def show(self, run_id: int) -> RunReport:
        """One run. Raises Refused ``not_found``."""

        def read(connection: Connection) -> RunReport:
            row = runs.find(connection, run_id)
            if row is None:
                raise Refused("not_found", what=f"run {run_id}")
            return RunReport(row, runs.lanes_of(connection, [run_id])[run_id])

        return await self._house.database.read(read)

    async def every(self, *, limit: int, before: int | None = None) -> list[RunReport]:
        """Runs, the newest first, with what they did; ``before`` the id at which the last page ended."""

        def read(connection: Connection) -> list[RunReport]:
            rows = runs.newest(connection, limit=min(limit, LARGEST_PAGE), before=before)
            lanes = runs.lanes_of(connection, [row.id for row in rows])
            return [RunReport(row, lanes[row.id]) for row in rows]

        await self._house.runner.sweep()
        return await self._house.database.read(read)

    async def count(self) -> int:
        """How many runs there are."""
        return await self._house.database.read(runs.count)

    async def items(self, run_id: int, *, after: int, limit: int) -> tuple[Sequence[Item], int]:
        """The writes of a run after that number, and how many there are in all."""
        await self.show(run_id)
        items = await self._house.database.read(
            lambda connection: (
                journal.items(connection, run_id, after=after, limit=min(limit, LARGEST_PAGE)),
                journal.count_items(connection, run_id),
            )
        )
        return items

    async def cancel(self, run_id: int) -> RunReport:
        """Asks a run to stop; it does within two seconds, also one of another process."""
        await self.show(run_id)
        await self._house.database.write(partial(runs.ask_to_stop, run_id=run_id))
        return await self.show(run_id)
