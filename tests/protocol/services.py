"""Services in memory: what they really hold, what their copies show, and all that goes wrong with a call."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache, lru_cache
from itertools import pairwise

from crosswatch.model.capabilities import Capability, Dates, Manifest, Pace, Quirk, Stamps
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import Date, Row
from crosswatch.model.refs import Ref, ids
from crosswatch.model.values import PRESENT, Grid, Value

GRIDS = {"tmdb": Grid(50, 50), "trakt": Grid(100, 100), "tracker": Grid(10, 10)}
MINUTE = 60_000


@dataclass(frozen=True)
class Title:
    """A title of this small world. ``shared``: services have an id of it in common."""

    number: int
    kind: Kind
    shared: bool = True

    def ref(self, service: str, *, twin: bool = False) -> Ref:
        """How a service names it; some have the same title twice."""
        return _ref(self, service, twin)


@cache
def _ref(title: Title, service: str, twin: bool) -> Ref:
    native = f"{service}{title.number}{'x' if twin else ''}"
    common = {"imdb": f"tt{title.number}"} if title.shared else {}
    if title.kind is not Kind.EPISODE:
        return Ref(title.kind, ids(common, **{service: native}), native)
    show = ids(imdb="tt2", **{service: f"{service}2"})
    return Ref(title.kind, ids(common, **{service: native}), native, show, season=0, number=1)


TITLES = (
    Title(1, Kind.MOVIE),
    Title(2, Kind.SHOW),
    Title(3, Kind.EPISODE, shared=False),
    Title(4, Kind.MOVIE, shared=False),
    *(Title(number, Kind.MOVIE) for number in range(5, 49)),
)
"""The third is an episode of season 0 of the show, the fourth a movie without a name that two services share."""

FEW = 6
"""So many of them exist in most worlds."""

Place = tuple[Feature, int]
"""A list of an account, and the number of a title in it."""


@dataclass(frozen=True)
class Event:
    """A value, or its end, that came to a list. ``by``: "user", "service", or the run and number of a write."""

    at: int
    value: Value | None
    stamp: int
    date: int
    by: str | tuple[int, int]


@dataclass(frozen=True)
class Traits:
    """What a service is like.

    ``compares``: it stores a value only over the expected one. ``keeps_dates``: it takes the date of a write from us.
    ``clears``: to rate or play a title takes it off the watchlist. ``time_limit`` 0: its calls end with their process.
    """

    grid: str = "tmdb"
    features: tuple[Feature, ...] = (Feature.RATINGS,)
    stamps: Stamps = Stamps.NONE
    dates: Dates = Dates.NONE
    keeps_dates: bool = False
    delay: int = 0
    lookups: bool = True
    batch: int = 1
    connections: int = 4
    time_limit: int = 20
    compares: bool = False
    clears: bool = False

    def manifest(self, name: str) -> Manifest:
        """The same in the words of the house."""
        quirks = {Quirk.RATING_MAY_CLEAR_WATCHLIST} if self.clears else set()
        return Manifest(
            id=name,
            label=name.upper(),
            config_key=name,
            connects=False,
            features={feature: self._capability(feature) for feature in self.features},
            understands=frozenset({name, "imdb"}),
            gives=frozenset({name, "imdb"}),
            pace=Pace(per_second=100, connections=self.connections, time_limit=self.time_limit),
            lookup_batch=20 if self.lookups else 0,
            quirks=frozenset(quirks),
        )

    def _capability(self, feature: Feature) -> Capability:
        ratings = feature is Feature.RATINGS
        return Capability(
            kinds=frozenset({Kind.MOVIE, Kind.SHOW, *([Kind.EPISODE] if ratings else [])}),
            add=True,
            change=ratings,
            remove=True,
            batch=self.batch,
            grid=GRIDS[self.grid] if ratings else None,
            stamps=self.stamps,
            dates=self.dates,
            visibility_delay=self.delay,
        )


class Copies(StrEnum):
    """How old the copies are that answer, one after the other."""

    FRESH = "fresh"
    OLD = "old"
    MIXED = "mixed"
    LATE_LISTS = "late lists"
    LATE_LOOKUPS = "late lookups"


_AGES = {
    Copies.FRESH: ((0.0,), (0.0,)),
    Copies.OLD: ((1.0,), (1.0,)),
    Copies.MIXED: ((0.9, 0.0, 0.4, 1.0), (0.5, 0.0, 1.0)),
    Copies.LATE_LISTS: ((1.0,), (0.0,)),
    Copies.LATE_LOOKUPS: ((0.0,), (1.0,)),
}


@dataclass(frozen=True)
class Weather:
    """What a service is like for the length of a run.

    ``hidden``: a title that its lists leave out and its totals count; ``twin``: one that it has twice; ``empty``: so
    many first reads of a list find nothing at all. ``page``: rows on a page.
    """

    copies: Copies = Copies.FRESH
    page: int = 20
    hidden: int = 0
    twin: int = 0
    empty: int = 0


@dataclass(frozen=True)
class Shown:
    """A page of a list as one copy shows it."""

    rows: tuple[tuple[int, Row, Event], ...]
    total: int


@dataclass(eq=False)
class Service:
    """One account of a service. ``watch`` is told of every event, right before it happens."""

    name: str
    uid: str
    traits: Traits
    now: Callable[[], int]
    watch: Callable[["Service", Place, Event], None] = lambda *_: None
    weather: Weather = Weather()
    events: dict[Place, list[Event]] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)
    coming: list[tuple[int, Callable[[], None]]] = field(default_factory=list)
    turns: dict[str, int] = field(default_factory=dict)
    plays: dict[int, int] = field(default_factory=dict)

    @property
    def delay_ms(self) -> int:
        return self.traits.delay * 1000

    @property
    def limit_ms(self) -> int:
        return self.traits.time_limit * 1000

    def arrive(self) -> None:
        """Lets happen what was under way and has arrived by now."""
        if self.coming:
            now = self.now()
            due = sorted((one for one in self.coming if one[0] <= now), key=lambda one: one[0])
            self.coming = [one for one in self.coming if one[0] > now]
            for _, effect in due:
                effect()

    def put(
        self,
        place: Place,
        value: Value | None,
        by: str | tuple[int, int],
        *,
        at: int | None = None,
        date: Date | None = None,
    ) -> None:
        """Stores a value, and what follows from it."""
        past = self.events.setdefault(place, [])
        now = self.now() if at is None else at
        kept = date.at if date is not None and self.traits.keeps_dates else now
        made = Event(now, value, (past[-1].stamp if past else 0) + 1, kept, by)
        self.watch(self, place, made)
        past.append(made)
        if place[0] is Feature.RATINGS and value is not None:
            self._clear(place[1], now)

    def play(self, title: int) -> None:
        """The user watches a title."""
        self.plays.setdefault(title, self.now())
        self._clear(title, self.now())

    def _clear(self, title: int, now: int) -> None:
        listed = (Feature.WATCHLIST, title)
        if self.traits.clears and self.value(listed):
            self.put(listed, None, "service", at=now)

    def touch(self, place: Place) -> None:
        """Moves the stamp of a value, although nobody set it: for services whose stamps say that little."""
        past = self.events.get(place)
        if past and self.traits.stamps is Stamps.ANY:
            past[-1] = replace(past[-1], stamp=past[-1].stamp + 1)

    def value(self, place: Place) -> Value | None:
        """What is really there, also of a title that nobody is shown at the moment."""
        past = self.events.get(place)
        return past[-1].value if past else None

    def last(self, place: Place) -> Event | None:
        """The newest event."""
        past = self.events.get(place)
        return past[-1] if past else None

    def now_there(self) -> dict[Place, Value]:
        """All that is on the lists."""
        return {place: past[-1].value for place, past in self.events.items() if past[-1].value is not None}

    def changed_at(self, place: Place) -> int:
        """When the value last became another; to set it again as it was is no change."""
        past = [Event(0, None, 0, 0, "user"), *self.events.get(place, ())]
        return max((new.at for old, new in pairwise(past) if old.value != new.value), default=0)

    def states(self, place: Place, since: int, until: int) -> list[Event]:
        """What was there at any moment between two."""
        first = self.at(place, since)
        later = [event for event in self.events.get(place, ()) if since < event.at <= until]
        return later if first is None else [first, *later]

    def at(self, place: Place, until: int) -> Event | None:
        """The newest event at that moment."""
        return next((event for event in reversed(self.events.get(place, ())) if event.at <= until), None)

    def age(self, what: str) -> int:
        """How many ms the copy is behind that answers the next question."""
        lists, lookups = _AGES[self.weather.copies]
        ages = lists if what == "list" else lookups
        turn = self.turns[what] = self.turns.get(what, 0) + 1
        return round(ages[turn % len(ages)] * self.delay_ms)

    def page(self, feature: Feature, number: int) -> Shown:
        """A page, 1 and up, oldest rows first."""
        self.arrive()
        until = self.now() - self.age("list")
        rows: list[tuple[int, int, Event]] = []
        for (of, title), past in self.events.items():
            event = self.at((of, title), until)
            if of is feature and event is not None and event.value is not None and title not in self.gone:
                since = next(one.at for one in past if one.value is not None)
                rows.append((since, title, event))
        rows.sort(key=lambda one: one[:2])
        total = len(rows)
        some = rows[(number - 1) * self.weather.page : number * self.weather.page]
        seen = [one for one in some if one[1] != self.weather.hidden]
        return Shown(
            tuple(
                (title, row, event)
                for _, title, event in seen
                for row in self._rows(feature, TITLES[title - 1], event)
            ),
            total,
        )

    def _rows(self, feature: Feature, title: Title, event: Event) -> list[Row]:
        assert event.value is not None
        stamp = None if self.traits.stamps is Stamps.NONE else event.stamp
        date = None if self.traits.dates is Dates.NONE else Date(event.date)
        row = Row(title.ref(self.name), event.value, stamp, date)
        if self.weather.twin != title.number:
            return [row]
        other = GRIDS[self.traits.grid].high if feature is Feature.RATINGS else event.value
        return [row, replace(row, ref=title.ref(self.name, twin=True), value=other)]

    def find(self, ref: Ref) -> Title | None:
        """The title that a ref names, if this service can tell."""
        return _named(self.name, ref)


@lru_cache(maxsize=4096)
def _named(service: str, ref: Ref) -> Title | None:
    for title in TITLES:
        if ref.native_id in (title.ref(service).native_id, title.ref(service, twin=True).native_id):
            return title
    for title in TITLES:
        own = title.ref(service)
        if ref.kind is title.kind and (set(own.ids) & set(ref.ids) or _same_place(own, ref)):
            return title
    return None


def _same_place(own: Ref, ref: Ref) -> bool:
    shows = bool(set(own.show_ids) & set(ref.show_ids))
    return shows and ref.number is not None and (own.season, own.number) == (ref.season, ref.number)


def rounded(service: Service, feature: Feature, value: Value | None) -> Value | None:
    """A value as a user can set it there."""
    if value is None or feature is Feature.WATCHLIST:
        return None if value is None else PRESENT
    return GRIDS[service.traits.grid].round(value)
