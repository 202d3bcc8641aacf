"""crosswatch pairs list, add, show, edit, remove."""

from dataclasses import replace
from typing import Annotated

import typer

from crosswatch.cli.opening import with_house
from crosswatch.cli.output import JSON_OPTION, on_terminal, plain, show_json, wants_json
from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.services.pairs import NewPair, Pairs, lane_defaults
from crosswatch.services.shapes import pair_shape
from crosswatch.store.pairs import LaneRow, LaneSettings, PairRow

app = typer.Typer(help="Which accounts are kept in step.", no_args_is_help=True, add_completion=False)

_CONFLICT = (
    "Whose rating wins where both changed: ask (it waits for you in “crosswatch attention”), source, target, or newest "
    "(which asks where a service has no dates, as TMDb has none). Without it: ask both ways, source one way."
)
_WINS = {
    Conflict.ASK: "asks where both changed",
    Conflict.SOURCE: "the source wins where both changed",
    Conflict.TARGET: "the target wins where both changed",
    Conflict.NEWEST: "the newest wins where both changed, and it asks where there are no dates",
}
_REMOVE = (
    "What was removed on one side is removed on the other, once that is proved; many at once wait for you. Without it "
    "nothing is ever removed."
)
_WHEN_RATED = (
    "Also take off the other watchlist what a service took off its own because you rated or watched it. Only with "
    "--remove."
)
PairArgument = Annotated[str, typer.Argument(help="Its number or its name.", metavar="PAIR")]


