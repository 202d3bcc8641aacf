"""One question as people and programs read it: the titles, the two sides, the sentence, and what can be said."""

from collections.abc import Mapping
from dataclasses import dataclass

from crosswatch import words
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Side
from crosswatch.store.attention import Question
from crosswatch.store.inbox import QuestionRow
from crosswatch.store.pairs import PairRow

_BY_FEATURE = (Question.REMOVAL, Question.OVERWRITE, Question.KEPT, Question.UNMATCHED)


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
    def params(self) -> dict[str, object]:
        """What the words about it speak of."""
        question, side = self.question, self.question.side or Side.TARGET
        return {
            **question.params,
            "title": title_line(question) if question.title is not None else "",
            "source": self.label(Side.SOURCE),
            "source_value": value_words(question.feature, question.source),
            "target": self.label(Side.TARGET),
            "target_value": value_words(question.feature, question.target),
            "side": self.label(side),
            "other": self.label(side.other),
            "there": value_words(question.feature, self.value(side)),
            "wanted": value_words(question.feature, question.wanted),
            "reason": words.reason(question.code),
        }

    @property
    def sentence(self) -> str:
        """What is asked, in words."""
        question, kind = self.question, self.question.kind.value
        if question.kind is Question.ACCOUNT:
            return words.say(question.code, question.params).sentence
        if question.kind is Question.DOUBT and self.pair is None:
            kind = "doubt_without_pair"
        if question.kind in _BY_FEATURE:
            kind = f"{kind}_{question.feature or Feature.RATINGS}"
        return words.question(kind, self.params)

    def next_step(self, surface: words.Surface = words.Surface.PAGE) -> str:
        """What is to be done outside of the inbox; empty where an answer is all."""
        question = self.question
        if question.kind is not Question.ACCOUNT:
            return ""
        return words.say(question.code, question.params, surface=surface).next_step

    def answer_words(self, said: str) -> str:
        """What an answer means."""
        return words.answer(self.question.kind.value, said, self.params)


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
