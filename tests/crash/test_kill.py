"""`crosswatch sync` is killed at every moment, run once more, and nothing shows that it ever was; so are plans."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.crash.launcher import MOMENTS
from tests.crash.programs import Programs, programs
from tests.crash.stories import REMOVALS, STORIES, TITLES, Films, Story
from tests.crash.victim import CHANCE, Victim
from tests.system.processes import SimulatedTmdb, simulated_tmdb

EVERY = STORIES | REMOVALS
AT_ONCE = 0.0
"""Seconds after which a doubt is ripe, for those who do not mean to meet one that is not."""

ORDER = (
    "planned", "sent", "settling", "middle", CHANCE, "effect", "settled", "answered", "recorded", "planning",
    "marking", CHANCE, "reading",
)  # fmt: skip
REMOVING = (
    "proved",
    "sent",
    "settling",
    "effect",
    "middle",
    "proved",
    "settled",
    "answered",
    "marking",
    *ORDER,
)
PLANNING = ("promised", "applied", "sealed", "applying", "promising", *REMOVING)
CALLS, ONCE = ("reading", "middle", "effect"), ("settling", "settled", "planned", "planning")
Moment = tuple[str, int, float, float]


def moments(chance: random.Random, order: Sequence[str]) -> Iterator[Moment]:
    """One after the other, each at another window and call; a doubt is met ripe, and now and then before it is."""
    most = dict.fromkeys(CALLS, 25 if order is not ORDER else 10) | dict.fromkeys(ONCE, 1)
    while True:
        for name in order:
            nth = chance.randint(1, most.get(name, 3 if order is ORDER else 5))
            nth = chance.randint(1, 2) if name in ("promised", "promising") else nth
            nth = 1 if name in ("applied", "applying", "sealed") else nth
            ripe = 60.0 if name in ("sent", "answered") and chance.random() < 0.4 else AT_ONCE
            yield name, nth, ripe, chance.uniform(0.1, 1.5)


@dataclass
class Killing:
    """Stories that are told and killed one after the other, each with a twin that nobody kills."""

    folder: Path
    tmdb: SimulatedTmdb
    programs: Programs
    films: Films
    seed: int
    hits: Counter[str] = field(default_factory=Counter)
    told: int = 0
    twins: dict[str, list[Any]] = field(default_factory=dict)
    when: dict[tuple[str, ...], Iterator[Moment]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def tell(self, name: str, kills: int) -> None:
        """One story, killed so many times, the last time at its last commit."""
        story, self.told = EVERY[name], self.told + 1
        if name not in self.twins:
            calm = self._victim(story, "calm")
            self.twins[name] = calm.settle()
            calm.nothing_was_repeated_and_nothing_is_left()
        victim = self._victim(story, "story")
        for last in [*[""] * (kills - 1), self.chance.choice(("closing", "closed"))]:
            moment = (last, 1, AT_ONCE, AT_ONCE) if last else self._next(story)
            if victim.is_hit(*moment):
                self.hits[moment[0]] += 1
        same = list(zip(victim.settle(), self.twins[name], strict=True))
        victim.nothing_was_repeated_and_nothing_is_left()
        for made, wanted in same:
            words = f"seed {self.seed}, story {self.told} ({name}), after {len(victim.killed)} kills"
            assert made == wanted, words

    def _next(self, story: Story) -> Moment:
        order = ORDER if story in STORIES.values() else PLANNING if story.command != "sync" else REMOVING
        return next(self.when.setdefault(order, moments(self.chance, order)))

    def _victim(self, story: Story, name: str) -> Victim:
        return Victim.make(self.folder / f"{name}{self.told}", self.tmdb, story, self.films, self.programs)


def killed_often(
    folder: Path, names: Sequence[str], *, kills: int, each: int | None, budget: float, seed: int
) -> Counter[str]:
    """Stories until there were so many kills, or until no new one may begin any more; gives the kills per moment."""
    begun = time.monotonic()
    with (
        programs(folder) as started,
        simulated_tmdb("--knob", "page_size=100", "--knob", "delay=0.002", "--user", "library") as tmdb,
    ):
        tmdb.ask("/fill", {"user": "library", "synthetic": {"movies": 2 * TITLES}})
        films = tmdb.ask("/lists?user=library")["watchlist"]
        killing = Killing(folder, tmdb, started, films, seed)
        while killing.hits.total() < kills and time.monotonic() - begun < budget:
            name = names[killing.told % len(names)]
            killing.tell(name, each or EVERY[name].kills)
    hits, seconds = killing.hits, time.monotonic() - begun
    said = ", ".join(f"{name} {hits[name]}" for name in (*MOMENTS, CHANCE) if hits[name])
    print(f"{hits.total()} kills in {killing.told} stories and {seconds:.0f} s, seed {seed}: {said}")
    return hits


@pytest.mark.crash
@pytest.mark.timeout(400)
def test_a_sync_that_is_killed_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    names = ("removals both ways", "to an empty account", "removals that were allowed", "removals by plan")
    hits = killed_often(tmp_path, names, kills=22, each=7, budget=40, seed=7)
    assert hits.total() >= 5
    assert {"proved", "sent", "effect"} <= set(hits)


@pytest.mark.crash
@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_two_hundred_kills_leave_no_trace(tmp_path: Path) -> None:
    seed = random.SystemRandom().randrange(10**6)
    hits = killed_often(tmp_path, list(EVERY), kills=220, each=None, budget=3000, seed=seed)
    assert hits.total() >= 200
    assert set(hits) == {*MOMENTS, CHANCE}
