"""crosswatch plan, apply."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from crosswatch.cli.carrying import Stopping, carried_out, code_of
from crosswatch.cli.opening import with_house
from crosswatch.cli.output import (
    FAILED,
    JSON_OPTION,
    LARGEST_NUMBER,
    json_text,
    local_time,
    plain,
    show_json,
    wants_json,
)
from crosswatch.cli.reports import account_of, shape, tell
from crosswatch.model.kinds import Feature
from crosswatch.services.asking import value_words
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from crosswatch.services.plans import Labels, PlanReport, Plans, headline, proof, why
from crosswatch.services.running import Running, RunReport
from crosswatch.services.shapes import plan_item_shape, plan_shape
from crosswatch.store.plans import ItemState, PlanItem

app = typer.Typer(add_completion=False)

_FIRST = 50
_STATES = {
    ItemState.WAITS: "wait until you allow them",
    ItemState.CONFLICT: "in conflict, for you to decide",
    ItemState.HELD: "held back",
    ItemState.KEPT: "kept, because the pair does not remove",
    ItemState.CLEARED: "taken off by a service itself",
}


@app.command()
def plan(
    pair: Annotated[str, typer.Argument(help="Its number or name.")],
    limit: Annotated[
        int, typer.Option(min=1, max=LARGEST_NUMBER, help="How many titles to show; JSON has all of them.")
    ] = _FIRST,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Says what a sync of the pair would write, title by title, and writes nothing."""
    raise typer.Exit(with_house(lambda house: _plan(house, pair, limit)))


@app.command("apply")
def apply_plan(
    plan: Annotated[int, typer.Argument(min=1, max=LARGEST_NUMBER, help="The number of the plan.")],
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Writes exactly what a plan says, or nothing where a title has moved since."""
    raise typer.Exit(with_house(lambda house: _apply(house, plan)))


async def _plan(house: House, wanted: str, limit: int) -> int:
    chosen = await Pairs(house).named(wanted)
    async with Stopping(Running(house)) as stopping:
        run_id, pair = await Plans(house).begin(chosen.id, trigger="command line")
        report = await carried_out(house, run_id, pair, stopping)
    if report.run.plan is None:
        _show(report, account_of(pair))
    else:
        made = await Plans(house).show(report.run.plan)
        await (_stream(house, made) if wants_json() else _print(house, made, limit))
    return FAILED if stopping.asked else code_of(report)


async def _apply(house: House, plan_id: int) -> int:
    async with Stopping(Running(house)) as stopping:
        run_id, pair = await Plans(house).begin_to_apply(plan_id, trigger="command line")
        report = await carried_out(house, run_id, pair, stopping)
    _show(report, account_of(pair))
    return FAILED if stopping.asked else code_of(report)


def _show(report: RunReport, account: str) -> None:
    if wants_json():
        show_json(shape(report))
    else:
        tell(report, account)


async def _stream(house: House, made: PlanReport) -> None:
    """The head and all titles as one document, printed as they are read: there may be a hundred thousand."""
    plans, between = Plans(house), "\n"
    typer.echo(json_text(plan_shape(made)).removesuffix("\n}") + ',\n  "items": [', nl=False)
    async for page in plans.every(made.plan.id):
        ids = await plans.ids(page)
        for item in page:
            text = json_text(plan_item_shape(item, made.labels, ids[item.promise.title]))
            typer.echo(between + "    " + text.replace("\n", "\n    "), nl=False)
            between = ",\n"
    typer.echo("\n  ]\n}" if between != "\n" else "]\n}")


async def _print(house: House, made: PlanReport, limit: int) -> None:
    labels = made.labels
    typer.echo(plain(f"{made.plan.pair_name}: {headline(made.writes, labels)}"))
    for line in _aside(made):
        typer.echo(plain(line))
    shown = 0
    async for page in _first(house, made, limit):
        for item in page:
            typer.echo(plain(_item(item, labels)))
        shown += len(page)
    total = sum(made.writes.values()) + sum(made.states.values())
    if total > shown:
        typer.echo(f"  ... and {total - shown} more: --limit {total}")
    if not sum(made.writes.values()):
        typer.echo(f"This is plan {made.plan.id}. There is nothing in it to apply.")
        return
    until = local_time(made.plan.expires_at)
    typer.echo(
        f"This is plan {made.plan.id}. Write exactly this with “crosswatch apply {made.plan.id}”, until {until}."
    )


def _first(house: House, made: PlanReport, limit: int) -> AsyncIterator[Sequence[PlanItem]]:
    return Plans(house).every(made.plan.id, limit=limit)


def _aside(made: PlanReport) -> list[str]:
    """What is not written, and the lists that were not whole."""
    lines = [f"  {count} {_STATES[state]}" for state, count in made.states.items() if count]
    for figures in made.lanes:
        for side, reason in figures.lane.counts["incomplete"].items():
            lines.append(f"  {figures.lane.feature}: the {side}'s list is not complete: {reason}")
    return lines


def _item(item: PlanItem, labels: Labels) -> str:
    one, title = item.promise, item.name or f"title {item.promise.title}"
    if item.season is not None and item.number is not None:
        title = f"{item.show or 'Show'} S{item.season:02d}E{item.number:02d} {item.name}".rstrip()
    elif item.year:
        title = f"{title} ({item.year})"
    place = f" {labels[one.side]}" if one.side is not None and one.action is not None else ""
    done = f"{one.action}{place}" if one.state is ItemState.WRITE else one.state.value + place
    before, after = (value_words(one.feature, value) for value in (one.before, one.wanted))
    changed = f": {before} → {after}" if one.action is not None and one.feature is Feature.RATINGS else ""
    at = datetime.fromtimestamp(one.proved_at / 1000).astimezone().strftime("%H:%M")
    return f"  {one.feature}: {done}: {title}{changed}. {why(one, labels)} {proof(one, labels, at)}".rstrip()
