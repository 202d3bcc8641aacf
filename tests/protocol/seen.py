"""What the judge notes of runs and of what they send."""

from collections.abc import Mapping
from dataclasses import dataclass

from crosswatch.model.kinds import Action, Feature, Kind, Mode, Side
from crosswatch.model.writes import Done
from crosswatch.store.pairs import LaneSettings
from tests.protocol.services import TITLES, Event, Place, Service

At = tuple[str, Place]
"""A title on a list of an account."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A run as it began. ``pair``: the place of its pair; ``plan``: what it applies; ``rules``: what the user wants.

    ``lanes``: their numbers in the store; ``base``: on which titles they agreed; ``waiting``: (lane, title, side)
    of removals that wait for an answer. ``kinds``: those of the titles that the pair keeps in step.
    """

    at: int
    pair: int
    kind: str
    plan: int | None
    mode: Mode
    sides: Mapping[Side, Service]
    rules: Mapping[Feature, LaneSettings]
    lanes: Mapping[Feature, int]
    base: Mapping[int, frozenset[int]]
    waiting: frozenset[tuple[int, int, str]]
    kinds: frozenset[Kind]

    def concerns(self, place: Place) -> bool:
        """Whether the pair keeps such a title in step; no watchlist holds episodes."""
        kind = TITLES[place[1] - 1].kind
        return kind in self.kinds and not (place[0] is Feature.WATCHLIST and kind is Kind.EPISODE)


@dataclass(eq=False)
class Sent:
    """A write that left. ``answer`` stays empty where its sender never heard one."""

    at: int
    run: int
    seq: int
    began: int
    action: Action
    answer: Done | None = None
    arrived: bool = False

    @property
    def unclear(self) -> bool:
        """Whether its sender cannot know what became of it."""
        return self.answer in (None, Done.IN_DOUBT)


def run_of(event: Event) -> int:
    """The run by which a value came, 0 where nobody of us set it."""
    return event.by[0] if isinstance(event.by, tuple) else 0


@dataclass
class Unasked:
    """A removal or an overwrite that left although nobody was asked."""

    sent: Sent
    title: int
