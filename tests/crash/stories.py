"""What is on the lists, what was agreed, and what the users did, before a program is killed again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from crosswatch.model.kinds import Mode
from crosswatch.services.house import House
from crosswatch.services.pairs import Pairs
from tests.system.live import Stage

TITLES = 250
"""Of each list of a story without removals, so that it is 500 writes."""

AGREED = 120
"""Of each list before something is removed; a tenth of that is what the guard lets pass."""

FEW, MANY = AGREED // 10, 40
FEATURES = ("ratings", "watchlist")
NEW = 15

Film = Sequence[Any]
Films = Sequence[Film]
Removals = set[tuple[str, int]]
"""Feature and TMDb id: what the program has to take off one account because a user took it off the other one."""


@dataclass(frozen=True)
class Told:
    """What a story is told with: two accounts in one installation, and 500 films that nobody has on a list yet.

    ``not_put_back``: what must be put on no list, although one has it and the other one has not.
    """

    stage: Stage
    films: Films
    not_put_back: Removals = field(default_factory=set)

    @property
    def users(self) -> tuple[str, str]:
        return self.stage.source, self.stage.target

    @property
    def rated(self) -> Films:
        """What both have rated once they agree. None of it is on a watchlist, for a rating might have cleared it."""
        return self.films[:AGREED]

    @property
    def listed(self) -> Films:
        """What both have on the watchlist once they agree."""
        return self.films[AGREED : 2 * AGREED]

    @property
    def fresh(self) -> Films:
        """What nobody has anywhere."""
        return self.films[2 * AGREED :]

    def fill(self, user: str, ratings: Sequence[tuple[Film, float]] = (), watchlist: Films = ()) -> None:
        """Lists as they have been for long."""
        self.stage.tmdb.ask("/fill", {"user": user, "ratings": ratings, "watchlist": list(watchlist)})

    def edit(self, user: str, action: str, films: Films, value: float = 0.0) -> None:
        """What a user does on TMDb's website."""
        for film in films:
            body = {"user": user, "action": action, "key": film} | ({"value": value} if value else {})
            self.stage.tmdb.ask("/edit", body)

    def off(self, user: str, which: slice, *, features: Sequence[str] = FEATURES) -> Removals:
        """A user takes titles off the lists, by their places there."""
        ratings = self.rated[which] if "ratings" in features else []
        watchlist = self.listed[which] if "watchlist" in features else []
        self.edit(user, "unrate", ratings)
        self.edit(user, "remove", watchlist)
        return named(ratings, "ratings") | named(watchlist, "watchlist")

    def agree(self, *, mode: Mode, keep: bool = False, target: str = "tmdb/second") -> None:
        """Both accounts have the same on their lists, the target by our hand where only that goes both ways.

        From then on the lanes remove, unless they ``keep``.
        """
        self.fill(self.users[0], valued(self.rated), self.listed)
        if mode is Mode.TWO_WAY and target != "tracker":
            self.fill(self.users[1], valued(self.rated), self.listed)
        self.stage.home.sync()
        if not keep:
            self.settings(remove=True)

    def settings(self, **wanted: Any) -> None:
        """Both lanes may do this from now on."""

        async def change(house: House) -> None:
            pair = await Pairs(house).show(1)
            features = {lane.feature: replace(lane.settings, **wanted) for lane in pair.lanes}
            await Pairs(house).change(1, features=features)

        self.stage.home.within(change)

    def allow(self, kind: str, count: int) -> None:
        """The user allows all of it; it must be so many titles."""
        waits = self.stage.rows("SELECT id FROM attention WHERE kind = ? AND answered_at IS NULL", kind)
        assert len(waits) == count, f"{len(waits)} titles wait as {kind}, and not {count}"
        now = time.time_ns() // 1_000_000
        query = "UPDATE attention SET answer = 'allow', answered_at = ? WHERE kind = ?"
        self.stage.change(query, now, kind)

    def news(self) -> None:
        """Both users go on rating and collecting; some ratings are others now."""
        for user, points, some in zip(
            self.users, (4.5, 5.5), (slice(0, NEW), slice(NEW, 2 * NEW)), strict=True
        ):
            self.fill(user, [(film, points) for film in self.fresh[some]], self.fresh[-2 * NEW :][some])
        self.edit(self.users[0], "rate", self.rated[-NEW:], 2.0)


def named(films: Films, feature: str) -> Removals:
    return {(feature, film[1]) for film in films}


def valued(films: Films) -> list[tuple[Film, float]]:
    """Each film with points of its own."""
    return [(film, 7.0 + place % 3) for place, film in enumerate(films)]


Tell = Callable[[Told], Removals]


@dataclass(frozen=True)
class Story:
    """Two accounts, and what happens before the kills. ``tell`` gives what the program has to take off TMDb's lists.

    ``late``: seconds by which TMDb's lists are, and may be, behind. ``clears``: it takes off its watchlist what is
    rated. ``command``: what is run and killed. ``kills``: how often.
    """

    tell: Tell
    target: str = "tmdb/second"
    mode: Mode = Mode.ONE_WAY
    late: int = 0
    clears: bool = False
    command: str = "sync"
    kills: int = 7


# Without removals


