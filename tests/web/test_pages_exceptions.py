"""In step is said only of a pair of which nothing waits, is held, or is kept apart; else it is said what is."""

from dataclasses import replace
from typing import Any

import pytest

from crosswatch.services.home import PairNow
from crosswatch.services.running import RunReport
from crosswatch.store.attention import Question
from crosswatch.store.inbox import Tally
from crosswatch.store.runs import RunRow
from crosswatch.web.pages.exceptions import exceptions, sentence
from crosswatch.web.pages.making import Stand, card
from crosswatch.web.pages.views import PairState
from tests.browser.page_states_inbox import NAMES, PAIR
from tests.web.page_world import Site
from tests.web.test_page_routes_home import site, synced

__all__ = ["site", "synced"]

RUN = RunRow(
    id=1,
    pair=1,
    pair_name="",
    kind="sync",
    status="succeeded",
    phase="",
    feature="",
    waiting_for="",
    done=0,
    total=0,
    code="",
    params={},
    started_at=1,
    phase_at=1,
    finished_at=2,
    trigger="page",
    plan=None,
    requests=0,
    attention=0,
    cancel=False,
    process="",
    version=1,
)


def now(opened: Any = (), answered: Any = (), held: int = 0, apart: int = 0, beyond: int = 0) -> PairNow:
    lanes = {"ratings": {"why_held": {"young": held} if held else {}}}
    return PairNow(
        PAIR, None, RunReport(RUN, lanes), {}, Tally(dict(opened), dict(answered)), apart=apart, beyond=beyond
    )


@pytest.mark.parametrize(
    ("pair", "said"),
    [
        (now(), ()),
        (now([(Question.REMOVAL, 3)]), ("3 removals wait for you",)),
        (now([(Question.REMOVAL, 1)]), ("1 removal waits for you",)),
        (now([(Question.CONFLICT, 2), (Question.ACCOUNT, 1)]), ("an account needs you", "2 conflicts wait for you")),
        (now(answered=[((Question.CONFLICT, "source"), 1)]), ("1 answer waits for the next sync",)),
        (now(answered=[((Question.REMOVAL, "keep"), 1)], apart=1), ("1 difference is kept",)),
        (now(answered=[((Question.UNMATCHED, "leave"), 2)]), ("2 differences are kept",)),
        (now(held=4), ("4 titles wait until more is known",)),
        (now(apart=2), ("2 differences are kept",)),
        (now([(Question.KEPT, 2)], apart=2), ("2 kept titles wait for you",)),
        (now([(Question.KEPT, 1)], [((Question.KEPT, "allow"), 1)], apart=3),
         ("1 kept title waits for you", "1 answer waits for the next sync", "1 difference is kept")),
    ],
)  # fmt: skip
def test_each_title_is_told_once_in_a_few_words(pair: PairNow, said: tuple[str, ...]) -> None:
    assert exceptions(pair) == said


def test_they_make_one_sentence() -> None:
    assert sentence((), in_step=True) == ""
    assert sentence(("a waits",), in_step=True) == "In step, but a waits."
    assert sentence(("a waits", "b", "c"), in_step=False) == "A waits, b and c."


@pytest.mark.parametrize(
    ("pair", "state"),
    [
        (now(), PairState.IN_STEP),
        (now([(Question.UNMATCHED, 1)]), PairState.ASKING),
        (now(answered=[((Question.CONFLICT, "source"), 1)]), PairState.APART),
        (now(held=1), PairState.APART),
        (now(apart=1), PairState.APART),
        (replace(now(), pair=replace(PAIR, enabled=False)), PairState.OFF),
    ],
)
def test_only_a_pair_without_exceptions_is_in_step(pair: PairNow, state: PairState) -> None:
    stands = {PAIR.source: Stand(), PAIR.target: Stand()}
    assert card(pair, NAMES, stands, 5).state is state


def test_how_finely_services_keep_ratings_is_no_difference(synced: Site) -> None:
    """8.6 in the tracker is 8.5 in TMDb; 7 is another rating, and so is none."""
    change = "UPDATE base SET target_value = {} WHERE source_value = {} AND lane IN (SELECT id FROM lane {})"
    ratings = "WHERE feature = 'ratings'"
    database = synced.api.house.database

    def agree(target: str, source: int) -> None:
        query = change.format(target, source, ratings)
        assert database.write_now(lambda connection: connection.exec_driver_sql(query).rowcount) == 1

    agree("104", 100)
    assert "Everything is in step." in synced.get("/")
    agree("700", 150)
    agree("NULL", 200)
    page = synced.get("/")
    assert "In step, with exceptions." in page
    assert "In step, but 2 differences are kept." in page
