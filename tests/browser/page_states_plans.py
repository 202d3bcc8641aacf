"""The states of a preview, and of the runs that make one or apply one."""

from dataclasses import replace

from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.web.pages.labels import ACTIONS, COUNTS
from crosswatch.web.pages.plan_views import PlanLaneView, PlanLine, PlanRow, PlanView
from crosswatch.web.pages.views import Area, SideView
from tests.browser.page_parts import HOSTILE, HOUR, LONG, MINUTE, NOW, State, told

TMDB = SideView("tmdb", "TMDb", "alice")
TRACKER = SideView("tracker", "CrossWatch", "Tracker")
LISTED = "Read in the list of TMDb at 15:53."
ASKED = "TMDb was asked about this title itself at 15:53."
WRITES = (
    PlanRow(
        "Dune: Part Two", Kind.MOVIE, Feature.RATINGS, "", "TMDb has it, and CrossWatch does not.", LISTED,
        "CrossWatch", Action.ADD, None, 900, year=2024,
    ),
    PlanRow(
        "Severance", Kind.SHOW, Feature.RATINGS, "", "You changed it on TMDb.", LISTED,
        "CrossWatch", Action.CHANGE, 800, 850, year=2022,
    ),
    PlanRow(
        "Star Trek: The Next Generation: The Big Goodbye", Kind.EPISODE, Feature.RATINGS, "",
        "TMDb has it, and CrossWatch does not.", LISTED, "CrossWatch", Action.ADD, None, 750, season=1, number=12,
    ),
    PlanRow(
        "Perfect Days", Kind.MOVIE, Feature.WATCHLIST, "", "TMDb has it, and CrossWatch does not.", LISTED,
        "CrossWatch", Action.ADD, None, 1, year=2023,
    ),
)  # fmt: skip
REMOVALS = (
    PlanRow(
        "Paddington 2", Kind.MOVIE, Feature.WATCHLIST, "", "You took it off on TMDb.", ASKED,
        "CrossWatch", Action.REMOVE, 1, None, year=2017,
    ),
    PlanRow(
        "Cats", Kind.MOVIE, Feature.RATINGS, "", "You took it off on TMDb.", ASKED,
        "CrossWatch", Action.REMOVE, 250, None, year=2019,
    ),
)  # fmt: skip
REST = (
    PlanRow(
        "Heat", Kind.MOVIE, Feature.RATINGS, "conflict",
        "Rated 8.5 on TMDb and 7 on CrossWatch. You decide which one counts.", both=(850, 700), year=1995,
    ),
    PlanRow(
        "The Room", Kind.MOVIE, Feature.WATCHLIST, "waits",
        "You took it off on TMDb. It waits until you allow it.", ASKED, "CrossWatch", Action.REMOVE, 1, None, year=2003,
    ),
    PlanRow(
        "Shōgun", Kind.SHOW, Feature.RATINGS, "held",
        "TMDb: changed only minutes ago, and the service's lists may still show an older state.", year=2024,
    ),
    PlanRow(
        "Past Lives", Kind.MOVIE, Feature.WATCHLIST, "cleared",
        "TMDb may have taken it off by itself, because you rated or watched it. It stays on CrossWatch.",
        before=1, year=2023,
    ),
    PlanRow(
        "Aftersun", Kind.MOVIE, Feature.WATCHLIST, "kept",
        "You took it off on TMDb. It stays on CrossWatch, because this pair does not remove.", before=1, year=2022,
    ),
)  # fmt: skip


def line(count: int, action: Action, words: str) -> PlanLine:
    return PlanLine(count, words, ACTIONS[action])


def others(**counts: int) -> tuple[PlanLine, ...]:
    return tuple(PlanLine(count, COUNTS[name].word, COUNTS[name]) for name, count in counts.items())