def lists(told: Told, *, both: bool = False, changed: bool = False) -> Removals:
    """Full lists meet empty ones, half of them each where ``both``; older ratings at the target where ``changed``."""
    rated, listed = told.films[:TITLES], told.films[TITLES // 2 :][:TITLES]
    here = [told.users[0]] * 2 if not both else told.users
    if changed:
        told.fill(told.users[0], [(film, 3.0) for film in rated])
        told.stage.home.sync()
    for user, half in zip(here, (slice(0, None, 2), slice(1, None, 2)), strict=True):
        ratings = [(film, place % 20 / 2 + 0.5) for place, film in enumerate(rated)]
        told.fill(user, [one for one in ratings[half] if one[1] != 3.0 or not changed], listed[half])
    return set()


# With removals


def both_ways(told: Told) -> Removals:
    """Either user takes titles off, just as many as the guard lets pass, and nothing is added to the lists."""
    told.agree(mode=Mode.TWO_WAY)
    source, target = told.users
    told.edit(source, "rate", told.rated[-NEW:], 2.0)
    return told.off(source, slice(FEW)) | told.off(target, slice(FEW, 2 * FEW))


def one_way(told: Told) -> Removals:
    """Titles of ours leave with those of the source; what the target had itself, and what its user does, stays."""
    own = slice(5)
    told.fill(told.users[1], valued(told.rated)[own], told.listed[own])
    told.agree(mode=Mode.ONE_WAY)
    told.news()
    told.off(told.users[0], own)
    told.not_put_back.update(told.off(told.users[1], slice(30, 35)))
    return told.off(told.users[0], slice(5, 5 + FEW))


def many(told: Told) -> Removals:
    """More is taken off than the guard lets pass."""
    ratings = told.off(told.users[1], slice(MANY, MANY + FEW), features=("ratings",))
    return ratings | told.off(told.users[0], slice(MANY))


def allowed(told: Told) -> Removals:
    """More than the guard lets pass, and the user allowed all of it."""
    told.agree(mode=Mode.TWO_WAY)
    off = many(told)
    told.stage.home.sync()
    told.allow("removal", len(off))
    told.news()
    return off


def held(told: Told) -> Removals:
    """More than the guard lets pass, and nobody says anything to it; all else goes on."""
    told.agree(mode=Mode.TWO_WAY)
    many(told)
    told.news()
    return set()


def kept(told: Told) -> Removals:
    """Taken off while the lanes did not remove, and allowed once they do."""
    told.agree(mode=Mode.TWO_WAY, keep=True)
    off = many(told)
    told.stage.home.sync()
    told.settings(remove=True)
    told.stage.home.sync()
    told.allow("kept", len(off))
    told.news()
    return off


def in_the_tracker(told: Told) -> Removals:
    """Titles are taken off TMDb's lists, and others off those of the tracker."""
    told.agree(mode=Mode.TWO_WAY, target="tracker")
    told.off(told.users[0], slice(FEW))
    gone = slice(FEW, 2 * FEW)
    films = [*told.rated[gone], *told.listed[gone]]
    numbers = ", ".join(f"'{film[1]}'" for film in films)
    told.stage.change(
        f"""DELETE FROM tracker_item WHERE title IN (
            SELECT title FROM title_id WHERE namespace = 'tmdb' AND kind = 'movie' AND value IN ({numbers}))"""
    )
    return named(told.rated[gone], "ratings") | named(told.listed[gone], "watchlist")


def few(told: Told) -> Removals:
    """A few each, for lists that need their time."""
    told.agree(mode=Mode.TWO_WAY)
    return told.off(told.users[0], slice(5)) | told.off(told.users[1], slice(5, 10))


def rated(told: Told, *, spreads: bool = False) -> Removals:
    """What is on both watchlists is rated; at the target that is our own write, which takes it off there.

    Where that ``spreads``, the lane is to take it off the source too.
    """
    told.agree(mode=Mode.TWO_WAY)
    told.settings(remove_when_rated=spreads)
    both = told.listed[: FEW if spreads else MANY]
    told.fill(told.users[0], [(film, 6.5) for film in both])
    told.not_put_back.update(named(both, "watchlist"))
    if spreads:
        return named(both, "watchlist")
    return told.off(told.users[1], slice(MANY, MANY + FEW))


def rated_at_first(told: Told) -> Removals:
    """Two watchlists that meet for the first time, with ratings on one side only."""
    told.settings(remove=True)
    for user in told.users:
        told.fill(user, (), told.films[:MANY])
    told.fill(told.users[0], [(film, 6.5) for film in told.films[:MANY]])
    told.not_put_back.update(named(told.films[:MANY], "watchlist"))
    return set()


TWO_WAY = Mode.TWO_WAY
STORIES = {
    "to an empty account": Story(lists, kills=11),
    "both ways": Story(partial(lists, both=True), mode=TWO_WAY, kills=11),
    "over older ratings": Story(partial(lists, changed=True), kills=11),
    "to the tracker": Story(lists, target="tracker", kills=11),
    "before late lists": Story(lists, late=2, kills=11),
}
REMOVALS = {
    "removals both ways": Story(both_ways, mode=TWO_WAY),
    "removals one way": Story(one_way),
    "removals that were allowed": Story(allowed, mode=TWO_WAY),
    "removals that wait": Story(held, mode=TWO_WAY, kills=5),
    "removals that were kept and then allowed": Story(kept, mode=TWO_WAY),
    "removals in the tracker": Story(in_the_tracker, mode=TWO_WAY, target="tracker", kills=4),
    "removals before late lists": Story(few, mode=TWO_WAY, late=2, kills=4),
    "removals by plan": Story(both_ways, mode=TWO_WAY, command="contract"),
    "removals that were allowed, by plan": Story(allowed, mode=TWO_WAY, command="contract"),
    "ratings that clear the watchlist": Story(rated, mode=TWO_WAY, clears=True),
    "ratings that clear both watchlists": Story(partial(rated, spreads=True), mode=TWO_WAY, clears=True),
    "ratings that clear a watchlist that is new": Story(rated_at_first, mode=TWO_WAY, clears=True, kills=5),
}
