"""Rules about removals, broken one at a time: some history must then break a promise.

Each is tried on the histories that showed it when it was written down, and then on many others.
"""

from collections.abc import Iterable
from itertools import chain

import pytest

from tests.protocol import test_breakages
from tests.protocol.broken_removals import SHOWN_BY, Break
from tests.protocol.removal_lives import Life
from tests.protocol.test_breakages import MOST


@pytest.mark.timeout(900)
@pytest.mark.parametrize("breaks", SHOWN_BY, ids=lambda breaks: breaks.__name__)
def test_a_broken_rule_breaks_a_promise(breaks: Break, monkeypatch: pytest.MonkeyPatch) -> None:
    breaks(monkeypatch)
    with pytest.raises(AssertionError):
        live(chain(SHOWN_BY[breaks], range(MOST)))


def test_unbroken_the_same_histories_end_well() -> None:
    live(dict.fromkeys(chain.from_iterable(SHOWN_BY.values())))


def live(histories: Iterable[int | Life]) -> None:
    """So many histories, one after the other."""
    for history in histories:
        if callable(history):
            history()
        else:
            test_breakages.live([history])
