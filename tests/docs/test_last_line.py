"""A test run ends with one line that names whatever was skipped, on one process or on several."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SKIPPING = """
import pytest

@pytest.mark.skip(reason="no such thing here")
@pytest.mark.parametrize("n", [1, 2])
def test_twice(n): ...

def test_inside():
    pytest.skip("only by root")

@pytest.mark.soak
def test_long():
    raise AssertionError

def test_fine(): ...
"""


def last_lines(folder: Path, source: str, *arguments: str) -> list[str]:
    """The last two lines of a test run of its own, with our conftest.py."""
    shutil.copy(ROOT / "tests" / "conftest.py", folder)
    (folder / "test_it.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = soak\n")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment.pop("CROSSWATCH_SOAK", None)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**environment, "PYTHONPATH": str(ROOT)},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout.splitlines()[-2:]


@pytest.mark.parametrize("processes", ["0", "2"])
def test_the_last_line_names_what_was_skipped(tmp_path: Path, processes: str) -> None:
    summary, last = last_lines(tmp_path, SKIPPING, "-n", processes)
    assert last == "Skipped: 2: no such thing here; 1: only by root"
    assert "1 passed, 3 skipped" in summary


def test_the_last_line_says_so_when_nothing_was_skipped(tmp_path: Path) -> None:
    summary, last = last_lines(tmp_path, "def test_fine(): ...\n")
    assert last == "Skipped: nothing"
    assert "1 passed" in summary
