"""How commands tell of runs: one line in a list, or all that a run did, lane by lane."""

from collections.abc import Mapping
from typing import Any

import typer

from crosswatch import words
from crosswatch.cli.output import local_time, plain, told
from crosswatch.services.running import RunReport
from crosswatch.services.shapes import run_shape
from crosswatch.store.pairs import PairRow
from crosswatch.store.runs import PLAN

_NOTHING, _LOOKED = " nothing to write", " only looked, nothing was written"
_WORDS = {"adopted": "noted as equal", "later": "left for the next sync", "left": "left alone"}
_UNWRITTEN = " nothing of the plan is written here"


def shape(report: RunReport) -> dict[str, object]:
    """A run for machines, with the words of the command line."""
    run = report.run
    return {**run_shape(report), "error": told(run.code, run.params).whole if run.code else ""}


def account_of(pair: PairRow | None) -> str:
    """The account of a pair that a run may ask the user to connect again: the first that can be connected."""
    sides = (pair.source, pair.target) if pair is not None else ()
    return next((str(side) for side in sides if side.provider == "tmdb"), "tmdb")


def one_line(report: RunReport) -> str:
    """A run in a list."""
    run = report.run
    why = f" ({words.say(run.code, run.params).title})" if run.status == "failed" and run.code else ""
    waits = f", waiting for {run.waiting_for}" if run.waiting_for else ""
    did = "preview " if run.kind == PLAN else ""
    when = f"{run.id}: {local_time(run.started_at)}  {run.pair_name}"
    return plain(f"{when}: {did}{run.status}{waits}{why}{_figures(report)}")


def tell(report: RunReport, account: str) -> None:
    """How a run ended, lane by lane, and what to do where something is wrong."""
    run = report.run
    seconds = ((run.finished_at or run.started_at) - run.started_at) / 1000
    decided = report.running or run.status in ("succeeded", "partial")
    ended = f"{'preview ' if run.kind == PLAN else ''}{run.status} in {seconds:.1f} s"
    lines = [f"{run.pair_name}: {ended}, {run.requests} requests (run {run.id})"]
    if run.waiting_for:
        lines.append(f"  waiting for {run.waiting_for}")
    for feature, lane in report.lanes.items():
        nothing = _LOOKED if run.kind == PLAN else _NOTHING if run.plan is None else _UNWRITTEN
        figures = _lane_figures(lane) or (nothing if decided else " nothing was decided")
        lines.append(f"  {feature}: read {lane['read']['source']} and {lane['read']['target']};{figures}")
        for side, reason in lane.get("incomplete", {}).items():
            lines.append(f"    the {side}'s list is not complete: {reason}")
        hidden = sum(lane.get("gap", {}).values())
        if hidden:
            lines.append(f"    {hidden} hidden: the service counts them and does not list them")
        if lane.get("replaced"):
            lines.append(f"    {lane['replaced']} took the place of a rating that the service had not shown")
        if lane.get("cleared"):
            lines.append(f"    {lane['cleared']} taken off by the service itself, because rated or watched")
        for why, titles in lane.get("why_held", {}).items():
            lines.append(f"    {titles} held: {words.held(why)}")
        if lane.get("waiting"):
            lines.append(f"    {lane['waiting']} held until you allow it: “crosswatch attention”")
        if lane.get("conflicts"):
            lines.append("    whose value counts is for you to say: “crosswatch attention”")
    if not (report.lanes or decided):
        lines.append("  nothing was decided")
    for line in lines:
        typer.echo(plain(line))
    if run.code:
        typer.echo(told(run.code, {"account": account, **run.params}).whole, err=True)


def _lane_figures(lane: Mapping[str, Any]) -> str:
    names = (
        "added", "changed", "removed", "adopted", "already", "held", "kept", "left", "later", "conflicts",
        "unmatched", "rejected", "moved", "retry_later", "in_doubt", "not_sent",
    )  # fmt: skip
    said = [f" {lane[name]} {_WORDS.get(name, name.replace('_', ' '))}" for name in names if lane.get(name)]
    back = sum(lane.get("to", {}).get("source", {}).values())
    return ",".join(said) + (f" ({back} of these in the source)" if back else "")


def _figures(report: RunReport) -> str:
    names = ("added", "changed", "removed", "held")
    sums = {name: sum(int(lane.get(name, 0)) for lane in report.lanes.values()) for name in names}
    said = ", ".join(f"{number} {name}" for name, number in sums.items() if number)
    return f", {said}" if said else ""
