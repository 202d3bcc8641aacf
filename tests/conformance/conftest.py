"""Puts a case of the suite on the bench of the class that inherits it, and runs it in the bench's own event loop."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

pytest.register_assert_rewrite(
    *(
        f"tests.conformance.{name}"
        for name in ("hand", "reading", "writing", "removing", "asking", "bad_days", "suite")
    )
)

from crosswatch.model.kinds import Feature  # noqa: E402 - the cases are rewritten before anything imports them
from tests.conformance.bench import Bench, skip_without  # noqa: E402
from tests.conformance.hand import overheard  # noqa: E402


@pytest.fixture
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    """The service of the test class. Whatever the case, nothing that it logs or says holds a secret."""
    with request.cls.make(tmp_path) as made, overheard(made):
        yield made


@pytest.fixture(params=list(Feature), ids=str)
def feature(request: pytest.FixtureRequest, bench: Bench) -> Feature:
    """Each feature that the service has; one that it lacks is skipped by name."""
    one: Feature = request.param
    skip_without(one in bench.manifest.features, bench, one, "manifest: not among its features")
    return one


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Runs a case that is a coroutine."""
    if not inspect.iscoroutinefunction(pyfuncitem.obj):
        return None
    names = inspect.signature(pyfuncitem.obj).parameters
    bench = cast("Bench", pyfuncitem.funcargs["bench"])
    bench.run(pyfuncitem.obj(**{name: pyfuncitem.funcargs[name] for name in names}))
    return True
