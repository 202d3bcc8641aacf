"""CrossWatch's own tracker keeps the promises that every provider makes."""

from __future__ import annotations

from tests.conformance.suite import Conformance
from tests.conformance.tracker_bench import tracker_bench


class TestTracker(Conformance):
    make = staticmethod(tracker_bench)
