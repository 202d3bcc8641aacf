"""Links broken on purpose in what removals rest on; see test_breakages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conformance import lies
from tests.conformance.test_breakages import RATINGS, WATCHLIST, Breakage, Row, S, see
from tests.conformance.tmdb_bench import tmdb_bench
from tests.conformance.tracker_bench import tracker_bench

ON_TMDB: tuple[Row, ...] = (
    (
        lies.CallsTheGoneAbsent,
        S.test_what_the_service_no_longer_has_is_never_absent,
        "what the service no longer has is looked up as",
        WATCHLIST,
    ),
    (
        lies.TellsNobodyWhatIsGone,
        S.test_what_the_service_no_longer_has_is_never_absent,
        "nobody is told that titles are gone",
        RATINGS,
    ),
    (
        lies.LooksUpInTheList,
        S.test_a_lookup_knows_before_a_late_list_does,
        "looked up as 1, and it is None",
        {**WATCHLIST, "removed": True},
    ),
    (
        lies.LooksUpInTheList,
        S.test_a_lookup_knows_before_a_late_list_does,
        "looked up as None, and it is 1000",
        {**RATINGS, "removed": False},
    ),
    (
        lies.RemembersWhatItLookedUp,
        S.test_a_rating_that_takes_a_title_off_the_watchlist_shows_in_the_same_lookup,
        "looked up as",
        {},
    ),
    (
        lies.CallsTheRatedListed,
        S.test_a_rating_that_takes_a_title_off_the_watchlist_shows_in_the_same_lookup,
        "looked up as 1, and it is None",
        {},
    ),
)

ON_BOTH: tuple[Row, ...] = (
    (
        lies.LooksOnlyAtRatings,
        S.test_a_lookup_shows_rating_and_presence_together_after_each_write,
        "looked up as None, and it is 1",
        {},
    ),
    (
        lies.LooksOnlyAtTheWatchlist,
        S.test_a_lookup_shows_rating_and_presence_together_after_each_write,
        "looked up as None",
        {},
    ),
    (
        lies.RemembersWhatItLookedUp,
        S.test_a_lookup_shows_rating_and_presence_together_after_each_write,
        "looked up as",
        {},
    ),
    (lies.RemembersWhatItLookedUp, S.test_what_the_user_took_off_is_absent, "looked up as", WATCHLIST),
    (
        lies.CallsTheAbsentGone,
        S.test_what_the_user_took_off_is_absent,
        "what its user took off is not looked up as absent",
        RATINGS,
    ),
    (
        lies.CallsTheAbsentGone,
        S.test_what_was_removed_is_absent_and_nothing_else,
        "what was removed is looked up as gone",
        WATCHLIST,
    ),
    (
        lies.KnowsNothingOfTheAbsent,
        S.test_what_was_removed_is_absent_and_nothing_else,
        "what was removed is looked up as unknown",
        RATINGS,
    ),
    (lies.KnowsNothingOfTheAbsent, S.test_what_never_was_on_a_list_is_absent, "looked up as", WATCHLIST),
    (lies.TakesOffWithoutSayingSo, S.test_what_is_removed_is_gone, "called already so", WATCHLIST),
)

BREAKAGES = [Breakage(tmdb_bench, *row) for row in ON_TMDB + ON_BOTH]
BREAKAGES += [Breakage(tracker_bench, *row) for row in ON_BOTH]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=str)
def test_the_suite_sees_it(breakage: Breakage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    see(breakage, tmp_path, monkeypatch)
