"""What every test shares: long runs only when asked for, the machine's Chromium, and a last line on skips."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Generator, Iterator

import pytest

from crosswatch.net import redaction
from tools.browser import find_chromium


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the machine's Chromium, for Playwright's `executable_path`; skips the test where there is none."""
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium: install the package chromium")
    return path


def pytest_configure() -> None:
    """Takes back that SIGINT is ignored, as it is in a shell's background: the programs that tests stop inherit it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what is marked `soak` unless CROSSWATCH_SOAK=1 (`make soak`): it is a command of its own."""
    if os.environ.get("CROSSWATCH_SOAK") == "1":
        return
    long = [item for item in items if item.get_closest_marker("soak")]
    if long:
        config.hook.pytest_deselected(items=long)
        items[:] = [item for item in items if item not in long]


def skipped_line(reports: list[pytest.TestReport | pytest.CollectReport]) -> str:
    """Returns one line that names what was skipped: "Skipped: 3: no Chromium; 1: needs root" or "Skipped: nothing"."""
    reasons: Counter[str] = Counter()
    for report in reports:
        # A skip's longrepr is (path, line, "Skipped: reason").
        text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        reasons[" ".join(text.removeprefix("Skipped:").split())] += 1
    return "Skipped: " + (
        "; ".join(f"{count}: {reason}" for reason, count in reasons.most_common()) or "nothing"
    )


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, None, None]:
    """Prints the line after pytest's own summary, once: xdist's workers leave it to the process that started them."""
    yield
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and not hasattr(session.config, "workerinput"):
        reporter.write_line(skipped_line(reporter.stats.get("skipped", [])))


@pytest.fixture(autouse=True)
def secrets_of_this_test_alone() -> Iterator[None]:
    """What one test hides from its log is hidden in no other: made-up secrets may be ordinary words."""
    before = redaction._Known.secrets
    yield
    redaction._Known.secrets = before
