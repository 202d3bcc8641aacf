"""The short words around figures and states. Sentences about errors live in crosswatch.words."""

from dataclasses import dataclass

from crosswatch.model.kinds import Action, Conflict, Feature, Kind, Mode


@dataclass(frozen=True, slots=True)
class Label:
    """A word, what it means in a sentence, its icon, and its tone: ok, warn, bad, idle or run."""

    word: str
    meaning: str = ""
    icon: str = ""
    tone: str = "idle"


FEATURES = {
    Feature.WATCHLIST: Label("Watchlist", icon="bookmark"),
    Feature.RATINGS: Label("Ratings", icon="star"),
}

KINDS = {
    Kind.MOVIE: Label("Movie", icon="film"),
    Kind.SHOW: Label("Show", icon="tv"),
    Kind.SEASON: Label("Season", icon="tv"),
    Kind.EPISODE: Label("Episode", icon="tv"),
}

MODES = {
    Mode.ONE_WAY: Label("One way", "Changes go from the left to the right only.", "arrow-right"),
    Mode.TWO_WAY: Label("Both ways", "Changes go in both directions.", "arrow-left-right"),
}

# The directions of a pair that is being made: there is no left and no right yet.
WAYS = {
    Mode.ONE_WAY: Label(
        "One way",
        "Changes go from the first account to the second. The first one is only read.",
        "arrow-right",
    ),
    Mode.TWO_WAY: Label(
        "Both ways", "Changes in either account go to the other one. Both are written to.", "arrow-left-right"
    ),
}

# Whose rating counts where both sides changed.
CONFLICTS = {
    Conflict.ASK: Label("Ask me", "It waits in the inbox; everything else goes on.", "hand"),
    Conflict.SOURCE: Label("The first account’s", icon="arrow-right"),
    Conflict.TARGET: Label("The second account’s", icon="arrow-left"),
    Conflict.NEWEST: Label(
        "The newer one", "Where a service gives no dates, it asks. TMDb gives none.", "clock"
    ),
}

# What it means to let a pair remove: one way, where the left side leads, and both ways.
REMOVES = {
    Feature.WATCHLIST: Label(
        "From the watchlist",
        "What you take off the first account’s watchlist is taken off the second one’s, where CrossWatch put it.",
    ),
    Feature.RATINGS: Label(
        "Ratings",
        "What you unrate in the first account is unrated in the second one, where CrossWatch rated it.",
    ),
}
REMOVES_BOTH = {
    Feature.WATCHLIST: "What you take off one watchlist is taken off the other one.",
    Feature.RATINGS: "What you unrate in one account is unrated in the other one.",
}

ACTIONS = {
    Action.ADD: Label("Add", icon="plus"),
    Action.CHANGE: Label("Change", icon="pencil"),
    Action.REMOVE: Label("Remove", icon="minus"),
}

# Status of a run, by its name in the API.
STATUSES = {
    "running": Label("Running", "It is going on now.", "refresh-cw", "run"),
    "succeeded": Label("Done", "Everything that was planned is done.", "circle-check", "ok"),
    "partial": Label(
        "Partly done", "Some of it could not be done; the next run tries again.", "circle-alert", "warn"
    ),
    "failed": Label("Failed", "Nothing could be decided, so nothing was changed.", "circle-x", "bad"),
    "cancelled": Label("Stopped", "You stopped it; what was done stays done.", "circle-stop", "idle"),
    "interrupted": Label(
        "Interrupted", "The program ended in the middle; the next run does the rest.", "circle-alert", "warn"
    ),
}

# The same of a run that only looked.
LOOKED = STATUSES | {
    "succeeded": Label("Ready", "It only looked; nothing was written.", "circle-check", "ok"),
    "partial": Label(
        "Ready, in part", "A list did not arrive completely. Nothing was written.", "circle-alert", "warn"
    ),
    "failed": Label("Failed", "It could not look; nothing was written.", "circle-x", "bad"),
    "cancelled": Label("Stopped", "You stopped it; nothing was written.", "circle-stop", "idle"),
    "interrupted": Label(
        "Interrupted", "The program ended in the middle; nothing was written.", "circle-alert", "warn"
    ),
}

