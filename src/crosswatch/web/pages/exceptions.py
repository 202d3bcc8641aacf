"""In a few words, what keeps a pair from being in step although its last run did all that it could."""

from collections.abc import Sequence

from crosswatch.services.home import PairNow
from crosswatch.store.attention import LEAVE, Question
from crosswatch.store.held import ALLOW
from crosswatch.web.rendering import number

_OPEN = {
    Question.ACCOUNT: ("an account needs you", "{count} accounts need you"),
    Question.REMOVAL: ("1 removal waits for you", "{count} removals wait for you"),
    Question.OVERWRITE: ("1 new rating waits for you", "{count} new ratings wait for you"),
    Question.CONFLICT: ("1 conflict waits for you", "{count} conflicts wait for you"),
    Question.DOUBT: ("1 doubt waits for you", "{count} doubts wait for you"),
    Question.KEPT: ("1 kept title waits for you", "{count} kept titles wait for you"),
    Question.UNMATCHED: ("1 title has no match", "{count} titles have no match"),
}
_TO_DO = ("1 answer waits for the next sync", "{count} answers wait for the next sync")
_HELD = ("1 title waits until more is known", "{count} titles wait until more is known")
_HIDDEN = ("1 title is not listed by its service", "{count} titles are not listed by their services")
_LATER = (
    "1 change waits for the next sync",
    "{count} changes wait for the next sync",
)
_APART = ("1 difference is kept", "{count} differences are kept")


def exceptions(now: PairNow) -> tuple[str, ...]:
    """What is not in step, the user's own business first; empty where everything is."""
    tally = now.tally
    counted = [(_OPEN[kind], tally.open.get(kind, 0)) for kind in _OPEN]
    counted += [(_TO_DO, tally.to_do), (_HELD, _held(now)), (_LATER, _later(now))]
    counted += [(_HIDDEN, _hidden(now)), (_APART, _apart(now))]
    return tuple(_said(words, count) for words, count in counted if count)


def sentence(parts: Sequence[str], *, in_step: bool) -> str:
    """The same as one sentence: ``In step, but 3 removals wait for you and 2 differences are kept.``"""
    if not parts:
        return ""
    last = parts[-1]
    said = f"{', '.join(parts[:-1])} and {last}" if len(parts) > 1 else last
    return f"In step, but {said}." if in_step else f"{said[0].upper()}{said[1:]}."


def _said(words: tuple[str, str], count: int) -> str:
    one, many = words
    return one if count == 1 else many.format(count=number(count))


def _held(now: PairNow) -> int:
    """Titles of which the last run concluded nothing yet."""
    if now.last is None:
        return 0
    return sum(sum(lane.get("why_held", {}).values()) for lane in now.last.lanes.values())


def _later(now: PairNow) -> int:
    """What the last run left, because it was in no preview or because the user changed something."""
    if now.last is None:
        return 0
    return sum(int(lane.get("later", 0)) for lane in now.last.lanes.values())


def _hidden(now: PairNow) -> int:
    """Titles that a service counted in the last run and did not list."""
    if now.last is None:
        return 0
    return sum(sum(lane.get("gap", {}).values()) for lane in now.last.lanes.values())


def _apart(now: PairNow) -> int:
    """Differences that stay as they are, and that nobody is asked about, or said to remove."""
    tally = now.tally
    asked = tally.open.get(Question.KEPT, 0) + tally.answered.get((Question.KEPT, ALLOW), 0)
    return max(0, now.apart - asked) + tally.answered.get((Question.UNMATCHED, LEAVE), 0)
