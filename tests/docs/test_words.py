"""Every code that the program can give has a sentence, and says what to do next."""

from __future__ import annotations

import ast
from pathlib import Path

import crosswatch
from crosswatch import words
from crosswatch.web.problems import STATUS

SOURCE = Path(crosswatch.__file__).parent
_ERRORS = {
    "Refused",
    "HouseError",
    "CrossWatchError",
    "KeyRejected",
    "NotApproved",
    "ItemError",
    "ServiceFailed",
}
_SUPERS = {"unreachable", "blocked", "rate_limited", "session_ended", "cancelled"}


def _raised() -> dict[str, str]:
    """Code -> where, for every error that is made with a code written there."""
    found: dict[str, str] = {}
    for path in SOURCE.rglob("*.py"):
        if "simulators" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            first = node.args[0]
            if name in _ERRORS and isinstance(first, ast.Constant) and isinstance(first.value, str):
                found[first.value] = f"{path.relative_to(SOURCE)}:{node.lineno}"
    return found


def test_every_code_has_words() -> None:
    raised = _raised()
    assert len(raised) > 30, "the search itself must find something"
    wordless = {code: where for code, where in raised.items() if code not in words.codes()}
    assert wordless == {}
    assert _SUPERS | set(STATUS) <= words.codes(), (_SUPERS | set(STATUS)) - words.codes()


def test_every_sentence_is_whole() -> None:
    for code in words.codes():
        said = words.say(code)
        assert said.title, code
        assert said.sentence[-1] in ".:?", f"{code}: {said.sentence}"
        assert said.next_step == "" or said.next_step[-1] == ".", f"{code}: {said.next_step}"
        assert "{" not in said.sentence + said.next_step, f"{code} keeps a brace"


def test_an_unknown_code_is_said_and_not_raised() -> None:
    assert "never_heard_of" in words.say("never_heard_of").sentence
