"""crosswatch attention, attention answer."""

from typing import Annotated

import typer

from crosswatch.cli.opening import with_house
from crosswatch.cli.output import JSON_OPTION, plain, show_json, wants_json
from crosswatch.errors import Refused
from crosswatch.model.kinds import Side
from crosswatch.services.attention import Asked, Attention, value_words
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from crosswatch.services.shapes import asked_shape
from crosswatch.store.attention import LEAVE

_LONGEST = 18
"""No number of a question has more digits."""

app = typer.Typer(help="What only you can decide, and your answers.", add_completion=False)


@app.callback(invoke_without_command=True)
def waiting(
    context: typer.Context,
    limit: Annotated[int, typer.Option(help="How many to show.", min=1, max=5000)] = 100,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Lists what waits for you, the oldest first; “attention answer” answers it."""
    if context.invoked_subcommand is not None:
        return
    found, total = with_house(lambda house: Attention(house).waiting(limit=limit))
    if wants_json():
        show_json({"items": [asked_shape(one) for one in found], "total": total})
    elif not found:
        typer.echo("Nothing needs you.")
    else:
        for one in found:
            typer.echo(_lines(one))
        if total > len(found):
            typer.echo(f"... and {total - len(found)} more; “--limit” shows them.")
        typer.echo(
            "Answer with “crosswatch attention answer NUMBER source” (or target), or all conflicts of a pair with "
            "“crosswatch attention answer PAIR source --all”."
        )


@app.command()
def answer(
    what: Annotated[
        str, typer.Argument(help="The number of the question; with --all a pair.", metavar="NUMBER|PAIR")
    ],
    answer: Annotated[str, typer.Argument(help="Whose value counts.", metavar="source|target")],
    every: Annotated[bool, typer.Option("--all", help="Answer all conflicts of a pair alike.")] = False,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Says whose value counts; the next sync of the pair does it."""
    answered = with_house(lambda house: _answer(house, what, answer, every=every))
    if wants_json():
        show_json({"ok": True, "answered": answered})
    elif not answered:
        typer.echo("No conflicts wait in this pair.")
    elif answer == LEAVE:
        typer.echo("Left as it is.")
    else:
        typer.echo(f"Answered {answered}. The next sync of the pair does it: “crosswatch sync”.")


async def _answer(house: House, what: str, answer: str, *, every: bool) -> int:
    if every:
        if answer not in (Side.SOURCE, Side.TARGET):
            raise Refused("invalid_request", reason="with --all the answer must be source or target")
        pair = await Pairs(house).named(what)
        return await Attention(house).answer_conflicts(pair.id, Side(answer))
    if not (what.isascii() and what.isdigit() and len(what) <= _LONGEST):
        raise Refused("invalid_request", reason="a question has a number; “--all” takes a pair")
    await Attention(house).answer(int(what), answer)
    return 1


def _lines(asked: Asked) -> str:
    question = asked.question
    pair = f" (pair {asked.pair.id}, “{asked.pair.name}”)" if asked.pair is not None else ""
    lines = [f"{question.id}: {asked.sentence}{pair}"]
    for said in question.answers:
        if said == LEAVE:
            lines.append(f"    {said}: leave it as it is")
        else:
            side = Side(said)
            value = value_words(question.feature, asked.value(side))
            lines.append(f"    {said}: {value} ({asked.label(side)})")
    return "\n".join(plain(line) for line in lines)