RATINGS = PlanLaneView(
    Feature.RATINGS,
    5_204,
    5_189,
    (line(12, Action.ADD, "added to CrossWatch"), line(3, Action.CHANGE, "changed on CrossWatch")),
)
WATCHLIST = PlanLaneView(Feature.WATCHLIST, 872, 871, (line(1, Action.ADD, "added to CrossWatch"),))
PLAN = PlanView(
    id="7",
    pair="1",
    pair_name="TMDb to CrossWatch",
    source=TMDB,
    target=TRACKER,
    headline="13\u00a0added to CrossWatch, 3\u00a0changed, nothing removed",
    made_at=NOW - 4 * MINUTE,
    expires_at=NOW + 24 * HOUR - 4 * MINUTE,
    button="13 added, 3 changed",
    lanes=(
        replace(RATINGS, lines=(*RATINGS.lines, *others(conflicts=1, held=40, adopted=5_120))),
        replace(WATCHLIST, lines=(*WATCHLIST.lines, *others(waiting=1, cleared=1, kept=1))),
    ),
    writes=WRITES,
    write_count=16,
    rest=REST,
    rest_count=43,
)
WITH_REMOVALS = replace(
    PLAN,
    headline="13 added to CrossWatch, 3 changed, 2 removed",
    button="13 added, 3 changed, 2 removed",
    removes=True,
    writes=(*WRITES, *REMOVALS),
    write_count=18,
    lanes=(
        replace(RATINGS, lines=(*RATINGS.lines, line(1, Action.REMOVE, "removed from CrossWatch"))),
        replace(WATCHLIST, lines=(*WATCHLIST.lines, line(1, Action.REMOVE, "removed from CrossWatch"))),
    ),
    rest=(),
    rest_count=0,
)
NOTHING = replace(
    PLAN,
    headline="Nothing would be written",
    button="",
    writes=(),
    write_count=0,
    rest=(),
    rest_count=0,
    lanes=(replace(RATINGS, lines=others(adopted=5_204)), replace(WATCHLIST, lines=())),
)
MOVED = told("plan_stale", why="moved", titles="Heat (1995), Severance (2022), 4 more")


def plan(view: PlanView) -> State:
    return State("plan.html", view, Area.HOME)


PLANS = {
    "plan": plan(PLAN),
    "plan-removals": plan(WITH_REMOVALS),
    "plan-nothing": plan(NOTHING),
    "plan-only-questions": plan(replace(NOTHING, rest=REST[:1], rest_count=1)),
    "plan-lane": plan(replace(PLAN, lane="ratings", writes=WRITES[:3], write_count=15, rest=REST[:1])),
    "plan-lane-empty": plan(replace(PLAN, lane="watchlist", writes=(), write_count=0, rest=(), rest_count=0)),
    "plan-many": plan(
        replace(
            PLAN,
            headline="98\u202f411\u00a0added to CrossWatch, 1\u202f204\u00a0changed, nothing removed",
            button="98\u202f411\u00a0added, 1\u202f204\u00a0changed",
            writes=WRITES * 25,
            write_count=99_615,
            rest=(),
            rest_count=0,
            next="201",
            first=False,
        )
    ),
    "plan-rest": plan(
        replace(PLAN, writes=(), write_count=0, rest=REST * 20, rest_count=4_211, rest_only=True, next="300")
    ),
    "plan-rest-empty": plan(replace(PLAN, rest=(), rest_count=0, rest_only=True, lane="watchlist")),
    "plan-applied": plan(replace(PLAN, can_apply=False, done="42")),
    "plan-being-applied": plan(replace(PLAN, can_apply=False, done="42", doing=True)),
    "plan-expired": plan(
        replace(
            PLAN,
            can_apply=False,
            expires_at=NOW - HOUR,
            made_at=NOW - 25 * HOUR,
            notice=told("plan_stale", why="expired"),
        )
    ),
    "plan-changed": plan(replace(PLAN, can_apply=False, notice=told("plan_stale", why="changed"))),
    "plan-moved": plan(replace(WITH_REMOVALS, notice=MOVED)),
    "plan-pair-gone": plan(replace(PLAN, pair="", can_apply=False, notice=told("plan_stale", why="gone"))),
    "plan-incomplete": plan(
        replace(
            PLAN,
            lanes=(
                replace(
                    RATINGS, lines=(), incomplete=("The list of TMDb is not complete: page 7 was lost.",)
                ),
                WATCHLIST,
            ),
        )
    ),
    "plan-one-lane": plan(replace(PLAN, lanes=(RATINGS,), rest=(), rest_count=0)),
    "plan-two-accounts": plan(
        replace(
            PLAN,
            pair_name="TMDb and TMDb (second)",
            headline="1\u00a0added to TMDb (bob), 2\u00a0changed; 1\u00a0added to TMDb (alice), 2\u00a0removed",
            button="2 added, 2 changed, 2 removed",
            removes=True,
        )
    ),
    "plan-hostile": plan(
        replace(
            PLAN,
            pair_name=HOSTILE,
            headline=HOSTILE,
            writes=(
                PlanRow(
                    HOSTILE, Kind.MOVIE, Feature.RATINGS, "", HOSTILE, HOSTILE, HOSTILE, Action.ADD, None, 50
                ),
            ),
        )
    ),
    "plan-long": plan(
        replace(
            PLAN,
            pair_name=LONG,
            headline=f"1 added to {LONG}",
            writes=(
                PlanRow(LONG, Kind.MOVIE, Feature.RATINGS, "", LONG, LISTED, LONG, Action.CHANGE, 50, 1000),
            ),
        )
    ),
}
