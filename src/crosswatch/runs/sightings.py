"""What a lane sees again while it writes: no look from before says of such a title that it is gone."""

from collections.abc import Set
from dataclasses import dataclass, field

from crosswatch.engine.base import Key
from crosswatch.runs.sides import OpenSide, SideRead
from crosswatch.store import base, leases
from crosswatch.store.database import Connection, Database


@dataclass(slots=True)
class Sightings:
    """The titles that lists of one side showed since the lane was planned; a list that is not whole counts too."""

    side: OpenSide
    lane_id: int
    database: Database
    fences: leases.Fences
    _shown: set[Key] = field(default_factory=set, init=False)

    def __contains__(self, key: Key) -> bool:
        return key in self._shown

    async def note(self, again: SideRead) -> None:
        """Takes in a list. Where only lists say what is gone, one that shows a title begins their count anew."""
        new = again.listed.keys() - self._shown
        self._shown |= new
        if new and not self.side.manifest.lookup_batch:
            await self.database.write(lambda connection: self._store(connection, new))

    def _store(self, connection: Connection, shown: Set[Key]) -> None:
        leases.check(connection, self.fences)
        base.listed_again(connection, self.lane_id, self.side.side, shown)
