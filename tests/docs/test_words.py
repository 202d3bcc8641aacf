"""Every code that the program can give has a sentence, and says what to do next."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import crosswatch
from crosswatch import words
from crosswatch.web.problems import STATUS
from crosswatch.words import Surface, commands

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
_OF_PAGES = (
    "lick",
    "with Connect",
    "start page",
    "in Settings",
    "send it again",
    "TMDb tab",
    "at this address",
)
_OF_PAGES_ALONE = {"forbidden_host", "forbidden_origin", "method_not_allowed", "setup_required"}


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


@pytest.mark.parametrize("surface", Surface)
def test_every_sentence_is_whole(surface: Surface) -> None:
    for code in words.codes():
        said = words.say(code, surface=surface)
        assert said.title, code
        assert said.sentence[-1] in ".:?", f"{code}: {said.sentence}"
        assert said.next_step == "" or said.next_step[-1] == ".", f"{code}: {said.next_step}"
        assert "{" not in said.sentence + said.next_step, f"{code} keeps a brace"


def test_the_command_line_never_sends_a_user_to_a_page_nor_a_page_to_a_command() -> None:
    assert commands.NEXT_STEPS.keys() | commands.SENTENCES.keys() <= words.codes()
    for code in words.codes() - _OF_PAGES_ALONE:
        step = words.say(code, surface=Surface.COMMAND).next_step
        assert [word for word in _OF_PAGES if word in step] == [], f"{code}: {step}"
    for code in words.codes():
        assert "“crosswatch " not in words.say(code).whole, code


def test_the_next_step_can_be_typed_as_it_is_told() -> None:
    pending = words.say("pending_approval", {"account": "tmdb/second"}, surface=Surface.COMMAND)
    assert pending.next_step == (
        "Open the link that “crosswatch connect tmdb/second” printed and approve; "
        "then “crosswatch verify tmdb/second”."
    )
    assert "“crosswatch connect tmdb”" in words.say("no_session_id", surface=Surface.COMMAND).next_step
    off = {"account": "tmdb/second"}
    assert words.say("not_connected", off).whole == "TMDb (second) is not connected. Connect it in Settings."
    assert words.say("not_connected", off, surface=Surface.COMMAND).whole == (
        "tmdb/second is not connected. Connect it with “crosswatch connect tmdb/second”."
    )


def test_an_unknown_code_is_said_and_not_raised() -> None:
    assert "never_heard_of" in words.say("never_heard_of").sentence
