"""Runs of the real program that kill themselves, or are killed, one after the other."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
NEVER = "never:0"


@dataclass(frozen=True)
class Ended:
    """A run of the program that is over: its exit code, and all that it said.

    ``came``: how often each moment came, where nobody killed it.
    """

    code: int
    said: str
    came: Counter[str]


@dataclass(frozen=True)
class Programs:
    """Runs of the program, one at a time."""

    child: subprocess.Popen[str]
    folder: Path

    def run(
        self,
        words: Sequence[str],
        environment: Mapping[str, str],
        moment: str = NEVER,
        *,
        ripe: float = 0.0,
        breath: float | None = None,
    ) -> Ended:
        """``crosswatch WORDS`` to its end, which is at that moment, or after so many seconds of ``breath``.

        A doubt may be looked up after ``ripe`` seconds.
        """
        output, came = self.folder / "said", self.folder / "came"
        for file in (output, came):
            file.unlink(missing_ok=True)
        order = {
            "words": list(words),
            "environment": dict(environment),
            "moment": moment,
            "ripe": ripe,
            "breath": breath,
            "output": str(output),
            "came": str(came),
        }
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(f"{json.dumps(order)}\n")
        self.child.stdin.flush()
        code = int(self.child.stdout.readline())
        told = json.loads(came.read_text()) if came.exists() else {}
        return Ended(code, output.read_text() if output.exists() else "", Counter(told))


@contextlib.contextmanager
def programs(folder: Path) -> Iterator[Programs]:
    """The program, imported once for all its runs."""
    with subprocess.Popen(
        [sys.executable, LAUNCHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:
        yield Programs(child, folder)
        assert child.stdin is not None
        child.stdin.close()
