"""Every page in every state that it can have, with made-up views. Rendered by tests and by tools/shots.py."""

from dataclasses import dataclass

from crosswatch.model.kinds import Action, Feature, Kind, Mode
from crosswatch.web.pages.views import (
    Area,
    ConnectionState,
    ConnectionView,
    ConnectResultView,
    DisconnectView,
    ErrorView,
    FeatureCount,
    HomeView,
    ItemView,
    KeyView,
    LaneView,
    Notice,
    PairCard,
    PairState,
    Progress,
    Result,
    RunListView,
    RunRow,
    RunView,
    SettingsView,
    SetUpView,
    SideView,
    SignInView,
    Status,
    TmdbSyncView,
)
from crosswatch.words import say

NOW = 1_795_445_824_000
MINUTE = 60_000
HOUR = 60 * MINUTE
HOSTILE = '<script>alert("1")</script> & \'"><img src=x onerror=alert(1)>'
LONG = "Dr. Strangelove or: How I Learned to Stop Worrying and Love the Bomb" + "x" * 60


@dataclass(frozen=True)
class State:
    """One page in one state."""

    template: str
    view: object
    area: Area = Area.NONE
    nav: bool = True
    signed_in: bool = False


TMDB = SideView("tmdb", "TMDb", "alice")
TRACKER = SideView("tracker", "CrossWatch", "Tracker")
CONNECTIONS = (
    ConnectionView("tmdb", "TMDb", "alice", ConnectionState.CONNECTED, "/settings/tmdb_sync"),
    ConnectionView("tracker", "CrossWatch", "Tracker", ConnectionState.BUILT_IN),
)
RECENT = (
    RunRow("41", "TMDb to tracker", "sync", Status.SUCCEEDED, NOW - 4 * MINUTE, NOW - 4 * MINUTE + 2400, 12, 3, 0, 0),
    RunRow("40", "TMDb to tracker", "sync", Status.PARTIAL, NOW - 26 * HOUR, NOW - 26 * HOUR + 61_000, 1, 0, 2, 3),
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


def told(code: str, href: str = "", label: str = "", **params: object) -> Notice:
    """A notice in the catalogue's words."""
    return Notice(say(code, params), href, label)


UNREACHABLE = told("unreachable", url="https://api.themoviedb.org/3", reason="the name could not be resolved")
ENDED = told("session_ended", "/settings/tmdb_sync", "Connect TMDb again")


def home(
    *pairs: PairCard,
    attention: int = 0,
    recent: tuple[RunRow, ...] = RECENT,
    connections: tuple[ConnectionView, ...] = CONNECTIONS,
) -> State:
    return State(
        "home.html",
        HomeView(connections, pairs, recent=recent, attention=attention, attention_href="/runs/41"),
        Area.HOME,
    )


HOME = {
    "home-empty": State("home.html", HomeView(), Area.HOME),
    "home-connecting": State(
        "home.html",
        HomeView((ConnectionView("tmdb", "TMDb", "not yet", ConnectionState.PENDING, "/settings/tmdb_sync"),)),
        Area.HOME,
    ),
    "home-offer": State("home.html", HomeView(CONNECTIONS, offer=(("default", "alice"),)), Area.HOME),
    "home-never": home(pair(PairState.NEVER, counts=(None, None)), recent=()),
    "home-in-step": home(pair(PairState.IN_STEP)),
    "home-in-step-attention": home(pair(PairState.IN_STEP, counts=(20_000, 184_113)), attention=3),
    "home-running": home(pair(PairState.RUNNING, READING)),
    "home-waiting": home(
        pair(PairState.RUNNING, Progress("42", "waiting", NOW, waiting_for="TMDb asks to wait 12 s"))
    ),
    "home-stopping": home(
        pair(PairState.RUNNING, Progress("42", "writing", NOW, "tracker", 3, 9, 0.4, 340.0, "", True))
    ),
    "home-partly": home(
        pair(PairState.PARTLY, notice=told("incomplete_source", account="tmdb", feature="ratings", reason="page 7 was lost"))
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
    "home-long": home(pair(PairState.IN_STEP, name=LONG), pair(PairState.NEVER)),
}

ITEMS = (
    ItemView("Dune: Part Two", Kind.MOVIE, Feature.WATCHLIST, "CrossWatch", Action.ADD, None, 1, "applied", year=2024),
    ItemView("Severance", Kind.SHOW, Feature.RATINGS, "CrossWatch", Action.CHANGE, 800, 850, "applied", year=2022),
    ItemView("The Big Goodbye", Kind.EPISODE, Feature.RATINGS, "CrossWatch", Action.ADD, None, 900, "already", year=1988, season=0, number=1),
    ItemView("Paddington 2", Kind.MOVIE, Feature.WATCHLIST, "CrossWatch", Action.REMOVE, 1, None, "held", "TMDb may still show an older state; looked at again in 4 minutes.", 2017),
    ItemView("Untitled", Kind.MOVIE, Feature.RATINGS, "CrossWatch", Action.ADD, None, 50, "rejected", "TMDb: “Value too low” (code 18)."),
)  # fmt: skip
LANES = (
    LaneView(
        Feature.RATINGS,
        5204,
        5201,
        {"added": 12, "changed": 3, "removed": 0, "adopted": 5186, "rejected": 1, "unmatched": 2, "in_doubt": 1},
        {"target": {"added": 12, "changed": 3}},
    ),
    LaneView(
        Feature.WATCHLIST,
        872,
        None,
        {"added": 1, "held": 4, "kept": 2, "left": 1, "conflicts": 1, "moved": 1, "retry_later": 6, "not_sent": 9},
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
                RunRow("38", "TMDb to tracker", "undo", Status.CANCELLED, NOW - 90 * HOUR, NOW - 90 * HOUR + 5000, 4),
                RunRow("37", LONG, "plan", Status.FAILED, NOW - 99 * HOUR, NOW - 99 * HOUR + 60_000),
                RunRow("36", "TMDb to tracker", "sync", Status.INTERRUPTED, NOW - 400 * HOUR, NOW - 399 * HOUR, 20_411, 1_200, 14, 3),
            ),
            1_204,
            "36",
        ),
        Area.ACTIVITY,
    ),
    "runs-last-page": State("runs.html", RunListView(RECENT, 1_204, first=False), Area.ACTIVITY),
    "run-running": run(Status.RUNNING, progress=READING),
    "run-running-writing": run(
        Status.RUNNING, progress=Progress("41", "writing", NOW, "tracker", 40, 120, 3.2, 25.0), lanes=(BOTH_WAYS,)
    ),
    "run-unknown-total": run(Status.RUNNING, progress=Progress("41", "brand_new_phase", NOW, done=500)),
    "run-succeeded": run(Status.SUCCEEDED, lanes=LANES, items=ITEMS, total=812, next="abc"),
    "run-filtered": run(Status.SUCCEEDED, lanes=LANES, items=ITEMS[:2], total=2, lane="ratings", first=False),
    "run-filtered-empty": run(Status.SUCCEEDED, lanes=LANES, lane="watchlist"),
    "run-both-ways": run(Status.SUCCEEDED, lanes=(BOTH_WAYS,)),
    "run-nothing-to-do": run(Status.SUCCEEDED, lanes=(LaneView(Feature.RATINGS, 40, 40, {"adopted": 0}),)),
    "run-partial": run(Status.PARTIAL, lanes=LANES, items=ITEMS, total=5, notice=told("rate_limited", seconds=30)),
    "run-failed": run(Status.FAILED, notice=ENDED),
    "run-cancelled": run(Status.CANCELLED, notice=told("cancelled")),
    "run-interrupted": run(Status.INTERRUPTED, notice=told("interrupted"), trigger="someone_new"),
    "run-hostile": run(
        Status.SUCCEEDED,
        lanes=LANES,
        items=(ItemView(HOSTILE, Kind.MOVIE, Feature.RATINGS, HOSTILE, None, None, 850, "left", HOSTILE, 1999),),
        total=1,
    ),
    "run-long": run(
        Status.SUCCEEDED,
        items=(ItemView(LONG, Kind.MOVIE, Feature.RATINGS, "TMDb", Action.ADD, 50, 1000, "new_outcome", LONG, 1964),),
        total=1,
    ),
}

