"""Ratings of films, shows and episodes."""

from __future__ import annotations

import re
from typing import Final

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.catalogue import Key
from crosswatch.simulators.tmdb.routing import Call, Handler, Refused, check_user
from crosswatch.simulators.tmdb.simulator import Simulator

_LEADING = re.compile(r"\s*[-+]?\d*\.?\d*")
TOO_LOW: Final = "Value too low: Value must be greater than 0.0."
TOO_HIGH: Final = "Value too high: Value must be less than, or equal to 10.0."
NO_STEP: Final = "Value invalid: Values must be a multiple of 0.50."


def points(value: object) -> float:
    """The value as TMDb understands it; 400 code 18 with its own words for one that it does not take.

    A text is read as far as it is a number with a dot: "2,5" is 2 (seen live by others).
    """
    if isinstance(value, str):
        leading = _LEADING.match(value)
        text = leading.group().strip() if leading else ""
        value = float(text) if any(letter.isdigit() for letter in text) else 0.0
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        value = 0.0
    for wrong, words in ((value <= 0, TOO_LOW), (value > 10, TOO_HIGH), (value * 2 % 1 != 0, NO_STEP)):
        if wrong:
            raise Refused(answers.code(18, message=words))
    return float(value)


def rated_key(call: Call) -> Key:
    """The title that a path under /movie or /tv is about."""
    numbers = call.numbers
    if "movie" in numbers:
        return ("movie", numbers["movie"])
    if "episode" in numbers:
        return ("episode", numbers["show"], numbers["season"], numbers["episode"])
    return ("tv", numbers["show"])


def rate(sim: Simulator, call: Call) -> Answer:
    """201 code 1 for a first rating, 201 code 12 for a change; the value is checked before the title (seen live)."""
    user = check_user(sim, call, guests=True)
    value = points(call.fields().get("value"))
    key = rated_key(call)
    if sim.title(key) is None:
        return answers.code(34)
    return answers.code(12) if sim.rate(user, key, value) else answers.code(1, status=201)


def unrate(sim: Simulator, call: Call) -> Answer:
    """200 code 13, rated or not (seen live by others)."""
    user = check_user(sim, call, guests=True)
    key = rated_key(call)
    if sim.title(key) is None:
        return answers.code(34)
    with sim.lock:
        user.shelf("rated", key[0]).drop(key, sim.clock())
    return answers.code(13)


_BOTH: Final[dict[str, Handler]] = {"POST": rate, "DELETE": unrate}

ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/movie/{movie}/rating": _BOTH,
    "/tv/{show}/rating": _BOTH,
    "/tv/{show}/season/{season}/episode/{episode}/rating": _BOTH,
}
