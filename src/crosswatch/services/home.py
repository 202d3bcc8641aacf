"""What Home shows: every pair with its last and its present run, in two units of work however many there are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Side
from crosswatch.model.values import Value, same
from crosswatch.services.house import House
from crosswatch.services.overview import Overview, ProviderState
from crosswatch.services.running import RunReport
from crosswatch.store import accounts, base, inbox, pairs, readings, runs
from crosswatch.store.accounts import AccountRow
from crosswatch.store.database import Connection
from crosswatch.store.inbox import NOTHING, Tally
from crosswatch.store.pairs import PairRow

LATELY = 5


@dataclass(frozen=True, slots=True)
class PairNow:
    """A pair as it is now. ``titles`` counts what the target's lists held when they were last looked at.

    ``tally``: what of it waits for the user, or was answered and waits for a run. ``apart``: titles of which both
    sides agreed to differ, or of which nothing is done while the pair removes nothing; ``beyond`` of these are on
    the target alone. ``replaced``: somebody else is behind an account than the pair was made with.
    """

    pair: PairRow
    going: RunReport | None
    last: RunReport | None
    titles: Mapping[Feature, int]
    tally: Tally = NOTHING
    apart: int = 0
    beyond: int = 0
    replaced: Refused | None = None


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
        return await self._house.database.read(lambda connection: self._read(connection, providers))

    def _read(self, connection: Connection, providers: tuple[ProviderState, ...]) -> HomeNow:
        every = pairs.every(connection)
        last, going = runs.last_ended(connection), {row.pair: row for row in runs.going_on(connection)}
        recent, tallies = runs.newest(connection, limit=LATELY), inbox.tallies(connection)
        rows = [*recent, *last.values(), *going.values()]
        lanes = runs.lanes_of(connection, {row.id for row in rows})
        people = {row.name: row for row in accounts.every(connection)}
        titles = _titles(connection, people.values(), {pair.target for pair in every})
        differences = base.differences(connection)
        reports = {row.id: RunReport(row, lanes[row.id]) for row in rows}

        def report(of: Mapping[int, runs.RunRow], pair: PairRow) -> RunReport | None:
            return reports[of[pair.id].id] if pair.id in of else None

        def now(pair: PairRow) -> PairNow:
            apart = self._apart(pair, differences)
            return PairNow(
                pair,
                report(going, pair),
                report(last, pair),
                titles.get(pair.target, {}),
                tally=tallies.get(pair.id, NOTHING),
                apart=sum(apart.values()),
                beyond=sum(count for (source, _), count in apart.items() if source is None),
                replaced=_replaced(pair, people),
            )

        return HomeNow(
            providers=providers,
            pairs=tuple(map(now, every)),
            recent=tuple(reports[row.id] for row in recent),
            questions=sum(tally.waits for tally in tallies.values()),
        )

    def _apart(
        self, pair: PairRow, differences: Mapping[int, Mapping[tuple[Value | None, Value | None], int]]
    ) -> Counter[tuple[Value | None, Value | None]]:
        """What its two sides agreed to differ in, where that is no matter of how finely they keep ratings."""
        found: Counter[tuple[Value | None, Value | None]] = Counter()
        for lane in pair.lanes:
            if not lane.settings.enabled:
                continue
            grids = [
                self._house.runner.provider(name).manifest.features[lane.feature].grid
                for name in (pair.source, pair.target)
            ]
            coarser = grids[0].coarser(grids[1]) if grids[0] and grids[1] else None
            for values, count in differences.get(lane.id, {}).items():
                if not same(*values, coarser):
                    found[values] += count
        return found


def _replaced(pair: PairRow, people: Mapping[AccountName, AccountRow]) -> Refused | None:
    """What the next run of the pair would end with, because somebody else is behind one of its accounts."""
    for lane in pair.lanes:
        for side, name in ((Side.SOURCE, pair.source), (Side.TARGET, pair.target)):
            then, label = lane.made_with(side)
            now = people.get(name)
            if then and now is not None and now.uid and now.uid != then:
                return Refused("account_changed", account=str(name), now=now.label or now.uid, then=label)
    return None


def _titles(
    connection: Connection, people: Iterable[AccountRow], names: set[AccountName]
) -> dict[AccountName, dict[Feature, int]]:
    return {
        row.name: {
            feature: snapshot.titles for feature, snapshot in readings.snapshots(connection, row.uid).items()
        }
        for row in people
        if row.name in names
    }
