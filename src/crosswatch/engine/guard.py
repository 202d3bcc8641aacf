"""The guard: what a plan would overwrite beyond a bound is asked about, and not done."""

from crosswatch.engine.base import Key, Rules
from crosswatch.engine.plan import Clash, Plan, PlannedWrite
from crosswatch.model.kinds import Action, Side

FEWEST, SHARE = 10, 5
"""So many ratings may be overwritten without a word; beyond that a fifth of the titles that both sides agreed on."""


def ask_before_overwriting(made: Plan, agreed: set[Key], rules: Rules) -> None:
    """Turns overwrites into questions where a first meeting of two lists would overwrite many ratings of one side.

    Both sides had rated these titles before they were ever kept in step, so no edit of a user stands behind any of
    them: a pair that was made the wrong way round would do it to a whole account. What the user answered is done.
    """
    most = max(FEWEST, len(agreed) // SHARE)
    for side in Side:
        met = [
            write for write in made.writes if write.side is side and _is_first_meeting(write, agreed, rules)
        ]
        if len(met) <= most:
            continue
        asked = {write.key for write in met}
        made.writes = [write for write in made.writes if write.side is not side or write.key not in asked]
        made.conflicts += [_question(write) for write in met]


def _is_first_meeting(write: PlannedWrite, agreed: set[Key], rules: Rules) -> bool:
    return write.action is Action.CHANGE and write.key not in agreed and write.key not in rules.answers


def _question(write: PlannedWrite) -> Clash:
    there, other = write.expected, write.other.value
    assert there is not None, "a change has something to overwrite"
    assert other is not None, "a change has something to write"
    if write.side is Side.TARGET:
        return Clash(write.key, other, there)
    return Clash(write.key, there, other)
