"""What a lane is said to have come to, and that no more is said than was counted."""

from typing import Any

import pytest

from crosswatch.model.kinds import Feature, Mode
from crosswatch.web.pages.making import lane_view
from crosswatch.web.pages.views import LaneView, Status


def lane(
    source: int,
    target: int,
    status: Status = Status.SUCCEEDED,
    *,
    code: str = "",
    mode: Mode | None = Mode.ONE_WAY,
    **more: Any,
) -> LaneView:
    counts = {"read": {"source": source, "target": target}, "gap": {"source": 0, "target": 0}, **more}
    return lane_view(Feature.RATINGS, counts, status=status, code=code, mode=mode)


@pytest.mark.parametrize(
    ("view", "nothing"),
    [
        (lane(40, 40), "unneeded"),
        (lane(0, 0), "unneeded"),
        (lane(40, 40, incomplete={"source": "page 7 was lost"}), "unneeded"),
        (lane(0, 0, Status.RUNNING), "yet"),
        (lane(0, 0, Status.CANCELLED), "undecided"),
        (lane(0, 0, Status.FAILED), "undecided"),
        (lane(0, 0, Status.INTERRUPTED), "undecided"),
        (lane(0, 0, Status.PARTIAL, code="unreachable"), "undecided"),
        (lane(40, 40, Status.CANCELLED), "unwritten"),
    ],
)
def test_a_lane_without_counts_says_how_far_it_came(view: LaneView, nothing: str) -> None:
    assert view.nothing == nothing


def test_a_lane_that_was_never_read_has_no_figures() -> None:
    assert lane(0, 0, Status.CANCELLED).read_source is None
    assert (lane(0, 3, Status.CANCELLED).read_source, lane(0, 0).read_source) == (0, 0)


@pytest.mark.parametrize(
    ("view", "beyond"),
    [
        (lane(38, 40), 2),
        (lane(40, 38), 0),
        (lane(40, 40, to={"target": {"added": 3, "removed": 1}}), 2),
        (lane(38, 40, mode=Mode.TWO_WAY), 0),
        (lane(38, 40, mode=None), 0),
        (lane(38, 40, gap={"source": 2, "target": 0}), 0),
        (lane(38, 40, incomplete={"source": "page 7 was lost"}), 0),
    ],
)
def test_what_only_the_target_holds_is_counted_where_it_is_known(view: LaneView, beyond: int) -> None:
    assert view.beyond == beyond
