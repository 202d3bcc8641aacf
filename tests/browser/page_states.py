"""Every page in every state that it can have, with made-up views. Rendered by tests and by tools/shots.py."""

from dataclasses import replace

from crosswatch.model.kinds import Action, Feature, Kind, Mode
from crosswatch.web.pages.views import (
    Area,
    ConnectionState,
    ConnectionView,
    FeatureCount,
    HomeView,
    ItemView,
    LaneView,
    Notice,
    PairCard,
    PairState,
    Progress,
    RunListView,
    RunRow,
    RunView,
    SideView,
    Status,
)
from tests.browser.page_parts import CONNECTIONS, HOSTILE, HOUR, LONG, MINUTE, NOW, UNREACHABLE, State, told
from tests.browser.page_states_inbox import INBOX
from tests.browser.page_states_pairs import FORM, PAIRS
from tests.browser.page_states_plans import PLANS
from tests.browser.page_states_settings import ALONE, SETTINGS

TMDB = SideView("tmdb", "TMDb", "alice")
TRACKER = SideView("tracker", "CrossWatch", "Tracker")
RECENT = (
    RunRow(
        "41",
        "TMDb to tracker",
        "sync",
        Status.SUCCEEDED,
        NOW - 4 * MINUTE,
        NOW - 4 * MINUTE + 2400,
        12,
        3,
        0,
        0,
    ),
    RunRow(
        "40", "TMDb to tracker", "sync", Status.PARTIAL, NOW - 26 * HOUR, NOW - 26 * HOUR + 61_000, 1, 0, 2, 3
    ),
    RunRow("39", "TMDb to tracker", "sync", Status.SUCCEEDED, NOW - 50 * HOUR, NOW - 50 * HOUR + 900),
)
READING = Progress("42", "reading", NOW - 8000, "TMDb, ratings", 1840, 5204, 412.3, 8.2)


def pair(
    state: PairState,
    progress: Progress | None = None,
    notice: Notice | None = None,
    counts: tuple[int | None, int | None] = (872, 1204),
    name: str = "TMDb to tracker",
    can_run: bool = True,
) -> PairCard:
    """The pair that most states show, in that state."""
    ran = state is not PairState.NEVER
    return PairCard(
        id="1",
        name=name,
        source=TMDB,
        target=TRACKER,
        mode=Mode.ONE_WAY,
        features=(FeatureCount(Feature.WATCHLIST, counts[0]), FeatureCount(Feature.RATINGS, counts[1])),
        state=state,
        last_run="41" if ran else "",
        last_at=NOW - 4 * MINUTE if ran else None,
        progress=progress,
        notice=notice,
        can_run=can_run,
    )


ENDED = told("session_ended", ("/settings/tmdb_sync", "Connect TMDb again"))


def home(
    *pairs: PairCard,
    attention: int = 0,
    recent: tuple[RunRow, ...] = RECENT,
    connections: tuple[ConnectionView, ...] = CONNECTIONS,
) -> State:
    return State(
        "home.html",
        HomeView(
            connections,
            pairs,
            recent=recent,
            attention=attention,
            more=len(connections) > 2,
        ),
        Area.HOME,
    )


