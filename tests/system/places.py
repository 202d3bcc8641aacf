"""Where a run may be when it is told to stop, and how TMDb is turned for that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.system.live import RATE, RATED, STATES, WHOAMI, Stage, until

FROM_THE_FIFTH = list(range(5, 500))
_SOME_IN_FLIGHT = 8


def hang(path: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    """No answer for a while; then it goes on, whoever still listens. What is written has to be waited for by a test."""
    return {"kind": "hang", "path": path, "method": method, "seconds": 60 if method == "GET" else 5, **more}


@dataclass(frozen=True)
class Place:
    """Where a run is when it is told to stop: how TMDb is turned for that, and by what call one knows it is there."""

    prepare: Callable[[Stage], None]
    call: str = ""
    calls: int = 1
    waits_for: str = ""

    def asked(self, stage: Stage) -> int:
        """How often TMDb was asked this so far; to be given to ``reached``."""
        return stage.asked(self.call) if self.call else 0

    def reached(self, stage: Stage, run: int, before: int) -> None:
        """Returns once the run is there."""

        def there() -> bool:
            if self.waits_for:
                return self.waits_for in stage.run(run)["waiting_for"]
            return stage.asked(self.call) - before >= self.calls

        until(there, "the run is where it is to stop")


def synced(stage: Stage, then: Callable[[Stage], None], fault: dict[str, Any]) -> None:
    stage.home.sync()
    then(stage)
    stage.faulty(fault)


def unrate_one(stage: Stage) -> None:
    key = stage.tmdb.ask(f"/lists?user={stage.source}")["ratings"][0][0]
    stage.tmdb.ask("/edit", {"user": stage.source, "action": "unrate", "key": key})


def doubt_one(stage: Stage) -> None:
    """As if the process had died before the answer to its last write could be stored."""
    last = "run = 1 AND seq = (SELECT max(seq) FROM journal WHERE feature = 'ratings')"
    stage.change(f"UPDATE journal SET state = 'sent', outcome = '', done_at = NULL WHERE {last}")
    stage.ripen()


QUICK = ("reading", "proving", "settling", "writing", "writing, and it arrived", "a limit in writes")
"""The places that `make test` looks at; `make soak` looks at all."""

PLACES = {
    "asking who it is": Place(lambda stage: stage.faulty(hang("^/account$")), WHOAMI),
    "reading": Place(lambda stage: stage.faulty(hang("rated/movies")), RATED),
    "proving": Place(lambda stage: synced(stage, unrate_one, hang("account_states")), STATES),
    "settling": Place(lambda stage: synced(stage, doubt_one, hang("account_states")), STATES),
    "writing": Place(
        lambda stage: stage.faulty(hang("rating", "POST", nth=FROM_THE_FIFTH)),
        RATE,
        calls=_SOME_IN_FLIGHT,
    ),
    "writing, and it arrived": Place(
        lambda stage: stage.faulty(hang("rating", "POST", nth=FROM_THE_FIFTH, when="after")),
        RATE,
        calls=_SOME_IN_FLIGHT,
    ),
    "a limit in reads": Place(
        lambda stage: stage.faulty({"kind": "rate_limited", "path": "rated/movies"}, retry_after="20"),
        waits_for="20 s",
    ),
    "a limit in writes": Place(
        lambda stage: stage.faulty(
            {"kind": "rate_limited", "path": "rating", "nth": FROM_THE_FIFTH}, retry_after="60"
        ),
        waits_for="60 s",
    ),
}
