"""Running pairs, and looking at what runs did."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from crosswatch.store import journal, runs, titles
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

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.run.status == runs.RUNNING


@dataclass(frozen=True, slots=True)
class Started:
    """What came of starting all pairs: pair -> run that began, and pair -> run that was going on already."""

    runs: Mapping[int, int]
    busy: Mapping[int, int]


class Running:
    """The runs of an installation."""

    def __init__(self, house: House) -> None:
        self._house, self._pairs = house, Pairs(house)

    async def start(self, pair_id: int, *, trigger: str) -> int:
        """Begins a run in the background and returns its id. Refused ``already_running`` names the one going on."""
        pair = await self.runnable(pair_id)
        run_id = await self._house.runner.begin(pair, trigger=trigger)
        self._house.runner.in_background(run_id, pair)
        return run_id

    async def begin(self, pair_id: int, *, trigger: str) -> tuple[int, PairRow]:
        """Enters a run that the caller carries out itself with ``carry_out``."""
        pair = await self.runnable(pair_id)
        return await self._house.runner.begin(pair, trigger=trigger), pair

    async def carry_out(self, run_id: int, pair: PairRow) -> RunReport:
        """Does a run to its end. Raises HouseError where that end could not be stored: a full disk, mostly."""
        await self._house.runner.carry_out(run_id, pair)
        report = await self.show(run_id)
        if not report.running:
            return report
        await self._house.runner.sweep()
        return await self.show(run_id)

    async def runnable(self, pair_id: int) -> PairRow:
        """A pair that can run. Raises Refused ``not_found``, ``pair_disabled`` or ``nothing_to_sync``."""
        pair = await self._pairs.show(pair_id)
        if not pair.enabled:
            raise Refused("pair_disabled", name=pair.name)
        if not any(lane.settings.enabled for lane in pair.lanes):
            raise Refused("nothing_to_sync", name=pair.name)
        return pair

    async def start_every(self, *, trigger: str) -> Started:
        """Begins a run of every pair that is switched on. Raises Refused ``no_pairs`` where there is none."""
        chosen = [pair for pair in await self._pairs.every() if pair.enabled]
        if not chosen:
            raise Refused("no_pairs")
        started: dict[int, int] = {}
        busy: dict[int, int] = {}
        for pair in chosen:
            try:
                started[pair.id] = await self.start(pair.id, trigger=trigger)
            except Refused as refused:
                if refused.code == "already_running":
                    busy[pair.id] = int(refused.params["run_id"])
                elif refused.code not in ("nothing_to_sync", "pair_disabled", "not_found"):
                    raise
        return Started(started, busy)

    async def show(self, run_id: int) -> RunReport:
        """One run; that of a process that died is closed first. Raises Refused ``not_found``."""

        def read(connection: Connection) -> RunReport:
            row = runs.find(connection, run_id)
            if row is None:
                raise Refused("not_found", what=f"run {run_id}")
            return RunReport(row, runs.lanes_of(connection, [run_id])[run_id])

        report = await self._house.database.read(read)
        if not report.running or self._house.process.is_alive(report.run.process):
            return report
        await self._house.runner.sweep()
        return await self._house.database.read(read)

    async def every(self, *, limit: int, before: int | None = None) -> list[RunReport]:
        """Runs, the newest first, with what they did; ``before`` the id at which the last page ended."""

        def read(connection: Connection) -> list[RunReport]:
            rows = runs.newest(connection, limit=min(limit, LARGEST_PAGE), before=before)
            lanes = runs.lanes_of(connection, [row.id for row in rows])
            return [RunReport(row, lanes[row.id]) for row in rows]

        await self._house.runner.sweep()
        return await self._house.database.read(read)

    async def going_on(self) -> list[RunReport]:
        """The runs that have not ended, the oldest first."""
        await self._house.runner.sweep()
        rows = await self._house.database.read(runs.going_on)
        return [RunReport(row, {}) for row in rows]

    async def count(self) -> int:
        """How many runs there are."""
        return await self._house.database.read(runs.count)

    async def items(
        self, run_id: int, *, after: int, limit: int, feature: Feature | None = None
    ) -> tuple[Sequence[Item], int]:
        """The writes of a run after that number, and how many there are in all; of one feature or of every one."""
        await self.show(run_id)
        items = await self._house.database.read(
            lambda connection: (
                journal.items(
                    connection, run_id, after=after, limit=min(limit, LARGEST_PAGE), feature=feature
                ),
                journal.count_items(connection, run_id, feature=feature),
            )
        )
        return items

    async def ids(self, items: Sequence[Item]) -> dict[int, dict[str, str]]:
        """Title -> namespace -> value: the ids by which services know the titles of these writes."""
        titles_wanted = [item.title for item in items]
        spaces = frozenset().union(*(provider.manifest.gives for provider in self._house.providers.values()))
        return await self._house.database.read(
            lambda connection: titles.ids_of(connection, titles_wanted, spaces - {titles.OWN})
        )

    async def cancel(self, run_id: int) -> RunReport:
        """Asks a run to stop; it does within two seconds, also one of another process. One that ended stays so."""
        await self.show(run_id)
        await self._house.database.write(partial(runs.ask_to_stop, run_id=run_id))
        return await self.show(run_id)
