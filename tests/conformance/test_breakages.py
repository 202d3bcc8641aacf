"""Links broken on purpose, one way at a time: the suite must see each, in the case and with the words that are named.

That the same cases pass on the good links is what test_tmdb and test_tracker show.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature
from crosswatch.net.client import HttpClient
from crosswatch.net.pacer import Pacer, Turn
from crosswatch.providers.tmdb import reading as tmdb_reading
from crosswatch.providers.tracker.link import TrackerLink
from tests.conformance import asking, lies
from tests.conformance.bench import Asks, Bench, Trouble
from tests.conformance.hand import overheard
from tests.conformance.suite import Conformance
from tests.conformance.tmdb_bench import tmdb_bench
from tests.conformance.tracker_bench import tracker_bench

Case = Callable[..., Coroutine[Any, Any, None]]
Patch = Callable[[pytest.MonkeyPatch], None]
RATINGS, WATCHLIST = {"feature": Feature.RATINGS}, {"feature": Feature.WATCHLIST}
S = Conformance


@dataclass(frozen=True)
class Breakage:
    """``broken``: a link that lies, or a part of ours that is taken out. ``says``: how the suite's words begin."""

    make: Callable[[Path], AbstractContextManager[Bench]]
    broken: type[lies.Honest] | Patch
    case: Case
    says: str
    given: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.make.__name__}-{self.broken.__name__}-{self.case.__name__.removeprefix('test_')}"


# Parts of ours, taken out


def a_lost_page_is_no_reason(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tmdb_reading._Attempt, "_fails", lambda *_: None)


def totals_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tmdb_reading._Attempt, "_differs", lambda *_: False)


def reads_are_not_repeated(patch: pytest.MonkeyPatch) -> None:
    call = HttpClient.call

    def once(*given: Any, **more: Any) -> Any:
        return call(*given, **{**more, "repeatable": False})

    patch.setattr(HttpClient, "call", once)


def writes_are_repeated_like_reads(patch: pytest.MonkeyPatch) -> None:
    call = HttpClient.call

    def again(*given: Any, **more: Any) -> Any:
        return call(*given, **{**more, "repeatable": True})

    patch.setattr(HttpClient, "call", again)


