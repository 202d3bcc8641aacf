"""What needs somebody: looked at, and answered one by one or many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from crosswatch.engine.guard import FEWEST_OVERWRITES, FEWEST_REMOVALS
from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Side
from crosswatch.services.asking import Asked
from crosswatch.services.house import House
from crosswatch.store import accounts, answering, inbox, pairs, readings, titles
from crosswatch.store.attention import Question
from crosswatch.store.database import Connection
from crosswatch.store.held import ALLOW
from crosswatch.store.inbox import START_AFRESH, Group, QuestionRow, Which
from crosswatch.store.pairs import PairRow

Emptied = frozenset[tuple[AccountName, Feature]]


@dataclass(frozen=True, slots=True)
class Block:
    """Questions that one answer can be given to; ``count`` of them, and the oldest in ``asked``.

    They are open, or all answered alike (``said``). ``why`` is a key of the words on why they wait, ``fewest`` the
    number that it speaks of.
    """

    kind: Question
    feature: Feature | None
    side: Side | None
    said: str
    count: int
    asked: Sequence[Asked]
    why: str = ""
    fewest: int = 0


@dataclass(frozen=True, slots=True)
class OfPair:
    """All that waits in one pair; None: in pairs that are no more."""

    pair: PairRow | None
    blocks: Sequence[Block]


class Attention:
    """The inbox of an installation."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def waiting(
        self, which: Which | None = None, *, limit: int, after: int = 0
    ) -> tuple[Sequence[Asked], int]:
        """Questions after that id, the oldest first, and how many there are in all; the open ones by default."""
        wanted = which or Which()

        def read(connection: Connection) -> tuple[list[Asked], int]:
            rows = inbox.page(connection, wanted, limit=limit, after=after)
            return self._asked(connection, rows), inbox.count(connection, wanted)

        return await self._house.database.read(read)

    async def show(self, question_id: int) -> Asked:
        """One question. Raises Refused ``not_found``."""

        def read(connection: Connection) -> Asked:
            row = inbox.find(connection, question_id)
            if row is None:
                raise Refused("not_found", what=f"question {question_id}")
            return self._asked(connection, [row])[0]

        return await self._house.database.read(read)

    async def newest(self) -> int:
        """The number of the newest question: an answer to all of a page is for none that came later."""
        return await self._house.database.read(inbox.newest)

    async def blocks(self, *, first: int) -> Sequence[OfPair]:
        """The whole inbox, pair by pair: what belongs together, with the ``first`` questions of each."""

        def read(connection: Connection) -> list[OfPair]:
            groups = inbox.groups(connection, first=first)
            rows = self._asked(connection, [row for group in groups for row in group.rows])
            asked = {one.question.id: one for one in rows}
            known = {one.pair.id: one.pair for one in rows if one.pair is not None}
            emptied = _emptied(connection)
            found: dict[int | None, list[Block]] = {}
            for group in groups:
                found.setdefault(group.pair, []).append(self._block(group, asked, emptied))
            order = sorted(found, key=lambda pair: (pair is None, pair or 0))
            return [OfPair(None if pair is None else known[pair], _sorted(found[pair])) for pair in order]

        return await self._house.database.read(read)

    async def block(self, which: Which, *, limit: int, after: int = 0) -> Block:
        """One block of the inbox, or the part of it after that id."""
        assert which.kind is not None, "a block is of one kind"
        kind = which.kind

        def read(connection: Connection) -> Block:
            rows = inbox.page(connection, which, limit=limit, after=after)
            count = inbox.count(connection, which)
            group = Group(which.pair, which.feature, kind, which.side, which.said, count, rows)
            asked = {one.question.id: one for one in self._asked(connection, rows)}
            return self._block(group, asked, _emptied(connection))

        return await self._house.database.read(read)

    async def answer(self, question_id: int, answer: str, *, items: Sequence[str] | None = None) -> Asked:
        """Stores an answer; the next run of the pair does it. ``items``: the titles it is for, None for all.

        Raises Refused ``not_found``; ``invalid_request`` for what is no answer to this question; ``already_running``
        while a run does what was said before, or where a pair shall start afresh while it runs.
        """
        asked = await self.show(question_id)
        if items is not None and list(items) != [str(asked.question.title)]:
            raise Refused(
                "invalid_request", reason="items must name the one title that this question is about"
            )
        if answer == START_AFRESH:
            await self._house.runner.sweep()
        now, question = self._house.clock.now_ms(), asked.question

        def store(connection: Connection) -> None:
            if answer == ALLOW and question.kind in _REMOVALS and question.pair is not None:
                _refuse_unless_removing(connection, Which(question.pair, feature=question.feature))
            answering.answer_one(connection, question_id, answer, now)

        await self._house.database.write(store)
        return asked

    async def answer_all(self, which: Which, answer: str, *, items: Sequence[str] | None = None) -> int:
        """Gives one answer to all questions of a kind of a pair, or to those about the named titles.

        Returns how many it was given to. Raises Refused as ``answer`` does, and ``not_found`` where there is no such
        pair.
        """
        now = self._house.clock.now_ms()
        taken_back = answer == inbox.TAKE_BACK
        wanted = replace(which, answered=True if taken_back else False if items is None else None)
        if items is not None:
            wanted = replace(wanted, titles=_numbers(items))

        def store(connection: Connection) -> int:
            if which.pair is None or pairs.find(connection, which.pair) is None:
                raise Refused("not_found", what=f"pair {which.pair}")
            if answer == ALLOW and which.kind in _REMOVALS:
                _refuse_unless_removing(connection, wanted)
            return answering.answer_all(connection, wanted, answer, now)

        return await self._house.database.write(store)

    def _asked(self, connection: Connection, rows: Sequence[QuestionRow]) -> list[Asked]:
        known = {pair.id: pair for pair in pairs.every(connection)}
        spaces = frozenset().union(*(one.manifest.gives for one in self._house.providers.values()))
        keys = [row.title for row in rows if row.title is not None]
        ids = titles.ids_of(connection, keys, spaces - {titles.OWN})
        return [
            Asked(
                row,
                None if row.pair is None else known[row.pair],
                {} if row.title is None else ids.get(row.title, {}),
            )
            for row in rows
        ]

    def _block(self, group: Group, asked: Mapping[int, Asked], emptied: Emptied) -> Block:
        block = Block(
            kind=group.kind,
            feature=group.feature,
            side=group.side,
            said=group.said,
            count=group.count,
            asked=[asked[row.id] for row in group.rows],
        )
        if block.said or not block.asked:
            return block
        return replace(block, why=self._why(block, emptied), fewest=_FEWEST.get(group.kind, 0))

    def _why(self, block: Block, emptied: Emptied) -> str:
        """Why these questions wait, as far as that can be told from what is stored."""
        if block.kind is Question.OVERWRITE:
            return "overwrite_many"
        if block.kind is not Question.REMOVAL:
            return block.kind.value if block.kind in _EXPLAINED else ""
        other = block.asked[0].account((block.side or Side.TARGET).other)
        if other is None or block.feature is None:
            return ""
        if (other, block.feature) in emptied:
            return "removal_emptied"
        looks_up = self._house.runner.provider(other).manifest.lookup_batch
        return "removal_many" if looks_up else "removal_looks"


