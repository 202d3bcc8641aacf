"""The seams of the house on one page. What crosses them is what a service knows, never our title keys."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Protocol

from crosswatch.model.accounts import AccountUid
from crosswatch.model.capabilities import Manifest
from crosswatch.model.kinds import Feature
from crosswatch.model.readings import LookedUp, Page, Row
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Outcome, Write


class Clock(Protocol):
    """The time, so that tests can set it."""

    def now_ms(self) -> int:
        """UTC, in milliseconds since 1970."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Waits that long."""
        ...


class MaySend(Protocol):
    """Awaited right before each call that may change something leaves this machine, after all waiting for pace.

    What it raises ends that call unsent, and comes out of the write. Once it has returned, the call may arrive.
    """

    async def __call__(self) -> None: ...


class Link(Protocol):
    """One open account of one service. All calls are paced, bounded in time, and raise errors.ServiceError."""

    async def whoami(self) -> AccountUid:
        """Who this account is, asked anew at the service."""
        ...

    def read(self, feature: Feature, cursor: str | None = None) -> AsyncIterator[Page]:
        """The account's list, page by page as they arrive; the last page says whether it was whole.

        A page that cannot be had ends the read with ``end.whole`` false; errors that concern the whole account
        (key, session, limit) are raised. Nothing is ever left out silently.
        """
        ...

    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        """The service's word on single titles, one entry per ref. An error about one title is its UNKNOWN."""
        ...

    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        """Does at most a batch of writes; exactly one outcome each, in order. Never reports more than was answered.

        Nothing is sent twice, unless it surely did not arrive. Errors of single calls are outcomes; what ``may_send``
        raises is raised. Several calls of this may go on at once.
        """
        ...


class Provider(Protocol):
    """A service: what it can do, and how an account of it is opened."""

    @property
    def manifest(self) -> Manifest: ...

    def open(self, instance: str) -> Link:
        """A link to that account with the credentials stored now. Raises Refused ``not_connected`` without any."""
        ...


class Resolver(Protocol):
    """Which title is which. Every unknown id gets a title at once; merging comes later."""

    async def keys(self, refs: Sequence[Ref]) -> list[int]:
        """The title of each ref, in order; made where it is new. Hints of the refs are kept where they say more."""
        ...

    async def refs(self, keys: Sequence[int], understands: frozenset[str]) -> dict[int, Ref]:
        """The refs by which a service that understands these namespaces can be told of the titles."""
        ...


class TrackerBook(Protocol):
    """The local tracker's rows, kept by the store. All calls are one transaction each."""

    async def uid(self, instance: str) -> str:
        """The tracker's own identity: made once per database, gone with it."""
        ...

    async def rows(self, instance: str, feature: Feature, after: int, limit: int) -> list[tuple[int, Row]]:
        """Rows in the order of their position, those after ``after`` only; [(position, row)]."""
        ...

    async def count(self, instance: str, feature: Feature) -> int:
        """How many rows the list has."""
        ...

    async def states(self, instance: str, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        """What the tracker holds for these titles."""
        ...

    async def store(self, instance: str, feature: Feature, writes: Sequence[Write]) -> list[Outcome]:
        """Stores all of them in one transaction, each with where its value came from; one outcome each, in order.

        A value that is neither the expected nor the wanted one stays: MOVED.
        """
        ...