@app.command("list")
def list_pairs(json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Lists the pairs."""
    every = with_house(lambda house: Pairs(house).every())
    if wants_json():
        show_json([pair_shape(pair) for pair in every])
    elif not every:
        typer.echo("There are no pairs yet. Make one with “crosswatch pairs add tmdb tracker”.")
    else:
        for pair in every:
            typer.echo(line(pair))


@app.command()
def add(
    source: Annotated[str, typer.Argument(help="Where the lists are: tmdb, tmdb/second, tracker ...")],
    target: Annotated[str, typer.Argument(help="Where they shall be kept: tracker, tmdb ...")],
    name: Annotated[str, typer.Option(help="What you want to call it.")] = "",
    watchlist: Annotated[bool, typer.Option(help="Keep the watchlist in step.")] = True,
    ratings: Annotated[bool, typer.Option(help="Keep the ratings in step.")] = True,
    conflict: Annotated[Conflict | None, typer.Option(help=_CONFLICT)] = None,
    remove: Annotated[bool, typer.Option("--remove/--no-remove", help=_REMOVE)] = False,
    when_rated: Annotated[
        bool, typer.Option("--remove-when-rated/--no-remove-when-rated", help=_WHEN_RATED)
    ] = False,
    two_way: Annotated[
        bool, typer.Option("--two-way", help="Changes go both ways; else from SOURCE to TARGET only.")
    ] = False,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Makes a pair: what is in SOURCE will be in TARGET, and with --two-way the other way round as well.

    The first run removes nothing, and later ones only with --remove. Where both have rated a title otherwise, the rule
    decides; before more than ten ratings of one side would be overwritten in the first run, you are asked.
    """
    mode = Mode.TWO_WAY if two_way else Mode.ONE_WAY
    settings = replace(lane_defaults(mode), remove=remove)
    if conflict is not None:
        settings = replace(settings, conflict=conflict)
    new = NewPair(
        AccountName.parse(source),
        AccountName.parse(target),
        name=name,
        mode=mode,
        features={
            Feature.RATINGS: replace(settings, enabled=ratings),
            Feature.WATCHLIST: replace(settings, enabled=watchlist, remove_when_rated=when_rated),
        },
    )
    pair, undated = with_house(lambda house: _add(Pairs(house), new))
    if wants_json():
        show_json(pair_shape(pair))
    else:
        typer.echo(f"Made pair {line(pair)}")
        _tell_undated(conflict, undated)
        typer.echo(
            f"See what a sync would do with “crosswatch plan {pair.id}”, or sync now: “crosswatch sync {pair.id}”."
        )


async def _add(pairs: Pairs, new: NewPair) -> tuple[PairRow, list[str]]:
    made = await pairs.add(new)
    return made, pairs.undated(made.source, made.target)


def _tell_undated(conflict: Conflict | None, undated: list[str]) -> None:
    """Says what “newest” comes to where a service dates nothing."""
    if conflict is Conflict.NEWEST and undated:
        typer.echo(f"{' and '.join(undated)} gives no dates, so it asks: “crosswatch attention”.")


@app.command()
def show(pair: PairArgument, json: Annotated[bool, JSON_OPTION] = False) -> None:
    """Shows a pair."""
    found = with_house(lambda house: Pairs(house).named(pair))
    if wants_json():
        show_json(pair_shape(found))
        return
    typer.echo(line(found))
    for lane in found.lanes:
        settings = lane.settings
        allowed = [word for word in ("add", "change", "remove") if getattr(settings, word)]
        if lane.feature is Feature.WATCHLIST and "change" in allowed:
            allowed.remove("change")
        if settings.remove_when_rated:
            allowed.append("remove what was rated")
        state = f"on: {', '.join(allowed)}" if settings.enabled else "off"
        if settings.enabled and lane.feature is Feature.RATINGS:
            state += f"; {_WINS[settings.conflict]}"
        typer.echo(f"  {lane.feature}: {state}")


@app.command()
def edit(
    pair: PairArgument,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    enabled: Annotated[bool | None, typer.Option("--on/--off", help="Switch the pair on or off.")] = None,
    watchlist: Annotated[bool | None, typer.Option(help="Keep the watchlist in step.")] = None,
    ratings: Annotated[bool | None, typer.Option(help="Keep the ratings in step.")] = None,
    conflict: Annotated[Conflict | None, typer.Option(help=_CONFLICT)] = None,
    remove: Annotated[bool | None, typer.Option("--remove/--no-remove", help=_REMOVE)] = None,
    when_rated: Annotated[
        bool | None, typer.Option("--remove-when-rated/--no-remove-when-rated", help=_WHEN_RATED)
    ] = None,
    two_way: Annotated[
        bool | None, typer.Option("--two-way/--one-way", help="The direction cannot be changed.")
    ] = None,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Changes a pair; what was agreed so far is kept.

    Switching on --remove removes nothing by itself: what was kept so far is asked about in “crosswatch attention”.
    """
    switches = {Feature.WATCHLIST: watchlist, Feature.RATINGS: ratings}

    async def work(pairs: Pairs) -> tuple[PairRow, int, list[str]]:
        found = await pairs.named(pair)
        if two_way is not None and two_way != (found.mode is Mode.TWO_WAY):
            raise Refused("mode_fixed")
        features = {
            lane.feature: _edited(lane, switches[lane.feature], conflict, remove, when_rated)
            for lane in found.lanes
        }
        kept = sum((await pairs.kept(found)).values()) if remove else 0
        changed = await pairs.change(found.id, name=name, enabled=enabled, features=features)
        return changed, kept, pairs.undated(found.source, found.target)

    changed, kept, undated = with_house(lambda house: work(Pairs(house)))
    if wants_json():
        show_json(pair_shape(changed))
        return
    typer.echo(line(changed))
    _tell_undated(conflict, undated)
    if kept:
        titles = "1 title that was" if kept == 1 else f"{kept} titles that were"
        typer.echo(f"You are asked about {titles} kept so far: “crosswatch attention --kind kept”.")


def _edited(
    lane: LaneRow,
    switch: bool | None,
    conflict: Conflict | None,
    remove: bool | None,
    when_rated: bool | None,
) -> LaneSettings:
    """The settings of a lane with what is given; without removing nothing is removed for any reason."""
    settings = lane.settings
    removes = settings.remove if remove is None else remove
    rated = settings.remove_when_rated and removes if when_rated is None else when_rated
    return replace(
        settings,
        enabled=settings.enabled if switch is None else switch,
        conflict=conflict or settings.conflict,
        remove=removes,
        remove_when_rated=rated and lane.feature is Feature.WATCHLIST,
    )


@app.command()
def remove(
    pair: PairArgument,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: Annotated[bool, JSON_OPTION] = False,
) -> None:
    """Deletes a pair. Both accounts keep all their titles."""
    if not yes and on_terminal():
        typer.confirm(f"Delete the pair {pair}? Both accounts keep all their titles.", abort=True)
    elif not yes:
        raise Refused("invalid_request", reason="say --yes to delete a pair without being asked")

    async def work(pairs: Pairs) -> PairRow:
        found = await pairs.named(pair)
        return await pairs.remove(found.id)

    gone = with_house(lambda house: work(Pairs(house)))
    if wants_json():
        show_json({"ok": True, "id": str(gone.id)})
    else:
        typer.echo(f"Deleted “{plain(gone.name)}”. Both accounts keep all their titles.")


def line(pair: PairRow) -> str:
    """A pair in a list."""
    features = ", ".join(lane.feature.value for lane in pair.lanes if lane.settings.enabled) or "nothing"
    arrow = "↔" if pair.mode is Mode.TWO_WAY else "→"
    removing = [lane.feature.value for lane in pair.lanes if lane.settings.enabled and lane.settings.remove]
    removes = f", removes from: {', '.join(removing)}" if removing else ""
    off = "" if pair.enabled else ", switched off"
    return f"{pair.id} “{plain(pair.name)}”: {pair.source} {arrow} {pair.target} ({features}){removes}{off}"
