"""What Home shows: every pair with its last and its present run, in two units of work however many there are."""

from collections.abc import Mapping
from dataclasses import dataclass

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature
from crosswatch.services.house import House
from crosswatch.services.overview import Overview, ProviderState
from crosswatch.services.running import RunReport
from crosswatch.store import accounts, attention, pairs, readings, runs
from crosswatch.store.database import Connection
from crosswatch.store.pairs import PairRow

LATELY = 5


@dataclass(frozen=True, slots=True)
class PairNow:
    """A pair as it is now. ``titles`` counts what the target's lists held when they were last looked at.

    ``questions``: how many of it wait for the user.
    """

    pair: PairRow
    going: RunReport | None
    last: RunReport | None
    titles: Mapping[Feature, int]
    questions: int = 0


@dataclass(frozen=True, slots=True)
class HomeNow:
    """The installation as it is now; ``recent`` are the newest runs, ``questions`` all that wait for the user."""

    providers: tuple[ProviderState, ...]
    pairs: tuple[PairNow, ...]
    recent: tuple[RunReport, ...]
    questions: int = 0


class Home:
    """The first page's data. No service is asked."""

    def __init__(self, house: House) -> None:
        self._house, self._overview = house, Overview(house)

    async def now(self) -> HomeNow:
        """All of it, from one state of the database; runs of dead processes are closed first."""
        await self._house.runner.sweep()
        providers = tuple(await self._overview.providers())
        return await self._house.database.read(lambda connection: _read(connection, providers))


def _read(connection: Connection, providers: tuple[ProviderState, ...]) -> HomeNow:
    every = pairs.every(connection)
    last, going = runs.last_ended(connection), {row.pair: row for row in runs.going_on(connection)}
    recent, waiting = runs.newest(connection, limit=LATELY), attention.open_by_pair(connection)
    wanted = {row.id for row in [*recent, *last.values(), *going.values()]}
    lanes = runs.lanes_of(connection, wanted)
    titles = _titles(connection, {pair.target for pair in every})
    reports = {row.id: RunReport(row, lanes[row.id]) for row in [*recent, *last.values(), *going.values()]}

    def report(of: Mapping[int, runs.RunRow], pair: PairRow) -> RunReport | None:
        return reports[of[pair.id].id] if pair.id in of else None

    return HomeNow(
        providers=providers,
        pairs=tuple(
            PairNow(
                pair,
                report(going, pair),
                report(last, pair),
                titles.get(pair.target, {}),
                questions=waiting.get(pair.id, 0),
            )
            for pair in every
        ),
        recent=tuple(reports[row.id] for row in recent),
        questions=sum(waiting.values()),
    )


def _titles(connection: Connection, names: set[AccountName]) -> dict[AccountName, dict[Feature, int]]:
    return {
        row.name: {
            feature: snapshot.titles for feature, snapshot in readings.snapshots(connection, row.id).items()
        }
        for row in accounts.every(connection)
        if row.name in names
    }
