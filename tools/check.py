"""Runs what `make check` and, with --all, `make test` promise; fails when anything did, after everything has run."""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = ROOT / ".venv" / "bin"

LINT = {
    "ruff check": ["ruff", "check", "--quiet", "."],
    "ruff format": ["ruff", "format", "--check", "--quiet", "."],
    "mypy": ["mypy", "--no-error-summary"],
    "import rules": ["lint-imports", "--no-logo"],
}
FAST = ["tests/unit", "tests/engine"]


def lint(name: str) -> bool:
    """Runs one of `LINT`; prints a line, and its output only when it failed; returns whether it passed."""
    program, *arguments = LINT[name]
    began = time.monotonic()
    done = subprocess.run(
        [BIN / program, *arguments],
        check=False,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    words = "failed" if done.returncode else "ok"
    output = done.stdout if done.returncode else ""
    print(f"check: {name}: {words} ({time.monotonic() - began:.1f} s)\n{output}", end="", flush=True)
    return done.returncode == 0


def main() -> None:
    """Lints two at a time, then tests, so that pytest's own summary stands last."""
    parser = argparse.ArgumentParser(description="Runs the checks.")
    parser.add_argument("--all", action="store_true", help="every test, not only the fast ones")
    tests = ["tests"] if parser.parse_args().all else FAST
    with ThreadPoolExecutor(2) as pool:
        passed = dict(zip(LINT, pool.map(lint, LINT), strict=True))
    code = subprocess.call(
        [BIN / "python", "-m", "pytest", "--quiet", "-n", "2", "--dist", "loadfile", *tests], cwd=ROOT
    )
    failed = [name for name, fine in passed.items() if not fine]
    if failed:
        print(f"check: see above: {', '.join(failed)} failed")
    sys.exit(code or bool(failed))


if __name__ == "__main__":
    main()
