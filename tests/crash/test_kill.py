"""`crosswatch sync` is killed at every moment, run once more, and nothing shows that it ever was; so are plans."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import cycle
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
    "promised", "proved", "sent", "settling", "applied", "effect", CHANCE, "middle", "answered", "settled", "planned",
    "marking", "sealed", "reading", "recorded", "proved", "effect", "settled", "planning", CHANCE, "applying", "sent",
    "settling", "promising",
)  # fmt: skip
"""Of the doubts that some of these leave behind, others after them see the end."""

DOUBTS = ("settling", "settled")
Moment = tuple[str, int, float, float]


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
    twins: dict[str, tuple[list[Any], Counter[str]]] = field(default_factory=dict)
    order: Iterator[str] = field(default_factory=lambda: cycle(ORDER))

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)

    def tell(self, name: str, kills: int) -> None:
        """One story, killed so many times, the last time at its last commit."""
        story, self.told = EVERY[name], self.told + 1
        if name not in self.twins:
            calm = self._victim(story, "calm")
            self.twins[name] = calm.settle(), calm.came
            calm.nothing_was_repeated_and_nothing_is_left()
        victim = self._victim(story, "story")
        wanted, came = self.twins[name]
        for last in [*[""] * (kills - 1), self.chance.choice(("closing", "closed"))]:
            moment = (last, 1, AT_ONCE, AT_ONCE) if last else self._next(came, len(victim.killed))
            if victim.is_hit(*moment):
                self.hits[moment[0]] += 1
        made = victim.settle()
        victim.nothing_was_repeated_and_nothing_is_left()
        for one, other in zip(made, wanted, strict=True):
            words = f"seed {self.seed}, story {self.told} ({name}), after {len(victim.killed)} kills"
            assert one == other, words

    def _next(self, came: Mapping[str, int], kills: int) -> Moment:
        """The next moment that comes in a run like that, the earlier the more kills there were: they did the rest.

        A doubt is met ripe, and now and then before it is.
        """
        name = next(name for name in self.order if came.get(name) or name in (CHANCE, *DOUBTS))
        nth = self.chance.randint(1, max(1, came.get(name, 1) // (2 + kills)))
        ripe = 60.0 if name in ("sent", "answered") and self.chance.random() < 0.4 else AT_ONCE
        return name, nth, ripe, self.chance.uniform(0.1, 1.5)

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
        while not killing.told or (killing.hits.total() < kills and time.monotonic() - begun < budget):
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
