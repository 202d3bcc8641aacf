"""Two lists that are kept in step, removals included, whichever two accounts hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from crosswatch import words
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode, Side
from crosswatch.model.refs import Ref, ids
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.providers.tracker.link import TrackerLink
from crosswatch.services.asking import Asked
from crosswatch.services.attention import Attention
from crosswatch.services.pairs import Pairs
from crosswatch.services.running import RunReport
from crosswatch.simulators.tmdb import Key
from crosswatch.store.attention import Question
from crosswatch.store.inbox import Which
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.system.two import edit
from tests.system.world import SECOND, TMDB, TRACKER, World, lane

RATINGS, WATCHLIST = Feature.RATINGS, Feature.WATCHLIST
HOUR, DAY = 3600, 86_400
_USERS = {TMDB: "alice", SECOND: "bob"}
_FIRST_VALUE = 700


@dataclass(frozen=True)
class Way:
    """A pair, and the side on which its user takes titles off."""

    source: AccountName
    target: AccountName
    mode: Mode
    gone: Side = Side.SOURCE

    def __str__(self) -> str:
        names = f"{self.source} {self.mode} {self.target}".replace("/", "-")
        return names if self.mode is Mode.ONE_WAY else f"{names}, gone on the {self.gone}"


INTO_TRACKER = Way(TMDB, TRACKER, Mode.ONE_WAY)
OUT_OF_TRACKER = Way(TRACKER, TMDB, Mode.ONE_WAY)
TO_SECOND = Way(TMDB, SECOND, Mode.ONE_WAY)
BOTH_ACCOUNTS = Way(TMDB, SECOND, Mode.TWO_WAY)
WAYS = (
    INTO_TRACKER,
    OUT_OF_TRACKER,
    TO_SECOND,
    Way(TMDB, TRACKER, Mode.TWO_WAY),
    Way(TMDB, TRACKER, Mode.TWO_WAY, Side.TARGET),
    BOTH_ACCOUNTS,
    Way(TMDB, SECOND, Mode.TWO_WAY, Side.TARGET),
)
THREE = (INTO_TRACKER, OUT_OF_TRACKER, BOTH_ACCOUNTS)
FROM_TMDB = (INTO_TRACKER, BOTH_ACCOUNTS)


class Ledger:
    """What one account holds, and what its owner does there."""

    def __init__(self, world: World, name: AccountName) -> None:
        self.world, self.name = world, name

    @property
    def user(self) -> str:
        """Who it is at TMDb; empty for the tracker."""
        return _USERS.get(self.name, "")

    def has(self, feature: Feature) -> dict[Key, int]:
        """Title -> value in hundredths, 1 for one that is to be watched."""
        if not self.user:
            return self.world.tracked(feature)
        if feature is WATCHLIST:
            return dict.fromkeys(self.world.sim.watchlist(self.user), 1)
        return {key: round(points * 100) for key, points in self.world.sim.ratings(self.user).items()}

    def put(self, feature: Feature, key: Key, value: int = _FIRST_VALUE) -> None:
        if not self.user:
            self.know([key])
            self.world.by_hand(feature, key, value if feature is RATINGS else 1)
        elif feature is RATINGS:
            edit(self.world, self.user, "rate", key, value / 100)
        else:
            edit(self.world, self.user, "add", key)

    def drop(self, feature: Feature, *keys: Key) -> None:
        for key in keys:
            if not self.user:
                self.world.by_hand(feature, key, None)
            else:
                edit(self.world, self.user, "unrate" if feature is RATINGS else "remove", key)

    def fill(self, feature: Feature, keys: Sequence[Key]) -> None:
        """Puts these as if they had been there for long."""
        if not self.user:
            self.know(keys)
            for key in keys:
                self.put(feature, key)
        elif feature is WATCHLIST:
            self.world.sim.fill_watchlist(self.user, keys)
        else:
            self.world.sim.fill_ratings(self.user, [(key, _FIRST_VALUE / 100) for key in keys])

    def know(self, keys: Iterable[Key]) -> None:
        """The tracker can be told of titles that some service named."""
        refs = [Ref(Kind.MOVIE, ids(tmdb=key[1])) for key in keys]
        self.world.run(self.world.house.runner._tools.resolver.keys(refs))


@dataclass
class Scene:
    """A pair that removes. ``one`` is the side on which titles are taken off, ``other`` the one that follows."""

    world: World
    way: Way
    pair: PairRow
    one: Ledger = field(init=False)
    other: Ledger = field(init=False)

    def __post_init__(self) -> None:
        source, target = Ledger(self.world, self.way.source), Ledger(self.world, self.way.target)
        here = self.way.gone is Side.SOURCE
        self.one, self.other = (source, target) if here else (target, source)

    def fill(
        self, rated: int = 0, watched: int = 0, *, settled: bool = True, both: bool = False
    ) -> list[Key]:
        """A library in step on both sides, and old enough that all of it is known for long. Gives its films.

        ``both``: both sides have it from the start, which spares a long first run.
        """
        films = self.world.movies(rated + watched)
        source = self.one if self.way.gone is Side.SOURCE else self.other
        for ledger in (self.one, self.other) if both else (source,):
            ledger.fill(RATINGS, films[:rated])
            ledger.fill(WATCHLIST, films[rated:])
        self.in_step()
        if settled:
            self.later(DAY)
            self.in_step()
            assert self.world.rows("SELECT * FROM base WHERE kept OR source_value IS NULL") == []
        self.world.sim.traffic.reset()
        return films

    def in_step(self) -> None:
        """A run that leaves nothing to be done, nothing to be asked, and two equal lists."""
        report = self.sync()
        assert (report.run.status, report.run.code, report.run.attention) == ("succeeded", "", 0)
        assert not report.lanes["ratings"]["held"] + report.lanes["watchlist"]["held"]
        assert self.equal(RATINGS), self.differences(RATINGS)
        assert self.equal(WATCHLIST), self.differences(WATCHLIST)

    def in_step_again(self) -> None:
        """After whatever happened: nothing to be done or asked, and two equal lists."""
        self.later()
        assert (self.run(RATINGS), self.run(WATCHLIST), self.asked()) == ({}, {}, [])
        assert self.equal(RATINGS)
        assert self.equal(WATCHLIST)

    def a_removal_works(self, film: Key) -> None:
        """What the user truly takes off is taken off, and nothing else; so nothing above passed by doing nothing."""
        self.later(2 * DAY)
        before = self.other.has(WATCHLIST)
        self.one.drop(WATCHLIST, film)
        assert self.run(WATCHLIST).get("removed") == 1
        assert set(before) - set(self.other.has(WATCHLIST)) == {film}

    def later(self, seconds: float = 301) -> None:
        self.world.clock.forward(seconds)

    def sync(self) -> RunReport:
        return self.world.sync(self.pair)

    def run(self, feature: Feature) -> dict[str, Any]:
        """What one run says of a lane; it has to succeed."""
        report = self.sync()
        assert (report.run.status, report.run.code) == ("succeeded", "")
        return lane(report, feature)

    def equal(self, feature: Feature) -> bool:
        return self.one.has(feature) == self.other.has(feature)

    def differences(self, feature: Feature) -> set[tuple[Key, int]]:
        return set(self.one.has(feature).items()) ^ set(self.other.has(feature).items())

    def asked(self, kind: Question | None = None) -> list[Asked]:
        """The open questions of the pair."""
        which = Which(pair=self.pair.id, kind=kind)
        return list(self.world.run(Attention(self.world.house).waiting(which, limit=500))[0])

    def titles(self, kind: Question) -> set[int]:
        """The titles that are asked about."""
        return {one.question.title for one in self.asked(kind) if one.question.title is not None}

    def say(self, kind: Question, answer: str, keys: Iterable[Key] | None = None) -> int:
        """Answers all questions of a kind, or those about some titles."""
        items = None if keys is None else [str(self.world.title(key)) for key in keys]
        which = Which(pair=self.pair.id, kind=kind)
        return self.world.run(Attention(self.world.house).answer_all(which, answer, items=items))

    def start_afresh(self) -> None:
        """The answer to another account behind a connection."""
        (question,) = self.asked(Question.ACCOUNT)
        self.world.run(Attention(self.world.house).answer(question.question.id, "start_afresh"))

    def settings(self, **changes: Any) -> None:
        """Changes what both lanes may do; what concerns the watchlist alone goes there."""
        fresh = self.world.run(Pairs(self.world.house).show(self.pair.id))
        features = {one.feature: _changed(one.feature, one.settings, changes) for one in fresh.lanes}
        self.pair = self.world.run(Pairs(self.world.house).change(self.pair.id, features=features))


def _changed(feature: Feature, now: LaneSettings, changes: Mapping[str, Any]) -> LaneSettings:
    known = {name: getattr(now, name) for name in LaneSettings.__slots__} | dict(changes)
    return LaneSettings(**known | ({} if feature is WATCHLIST else {"remove_when_rated": False}))


def scene_of(world: World, way: Way, **settings: Any) -> Scene:
    """The pair of a way, alone in its house; it removes unless told otherwise."""
    for pair in world.run(Pairs(world.house).every()):
        world.run(Pairs(world.house).remove(pair.id))
    wanted = {"remove": True, "conflict": _rule(way.mode), **settings}
    features = {feature: _changed(feature, LaneSettings(), wanted) for feature in Feature}
    return Scene(world, way, world.add_pair(way.source, way.target, mode=way.mode, features=features))


def _rule(mode: Mode) -> Conflict:
    return Conflict.ASK if mode is Mode.TWO_WAY else Conflict.SOURCE


def said(report: RunReport) -> str:
    """What a user reads about how a run ended; empty where nothing is to be said."""
    return words.say(report.run.code, report.run.params).whole if report.run.code else ""


def after_first_write(world: World, monkeypatch: pytest.MonkeyPatch, then: Any) -> None:
    """Something happens as soon as a run has written for the first time, to whichever service."""
    done: list[int] = []
    for link in (TmdbLink, TrackerLink):

        def patched(link: Any = link) -> Any:
            write = link.write

            async def writing(self: Any, *arguments: Any) -> Any:
                outcomes = await write(self, *arguments)
                if not done:
                    done.append(1)
                    then()
                return outcomes

            return writing

        monkeypatch.setattr(link, "write", patched())


def lookups(world: World, key: Key) -> int:
    """How often TMDb was asked about this one title."""
    return len(world.sim.traffic.entries(path=f"/{key[0]}/{key[1]}/account_states"))


@contextmanager
def untouched(*ledgers: Ledger) -> Iterator[None]:
    """Nothing may happen to these lists in here."""
    before = [(ledger.has(RATINGS), ledger.has(WATCHLIST)) for ledger in ledgers]
    yield
    assert [(ledger.has(RATINGS), ledger.has(WATCHLIST)) for ledger in ledgers] == before