def _refuse_unless_removing(connection: Connection, which: Which) -> None:
    """Leave to remove is no use where the pair does not remove any more. Raises Refused ``invalid_request``."""
    pair = pairs.find(connection, which.pair or 0)
    for lane in pair.lanes if pair is not None else ():
        settings, asked = lane.settings, replace(which, feature=lane.feature)
        if which.feature not in (None, lane.feature) or (settings.enabled and settings.remove):
            continue
        if inbox.count(connection, asked):
            raise Refused(
                "invalid_request",
                reason=f"this pair does not remove from the {_LISTS[lane.feature]} any more; "
                "switch removing on in its settings first",
            )


_LISTS = {Feature.RATINGS: "rated titles", Feature.WATCHLIST: "watchlist"}
_REMOVALS = (Question.REMOVAL, Question.KEPT)
_FEWEST = {Question.REMOVAL: FEWEST_REMOVALS, Question.OVERWRITE: FEWEST_OVERWRITES}
_EXPLAINED = (Question.KEPT, Question.UNMATCHED, Question.ACCOUNT)
_ORDER = (
    Question.ACCOUNT,
    Question.REMOVAL,
    Question.OVERWRITE,
    Question.CONFLICT,
    Question.DOUBT,
    Question.KEPT,
    Question.UNMATCHED,
)


def _sorted(blocks: Sequence[Block]) -> list[Block]:
    """The open ones first; what stops a pair before what only waits."""
    return sorted(
        blocks, key=lambda one: (bool(one.said), _ORDER.index(one.kind), one.feature or "", one.side or "")
    )


def _emptied(connection: Connection) -> Emptied:
    """The lists that were whole when they were last read, and held nothing; what was looked up is no part of them."""
    return frozenset(
        (row.name, feature)
        for row in accounts.every(connection)
        for feature, snapshot in readings.snapshots(connection, row.uid).items()
        if snapshot.whole and not (snapshot.titles and snapshot.total)
    )


def _numbers(items: Sequence[str]) -> frozenset[int]:
    """The titles of that many ids. Raises Refused ``invalid_request`` for what cannot be one."""
    if not all(one.isascii() and one.isdigit() and len(one) <= _LONGEST for one in items):
        raise Refused("invalid_request", reason="items must be ids of titles")
    return frozenset(map(int, items))


_LONGEST = 18
"""No number of a title has more digits."""
