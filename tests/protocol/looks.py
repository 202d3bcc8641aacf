"""What was shown of a title to a run, and in which way."""

from dataclasses import dataclass
from enum import StrEnum

from crosswatch.model.values import Value


class How(StrEnum):
    """A whole list, one that hides rows, or the service's word on one title."""

    LIST = "list"
    GAP = "list with a gap"
    LOOKUP = "lookup"


@dataclass(frozen=True, slots=True)
class Look:
    """What was shown of a title to a run, and when; ``began``: the time when the question was asked."""

    at: int
    run: int
    value: Value | None
    how: How
    began: int
