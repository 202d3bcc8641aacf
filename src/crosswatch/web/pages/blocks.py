"""From the questions of the inbox to what its page shows: headings, rows, and buttons that say what they do."""

from collections.abc import Mapping

from crosswatch import words
from crosswatch.model.kinds import Feature, Kind, Side
from crosswatch.services.asking import Asked, value_words
from crosswatch.services.attention import Block, OfPair
from crosswatch.store.attention import LEAVE, Question
from crosswatch.store.held import ALLOW, KEEP
from crosswatch.store.inbox import TAKE_BACK, possible_answers
from crosswatch.store.pairs import PairRow
from crosswatch.web.pages.inbox_views import AnswerView, BlockView, PairBlocks, RowView
from crosswatch.web.pages.making import Names
from crosswatch.web.pages.showing import notice
from crosswatch.web.rendering import number

ALL, CHOSEN = "all", "chosen"
"""Beside an answer: it is for all of a block, or for those that are ticked; else the number of one question."""

_ICONS = {
    Question.ACCOUNT: "unplug",
    Question.REMOVAL: "minus",
    Question.OVERWRITE: "pencil",
    Question.CONFLICT: "split",
    Question.DOUBT: "circle-help",
    Question.KEPT: "shield-check",
    Question.UNMATCHED: "search-x",
}
_REMOVES = (Question.REMOVAL, Question.KEPT)


def pair_view(found: OfPair, names: Names, *, can_run: bool) -> PairBlocks:
    """One pair with all that waits in it."""
    pair = found.pair
    blocks = [block_view(pair, block, names) for block in found.blocks]
    return PairBlocks(
        id="" if pair is None else str(pair.id),
        name="" if pair is None else pair.name,
        blocks=tuple(blocks),
        to_do=any(block.said and block.said not in (KEEP, LEAVE) for block in found.blocks),
        can_run=can_run,
    )


def block_view(pair: PairRow | None, block: Block, names: Names) -> BlockView:
    """Questions that one answer can be given to."""
    called = {} if pair is None else side_names(pair, names)
    params = _params(block, called)
    fields = _fields(pair, block)
    kind, feature = block.kind.value, (block.feature or Feature.RATINGS).value
    if block.said:
        heading = words.answered(kind, block.said, block.count, params)
    else:
        heading = words.heading(kind, feature, block.count, params)
    return BlockView(
        id="-".join(("block", *(value for _, value in fields))),
        heading=heading,
        count=block.count,
        rows=tuple(_row(one, called) for one in block.asked),
        why=words.waits(block.why, {**params, "fewest": block.fewest}) if block.why else "",
        icon="circle-check" if block.said else _ICONS[block.kind],
        fields=fields,
        query=dict(fields),
        every=_to_many(pair, block, params, ALL),
        chosen=_to_many(pair, block, {**params, "these": "the chosen", "them": "the chosen"}, CHOSEN),
        answered=bool(block.said),
    )


def side_names(pair: PairRow, names: Names) -> dict[Side, str]:
    """What the two sides are called on buttons: the service, and the account as well where both are of one service."""
    source, target = names.apart(pair.source, pair.target)
    return {Side.SOURCE: source.label, Side.TARGET: target.label}


def _params(block: Block, called: Mapping[Side, str]) -> dict[str, object]:
    side = block.side or Side.TARGET
    count = number(block.count)
    return {
        "count": count,
        "these": f"these {count}" if block.count == len(block.asked) else f"all {count}",
        "them": "them" if block.count == len(block.asked) else f"all {count}",
        "source": called.get(Side.SOURCE, "the source"),
        "target": called.get(Side.TARGET, "the target"),
        "side": called.get(side, f"the {side}"),
        "other": called.get(side.other, f"the {side.other}"),
    }


def _fields(pair: PairRow | None, block: Block) -> tuple[tuple[str, str], ...]:
    named = {
        "pair": "" if pair is None else str(pair.id),
        "kind": block.kind.value,
        "feature": "" if block.feature is None else block.feature.value,
        "side": "" if block.side is None else block.side.value,
        "said": block.said,
    }
    return tuple((name, value) for name, value in named.items() if value)


def _to_many(
    pair: PairRow | None, block: Block, params: Mapping[str, object], of: str
) -> tuple[AnswerView, ...]:
    """What can be said to many at once: to none of a pair that is gone, to none that is alone, to no account."""
    if pair is None or block.count == 1 or block.kind is Question.ACCOUNT:
        return ()
    kind = block.kind
    possible = (TAKE_BACK,) if block.said else possible_answers(kind)
    return tuple(
        AnswerView(
            f"{said}:{of}",
            words.answer_to_all(kind.value, said, params),
            danger=said == ALLOW and kind in _REMOVES,
        )
        for said in possible
    )


def _row(asked: Asked, called: Mapping[Side, str]) -> RowView:
    row = asked.question
    if row.kind is Question.ACCOUNT:
        told = notice(row.code, row.params)
        return RowView(str(row.id), row.made_at, _answers(asked, called), notice=told)
    name = row.name or "Untitled"
    return RowView(
        id=str(row.id),
        made_at=row.answered_at or row.made_at,
        answers=_answers(asked, called),
        item="" if row.title is None else str(row.title),
        title=f"{row.show}: {name}" if row.show else name,
        kind=Kind(row.title_kind),
        detail=_detail(asked, called),
        year=row.year,
        season=row.season,
        number=row.number,
        next_try=row.next_try if not row.answer else None,
    )


def _detail(asked: Asked, called: Mapping[Side, str]) -> str:
    """What is known of the title beside what its buttons say."""
    row = asked.question
    if row.kind is Question.DOUBT:
        return asked.sentence
    if row.kind is Question.UNMATCHED:
        return words.reason(row.code)
    if row.feature is not Feature.RATINGS or row.side is None:
        return ""
    there = f"{value_words(row.feature, asked.value(row.side))} in {called.get(row.side, row.side)}"
    if row.kind is Question.OVERWRITE:
        other = called.get(row.side.other, row.side.other)
        return f"{there}, {value_words(row.feature, row.wanted)} in {other}"
    return there


def _answers(asked: Asked, called: Mapping[Side, str]) -> tuple[AnswerView, ...]:
    row = asked.question
    if row.answer:
        return (AnswerView(f"{TAKE_BACK}:{row.id}", words.answer(row.kind.value, TAKE_BACK, {})),)
    return tuple(_answer(asked, said, called) for said in row.answers)


def _answer(asked: Asked, said: str, called: Mapping[Side, str]) -> AnswerView:
    """A button. A side that has nothing cannot win: then both stay as they are."""
    row, say = asked.question, f"{said}:{asked.question.id}"
    if said not in (Side.SOURCE, Side.TARGET):
        if said == ALLOW and row.kind in _REMOVES:
            return AnswerView(say, "Remove it")  # from where stands above
        return AnswerView(say, words.answer(row.kind.value, said, asked.params))
    value = asked.value(Side(said))
    if value is None:
        return AnswerView(say, "Leave both as they are")
    shown = value_words(row.feature, value)
    return AnswerView(
        say,
        f"Keep {f'it {shown}' if row.feature is Feature.WATCHLIST else shown}",
        called.get(Side(said), ""),
    )
