"""The few closed sets of words that every part of CrossWatch shares."""

from enum import StrEnum


class Kind(StrEnum):
    """What a title is. The number of a movie and the same number of a show are two different titles."""

    MOVIE = "movie"
    SHOW = "show"
    SEASON = "season"
    EPISODE = "episode"


class Feature(StrEnum):
    """What is kept in step; one lane of a pair each. Lanes of a pair run in this order."""

    RATINGS = "ratings"
    WATCHLIST = "watchlist"


class Side(StrEnum):
    """The two ends of a pair."""

    SOURCE = "source"
    TARGET = "target"

    @property
    def other(self) -> "Side":
        return Side.TARGET if self is Side.SOURCE else Side.SOURCE


class Mode(StrEnum):
    """The direction of a pair. One-way: nothing ever goes to the source."""

    ONE_WAY = "one-way"
    TWO_WAY = "two-way"


class Conflict(StrEnum):
    """Which value wins where both sides changed to different ones."""

    ASK = "ask"
    SOURCE = "source"
    TARGET = "target"
    NEWEST = "newest"


class Action(StrEnum):
    """What one write does to one title on one side."""

    ADD = "add"
    CHANGE = "change"
    REMOVE = "remove"


class Precision(StrEnum):
    """How much of a date its service really knew."""

    INSTANT = "instant"
    DAY = "day"
