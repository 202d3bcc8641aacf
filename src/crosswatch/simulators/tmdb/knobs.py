"""Everything in which the simulated TMDb can be made slow, late, short or unkind, changeable at any time."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.dataclasses import dataclass

from crosswatch.simulators.tmdb.catalogue import Key

FaultKind = Literal[
    "status",
    "rate_limited",
    "html",
    "truncated",
    "wrong_shape",
    "empty_body",
    "redirect",
    "reset",
    "hang",
    "empty_page",
    "wrong_page",
    "duplicate_row",
    "replaced_row",
    "missing_rows",
    "no_results",
]
"""What a fault answers.

status: an error status with TMDb's own JSON. rate_limited: the 429 that the knobs describe. html: a page with
status 200. truncated: the JSON cut in the middle. wrong_shape: the object inside a list. empty_body: 200 and
nothing. redirect: 302 to another host. reset: the connection breaks. hang: nothing for `seconds`, then goes on.
On list pages: empty_page (no rows, totals kept), wrong_page (names the next page), duplicate_row (the last row of
the page before comes again), replaced_row (the same in place of the first row, so one is lost), missing_rows (every
other row left out), no_results (the key is not there).
"""

_CONFIG = ConfigDict(extra="forbid", validate_assignment=True)


@dataclass(config=_CONFIG)
class Fault:
    """One rule: which calls it meets and what happens to them.

    `method`, `path` (without /3) and `query` are regular expressions that have to be found. Of the calls that
    match, `nth` picks by count from 1 (empty: all), then `probability` by a generator seeded with `seed`, until
    it has struck `times` times (None: no end). "before": the call has no effect; "after": it has, and only the
    answer is lost or wrong.
    """

    kind: FaultKind
    method: str = ""
    path: str = ""
    query: str = ""
    nth: tuple[int, ...] = ()
    probability: float = 1.0
    seed: int = 1
    times: int | None = None
    when: Literal["before", "after"] = "before"
    status: int = 500
    seconds: float = 30.0
    location: str = "http://elsewhere.invalid/"


@dataclass(config=_CONFIG)
class Knobs:
    """How unkind TMDb is; the defaults are the kindest that the facts allow."""

    delay: float = 0.0
    """Seconds before each answer of the API."""
    random_delay: float = 0.0
    """Up to so many seconds more, evenly spread."""
    rate_limit: int | None = None
    """Calls per second and address (sliding window); beyond it 429."""
    rate_limit_counts_refused: bool = False
    """Refused calls count as well, so that hammering never gets through."""
    rate_limit_status: Literal[429, 200] = 429
    rate_limit_body: Literal["json", "html"] = "json"
    retry_after: Literal["none", "0", "1", "20", "60", "86400", "date"] = "none"
    """The Retry-After of a 429; "date" is an HTTP date 2 seconds ahead."""
    max_connections: int | None = None
    """Open connections per address; one more is reset."""
    page_size: int = Field(default=20, ge=1)
    hidden_share: float = 0.0
    """Share of rows that account lists never deliver (always the same ones), so that pages are short."""
    hidden_rows: set[Key] = Field(default_factory=set)
    """Titles that account lists never deliver."""
    count_hidden: bool = True
    """Whether rows that are not delivered (hidden, deleted, adult) still count in totals and fill their page."""
    empty_total_pages: Literal[0, 1] = 1
    list_lag: float = 0.0
    """Account lists show the state of so many seconds ago."""
    account_states_lag: float = 0.0
    """The same for account_states."""
    replica_share: float = 0.0
    """Share of list reads that an older copy answers."""
    replica_lag: float = 10.0
    """By how many seconds that copy is older."""
    rating_clears_watchlist: bool = False
    hide_adult_rows: bool = False
    """Account lists leave out adult titles for users who do not include them."""
    list_delete_fails: bool = False
    """DELETE /list/{id} answers 500 although the list is gone (seen live by others in 2023)."""
    pending_code: Literal[17, 33] = 17
    session_without_id: bool = False
    """session/new answers well and sends no session_id."""
    token_lifetime: float = 3600.0
    """Seconds that a request token lives."""
    bearer_acts_for_owner: bool = False
    """A read access token without a session acts on the account that owns it."""
    undated_share: float = 0.0
    """Share of titles whose date is "", null or not there, in turn."""
    posterless_share: float = 0.0
    """Share of titles whose poster_path is null."""
    maintenance: bool = False
    """Every call answers 503, code 46."""
    faults: list[Fault] = Field(default_factory=list)
    seed: int = 1
    """Of everything drawn at random."""


_ADAPTER: TypeAdapter[Knobs] = TypeAdapter(Knobs)


def knobs_to_json(knobs: Knobs) -> dict[str, Any]:
    """The knobs as plain JSON values."""
    values: dict[str, Any] = _ADAPTER.dump_python(knobs, mode="json")
    return values


def turn(knobs: Knobs, changes: dict[str, Any]) -> None:
    """Sets these knobs, given as JSON values, all or none; raises pydantic's ValidationError for a bad one."""
    merged = _ADAPTER.validate_python({**knobs_to_json(knobs), **changes})
    for name in changes:
        setattr(knobs, name, getattr(merged, name))
