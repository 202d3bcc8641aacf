"""crosswatch sync, runs, cancel, status."""

from dataclasses import dataclass, field
from typing import Annotated

import typer

from crosswatch import words
from crosswatch.cli.carrying import Stopping, carried_out, code_of
from crosswatch.cli.opening import with_house
from crosswatch.cli.output import (
    BUSY,
    FAILED,
    JSON_OPTION,
    LARGEST_NUMBER,
    NOT_CONNECTED,
    PARTIAL,
    SUCCEEDED,
    exit_code,
    key_is_refused,
    local_time,
    plain,
    show_json,
    told,
    wants_json,
)
from crosswatch.cli.pairing import line
from crosswatch.cli.reports import account_of, one_line, shape, tell
from crosswatch.errors import CrossWatchError, Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature
from crosswatch.services.asking import value_words
from crosswatch.services.connect import ConnectTmdb, Verified
from crosswatch.services.house import House
from crosswatch.services.overview import Overview
from crosswatch.services.pairs import Pairs
from crosswatch.services.plans import Plans
from crosswatch.services.running import LARGEST_PAGE, Running, RunReport
from crosswatch.services.shapes import item_shape
from crosswatch.store.journal import Item
from crosswatch.store.pairs import PairRow
from crosswatch.store.runs import PLAN

app = typer.Typer(add_completion=False)

_WORST_FIRST = (FAILED, NOT_CONNECTED, BUSY, PARTIAL, SUCCEEDED)
_NEWEST = 20


