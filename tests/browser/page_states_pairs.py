"""The states of the form that makes a pair, of a pair's own page, and of the inbox."""

from dataclasses import replace

from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.web.pages.form_views import Choice, MakeView
from crosswatch.web.pages.pair_views import (
    AnswerView,
    InboxView,
    NewPairView,
    PairQuestions,
    PairView,
    QuestionView,
)
from crosswatch.web.pages.views import Area, SideView
from tests.browser.page_parts import HOSTILE, HOUR, LONG, MINUTE, NOW, State, told

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
)
EVERY = (
    AnswerView("source", "Keep TMDb’s rating for all"),
    AnswerView("target", "Keep CrossWatch’s rating for all"),
)


def question(place: int, title: str, kind: Kind, *words: tuple[str, str], **more: object) -> QuestionView:
    """A question with these buttons."""
    answers = tuple(
        AnswerView(answer, *said) for answer, said in zip(("source", "target"), words, strict=False)
    )
    values: dict[str, object] = {"made_at": NOW - place * 20 * MINUTE, **more}
    return QuestionView(str(place), title, kind, answers=answers, **values)  # type: ignore[arg-type]


QUESTIONS = (
    question(1, "Heat", Kind.MOVIE, ("Keep 8.5", "TMDb"), ("Keep 7", "CrossWatch"), year=1995),
    question(
        2,
        "Severance",
        Kind.SHOW,
        ("Keep 10", "TMDb"),
        ("Keep 9.3", "CrossWatch"),
        year=2022,
        made_at=NOW - 30 * HOUR,
    ),
    question(
        3,
        "Star Trek: The Next Generation: The Big Goodbye",
        Kind.EPISODE,
        ("Keep 6", "TMDb"),
        ("Keep 6.5", "CrossWatch"),
        season=1,
        number=12,
    ),
)
DOUBT = question(
    4,
    "Paddington 2",
    Kind.MOVIE,
    ("Keep 8", "TMDb"),
    ("Keep 6", "CrossWatch"),
    year=2017,
    sentence="CrossWatch sent 8 to CrossWatch for “Paddington 2 (2017)” and got no clear answer. "
    "Now TMDb has 8, and CrossWatch has 6.",
)
LEFT = QuestionView(
    "5",
    "Dune",
    Kind.MOVIE,
    NOW - 40 * HOUR,
    (AnswerView("leave", "Leave it as it is"),),
    sentence="CrossWatch sent 8 for “Dune (2021)” and got no clear answer; its pair has been deleted since. "
    "Whatever is there now is left as it is.",
    year=2021,
)


def inbox(*pairs: PairQuestions, **more: object) -> State:
    total = sum(len(pair.questions) for pair in pairs)
    view = InboxView(pairs, **{"total": total, **more})  # type: ignore[arg-type]
    return State("attention.html", view, Area.INBOX)


def asking(*questions: QuestionView, **more: object) -> PairQuestions:
    values: dict[str, object] = {"conflicts": len(questions), "every": EVERY, **more}
    return PairQuestions("1", "TMDb and CrossWatch", questions, **values)  # type: ignore[arg-type]


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
    "pair-delete": State("pair_delete.html", PAIR, Area.HOME),
    "pair-one-way": State(
        "pair.html",
        replace(PAIR, mode=Mode.ONE_WAY, enabled=False, notice=told("nothing_to_sync", name="TMDb")),
        Area.HOME,
    ),
    "pair-hostile": State("pair.html", replace(PAIR, name=HOSTILE), Area.HOME),
    "inbox-empty": inbox(),
    "inbox-all-answered": inbox(asking(conflicts=0, answered=3)),
    "inbox": inbox(
        asking(*QUESTIONS),
        PairQuestions("2", "TMDb to TMDb (second)", (DOUBT,), 0, 1, can_run=False),
        PairQuestions("", "", (LEFT,)),
    ),
    "inbox-one": inbox(asking(QUESTIONS[0], conflicts=1)),
    "inbox-many": inbox(
        asking(*(replace(QUESTIONS[0], id=str(number)) for number in range(50)), conflicts=5_000),
        total=5_000,
        next="50",
        first=False,
        here="4",
    ),
    "inbox-refused": inbox(asking(QUESTIONS[0]), notice=told("not_found", what="question 7")),
    "inbox-hostile": inbox(
        PairQuestions(
            "1",
            HOSTILE,
            (question(1, HOSTILE, Kind.MOVIE, (HOSTILE, LONG), (LONG, HOSTILE), sentence=HOSTILE),),
            2,
            1,
        )
    ),
    "inbox-long": inbox(
        asking(question(1, LONG, Kind.MOVIE, ("Keep 8", f"TMDb, {LONG}"), ("Keep 7", "TMDb, bob")))
    ),
}
