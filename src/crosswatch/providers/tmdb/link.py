"""One account of TMDb, as ports.Link wants it."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing

from crosswatch.errors import ServiceError
from crosswatch.model.accounts import AccountUid
from crosswatch.model.kinds import Feature
from crosswatch.model.readings import LookedUp, Page
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Outcome, Write
from crosswatch.ports import MaySend
from crosswatch.providers.tmdb.client import TmdbClient, TmdbList
from crosswatch.providers.tmdb.lookup import look_up
from crosswatch.providers.tmdb.manifest import PACE
from crosswatch.providers.tmdb.reading import read_lists
from crosswatch.providers.tmdb.writing import not_begun, write_one

LISTS: dict[Feature, tuple[TmdbList, ...]] = {
    Feature.WATCHLIST: (TmdbList.WATCHLIST_MOVIES, TmdbList.WATCHLIST_SHOWS),
    Feature.RATINGS: (TmdbList.RATED_MOVIES, TmdbList.RATED_SHOWS, TmdbList.RATED_EPISODES),
}

_AHEAD = 2 * PACE.connections
"""Calls begun at once: enough that no connection idles, few enough that other accounts get their turn."""


class TmdbLink:
    """An open account; ``account_id`` as it was learnt when connecting, asked for where it is empty or no number."""

    def __init__(self, client: TmdbClient, account_id: str = "") -> None:
        self._client = client
        self._account_id = account_id if account_id.isascii() and account_id.isdigit() else ""

    async def whoami(self) -> AccountUid:
        """Whose session this is, asked at TMDb every time."""
        account = await self._client.account()
        self._account_id = str(account.id)
        return AccountUid(f"tmdb:{account.id}", account.username or str(account.id))

    async def read(self, feature: Feature, cursor: str | None = None) -> AsyncGenerator[Page, None]:
        """The feature's lists, movies first, then shows, then episodes; each oldest first. TMDb has no cursors."""
        if not self._account_id:
            await self.whoami()
        lists = read_lists(self._client, self._account_id, LISTS[feature], ahead=_AHEAD)
        async with aclosing(lists) as pages:
            async for page in pages:
                yield page

    async def lookup(self, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        """TMDb's word on single titles; refs without a TMDb id are UNKNOWN."""
        return await look_up(self._client, refs, ahead=_AHEAD)

    async def write(self, feature: Feature, writes: Sequence[Write], may_send: MaySend) -> list[Outcome]:
        """One call each, for TMDb has no batches."""
        if feature is Feature.WATCHLIST and not self._account_id:
            try:
                await self.whoami()
            except ServiceError as error:
                return [not_begun(write, error) for write in writes]
        return [await write_one(self._client, self._account_id, feature, write, may_send) for write in writes]
