"""crosswatch attention, attention answer."""

from collections.abc import Sequence
from typing import Annotated

import typer

from crosswatch import words
from crosswatch.cli.opening import with_house
from crosswatch.cli.output import JSON_OPTION, plain, show_json, wants_json
from crosswatch.errors import Refused
from crosswatch.model.kinds import Side
from crosswatch.services.asking import Asked
from crosswatch.services.attention import Attention
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from crosswatch.services.shapes import asked_shape
from crosswatch.store.attention import LEAVE, Question
from crosswatch.store.held import KEEP
from crosswatch.store.inbox import START_AFRESH, TAKE_BACK, Which

_LONGEST = 18
"""No number of a question has more digits."""

_DONE = {
    KEEP: "Kept {count}: both sides stay as they are.",
    LEAVE: "Left as it is.",
    START_AFRESH: "The next sync of the pair starts afresh and removes nothing: “crosswatch sync”.",
    TAKE_BACK: "Taken back {count}. What was asked is open again: “crosswatch attention”.",
}
_HOW = (
    "Answer with “crosswatch attention answer NUMBER ANSWER”, or all of a kind with “crosswatch attention answer PAIR "
    "ANSWER --all --kind KIND”. An answer can be another one, or “take_back”, until a sync has done it."
)
_KIND = "Only what is of this kind."
_SIDE = "Only what would write this side."

app = typer.Typer(help="What only you can decide, and your answers.", add_completion=False)


@app.callback(invoke_without_command=True)
def waiting(
    context: typer.Context,
    pair: Annotated[str | None, typer.Option(help="Only of this pair: its number or its name.")] = None,
    kind: Annotated[Question | None, typer.Option(help=_KIND)] = None,
    answered: Annotated[
        bool, typer.Option("--answered", help="What was answered and not done yet, instead.")
    ] = False,
    limit: Annotated[int, typer.Option(help="How many to show.", min=1, max=5000)] = 100,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Lists what waits for you, the oldest first; “attention answer” answers it."""
    if context.invoked_subcommand is not None:
        return
    found, total, whys = with_house(lambda house: _waiting(house, pair, kind, limit, answered=answered))
    if wants_json():
        items = [asked_shape(one, words.Surface.COMMAND) for one in found]
        show_json({"items": items, "total": total})
    elif not found:
        typer.echo("No answer waits for a sync." if answered else "Nothing needs you.")
    else:
        for one in found:
            typer.echo(_lines(one))
        if total > len(found):
            typer.echo(f"... and {total - len(found)} more; “--limit” shows them.")
        for why in whys:
            typer.echo(plain(why))
        if any(one.question.answers for one in found):
            typer.echo(_HOW)


async def _waiting(
    house: House, pair: str | None, kind: Question | None, limit: int, *, answered: bool
) -> tuple[list[Asked], int, list[str]]:
    of_pair = None if pair is None else (await Pairs(house).named(pair)).id
    which = Which(pair=of_pair, kind=kind, answered=answered)
    found, total = await Attention(house).waiting(which, limit=limit)
    return list(found), total, [] if answered else await _whys(house, found)


async def _whys(house: House, found: Sequence[Asked]) -> list[str]:
    """Why the removals and new ratings among these wait, a sentence for each side of a pair's list."""
    shown = {one.question.id for one in found if one.question.kind in (Question.REMOVAL, Question.OVERWRITE)}
    if not shown:
        return []
    said = []
    for of_pair in await Attention(house).blocks(first=1):
        for block in of_pair.blocks:
            if (
                block.why
                and not block.said
                and block.asked[0].question.id in shown
                and of_pair.pair is not None
            ):
                why = words.waits(block.why, {**block.asked[0].params, "fewest": block.fewest})
                said.append(f"{block.kind.value} of pair {of_pair.pair.id}, {block.feature}: {why}")
    return said


@app.command()
def answer(
    what: Annotated[
        str, typer.Argument(help="The number of the question; with --all a pair.", metavar="NUMBER|PAIR")
    ],
    answer: Annotated[str, typer.Argument(help="One of the answers that “attention” lists, or take_back.")],
    every: Annotated[
        bool, typer.Option("--all", help="Answer everything of a kind alike, conflicts by default.")
    ] = False,
    kind: Annotated[Question, typer.Option(help=f"With --all. {_KIND}")] = Question.CONFLICT,
    side: Annotated[Side | None, typer.Option(help=f"With --all. {_SIDE}")] = None,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Says what shall be done; the next sync of the pair does it."""
    count = with_house(lambda house: _answer(house, what, answer, kind, side, every=every))
    if wants_json():
        show_json({"ok": True, "answered": count})
    elif not count:
        typer.echo(_NOT_ANSWERED.format(kind=kind) if answer == TAKE_BACK else f"{_NOTHING[kind]} {_ELSE}")
    elif answer in _DONE:
        typer.echo(_DONE[answer].format(count=count))
    else:
        typer.echo(f"Answered {count}. The next sync of the pair does it: “crosswatch sync”.")


_NOT_ANSWERED = (
    "No answer about “{kind}” waits for a sync in this pair, so none was taken back. “--kind” names another kind; "
    "“crosswatch attention --answered” lists the answers."
)
_ELSE = (
    "“--kind” names another kind. What is answered already keeps its answer: see “crosswatch attention --answered”, "
    "and “take_back” it first."
)
_NOTHING = {
    Question.CONFLICT: "No conflicts wait in this pair.",
    Question.DOUBT: "No doubts wait in this pair.",
    Question.REMOVAL: "No removals wait in this pair.",
    Question.OVERWRITE: "No changes wait in this pair.",
    Question.KEPT: "No kept titles wait in this pair.",
    Question.UNMATCHED: "No titles without a match wait in this pair.",
    Question.ACCOUNT: "No accounts wait in this pair.",
}


async def _answer(
    house: House, what: str, answer: str, kind: Question, side: Side | None, *, every: bool
) -> int:
    if every:
        pair = await Pairs(house).named(what)
        return await Attention(house).answer_all(Which(pair=pair.id, kind=kind, side=side), answer)
    if not (what.isascii() and what.isdigit() and len(what) <= _LONGEST):
        raise Refused("invalid_request", reason="a question has a number; “--all” takes a pair")
    await Attention(house).answer(int(what), answer)
    return 1


def _lines(asked: Asked) -> str:
    question = asked.question
    pair = f" (pair {asked.pair.id}, “{asked.pair.name}”)" if asked.pair is not None else ""
    lines = [f"{question.id}: {asked.sentence}{pair}"]
    if question.answer:
        lines.append(f"    You said {question.answer}: {asked.answer_words(question.answer)}.")
    if step := asked.next_step(words.Surface.COMMAND):
        lines.append(f"    {step}")
    lines += [f"    {said}: {asked.answer_words(said)}" for said in question.answers]
    return "\n".join(plain(line) for line in lines)
