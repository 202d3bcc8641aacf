"""Reading and writing the tracker's own lists; implements ports.Link over ports.TrackerBook."""

from collections.abc import AsyncIterator, Mapping, Sequence

from crosswatch.model.accounts import AccountUid
from crosswatch.model.capabilities import Manifest
from crosswatch.model.kinds import Feature
from crosswatch.model.readings import LookedUp, Page, ReadEnd
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Outcome, Write
from crosswatch.ports import MaySend, TrackerBook
from crosswatch.providers.tracker.manifest import MANIFEST

PAGE = 1_000


class TrackerLink:
    """One list-keeper of this database."""

    def __init__(self, book: TrackerBook, instance: str) -> None:
        self._book, self._instance = book, instance

    async def whoami(self) -> AccountUid:
        """The identity that this database's tracker was born with."""
        return AccountUid(await self._book.uid(self._instance), MANIFEST.label)

    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        """The list in pages of 1,000; not whole where it changed while it was read."""
        total = await self._book.count(self._instance, feature)
        done, last = 0, 0
        while True:
            rows = await self._book.rows(self._instance, feature, last, PAGE)
            if not rows:
                break
            last = rows[-1][0]
            done += len(rows)
            yield Page(tuple(row for _, row in rows), done, max(total, done))
        now = await self._book.count(self._instance, feature)
        whole = done == total == now
        reason = "" if whole else "the list changed while it was read"
        yield Page((), done, done, end=ReadEnd(whole=whole, gap=0, total=done, reason=reason))

    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        """What is stored of these titles at this moment."""
        return await self._book.states(self._instance, refs)

    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        """Stores all in one transaction, each only over the value that was expected."""
        await may_send()
        return await self._book.store(self._instance, feature, writes)


class TrackerProvider:
    """The tracker as a service like any other; there is nothing to connect."""

    def __init__(self, book: TrackerBook) -> None:
        self._book = book

    @property
    def manifest(self) -> Manifest:
        return MANIFEST

    def open(self, instance: str) -> TrackerLink:
        """A link to that list-keeper."""
        return TrackerLink(self._book, instance)
