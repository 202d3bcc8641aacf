"""What the inbox asks, what can be said to it, and why something waits."""

QUESTIONS = {
    "conflict": "“{title}” has two ratings: {source_value} in {source}, {target_value} in {target}.",
    "doubt": (
        "CrossWatch sent {wanted} to {side} for “{title}” and got no clear answer. "
        "Now {source} has {source_value}, and {target} has {target_value}."
    ),
    "doubt_without_pair": (
        "CrossWatch sent {wanted} for “{title}” and got no clear answer; its pair has been deleted since, or started "
        "afresh. Whatever is there now is left as it is."
    ),
    "removal_watchlist": "“{title}” was taken off the watchlist of {other}. {side} still lists it.",
    "removal_ratings": "The rating of “{title}” was removed in {other}. {side} still has {there}.",
    "overwrite_ratings": "“{title}” was rated {wanted} in {other}. {side} has {there}.",
    "kept_watchlist": (
        "“{title}” was taken off the watchlist of {other} while this pair removed nothing. {side} still lists it."
    ),
    "kept_ratings": (
        "The rating of “{title}” was removed in {other} while this pair removed nothing. {side} still has {there}."
    ),
    "unmatched_watchlist": "“{title}” cannot be put on the watchlist of {side}. {reason}",
    "unmatched_ratings": "“{title}” cannot be rated in {side}. {reason}",
}
"""By the kind of the question, and by what it is about where that makes a difference."""

ANSWERS = {
    "source": "{source_value} ({source})",
    "target": "{target_value} ({target})",
    "removal_allow": "Remove it from {side}",
    "removal_keep": "Keep it",
    "overwrite_allow": "Change it to {wanted}",
    "overwrite_keep": "Keep {there}",
    "kept_allow": "Remove it from {side}",
    "kept_keep": "Keep it",
    "unmatched_try_again": "Try it in the next sync",
    "unmatched_leave": "Leave it out for good",
    "start_afresh": "Start afresh with {now}",
    "leave": "Leave it as it is",
    "take_back": "Take it back",
}
"""What can be said to one question, as a button or a line says it."""

ANSWERS_TO_ALL = {
    "removal_allow": "Remove {these} from {side}",
    "removal_keep": "Keep {them}",
    "overwrite_allow": "Change {these} in {side}",
    "overwrite_keep": "Keep {these} as they are",
    "kept_allow": "Remove {these} from {side}",
    "kept_keep": "Keep {them}",
    "unmatched_try_again": "Try {these} in the next sync",
    "unmatched_leave": "Leave {these} out for good",
    "doubt_source": "Let {source} count for {these}",
    "doubt_target": "Let {target} count for {these}",
    "conflict_source": "Keep {source}’s rating for {these}",
    "conflict_target": "Keep {target}’s rating for {these}",
    "take_back": "Take {these} back",
}
"""What can be said to many questions at once."""

WAITS = {
    "removal_many": (
        "They wait because they are many: more than {fewest}, and more than a tenth of the list, within a day are "
        "asked about first."
    ),
    "removal_emptied": "They wait because the whole list of {other} is empty now, which may be a mistake there.",
    "removal_looks": (
        "They wait because {other} cannot be asked about single titles: what it lists no longer is always asked about."
    ),
    "overwrite_many": (
        "They wait because they are many: more than {fewest}, and more than a fifth of the list, within a day are "
        "asked about first."
    ),
    "kept": "They were taken off in {other} before this pair removed anything. Nothing is removed until you say so.",
    "unmatched": "Everything else goes on without them, and they are tried again from time to time.",
    "account": "The pair does not run before that.",
}
"""Why questions of a kind are asked, below their heading."""

HEADINGS = {
    "account": ("An account needs you", "{count} accounts need you"),
    "removal_watchlist": (
        "1 removal from {side}’s watchlist waits",
        "{count} removals from {side}’s watchlist wait",
    ),
    "removal_ratings": (
        "1 removal of a rating in {side} waits",
        "{count} removals of ratings in {side} wait",
    ),
    "overwrite_ratings": ("1 new rating for {side} waits", "{count} new ratings for {side} wait"),
    "conflict_ratings": ("1 title has two ratings", "{count} titles have two ratings"),
    "doubt": ("1 write without a clear answer", "{count} writes without a clear answer"),
    "kept_watchlist": (
        "1 title is on {side}’s watchlist alone",
        "{count} titles are on {side}’s watchlist alone",
    ),
    "kept_ratings": ("1 title is rated in {side} alone", "{count} titles are rated in {side} alone"),
    "unmatched_watchlist": (
        "1 title cannot be put on {side}’s watchlist",
        "{count} titles cannot be put on {side}’s watchlist",
    ),
    "unmatched_ratings": ("1 title cannot be rated in {side}", "{count} titles cannot be rated in {side}"),
}
"""Above questions that one answer can be given to: for one, and for many."""

ANSWERED = {
    "allow": ("1 removal from {side} is", "{count} removals from {side} are"),
    "overwrite_allow": ("1 new rating for {side} is", "{count} new ratings for {side} are"),
    "source": ("{source}’s value for 1 title is", "{source}’s values for {count} titles are"),
    "target": ("{target}’s value for 1 title is", "{target}’s values for {count} titles are"),
    "try_again": ("1 title is", "{count} titles are"),
}
"""What the next sync does because it was answered so."""

STAYS = {
    "keep": ("You keep 1 title as it is", "You keep {count} titles as they are"),
    "leave": ("You leave 1 title out for good", "You leave {count} titles out for good"),
}
"""What no sync does anything about, because it was answered so."""
