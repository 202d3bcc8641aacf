"""The states of the settings, and of the pages that stand alone; see page_states.py."""

from crosswatch.web.pages.alone import ConnectResultView, ErrorView, Result, SetUpView, SignInView
from crosswatch.web.pages.views import (
    Area,
    DisconnectView,
    KeyView,
    MetadataView,
    Notice,
    SettingsView,
    TmdbSyncView,
)
from crosswatch.words import Said, say
from tests.browser.page_parts import CONNECTIONS, HOSTILE, LONG, MINUTE, NOW, UNREACHABLE, State, told

STORED = KeyView(True, "…1234")
AUTH = "https://www.themoviedb.org/authenticate/0123456789abcdef?redirect_to=http%3A%2F%2F127.0.0.1%3A8787%2Fconnect"
CONNECT_CODES: dict[str, dict[str, object]] = {
    "missing_api_key": {},
    "not_a_v3_key": {"what": "is a v4 read access token"},
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
    "settings-connected": State(
        "settings.html", SettingsView(CONNECTIONS[:1]), Area.SETTINGS, signed_in=True
    ),
    "tmdb-no-key": tmdb(key=KeyView()),
    "tmdb-key-stored": tmdb(),
    "tmdb-key-from-environment": tmdb(key=KeyView(True, "…1234", "CROSSWATCH_TMDB_SYNC_API_KEY")),
    "tmdb-pending": tmdb(**PENDING),
    "tmdb-connected-unused": tmdb(**CONNECTED, unused=True, accounts=(("default", "alice"),)),
    "tmdb-connected": tmdb(**CONNECTED, accounts=(("default", "alice"),)),
    "tmdb-connected-pending": tmdb(
        **CONNECTED, **PENDING, accounts=(("default", "alice"), ("second", "bob"))
    ),
    "tmdb-connected-unchecked": tmdb(
        **{**CONNECTED, "checked": False}, notice=UNREACHABLE, accounts=(("default", "alice"),)
    ),
    "tmdb-adding": tmdb(
        instance="third",
        key=KeyView(),
        accounts=(("default", "alice"), ("second", HOSTILE), ("x" * 32, LONG)),
    ),
    **{f"tmdb-{code}": tmdb(notice=Notice(say(code, params))) for code, params in CONNECT_CODES.items()},
    "metadata-no-key": State("tmdb_metadata.html", MetadataView(KeyView()), Area.SETTINGS),
    "metadata-stored": State("tmdb_metadata.html", MetadataView(STORED, accepted=True), Area.SETTINGS),
    "metadata-shared": State("tmdb_metadata.html", MetadataView(KeyView(), shared=True), Area.SETTINGS),
    "metadata-refused": State(
        "tmdb_metadata.html", MetadataView(KeyView(), notice=told("invalid_api_key")), Area.SETTINGS
    ),
    "metadata-from-environment": State(
        "tmdb_metadata.html", MetadataView(KeyView(True, "…1234", "CROSSWATCH_TMDB_API_KEY")), Area.SETTINGS
    ),
    "tmdb-just-confirmed": tmdb(**CONNECTED, asked=True, accounts=(("default", "alice"),)),
    "tmdb-not-approved-yet": tmdb(**PENDING, asked=True),
    "tmdb-disconnected": tmdb(
        notice=Notice(
            Said("Disconnected", "TMDb has ended the session as well.", "Stopped: TMDb to tracker.")
        ),
        good=True,
    ),
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
        ConnectResultView(Result.ERROR, notice=told("not_a_v3_key", what="is a v4 read access token")),
        nav=False,
    ),
    "error-not-found": State(
        "error.html", ErrorView(404, told("not_found", ("/", "Go to Home"), what="page"))
    ),
    "error-forbidden-host": State(
        "error.html", ErrorView(403, told("forbidden_host", host=HOSTILE, port=8787)), nav=False
    ),
    "error-setup-required": State(
        "error.html",
        ErrorView(403, told("setup_required", ("/set-up", "Set a password"), setup="/set-up")),
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
        ErrorView(
            503, told("database_newer", path="/config/state/crosswatch.db", found="0009", known="0004")
        ),
        nav=False,
    ),
    "error-internal": State(
        "error.html", ErrorView(500, told("internal", kind="ValueError", reference="7f3a"))
    ),
    "sign-in": State("sign_in.html", SignInView("/runs"), nav=False),
    "sign-in-wrong": State("sign_in.html", SignInView("/", told("wrong_password")), nav=False),
    "set-up": State("set_up.html", SetUpView(10), nav=False),
    "set-up-wrong": State("set_up.html", SetUpView(10, told("passwords_differ")), nav=False),
}