HOME = {
    "home-empty": State("home.html", HomeView(), Area.HOME),
    "home-connecting": State(
        "home.html",
        HomeView(
            (ConnectionView("tmdb", "TMDb", "not yet", ConnectionState.PENDING, "/settings/tmdb_sync"),)
        ),
        Area.HOME,
    ),
    "home-offer": State("home.html", HomeView(CONNECTIONS, offer=FORM), Area.HOME),
    "home-never": home(pair(PairState.NEVER, counts=(None, None)), recent=()),
    "home-in-step": home(pair(PairState.IN_STEP)),
    "home-in-step-beyond": home(replace(pair(PairState.IN_STEP), beyond=3)),
    "home-asking": home(
        replace(
            pair(PairState.ASKING, counts=(20_000, 184_113)),
            mode=Mode.TWO_WAY,
            but="In step, but 3 removals wait for you.",
        ),
        attention=3,
        connections=(
            *CONNECTIONS,
            ConnectionView("tmdb", "TMDb", "bob", ConnectionState.CONNECTED, "/settings/tmdb_sync"),
        ),
    ),
    "home-apart": home(
        replace(
            pair(PairState.APART),
            but="In step, but 2 answers wait for the next sync and 12 differences are kept.",
        )
    ),
    "home-running": home(pair(PairState.RUNNING, READING)),
    "home-looking": home(pair(PairState.LOOKING, READING)),
    "home-waiting": home(
        pair(
            PairState.RUNNING,
            Progress("42", "waiting", NOW, waiting_for="run 41 of the command line (process 812)"),
        )
    ),
    "home-stopping": home(
        pair(PairState.RUNNING, Progress("42", "writing", NOW, "tracker", 3, 9, 0.4, 340.0, "", True))
    ),
    "home-partly": home(
        pair(
            PairState.PARTLY,
            notice=told("incomplete_source", account="tmdb", feature="ratings", reason="page 7 was lost"),
        )
    ),
    "home-broken": home(
        pair(PairState.BROKEN, notice=ENDED, can_run=False),
        connections=(
            ConnectionView("tmdb", "TMDb", "alice", ConnectionState.ENDED, "/settings/tmdb_sync"),
            CONNECTIONS[1],
        ),
    ),
    "home-unreachable": home(
        pair(PairState.BROKEN, notice=UNREACHABLE),
        connections=(
            ConnectionView("tmdb", "TMDb", "alice", ConnectionState.UNCHECKED, "/settings/tmdb_sync"),
            CONNECTIONS[1],
        ),
    ),
    "home-stopped": home(pair(PairState.STOPPED, notice=told("cancelled"))),
    "home-off": home(pair(PairState.OFF, can_run=False)),
    "home-hostile": home(pair(PairState.IN_STEP, name=HOSTILE)),
    "home-long": home(pair(PairState.IN_STEP, name=LONG), replace(pair(PairState.NEVER), id="2")),
}

ITEMS = (
    ItemView(
        "Dune: Part Two",
        Kind.MOVIE,
        Feature.WATCHLIST,
        "CrossWatch",
        Action.ADD,
        None,
        1,
        "applied",
        year=2024,
    ),
    ItemView(
        "Severance", Kind.SHOW, Feature.RATINGS, "CrossWatch", Action.CHANGE, 800, 850, "applied", year=2022
    ),
    ItemView(
        "The Big Goodbye",
        Kind.EPISODE,
        Feature.RATINGS,
        "CrossWatch",
        Action.ADD,
        None,
        900,
        "already",
        year=1988,
        season=0,
        number=1,
    ),
    ItemView(
        "Paddington 2",
        Kind.MOVIE,
        Feature.WATCHLIST,
        "CrossWatch",
        Action.REMOVE,
        1,
        None,
        "held",
        "TMDb may still show an older state; looked at again in 4 minutes.",
        2017,
    ),
    ItemView(
        "Untitled",
        Kind.MOVIE,
        Feature.RATINGS,
        "CrossWatch",
        Action.ADD,
        None,
        50,
        "rejected",
        "TMDb: “Value too low” (code 18).",
    ),
)
LANES = (
    LaneView(
        Feature.RATINGS,
        5204,
        5201,
        {
            "added": 12,
            "changed": 3,
            "removed": 0,
            "adopted": 5186,
            "rejected": 1,
            "unmatched": 2,
            "in_doubt": 1,
        },
        {"target": {"added": 12, "changed": 3}},
    ),
    LaneView(
        Feature.WATCHLIST,
        872,
        None,
        {
            "added": 1,
            "held": 4,
            "kept": 2,
            "left": 1,
            "conflicts": 1,
            "moved": 1,
            "retry_later": 6,
            "not_sent": 9,
        },
        {"source": {"added": 0}, "target": {"added": 1}},
    ),
)


def run(status: Status, **more: object) -> State:
    """A run of the pair that most states show."""
    values: dict[str, object] = {
        "id": "41",
        "pair": "TMDb to tracker",
        "source": TMDB,
        "target": TRACKER,
        "kind": "sync",
        "status": status,
        "trigger": "user",
        "started_at": NOW - 4 * MINUTE,
        "finished_at": None if status is Status.RUNNING else NOW - 4 * MINUTE + 83_000,
        "requests": 331,
    }
    return State("run.html", RunView(**{**values, **more}), Area.ACTIVITY)  # type: ignore[arg-type]