RUN_KINDS = {"sync": "Sync", "plan": "Preview", "undo": "Undo"}

TRIGGERS = {
    "user": "by you",
    "page": "by you",
    "api": "through the API",
    "command line": "from the command line",
    "schedule": "by the schedule",
}

PHASES = {
    "starting": "Getting ready",
    "waiting": "Waiting",
    "checking": "Checking the accounts",
    "settling": "Settling what was left open",
    "reading": "Reading both lists",
    "proving": "Making sure of what is missing",
    "planning": "Comparing",
    "writing": "Writing changes",
    "verifying": "Checking what was written",
    "finishing": "Finishing",
}

PAIR_STATES = {
    "never": Label("Not synced yet", icon="circle-dashed", tone="idle"),
    "running": Label("Syncing", icon="refresh-cw", tone="run"),
    "looking": Label("Previewing", icon="eye", tone="run"),
    "in_step": Label("In step", icon="circle-check", tone="ok"),
    "asking": Label("Waits for you", icon="hand", tone="warn"),
    "apart": Label("In step, with exceptions", icon="circle-check", tone="idle"),
    "partly": Label("Nearly in step", icon="circle-alert", tone="warn"),
    "broken": Label("Out of step", icon="circle-x", tone="bad"),
    "stopped": Label("Stopped", icon="circle-stop", tone="idle"),
    "off": Label("Switched off", icon="circle-pause", tone="idle"),
}

CONNECTION_STATES = {
    "connected": Label("Connected", icon="circle-check", tone="ok"),
    "unchecked": Label("Connected, not checked", "The service cannot be reached.", "circle-alert", "warn"),
    "pending": Label("Pending approval", icon="hourglass", tone="warn"),
    "ended": Label("Connect again", icon="unplug", tone="bad"),
    "built_in": Label("Built in", icon="circle-check", tone="ok"),
}

# Home's one answer: word is the headline, meaning the line below it.
MOODS = {
    "empty": Label(
        "Keep what you watch in step.",
        "CrossWatch keeps your watchlist and your ratings the same in every service that you use, "
        "and never takes anything away without proof.",
    ),
    "offer": Label(
        "One step left.",
        "TMDb is connected. Choose what its watchlist and ratings are to be kept in step with.",
    ),
    "never": Label("Ready for the first sync.", "The first sync takes nothing away."),
    "running": Label("Getting in step.", "You may close this page; it goes on without you."),
    "looking": Label("Looking ahead.", "Nothing is written while a preview is made."),
    "in_step": Label("Everything is in step."),
    "asking": Label("Nearly in step.", "All is done but what only you can decide."),
    "apart": Label("In step, with exceptions.", "All is done; what stays otherwise stands below."),
    "partly": Label("Nearly in step.", "Some titles could not be done this time."),
    "broken": Label("Out of step.", "Something needs you before it can go on."),
    "stopped": Label("Stopped half way.", "What was done stays done; the next sync does the rest."),
    "off": Label("Switched off.", "No pair is switched on."),
}

RETRIES = "It will work on another try."
"""Beside the headline where nothing but time is needed."""

