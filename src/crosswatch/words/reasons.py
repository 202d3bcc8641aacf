"""Why one write of a run ended as it did: the code of its outcome -> a sentence, where the service said nothing."""

REASONS: dict[str, str] = {
    "gone": "The service no longer has this title.",
    "title_gone": "The service no longer has this title.",
    "unknown_title": "The service does not know this title.",
    "no_id": "Nothing is known by which the service could be told of this title.",
    "no_place": "The service has no place for this title: it is told of it by another kind of id.",
    "moved": "It shows another value than the one that was read. Nothing was overwritten; the next run looks again.",
    "came_back": "It is back on the side where it was missing. Nothing was removed; the next run looks again.",
    "rated_meanwhile": "It was rated meanwhile, which may be why it is missing. Nothing was removed.",
    "not_proved": "That it is gone on the other side could not be confirmed at that moment, so nothing was removed.",
    "not_seen": "What is there now could not be seen, and nothing is overwritten unseen.",
    "replaced": "A rating was there that the service had not shown; this one took its place.",
    "rate_limited": "The service asked to wait. It surely did nothing; the next run tries again.",
    "not_understood": "The answer could not be understood, so it may or may not have worked. It will be looked up.",
    "no_answer": "No answer came, so it may or may not have worked. It will be looked up.",
    "unreachable": "The connection broke off. What is not known to have worked will be looked up.",
    "blocked": "Something else answered in the service's place. It will be looked up.",
    "stopped": "The run was stopped before this was sent, or before its answer came.",
    "session_ended": "The connection no longer counts; connect again.",
    "settled": "Looked up afterwards, since its answer had not come.",
    "third_value": "It shows neither the old nor the new value; you are asked which one counts.",
    "answered": "Ended by your answer.",
}
"""Codes of outcomes; those of the service's own refusals come with its own words."""
