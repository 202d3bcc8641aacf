"""The tracker's book, made slow, forgetful or deadly, to see what runs make of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from crosswatch.model.kinds import Feature
from crosswatch.model.readings import LookedUp, Row, Verdict
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.ports import TrackerBook
from crosswatch.providers.tracker.link import TrackerProvider
from tests.system.world import World


class Death(BaseException):
    """The process dies: nothing of ours catches it."""


class StubbornBook:
    """``close`` makes lookups and stores wait (after ``free`` of them) until ``open``.

    ``unknown``: titles that are no title here. ``silent``: no word on any title. ``breaks``: raised by every store,
    after the effect where it ``arrives``.
    """

    def __init__(self, book: TrackerBook, *, free: int = 0) -> None:
        self._book, self._free = book, free
        self._gate = asyncio.Event()
        self._gate.set()
        self.waiting = self.stored = 0
        self.unknown: set[int] = set()
        self.silent = False
        self.breaks: BaseException | None = None
        self.arrives = False

    def close(self) -> None:
        self._gate.clear()

    def open(self) -> None:
        self._gate.set()

    async def uid(self, instance: str) -> str:
        return await self._book.uid(instance)

    async def rows(self, instance: str, feature: Feature, after: int, limit: int) -> list[tuple[int, Row]]:
        return await self._book.rows(instance, feature, after, limit)

    async def count(self, instance: str, feature: Feature) -> int:
        return await self._book.count(instance, feature)

    async def states(self, instance: str, refs: Sequence[Ref]) -> Mapping[Ref, LookedUp]:
        await self._pass()
        if self.silent:
            return dict.fromkeys(refs, Verdict.UNKNOWN)
        return await self._book.states(instance, refs)

    async def _pass(self) -> None:
        self._free -= 1
        if self._free < 0 and not self._gate.is_set():
            self.waiting += 1
            await self._gate.wait()

    async def store(self, instance: str, feature: Feature, writes: Sequence[Write]) -> list[Outcome]:
        self.stored += 1
        await self._pass()
        if self.breaks is not None and not self.arrives:
            raise self.breaks
        known = [write for write in writes if int(write.ref.id("crosswatch") or 0) not in self.unknown]
        outcomes = await self._book.store(instance, feature, known)
        if self.breaks is not None:
            raise self.breaks
        unknown = [
            Outcome(write.id, Done.UNMATCHED, "unknown_title") for write in writes if write not in known
        ]
        return outcomes + unknown


def use_book(world: World, book: StubbornBook) -> None:
    """From now on the house's tracker is kept in this book."""
    world.house.providers["tracker"] = TrackerProvider(book)
