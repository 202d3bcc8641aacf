"""The form that makes a pair, as Home and its own page show it."""

from dataclasses import dataclass

from crosswatch.model.kinds import Conflict, Feature, Mode


@dataclass(frozen=True, slots=True)
class Choice:
    """An account that can be an end of a pair: as it is sent (``tmdb/second``), and as it is called."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class MakeView:
    """The accounts that there are, and what is chosen."""

    accounts: tuple[Choice, ...]
    source: str
    target: str
    mode: Mode = Mode.ONE_WAY
    conflict: Conflict = Conflict.ASK
    features: tuple[Feature, ...] = tuple(Feature)
