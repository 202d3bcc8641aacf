"""TMDb keeps the promises that every provider makes."""

from __future__ import annotations

from tests.conformance.suite import Conformance
from tests.conformance.tmdb_bench import tmdb_bench


class TestTmdb(Conformance):
    make = staticmethod(tmdb_bench)