STORED = KeyView(True, "…1234")
AUTH = "https://www.themoviedb.org/authenticate/0123456789abcdef?redirect_to=http%3A%2F%2F127.0.0.1%3A8787%2Fconnect"
CONNECT_CODES: dict[str, dict[str, object]] = {
    "missing_api_key": {},
    "not_a_v3_key": {"what": "a v4 read access token"},
    "invalid_api_key": {},
    "suspended_api_key": {},
    "no_pending_request": {},
    "pending_approval": {},
    "approval_expired": {},
    "approval_denied": {},
    "no_session_id": {},
    "session_ended": {},
    "unreachable": {"url": "https://api.themoviedb.org/3", "reason": "the name could not be resolved"},
    "blocked": {"url": "https://api.themoviedb.org/3", "reason": "an HTML page"},
    "rate_limited": {"seconds": 12},
    "tmdb_error": {"status": 500, "number": 11, "message": "Internal error: Something went wrong."},
}


def tmdb(**more: object) -> State:
    """TMDb (Sync) of the default account."""
    values: dict[str, object] = {"instance": "default", "key": STORED, **more}
    return State("tmdb_sync.html", TmdbSyncView(**values), Area.SETTINGS)  # type: ignore[arg-type]


CONNECTED: dict[str, object] = {"connected": True, "account": "alice", "checked_at": NOW - MINUTE}
PENDING: dict[str, object] = {"pending": True, "auth_url": AUTH, "expires_at": NOW + 58 * MINUTE - 1}
SETTINGS = {
    "settings": State("settings.html", SettingsView(), Area.SETTINGS),
    "settings-connected": State("settings.html", SettingsView(CONNECTIONS[:1]), Area.SETTINGS, signed_in=True),
    "tmdb-no-key": tmdb(key=KeyView()),
    "tmdb-key-stored": tmdb(),
    "tmdb-key-from-environment": tmdb(key=KeyView(True, "…1234", "CROSSWATCH_TMDB_SYNC_API_KEY")),
    "tmdb-pending": tmdb(**PENDING),
    "tmdb-connected": tmdb(**CONNECTED, accounts=(("default", "alice"),)),
    "tmdb-connected-pending": tmdb(**CONNECTED, **PENDING, accounts=(("default", "alice"), ("second", "bob"))),
    "tmdb-connected-unchecked": tmdb(
        **{**CONNECTED, "checked": False}, notice=UNREACHABLE, accounts=(("default", "alice"),)
    ),
    "tmdb-adding": tmdb(
        instance="third", key=KeyView(), accounts=(("default", "alice"), ("second", HOSTILE), ("x" * 32, LONG))
    ),
    **{f"tmdb-{code}": tmdb(notice=told(code, **params)) for code, params in CONNECT_CODES.items()},
    "disconnect": State(
        "tmdb_sync_disconnect.html",
        DisconnectView("default", "alice", ("TMDb to tracker", "TMDb to Trakt")),
        Area.SETTINGS,
    ),
    "disconnect-no-pairs": State("tmdb_sync_disconnect.html", DisconnectView("default", ""), Area.SETTINGS),
}

