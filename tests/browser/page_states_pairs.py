"""The states of the form that makes a pair, and of a pair's own page."""

from dataclasses import replace

from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.web.pages.form_views import Choice, MakeView
from crosswatch.web.pages.pair_views import NewPairView, PairView
from crosswatch.web.pages.views import Area, SideView
from tests.browser.page_parts import HOSTILE, LONG, State, told

FORM = MakeView(
    (
        Choice("tmdb", "TMDb: alice"),
        Choice("tmdb/second", "TMDb: bob"),
        Choice("tracker", "CrossWatch: Tracker"),
        Choice("tracker/second", "CrossWatch: Tracker (second)"),
    ),
    "tmdb",
    "tracker",
)
BOTH_WAYS = replace(FORM, target="tmdb/second", mode=Mode.TWO_WAY)
PAIR = PairView(
    "1",
    "TMDb and CrossWatch",
    SideView("tmdb", "TMDb", "alice"),
    SideView("tracker", "CrossWatch", "Tracker"),
    Mode.TWO_WAY,
    True,
    (Feature.WATCHLIST, Feature.RATINGS),
    (Feature.RATINGS,),
    Conflict.ASK,
    undated="TMDb",
)

PAIRS = {
    "pair-new": State("pair_new.html", NewPairView(FORM), Area.HOME),
    "pair-new-both-ways": State("pair_new.html", NewPairView(BOTH_WAYS), Area.HOME),
    "pair-new-refused": State(
        "pair_new.html",
        NewPairView(
            replace(FORM, source="tracker", target="tmdb", features=(Feature.RATINGS,)),
            told(
                "pair_cycle",
                feature="ratings",
                cycle="tracker → tmdb → tracker",
                opposite="TMDb to CrossWatch",
            ),
        ),
        Area.HOME,
    ),
    "pair-new-hostile": State(
        "pair_new.html",
        NewPairView(replace(FORM, accounts=(Choice("tmdb", HOSTILE), Choice("tracker", LONG)))),
        Area.HOME,
    ),
    "pair": State("pair.html", PAIR, Area.HOME),
    "pair-removes": State(
        "pair.html", replace(PAIR, removes=tuple(Feature), when_rated=True, kept=12), Area.HOME
    ),
    "pair-delete": State("pair_delete.html", PAIR, Area.HOME),
    "pair-one-way": State(
        "pair.html",
        replace(PAIR, mode=Mode.ONE_WAY, enabled=False, notice=told("nothing_to_sync", name="TMDb")),
        Area.HOME,
    ),
    "pair-hostile": State("pair.html", replace(PAIR, name=HOSTILE), Area.HOME),
}
