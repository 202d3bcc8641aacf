"""The conformance suite: what every provider promises, tried on the real thing or on its simulator.

A test module inherits ``Conformance`` and says how its bench is made. A case that a service cannot be put to is skipped
by its manifest, with the ability that is missing and the field that says so.
"""

from __future__ import annotations

from typing import ClassVar

from tests.conformance.asking import PermissionCases, TogetherCases
from tests.conformance.bad_days import BadReadCases, BadWriteCases
from tests.conformance.bench import MakeBench
from tests.conformance.reading import LookupCases, ManifestCases, ReadCases
from tests.conformance.removing import RemovalCases
from tests.conformance.writing import BatchCases, WriteCases


class Conformance(
    ManifestCases,
    ReadCases,
    LookupCases,
    WriteCases,
    BatchCases,
    RemovalCases,
    PermissionCases,
    TogetherCases,
    BadReadCases,
    BadWriteCases,
):
    """Every case. Whatever is logged or said in one of them is searched for secrets when it is over."""

    make: ClassVar[MakeBench]