BOTH_WAYS = LaneView(
    Feature.RATINGS,
    40,
    41,
    {"added": 12, "removed": 1},
    {"source": {"added": 4}, "target": {"added": 8, "removed": 1}},
)
ACTIVITY = {
    "runs-empty": State("runs.html", RunListView((), 0), Area.ACTIVITY),
    "runs": State(
        "runs.html",
        RunListView(
            (
                RunRow("42", "TMDb to tracker", "sync", Status.RUNNING, NOW - 8000, None),
                *RECENT,
                RunRow(
                    "38",
                    "TMDb to tracker",
                    "undo",
                    Status.CANCELLED,
                    NOW - 90 * HOUR,
                    NOW - 90 * HOUR + 5000,
                    4,
                ),
                RunRow("37", LONG, "plan", Status.FAILED, NOW - 99 * HOUR, NOW - 99 * HOUR + 60_000),
                RunRow(
                    "36",
                    "TMDb to tracker",
                    "sync",
                    Status.INTERRUPTED,
                    NOW - 400 * HOUR,
                    NOW - 399 * HOUR,
                    20_411,
                    1_200,
                    14,
                    3,
                ),
            ),
            1_204,
            "36",
        ),
        Area.ACTIVITY,
    ),
    "runs-last-page": State("runs.html", RunListView(RECENT, 1_204, first=False), Area.ACTIVITY),
    "run-running": run(Status.RUNNING, progress=READING),
    "run-running-writing": run(
        Status.RUNNING,
        progress=Progress("41", "writing", NOW, "tracker", 40, 120, 3.2, 25.0),
        lanes=(BOTH_WAYS,),
    ),
    "run-unknown-total": run(Status.RUNNING, progress=Progress("41", "brand_new_phase", NOW, done=500)),
    "run-succeeded": run(Status.SUCCEEDED, lanes=LANES, items=ITEMS, total=812, next="abc"),
    "run-filtered": run(Status.SUCCEEDED, lanes=LANES, items=ITEMS[:2], total=2, lane="ratings", first=False),
    "run-filtered-empty": run(Status.SUCCEEDED, lanes=LANES, lane="watchlist"),
    "run-both-ways": run(Status.SUCCEEDED, lanes=(BOTH_WAYS,)),
    "run-nothing-to-do": run(Status.SUCCEEDED, lanes=(LaneView(Feature.RATINGS, 40, 40, {"adopted": 0}),)),
    "run-nothing-to-write": run(
        Status.SUCCEEDED,
        lanes=(LaneView(Feature.WATCHLIST, 38, 40, {}, nothing="unneeded", beyond=2),),
    ),
    "run-undecided": run(
        Status.CANCELLED, lanes=(LaneView(Feature.RATINGS, None, None, {}, nothing="undecided"),)
    ),
    "run-partial": run(
        Status.PARTIAL, lanes=LANES, items=ITEMS, total=5, notice=told("rate_limited", seconds=30)
    ),
    "run-failed": run(Status.FAILED, notice=ENDED),
    "run-preview-running": run(Status.RUNNING, kind="plan", progress=READING, follow=True),
    "run-preview": run(
        Status.SUCCEEDED,
        kind="plan",
        plan="7",
        plan_words="13 added to CrossWatch, 3 changed, nothing removed",
    ),
    "run-preview-followed": run(
        Status.SUCCEEDED, kind="plan", plan="7", plan_words="Nothing would be written", follow=True
    ),
    "run-preview-forgotten": run(Status.PARTIAL, kind="plan"),
    "run-preview-failed": run(Status.FAILED, kind="plan", notice=ENDED),
    "run-applied": run(
        Status.SUCCEEDED, lanes=LANES, items=ITEMS, total=4, plan="7", plan_words="13 added to CrossWatch"
    ),
    "run-plan-stale": run(
        Status.FAILED,
        notice=told(
            "plan_stale", ("/plans/7", "Go to the preview"), why="moved", titles="Heat (1995), 4 more"
        ),
    ),
    "run-cancelled": run(Status.CANCELLED, notice=told("cancelled")),
    "run-interrupted": run(Status.INTERRUPTED, notice=told("interrupted"), trigger="someone_new"),
    "run-hostile": run(
        Status.SUCCEEDED,
        lanes=LANES,
        items=(
            ItemView(HOSTILE, Kind.MOVIE, Feature.RATINGS, HOSTILE, None, None, 850, "left", HOSTILE, 1999),
        ),
        total=1,
    ),
    "run-long": run(
        Status.SUCCEEDED,
        items=(
            ItemView(
                LONG, Kind.MOVIE, Feature.RATINGS, "TMDb", Action.ADD, 50, 1000, "new_outcome", LONG, 1964
            ),
        ),
        total=1,
    ),
}

STATES: dict[str, State] = {**HOME, **PAIRS, **INBOX, **PLANS, **ACTIVITY, **SETTINGS, **ALONE}
