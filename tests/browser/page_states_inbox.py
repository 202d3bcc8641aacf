"""The states of the inbox, made of questions as the store gives them."""

from dataclasses import replace

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Kind, Mode, Side
from crosswatch.providers.tmdb.manifest import manifest as tmdb
from crosswatch.providers.tracker.manifest import MANIFEST as TRACKER
from crosswatch.services.asking import Asked
from crosswatch.services.attention import Block, OfPair
from crosswatch.services.overview import AccountState, ProviderState
from crosswatch.store.attention import Question
from crosswatch.store.inbox import QuestionRow
from crosswatch.store.pairs import PairRow
from crosswatch.web.pages.blocks import pair_view
from crosswatch.web.pages.inbox_views import InboxView, PairBlocks
from crosswatch.web.pages.making import Names
from crosswatch.web.pages.views import Area
from tests.browser.page_parts import HOSTILE, HOUR, LONG, MINUTE, NOW, State, told

_ACCOUNTS = (
    ProviderState(
        tmdb(300),
        (
            AccountState(AccountName("tmdb"), connected=True, pending=False, uid="1", label="alice"),
            AccountState(AccountName("tmdb", "second"), connected=True, pending=False, uid="2", label="bob"),
        ),
    ),
    ProviderState(
        TRACKER,
        (
            AccountState(
                AccountName("tracker"), connected=True, pending=False, uid="tracker", label="Tracker"
            ),
        ),
    ),
)
NAMES = Names(_ACCOUNTS)
PAIR = PairRow(
    1,
    "TMDb and CrossWatch",
    AccountName("tmdb"),
    AccountName("tracker"),
    Mode.TWO_WAY,
    True,
    frozenset({Kind.MOVIE}),
    NOW,
    (),
)
TWO = replace(PAIR, id=2, name="TMDb to TMDb (second)", target=AccountName("tmdb", "second"))

HEAT = QuestionRow(
    id=1,
    kind=Question.CONFLICT,
    lane=1,
    pair=1,
    feature=Feature.RATINGS,
    title=1,
    title_kind="movie",
    name="Heat",
    year=1995,
    show="",
    season=None,
    number=None,
    source=850,
    target=700,
    side=None,
    wanted=None,
    code="",
    params={},
    next_try=None,
    made_at=NOW - 20 * MINUTE,
    answered_at=None,
    answer="",
)
SEVERANCE = replace(
    HEAT, id=2, title=2, title_kind="show", name="Severance", year=2022, source=1000, target=930
)
EPISODE = replace(
    HEAT,
    id=3,
    title=3,
    title_kind="episode",
    name="The Big Goodbye",
    show="Star Trek: The Next Generation",
    season=1,
    number=12,
    source=600,
    target=650,
)
GONE = replace(HEAT, kind=Question.REMOVAL, source=850, target=None, side=Side.SOURCE)
LISTED = replace(GONE, feature=Feature.WATCHLIST, source=None, target=1, side=Side.TARGET)
CHANGED = replace(HEAT, kind=Question.OVERWRITE, source=850, target=700, side=Side.TARGET, wanted=850)
KEPT = replace(LISTED, kind=Question.KEPT)
UNKNOWN = replace(
    EPISODE,
    kind=Question.UNMATCHED,
    source=None,
    target=None,
    side=Side.SOURCE,
    code="unknown_title",
    next_try=NOW + 3 * HOUR,
)
DOUBT = replace(HEAT, kind=Question.DOUBT, name="Paddington 2", year=2017, source=800, target=600, wanted=800)
ORPHAN = replace(DOUBT, lane=None, pair=None, name="Dune", year=2021)
ACCOUNT = replace(
    HEAT,
    kind=Question.ACCOUNT,
    feature=None,
    title=None,
    title_kind="",
    name="",
    year=None,
    source=None,
    target=None,
    code="account_changed",
    params={"account": "tmdb", "now": "bob", "then": "alice"},
)
ENDED = replace(ACCOUNT, code="session_ended", params={})
_NAMES = (
    "Heat",
    "Alien",
    "Arrival",
    "Paddington 2",
    "Stalker",
    "Ran",
    "Playtime",
    "Tokyo Story",
    "Solaris",
    "Jaws",
)