# The counts of a lane, by their names in the API, in the order in which they are shown.
COUNTS = {
    "added": Label("added", "Put on a list where it was missing.", "plus", "ok"),
    "changed": Label("changed", "Given the other side's newer value.", "pencil", "ok"),
    "removed": Label(
        "removed", "Taken off, because it was provably taken off on the other side.", "minus", "ok"
    ),
    "conflicts": Label(
        "in conflict", "Both sides changed to different values; you decide which one counts.", "split", "warn"
    ),
    "replaced": Label(
        "replaced unseen",
        "Of those added: a rating was there that the service had not shown, and this one took its place.",
        "eye-off",
        "warn",
    ),
    "waiting": Label(
        "waiting for you",
        "More than people remove or change by hand, so nothing is done before you allow it.",
        "hand",
        "warn",
    ),
    "held": Label("held back", "Not done yet, because not enough is known.", "hand", "warn"),
    "unmatched": Label(
        "without a match",
        "The other service does not know this title; tried again later.",
        "search-x",
        "warn",
    ),
    "rejected": Label(
        "refused",
        "The service did not accept the value; its own words stand at the title.",
        "circle-x",
        "bad",
    ),
    "in_doubt": Label(
        "in doubt",
        "Sent, but the answer was lost; looked up before anything is sent again.",
        "circle-help",
        "warn",
    ),
    "retry_later": Label("put off", "The service asked to wait; the next run tries again.", "clock", "warn"),
    "moved": Label(
        "moved meanwhile",
        "The value changed while the run went on, so nothing was overwritten.",
        "shuffle",
        "warn",
    ),
    "not_sent": Label(
        "not sent", "The run ended before their turn; the next run does them.", "circle-slash", "warn"
    ),
    "already": Label(
        "already so", "The other side had the value when it was to be written.", "check", "idle"
    ),
    "adopted": Label("noted as equal", "Both sides agree; nothing had to be written.", "check", "idle"),
    "cleared": Label(
        "taken off by the service itself",
        "A service took them off its watchlist because you rated or watched them; they stay on the other side.",
        "star",
        "idle",
    ),
    "kept": Label(
        "kept",
        "Taken off on one side and kept on the other, because this pair does not remove.",
        "shield-check",
        "idle",
    ),
    "later": Label(
        "left for the next sync",
        "They came, or you changed something, after the plan was made.",
        "clock",
        "idle",
    ),
    "left": Label(
        "left alone", "Your own change on the right side stays as you made it.", "user-round", "idle"
    ),
    "hidden": Label(
        "hidden",
        "The service counts them and does not list them; nothing is concluded from that.",
        "eye-off",
        "idle",
    ),
}

# What a lane says that has none of these counts.
NOTHING = {
    "yet": "Nothing yet",
    "undecided": "Nothing was decided here before the run ended.",
    "unwritten": "Nothing was written here before the run ended.",
    "unneeded": "Nothing to write",
}
RATED = "Rated where there was no rating."
"""What ``added`` means for ratings."""

# How one title ended; words.py has the sentences for codes that a reason carries.
OUTCOMES = {
    "applied": Label("Done", icon="circle-check", tone="ok"),
    "already": Label("Already so", icon="check", tone="idle"),
    "adopted": Label("Noted as equal", icon="check", tone="idle"),
    "unmatched": Label("No match", icon="search-x", tone="warn"),
    "rejected": Label("Refused", icon="circle-x", tone="bad"),
    "moved": Label("Moved meanwhile", icon="shuffle", tone="warn"),
    "retry_later": Label("Put off", icon="clock", tone="warn"),
    "reconnect": Label("Not connected", icon="unplug", tone="bad"),
    "in_doubt": Label("In doubt", icon="circle-help", tone="warn"),
    "not_sent": Label("Not sent", icon="circle-slash", tone="warn"),
    "planned": Label("Planned", icon="circle-dashed", tone="idle"),
    "sent": Label("Sent", icon="circle-dashed", tone="run"),
    "held": Label("Held back", icon="hand", tone="warn"),
    "kept": Label("Kept", icon="shield-check", tone="idle"),
    "left": Label("Left alone", icon="user-round", tone="idle"),
    "conflict": Label("Conflict", icon="split", tone="warn"),
    "waits": Label("Waits for you", icon="hand", tone="warn"),
    "cleared": Label("Left alone", icon="star", tone="idle"),
}
