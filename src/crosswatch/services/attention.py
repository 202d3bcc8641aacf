"""What needs somebody: looked at, and answered one by one or a pair at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crosswatch import words
from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Side
from crosswatch.services.house import House
from crosswatch.store import attention, pairs, titles
from crosswatch.store.attention import Question, QuestionRow
from crosswatch.store.database import Connection
from crosswatch.store.pairs import PairRow


@dataclass(frozen=True, slots=True)
class Asked:
    """One question. ``pair`` is None where it is no more; ``ids``: by what services know the title."""

    question: QuestionRow
    pair: PairRow | None
    ids: Mapping[str, str]

    def account(self, side: Side) -> AccountName | None:
        """The account of that side, as long as its pair is there."""
        if self.pair is None:
            return None
        return self.pair.source if side is Side.SOURCE else self.pair.target

    def label(self, side: Side) -> str:
        """What that side is called in sentences."""
        account = self.account(side)
        return words.account_label(str(account)) if account is not None else f"the {side}"

    def value(self, side: Side) -> int | None:
        """What that side said when the question was made."""
        return self.question.source if side is Side.SOURCE else self.question.target

    @property
    def sentence(self) -> str:
        """What is asked, in words."""
        question = self.question
        side = question.side or Side.TARGET
        kind = question.kind.value
        if question.kind is Question.DOUBT and self.pair is None:
            kind = "doubt_without_pair"
        return words.question(
            kind,
            {
                "title": title_line(question),
                "source": self.label(Side.SOURCE),
                "source_value": value_words(question.feature, question.source),
                "target": self.label(Side.TARGET),
                "target_value": value_words(question.feature, question.target),
                "side": self.label(side),
                "wanted": value_words(question.feature, question.wanted),
            },
        )


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many conflicts of a pair wait for the user, and how many answers for its next run."""

    pair: PairRow
    conflicts: int
    answered: int


class Attention:
    """The inbox of an installation."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def waiting(
        self, *, limit: int, after: int = 0, pair_id: int | None = None
    ) -> tuple[Sequence[Asked], int]:
        """Open questions after that id, the oldest first, and how many there are in all; of one pair or every one."""

        def read(connection: Connection) -> tuple[list[Asked], int]:
            rows = attention.waiting(connection, limit=limit, after=after, pair_id=pair_id)
            counts = attention.open_by_pair(connection)
            total = sum(counts.values()) if pair_id is None else counts.get(pair_id, 0)
            return self._asked(connection, rows), total

        return await self._house.database.read(read)

    async def show(self, question_id: int) -> Asked:
        """One question. Raises Refused ``not_found``."""

        def read(connection: Connection) -> Asked:
            row = attention.find(connection, question_id)
            if row is None:
                raise Refused("not_found", what=f"question {question_id}")
            return self._asked(connection, [row])[0]

        return await self._house.database.read(read)

    async def answer(self, question_id: int, answer: str, *, items: Sequence[str] | None = None) -> Asked:
        """Stores an answer; the next run of the pair does it. ``items``: the titles it is for, None for all.

        Raises Refused ``not_found``, or ``invalid_request`` for what is no answer to this question.
        """
        asked = await self.show(question_id)
        if items is not None and list(items) != [str(asked.question.title)]:
            raise Refused(
                "invalid_request", reason="items must name the one title that this question is about"
            )
        now = self._house.clock.now_ms()
        await self._house.database.write(
            lambda connection: attention.answer(connection, question_id, answer, now)
        )
        return asked

    async def answer_conflicts(self, pair_id: int, answer: Side) -> int:
        """Answers all open conflicts of a pair alike; returns how many. Raises Refused ``not_found``."""
        now = self._house.clock.now_ms()

        def store(connection: Connection) -> int:
            if pairs.find(connection, pair_id) is None:
                raise Refused("not_found", what=f"pair {pair_id}")
            return attention.answer_conflicts(connection, pair_id, answer, now)

        return await self._house.database.write(store)

    async def by_pair(self) -> Sequence[Waiting]:
        """Every pair with what waits in it."""

        def read(connection: Connection) -> list[Waiting]:
            waits, done = attention.conflicts_by_pair(connection), attention.answered_by_pair(connection)
            return [
                Waiting(pair, waits.get(pair.id, 0), done.get(pair.id, 0)) for pair in pairs.every(connection)
            ]

        return await self._house.database.read(read)

    def _asked(self, connection: Connection, rows: Sequence[QuestionRow]) -> list[Asked]:
        known = {pair.id: pair for pair in pairs.every(connection)}
        spaces = frozenset().union(*(one.manifest.gives for one in self._house.providers.values()))
        ids = titles.ids_of(connection, [row.title for row in rows], spaces - {titles.OWN})
        return [
            Asked(row, None if row.pair is None else known[row.pair], ids.get(row.title, {})) for row in rows
        ]


def title_line(question: QuestionRow) -> str:
    """A title as people write it: ``Heat (1995)``, ``The Wire S01E02 The Detail``."""
    name = question.name or "Untitled"
    if question.season is not None and question.number is not None:
        place = f"S{question.season:02d}E{question.number:02d}"
        return f"{question.show or 'Show'} {place} {question.name}".rstrip()
    return f"{name} ({question.year})" if question.year else name


def value_words(feature: Feature | None, value: int | None) -> str:
    """A value in a sentence: ``8.5``, ``on the list``, ``nothing``."""
    if value is None:
        return "nothing"
    return "on the list" if feature is Feature.WATCHLIST else f"{value / 100:g}"
