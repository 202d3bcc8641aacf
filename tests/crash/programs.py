"""Runs of the real program that kill themselves, or are killed, one after the other."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAUNCHER = str(Path(__file__).with_name("launcher.py"))
NEVER = "never:0"


@dataclass(frozen=True)
class Program:
    """A run of the program. ``pid`` is its own; what it says goes into ``output``.

    ``moments``: a file with the moments that it came to, once it has ended by itself.
    """

    pid: int
    output: Path
    moments: Path
    answers: Any

    def kill(self) -> None:
        """Ends it at once; it may have ended by itself."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)

    def finished(self) -> int:
        """Its exit code, once it has ended."""
        return int(self.answers.readline())

    @property
    def came(self) -> Counter[str]:
        """How often each moment came."""
        return Counter(json.loads(self.moments.read_text()))

    @property
    def said(self) -> str:
        return self.output.read_text()


@dataclass(frozen=True)
class Programs:
    """Starts runs of the program, one at a time. ``folder`` keeps what the last one said."""

    child: subprocess.Popen[str]
    folder: Path

    def start(
        self, words: Sequence[str], environment: Mapping[str, str], moment: str = NEVER, ripe: float = 0.0
    ) -> Program:
        """``crosswatch WORDS``, which kills itself at that moment; a doubt is ripe after so many seconds."""
        output, moments = self.folder / "said", self.folder / "came"
        for file in (output, moments):
            file.unlink(missing_ok=True)
        order = {
            "words": list(words),
            "environment": dict(environment),
            "moment": moment,
            "ripe": ripe,
            "output": str(output),
            "came": str(moments),
        }
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        self.child.stdin.write(f"{json.dumps(order)}\n")
        self.child.stdin.flush()
        return Program(int(self.child.stdout.readline()), output, moments, self.child.stdout)


@contextlib.contextmanager
def programs(folder: Path) -> Iterator[Programs]:
    """The program, imported once for all its runs."""
    with subprocess.Popen(
        [sys.executable, LAUNCHER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as child:
        yield Programs(child, folder)
        assert child.stdin is not None
        child.stdin.close()