ALONE = {
    "result-connected": State("connect_result.html", ConnectResultView(Result.CONNECTED), nav=False),
    "result-denied": State(
        "connect_result.html", ConnectResultView(Result.DENIED, notice=told("approval_denied")), nav=False
    ),
    "result-expired": State(
        "connect_result.html", ConnectResultView(Result.EXPIRED, notice=told("approval_expired")), nav=False
    ),
    "result-error": State(
        "connect_result.html",
        ConnectResultView(Result.ERROR, notice=told("not_a_v3_key", what="a v4 read access token")),
        nav=False,
    ),
    "error-not-found": State("error.html", ErrorView(404, told("not_found", "/", "Go to Home", what="page"))),
    "error-forbidden-host": State(
        "error.html", ErrorView(403, told("forbidden_host", host=HOSTILE, port=8787)), nav=False
    ),
    "error-setup-required": State(
        "error.html",
        ErrorView(403, told("setup_required", "/set-up", "Set a password", setup="/set-up")),
        nav=False,
    ),
    "error-config-broken": State(
        "error.html",
        ErrorView(
            503,
            told(
                "config_broken",
                path="/config/config.json",
                line=14,
                column=3,
                reason="a comma is missing",
                last_good="/config/config.json.last-good",
            ),
            command="cp /config/config.json.last-good /config/config.json",
        ),
        nav=False,
    ),
    "error-database-newer": State(
        "error.html",
        ErrorView(503, told("database_newer", path="/config/state/crosswatch.db", found="0009", known="0004")),
        nav=False,
    ),
    "error-internal": State("error.html", ErrorView(500, told("internal", kind="ValueError", reference="7f3a"))),
    "sign-in": State("sign_in.html", SignInView("/runs"), nav=False),
    "sign-in-wrong": State("sign_in.html", SignInView("/", told("wrong_password")), nav=False),
    "set-up": State("set_up.html", SetUpView(10), nav=False),
    "set-up-wrong": State("set_up.html", SetUpView(10, told("passwords_differ")), nav=False),
}

STATES: dict[str, State] = {**HOME, **ACTIVITY, **SETTINGS, **ALONE}