_numbers = iter(range(1, 100_000))


def some(row: QuestionRow, count: int) -> tuple[QuestionRow, ...]:
    """That many like it, of different titles."""
    return tuple(
        replace(
            row, name=_NAMES[place % 10] if row.kind is not Question.ACCOUNT else "", year=1990 + place % 30
        )
        for place in range(count)
    )


def block(
    *rows: QuestionRow,
    pair: PairRow | None = PAIR,
    count: int = 0,
    why: str = "",
    fewest: int = 0,
    said: str = "",
) -> Block:
    """Questions that belong together, with numbers of their own."""
    at = NOW if said else None
    numbered = zip(rows, _numbers, strict=False)
    shown = [replace(row, id=number, answer=said, answered_at=at) for row, number in numbered]
    first = rows[0]
    asked = [Asked(row, pair, {}) for row in shown]
    return Block(first.kind, first.feature, first.side, said, count or len(rows), asked, why, fewest)


def waits(*blocks: Block, pair: PairRow | None = PAIR, can_run: bool = True) -> PairBlocks:
    return pair_view(OfPair(pair, blocks), NAMES, can_run=can_run)


def inbox(*pairs: PairBlocks, **more: object) -> State:
    total = sum(one.count for pair in pairs for one in pair.blocks if not one.answered)
    view = InboxView(pairs, **{"total": total, **more})  # type: ignore[arg-type]
    return State("attention.html", view, Area.INBOX)


MANY = "removal_many"
FEW = block(HEAT, SEVERANCE, EPISODE)
INBOX = {
    "inbox-empty": inbox(),
    "inbox-all-answered": inbox(
        waits(block(*some(LISTED, 12), count=14, said="allow"), block(*some(GONE, 2), said="keep"))
    ),
    "inbox": inbox(
        waits(
            block(*some(LISTED, 5), count=14, why=MANY, fewest=3),
            FEW,
            block(*some(UNKNOWN, 2), why="unmatched"),
            block(*some(HEAT, 2), said="source"),
        ),
        waits(block(DOUBT, pair=TWO), pair=TWO, can_run=False),
        waits(block(ORPHAN, pair=None), pair=None),
    ),
    "inbox-one": inbox(waits(block(HEAT))),
    "inbox-accounts": inbox(waits(block(ACCOUNT, why="account")), waits(block(ENDED, pair=TWO), pair=TWO)),
    "inbox-every-kind": inbox(
        waits(
            block(*some(GONE, 4), why="removal_emptied"),
            block(*some(CHANGED, 5), count=30, why="overwrite_many", fewest=10),
            block(*some(DOUBT, 2)),
            block(*some(KEPT, 3), why="kept"),
            block(*some(UNKNOWN, 1), said="leave"),
            block(*some(UNKNOWN, 2), said="try_again"),
        )
    ),
    "inbox-many": inbox(
        waits(
            block(*some(LISTED, 5), count=5_000, why=MANY, fewest=3),
            block(*some(GONE, 5), count=1_204, said="allow"),
        )
    ),
    "inbox-whole": inbox(
        waits(block(*some(LISTED, 50), count=5_000)), total=5_000, whole=True, next="50", here="4"
    ),
    "inbox-refused": inbox(waits(block(HEAT)), notice=told("already_running", run_id="7")),
    "inbox-hostile": inbox(
        waits(
            block(replace(HEAT, name=HOSTILE), replace(HEAT, name=LONG), pair=replace(PAIR, name=HOSTILE)),
            pair=replace(PAIR, name=HOSTILE),
        )
    ),
    "inbox-long": inbox(
        waits(
            block(replace(LISTED, name=LONG), replace(EPISODE, kind=Question.REMOVAL, show=LONG)),
            pair=replace(TWO, name=LONG),
        )
    ),
}
