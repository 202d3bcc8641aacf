"""Plans: why one writes a title, or does not, and why one can no longer be applied.

Sentences about titles name both sides, ``{side}`` the one that the title is written on, or stays on.
"""

WRITTEN: dict[str, tuple[str, str]] = {
    "add": ("{count} added", "{count} added to {label}"),
    "change": ("{count} changed", "{count} changed on {label}"),
    "remove": ("{count} removed", "{count} removed from {label}"),
}
NOTHING_REMOVED, NOTHING_WRITTEN = "nothing removed", "Nothing would be written"
"""What a plan writes, action by action; the second form names the side."""

CAUSES: dict[str, str] = {
    "new": "{other} has it, and {side} does not.",
    "new_change": "Both have rated it, and the rating on {other} counts.",
    "changed": "You changed it on {other}.",
    "changed_add": "You put it on {other} again.",
    "touched": "You set it again on {other}.",
    "removed": "You took it off on {other}.",
    "stayed": "{other} still has it.",
    "answered": "You said that what {other} has counts.",
    "approved": "You said that it may be removed.",
}
"""What stands behind a write, by the engine's causes; with the action where that makes a difference."""

STATES: dict[str, str] = {
    "waits": "{why} It waits until you allow it.",
    "conflict": "Rated {source_value} on {source} and {target_value} on {target}. You decide which one counts.",
    "held": "{side}: {why}.",
    "kept": "You took it off on {other}. It stays on {side}, because this pair does not remove.",
    "kept_unsaid": "You took it off on one side. It stays on the other, because this pair does not remove.",
    "cleared": "{other} may have taken it off by itself, because you rated or watched it. It stays on {side}.",
    "cleared_unsaid": "A service may have taken it off by itself, because you rated or watched it. Nothing is written.",
}
"""What becomes of a title that is not written."""

PROOFS: dict[str, str] = {
    "lookup": "{other} was asked about this title itself at {at}.",
    "list": "Read in the list of {other} at {at}.",
    "list_absent": "Missing from the whole list of {other}, read at {at}.",
}
"""On what a write rests."""

STALE: dict[str, tuple[str, str, str]] = {
    "plan_stale": (
        "Preview out of date",
        "This preview can no longer be applied.",
        "Preview again.",
    ),
    "plan_stale_expired": (
        "Preview expired",
        "This preview is more than a day old, so it can no longer be applied.",
        "Preview again.",
    ),
    "plan_stale_applied": (
        "Applied already",
        "This preview has been applied already; that is done once.",
        "Preview again to see what is left.",
    ),
    "plan_stale_changed": (
        "Settings changed since",
        "The pair has been changed since this preview was made, so it no longer says what would happen.",
        "Preview again.",
    ),
    "plan_stale_account": (
        "Another account",
        "Another account is connected now than the one that this preview was made for.",
        "Preview again.",
    ),
    "plan_stale_gone": (
        "Pair deleted",
        "The pair of this preview has been deleted.",
        "Make the pair anew; its first sync removes nothing.",
    ),
    "plan_stale_wait": (
        "Too much at once",
        "Nothing was written: so much was taken off or rated anew since that none of it is done unasked, also not what "
        "this preview showed for {titles}.",
        "Sync: then all of it waits for you in the inbox.",
    ),
    "plan_stale_moved": (
        "Changed meanwhile",
        "Nothing was written: what this preview showed no longer holds for {titles}.",
        "Preview again to see what would happen now.",
    ),
}
"""Code -> title, what is wrong, and what to do next."""