def a_cancelled_call_keeps_its_place(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(asking, "STUCK_SECONDS", 0.5)  # what is stuck here is stuck for ever

    @contextlib.asynccontextmanager
    async def turn(pacer: Pacer, _patience: float) -> AsyncIterator[Turn]:
        async with pacer._gate:
            while pacer._busy >= pacer._connections:
                pacer._freed.clear()
                await pacer._freed.wait()
        pacer._busy += 1
        yield Turn()
        pacer._busy -= 1
        pacer._freed.set()

    patch.setattr(Pacer, "turn", turn)


def all_accounts_are_one(patch: pytest.MonkeyPatch) -> None:
    made = TrackerLink.__init__
    patch.setattr(TrackerLink, "__init__", lambda link, book, _: made(link, book, "default"))


Row = tuple[type[lies.Honest] | Patch, Case, str, dict[str, Any]]

ON_TMDB: tuple[Row, ...] = (
    (lies.SomebodyElseEachTime, S.test_whoami_is_stable, "the same account is somebody else", RATINGS),
    # Lists
    (lies.CallsEveryListWhole, S.test_a_lost_page_is_not_whole, "called whole", RATINGS),
    (lies.WholeButForTheGap, S.test_a_lost_page_is_not_whole, "a list with a lost page is called", WATCHLIST),
    (a_lost_page_is_no_reason, S.test_a_lost_page_is_not_whole, "a list with a lost page is called", RATINGS),
    (lies.EndsAtAnEmptyPage, S.test_an_empty_page_in_the_middle_is_told, "called whole", WATCHLIST),
    (totals_are_not_compared, S.test_a_list_that_shifts_is_never_whole_and_wrong, "called whole", RATINGS),
    (lies.SwallowsTheEndOfASession, S.test_nothing_is_told_once_the_session_is_over, "called whole", RATINGS),
    (
        lies.SwallowsTheEndOfASession,
        S.test_a_session_that_ends_while_a_list_is_read_ends_the_read,
        "called whole",
        WATCHLIST,
    ),
    (
        lies.SwallowsEveryError,
        S.test_a_page_that_cannot_be_had_is_never_a_whole_list,
        "called whole",
        {**RATINGS, "trouble": Trouble.WEB_PAGE, "page": 1},
    ),
    (lies.LeavesSpecialsOut, S.test_episodes_stand_where_they_are_season_0_included, "called whole", {}),
    (lies.ReadsWholePoints, S.test_every_row_is_read_as_it_is, "rows that are not true", RATINGS),
    (
        lies.GivesOnePageOnly,
        S.test_many_pages_are_read_once_each,
        "the pages do not come one by one",
        RATINGS,
    ),
    (
        reads_are_not_repeated,
        S.test_two_failures_and_then_an_answer,
        "a read is lost by two failures",
        RATINGS,
    ),
    (
        lies.SwallowsEveryError,
        S.test_a_service_that_keeps_asking_to_wait_is_not_empty,
        "called whole",
        {**WATCHLIST, "trouble": Trouble.WAIT_UNTOLD},
    ),
    # Lookups
    (
        lies.CallsGoneWhatItDoesNotKnow,
        S.test_no_answer_about_a_title_says_nothing_of_it,
        "a title is called gone",
        {**WATCHLIST, "trouble": Trouble.FAILURE},
    ),
    (
        lies.LooksOnlyAtTheWatchlist,
        S.test_lookup_is_the_truth_of_listed_and_absent,
        "looked up as None",
        RATINGS,
    ),
    # Writes
    (
        lies.SendsDoubtsAgain,
        S.test_a_write_without_a_readable_answer_is_in_doubt,
        "the write was sent 2 times",
        {**RATINGS, "trouble": Trouble.SILENCE},
    ),
    (
        writes_are_repeated_like_reads,
        S.test_a_write_that_fails_is_in_doubt_and_not_repeated,
        "the write was sent 3 times",
        WATCHLIST,
    ),
    (
        lies.CallsDoubtsApplied,
        S.test_a_write_without_a_readable_answer_is_in_doubt,
        "answer that comes too late is reported as applied",
        {**WATCHLIST, "trouble": Trouble.SILENCE},
    ),
    (
        lies.CallsDoubtsApplied,
        S.test_a_write_that_fails_is_in_doubt_and_not_repeated,
        "reported as done, and it is not",
        RATINGS,
    ),
    (lies.CallsEverythingAlready, S.test_what_is_added_is_there_and_is_shown, "called already so", RATINGS),
    (
        lies.NamesTitlesInItsOwnWay,
        S.test_an_outcome_names_the_title_as_the_list_does,
        "outcomes call titles otherwise",
        RATINGS,
    ),
    (
        lies.HidesHowLongToWait,
        S.test_a_write_that_must_wait_comes_back_with_nothing_done,
        "told to wait",
        {**RATINGS, "trouble": Trouble.WAIT_TOLD},
    ),
    (
        lies.CallsRefusalsForHasteFinal,
        S.test_a_write_that_must_wait_comes_back_with_nothing_done,
        "a 429 is reported as rejected",
        {**RATINGS, "trouble": Trouble.WAIT_UNTOLD},
    ),
    (
        lies.CallsTheEndOfASessionFinal,
        S.test_a_write_without_a_session_asks_to_connect_again,
        "a 401 is reported as rejected",
        WATCHLIST,
    ),
    (
        lies.CallsRefusalsPassing,
        S.test_a_write_that_is_forbidden_is_refused,
        "a 403 is reported as retry_later",
        RATINGS,
    ),
    # Permission, and calls that are given up
    (
        lies.TakesANoForAnOutcome,
        S.test_what_may_send_raises_comes_out_and_nothing_is_stored,
        "what may_send raised did not come out",
        {**RATINGS, "reason": Refused("overtaken")},
    ),
    (
        a_cancelled_call_keeps_its_place,
        S.test_a_call_that_is_given_up_keeps_no_place,
        "a call that was given up keeps its place",
        {"asks": Asks.WRITE},
    ),
    # Secrets
    (
        lies.LogsASecretThatNobodyRegistered,
        S.test_whoami_is_stable,
        "a secret was told: asking with the key",
        RATINGS,
    ),
    (lies.TellsASecretInAnOutcome, S.test_what_is_there_may_be_added_again, "a secret was told", WATCHLIST),
    (
        lies.TellsASecretInAnError,
        S.test_no_answer_about_a_title_says_nothing_of_it,
        "a secret was told",
        {**WATCHLIST, "trouble": Trouble.RESET},
    ),
)

ON_THE_TRACKER: tuple[Row, ...] = (
    (
        all_accounts_are_one,
        S.test_another_account_is_somebody_else_with_other_lists,
        "two accounts are one",
        RATINGS,
    ),
    (
        lies.CallsEveryListWhole,
        S.test_a_list_that_shifts_is_never_whole_and_wrong,
        "called whole",
        WATCHLIST,
    ),
    (lies.GivesARowTwice, S.test_every_row_is_read_as_it_is, "a row came twice", RATINGS),
    (lies.NeverEndsItsReads, S.test_nothing_is_read_as_nothing, "no end", WATCHLIST),
    (lies.ForgetsWhereAnEpisodeStands, S.test_a_value_is_changed, "rows that are not true", {}),
    (lies.ForgetsDates, S.test_dates_are_kept_where_the_service_dates, "a date was not kept", RATINGS),
    (lies.MixesUpTheOrder, S.test_a_batch_has_one_outcome_each_in_order, "not one outcome each", RATINGS),
    (lies.LeavesOutTheUnmatched, S.test_a_batch_has_one_outcome_each_in_order, "not one outcome", RATINGS),
    (lies.GivesABatchUpForOneTitle, S.test_a_batch_has_one_outcome_each_in_order, "one unknown id", RATINGS),
    (lies.RemovesRatingsToo, S.test_features_are_apart, "something else was harmed", {}),
    (
        lies.AsksAfterwards,
        S.test_what_may_send_raises_comes_out_and_nothing_is_stored,
        "stored although may_send said no",
        {**RATINGS, "reason": asking.Stopped()},
    ),
)

ON_BOTH: tuple[Row, ...] = (
    (lies.LooksOnlyAtTheWatchlist, S.test_lookup_tells_all_features_at_once, "looked up as None", {}),
    (lies.StoresNothing, S.test_what_is_removed_is_gone, "reported as done, and it is not", RATINGS),
    (lies.RefusesWhatIsSoAlready, S.test_what_is_absent_may_be_removed, "removed what is absent", WATCHLIST),
    (lies.RefusesWhatIsSoAlready, S.test_what_is_there_may_be_added_again, "added twice", WATCHLIST),
    (lies.DoesOneThingAtATime, S.test_two_links_at_once, "reported as done, and it is not", WATCHLIST),
    (
        lies.CallsAbsentWhatItDoesNotKnow,
        S.test_an_unknown_id_is_never_called_absent,
        "an unknown id",
        RATINGS,
    ),
    (
        lies.StoresNothing,
        S.test_what_is_added_is_there_and_is_shown,
        "reported as done, and it is",
        WATCHLIST,
    ),
    (
        lies.WritesWholePoints,
        S.test_every_value_of_the_grid_comes_back_as_it_was_sent,
        "reported as done, and it is not",
        {},
    ),
    (
        lies.CallsTheUnmatchedAlready,
        S.test_an_unknown_id_is_unmatched_and_harms_nothing,
        "reported as done, and it is not",
        WATCHLIST,
    ),
    (
        lies.TakesAShowForAMovie,
        S.test_the_same_number_of_another_kind_is_another_title,
        "reported as done, and it is not",
        RATINGS,
    ),
    (
        lies.NeverAsks,
        S.test_may_send_is_awaited_before_each_call_that_writes,
        "1 calls left, and may_send was awaited []",
        WATCHLIST,
    ),
    (
        lies.AsksAfterwards,
        S.test_may_send_is_awaited_before_each_call_that_writes,
        "may_send was awaited after the call that it is for",
        WATCHLIST,
    ),
)

BREAKAGES = [Breakage(tmdb_bench, *row) for row in ON_TMDB + ON_BOTH]
BREAKAGES += [Breakage(tracker_bench, *row) for row in ON_THE_TRACKER + ON_BOTH]


@pytest.mark.parametrize("breakage", BREAKAGES, ids=str)
def test_the_suite_sees_it(breakage: Breakage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    see(breakage, tmp_path, monkeypatch)


def see(breakage: Breakage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries the case on the broken link; it must fail, and with those words."""
    with breakage.make(tmp_path) as bench:
        if isinstance(breakage.broken, type):
            open_lying(bench, breakage.broken, monkeypatch)
        else:
            breakage.broken(monkeypatch)
        with pytest.raises((AssertionError, pytest.fail.Exception), match=rf"\A{re.escape(breakage.says)}"):
            tried(breakage, bench)


def open_lying(bench: Bench, kind: type[lies.Honest], patch: pytest.MonkeyPatch) -> None:
    """From now on every link of this bench lies."""
    honest = bench.open
    patch.setattr(bench, "open", lambda instance="default": kind(honest(instance), bench))


def tried(breakage: Breakage, bench: Bench) -> None:
    """Runs the case as the suite does, with the search for secrets at its end; a case that is skipped shows nothing."""
    with overheard(bench):
        try:
            bench.run(breakage.case(Conformance(), bench, **breakage.given))
        except pytest.skip.Exception as skipped:
            raise RuntimeError(f"skipped: {skipped}") from None
