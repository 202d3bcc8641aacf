"""Reading whole lists: every page checked, in order, and read again where the list moved meanwhile."""

from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from crosswatch.errors import Blocked, ItemError, ServiceError, ServiceFailed, Unreachable
from crosswatch.model.readings import Page, ReadEnd, Row
from crosswatch.model.values import Value
from crosswatch.providers.tmdb.client import Sort, TmdbClient, TmdbList
from crosswatch.providers.tmdb.ordered import in_order
from crosswatch.providers.tmdb.shapes import ListPage

MOST_PAGES = 500
"""TMDb gives pages 1 to 500 of anything (official docs); from both ends of a list that makes 1,000."""

READ_AGAIN = 2
"""How often a feature is read once more because its totals moved while it was read."""

_GIVE_UP_AFTER = 3
"""Pages that fail (three tries each) before the rest is not asked for any more."""

PASSING = (Unreachable, Blocked, ServiceFailed, ItemError)
"""Errors of one call; those of the whole account (key, session, limit) end the read."""

_MOVED = "the list kept changing while it was read"


@dataclass(slots=True)
class _Tally:
    """One list of the feature: its first page, and which values of which titles were given already."""

    of: TmdbList
    first: ListPage
    seen: dict[str, set[Value]] = field(default_factory=dict)

    def new(self, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Without what was given; the same title with another value is given, for nobody knows which is true."""
        fresh = []
        for row in rows:
            values = self.seen.setdefault(row.ref.native_id, set())
            if row.value not in values:
                values.add(row.value)
                fresh.append(row)
        return tuple(fresh)

    @property
    def gap(self) -> int:
        return max(0, self.first.total_results - len(self.seen))


@dataclass(frozen=True, slots=True)
class _Step:
    """One page of one list on the way from its oldest to its newest row."""

    tally: _Tally
    page: int
    sort: Sort = Sort.OLDEST


async def read_lists(
    client: TmdbClient, account_id: str, lists: Sequence[TmdbList], *, ahead: int
) -> AsyncGenerator[Page, None]:
    """All rows of these lists, each oldest first, and at the end how whole that was.

    Costs max(1, pages) + 1 requests per list when nothing goes wrong: the pages, and page 1 once more to see that
    the totals stood still. Where they did not, all is read again (``restart``), twice at most. A page that fails
    makes the reading not whole; errors of the account are raised, and so is the first error where nothing was read.
    """
    for again in range(READ_AGAIN + 1):
        attempt = _Attempt(client, account_id, lists, ahead, last=again == READ_AGAIN)
        restart = again > 0
        async with aclosing(attempt.pages()) as pages:
            async for page in pages:
                yield replace(page, restart=True) if restart else page
                restart = False
        if not attempt.moved:
            return


class _Attempt:
    """One reading of all lists. ``moved``: it was given up because totals changed."""

    def __init__(
        self, client: TmdbClient, account_id: str, lists: Sequence[TmdbList], ahead: int, *, last: bool
    ) -> None:
        self._client = client
        self._account_id = account_id
        self._lists = lists
        self._ahead = ahead
        self._last = last
        self._failed = 0
        self._reason = ""
        self.moved = False

    async def pages(self) -> AsyncGenerator[Page, None]:
        tallies = await self._first_pages()
        total = sum(tally.first.total_results for tally in tallies)
        done = 0
        async with aclosing(in_order(self._jobs(tallies), ahead=self._ahead)) as results:
            async for step, page in results:
                if page is None:
                    continue
                if self._differs(step.tally, page):
                    return
                rows = page.rows if step.sort is Sort.OLDEST else page.rows[::-1]
                done = min(total, done + len(page.rows) + page.unusable)
                yield Page(step.tally.new(rows), done, total)
        if await self._moved_at_the_end(tallies):
            return
        for tally in tallies:
            self._note_length(tally)
        gap = sum(tally.gap for tally in tallies)
        yield Page((), done, total, end=ReadEnd(not self._reason, gap, total, self._reason))

    async def _first_pages(self) -> list[_Tally]:
        """Every list's first page, at the same time, so that the total is known early."""
        found: list[_Tally] = []
        error: ServiceError | None = None
        jobs = [partial(self._asked, of, 1, Sort.OLDEST) for of in self._lists]
        async with aclosing(in_order(jobs, ahead=self._ahead)) as results:
            async for page in results:
                if isinstance(page, ListPage):
                    found.append(_Tally(self._lists[len(found) + self._failed], page))
                else:
                    error = error or page
                    self._fails(self._lists[len(found) + self._failed], 1, page)
        if error is not None and not found:
            raise error
        return found

    def _jobs(
        self, tallies: Sequence[_Tally]
    ) -> Iterator[Callable[[], Coroutine[Any, Any, tuple[_Step, ListPage | None]]]]:
        for tally in tallies:
            for step in _steps(tally):
                yield partial(self._taken, step)

    async def _taken(self, step: _Step) -> tuple[_Step, ListPage | None]:
        """The page of that step, None where it could not be had."""
        if step.page == 1 and step.sort is Sort.OLDEST:
            return step, step.tally.first
        if self._failed >= _GIVE_UP_AFTER:
            return step, None
        page = await self._asked(step.tally.of, step.page, step.sort)
        if isinstance(page, ListPage):
            return step, page
        self._fails(step.tally.of, step.page, page)
        return step, None

    async def _asked(self, of: TmdbList, page: int, sort: Sort) -> ListPage | ServiceError:
        try:
            return await self._client.list_page(of, self._account_id, page, sort)
        except PASSING as error:
            return error

    def _fails(self, of: TmdbList, page: int, error: ServiceError) -> None:
        self._failed += 1
        name = of.call.removeprefix("/account/{}/")
        self._reason = self._reason or f"page {page} of {name} could not be read: {error}"

    def _differs(self, tally: _Tally, page: ListPage) -> bool:
        """Whether this attempt is over since the totals moved; the last one goes on, but is not whole."""
        if page.totals == tally.first.totals:
            return False
        if self._last:
            self._reason = self._reason or _MOVED
            return False
        self.moved = True
        return True

    async def _moved_at_the_end(self, tallies: Sequence[_Tally]) -> bool:
        """Reads page 1 of every list once more; of no use where pages are missing anyway."""
        if self._reason:
            return False
        probes = [partial(self._asked, tally.of, 1, Sort.OLDEST) for tally in tallies]
        seen = 0
        async with aclosing(in_order(probes, ahead=self._ahead)) as results:
            async for page in results:
                if not isinstance(page, ListPage):
                    self._fails(tallies[seen].of, 1, page)
                elif self._differs(tallies[seen], page):
                    return True
                seen += 1
        return False

    def _note_length(self, tally: _Tally) -> None:
        if tally.first.total_pages > 2 * MOST_PAGES:
            name = tally.of.call.removeprefix("/account/{}/")
            shown, total = len(tally.seen), tally.first.total_results
            self._reason = self._reason or f"{name} is too long: TMDb gives {shown} of {total} rows"


def _steps(tally: _Tally) -> Iterator[_Step]:
    """From the oldest row to the newest: what lies beyond page 500 is read from the other end."""
    pages = tally.first.total_pages
    for page in range(1, max(1, min(pages, MOST_PAGES)) + 1):
        yield _Step(tally, page)
    for page in range(min(pages - MOST_PAGES, MOST_PAGES), 0, -1):
        yield _Step(tally, page, Sort.NEWEST)