@app.command()
def sync(
    pair: Annotated[
        str | None, typer.Argument(help="Its number or name; all pairs where it is left out.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Anything that needs attention ends with 3.")
    ] = False,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Brings a pair, or all pairs, in step now."""
    done = with_house(lambda house: _sync(house, pair))
    if wants_json():
        show_json([shape(report) for report in done.reports])
    codes = [code_of(report, strict=strict) for report in done.reports]
    codes += [code if (code := exit_code(error)) in _WORST_FIRST else FAILED for error in done.errors]
    if done.stopped:
        codes.append(FAILED)
    raise typer.Exit(next(code for code in _WORST_FIRST if code in codes))


@dataclass(slots=True)
class _Synced:
    """What came of a command: runs that ended, pairs that could not run, and whether it was stopped."""

    reports: list[RunReport] = field(default_factory=list)
    errors: list[CrossWatchError] = field(default_factory=list)
    stopped: bool = False


async def _sync(house: House, wanted: str | None) -> _Synced:
    chosen = await _chosen(Pairs(house), wanted)
    done = _Synced()
    running = Running(house)
    async with Stopping(running) as stopping:
        for pair in chosen:
            if stopping.asked:
                break
            try:
                run_id, pair = await running.begin(pair.id, trigger="command line")
                report = await carried_out(house, run_id, pair, stopping)
            except CrossWatchError as error:
                if len(chosen) == 1:
                    raise
                done.errors.append(error)
                said = told(error.code, error.params)
                typer.echo(f"Pair {pair.id} “{plain(pair.name)}”: {said.whole}", err=True)
                continue
            done.reports.append(report)
            if not wants_json():
                tell(report, account_of(pair))
    done.stopped = stopping.asked
    return done


async def _chosen(pairs: Pairs, wanted: str | None) -> list[PairRow]:
    """The pairs to sync. Raises Refused ``not_found``, ``no_pairs``, or ``pair_disabled`` where none is on."""
    every = [await pairs.named(wanted)] if wanted is not None else await pairs.every()
    if not every:
        raise Refused("no_pairs")
    on = [pair for pair in every if pair.enabled]
    if not on:
        raise Refused("pair_disabled", name=every[0].name, pair=every[0].id)
    return on


@app.command()
def runs(
    run: Annotated[
        int | None,
        typer.Argument(
            min=1,
            max=LARGEST_NUMBER,
            help="The number of a run; the newest runs where it is left out.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=LARGEST_NUMBER,
            show_default=False,
            help=f"How many: {_NEWEST} runs where it is left out, or everything that one run wrote.",
        ),
    ] = None,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Lists the newest runs, or shows one with everything that it wrote."""
    if run is not None:
        with_house(lambda house: _show(house, run, limit))
        return
    reports = with_house(lambda house: _newest(Running(house), limit or _NEWEST))
    if wants_json():
        show_json([shape(report) for report in reports])
    elif not reports:
        typer.echo("There were no runs yet. Start one with “crosswatch sync”.")
    else:
        for report in reports:
            typer.echo(one_line(report))


async def _what_of(house: House, plan_id: int) -> str:
    """Whether a preview can still be carried out."""
    made = await Plans(house).show(plan_id)
    if made.stale is not None:
        return told(made.stale.code, made.stale.params).whole
    if not sum(made.writes.values()):
        return f"There is nothing to apply in plan {plan_id}."
    return f"Write exactly what it says with “crosswatch apply {plan_id}”, until {local_time(made.plan.expires_at)}."


async def _newest(running: Running, limit: int) -> list[RunReport]:
    reports: list[RunReport] = []
    while len(reports) < limit:
        before = reports[-1].run.id if reports else None
        page = await running.every(limit=min(limit - len(reports), LARGEST_PAGE), before=before)
        if not page:
            break
        reports += page
    return reports


async def _show(house: House, run_id: int, limit: int | None) -> None:
    running = Running(house)
    report = await running.show(run_id)
    items, total = await _items(running, run_id, limit)
    if wants_json():
        show_json({**shape(report), "items": [item_shape(item) for item in items]})
        return
    pairs = {pair.id: pair for pair in await Pairs(house).every()}
    tell(report, account_of(pairs.get(report.run.pair)))
    if report.run.kind == PLAN and report.run.plan is not None:
        typer.echo(f"  {await _what_of(house, report.run.plan)}")
    for item in items:
        typer.echo(f"  {plain(_item_line(item))}")
    if total > len(items):
        typer.echo(f"{total - len(items)} more: --limit {total}")


async def _items(running: Running, run_id: int, limit: int | None) -> tuple[list[Item], int]:
    """The first writes of a run, or all; and how many there are."""
    items: list[Item] = []
    while True:
        wanted = LARGEST_PAGE if limit is None else min(limit - len(items), LARGEST_PAGE)
        page, total = await running.items(run_id, after=items[-1].seq if items else 0, limit=wanted)
        items += page
        if not page or len(items) in (total, limit):
            return items, total


@app.command()
def cancel(
    run: Annotated[int, typer.Argument(min=1, max=LARGEST_NUMBER, help="The number of the run.")],
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Asks a run to stop, also one of the server."""
    report = with_house(lambda house: Running(house).cancel(run))
    if wants_json():
        show_json(shape(report))
    elif report.run.finished_at is not None:
        typer.echo(f"Run {run} has already ended.")
    else:
        typer.echo(f"Run {run} was asked to stop.")


@app.command()
def status(json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Says what is connected, what is kept in step, and how the last runs went."""
    with_house(_status)


async def _status(house: House) -> None:
    connect, pairs, running = ConnectTmdb(house), Pairs(house), Running(house)
    states = [await connect.verify(instance) for instance in connect.instances()]
    every = await pairs.every()
    last = await running.every(limit=5)
    needs = await Overview(house).attention()
    if wants_json():
        show_json(
            {
                "connections": [
                    {
                        "instance": state.instance,
                        "connected": _connected(state),
                        "checked": state.checked,
                        "username": state.account.username if state.account else "",
                        "code": state.error.code if state.error else "",
                    }
                    for state in states
                ],
                "pairs": [pair.name for pair in every],
                "runs": [shape(report) for report in last],
                "attention": needs,
            }
        )
        return
    for state in states:
        name = AccountName("tmdb", state.instance)
        who = f" as {plain(state.account.username)}" if state.account and state.account.username else ""
        error = state.error
        said = f" {told(error.code, {'account': str(name), **error.params}).whole}" if error else ""
        typer.echo(f"{name}: {'connected' if _connected(state) else 'not connected'}{who}.{said}")
    for pair in every:
        typer.echo(f"Pair {line(pair)}")
    for report in last:
        typer.echo(one_line(report))
    if needs:
        typer.echo(f"{needs} {'thing needs' if needs == 1 else 'things need'} you: “crosswatch attention”")


def _connected(state: Verified) -> bool:
    return state.connected and not key_is_refused(state.error)


def _item_line(item: Item) -> str:
    title = item.name or f"title {item.title}"
    if item.season is not None and item.number is not None:
        title = f"{item.show or 'Show'} S{item.season:02d}E{item.number:02d} {item.name}".rstrip()
    elif item.year:
        title = f"{title} ({item.year})"
    before, after = (value_words(item.feature, value) for value in (item.before, item.after))
    values = f": {before} → {after}"
    changed = values if item.feature is Feature.RATINGS else ""
    why = item.words or words.reason(item.code)
    done = item.outcome or item.state.value
    return f"{item.feature} {item.action} in the {item.side} {title}{changed}: {done} {why}".rstrip()
