"""The user's own v3 lists: films only, readable by everybody."""

from __future__ import annotations

from typing import Final

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.routing import Call, Handler, Refused, check_user
from crosswatch.simulators.tmdb.simulator import Simulator
from crosswatch.simulators.tmdb.state import OwnList

_CREATED = "The item/record was created successfully."


def _known(sim: Simulator, call: Call) -> OwnList:
    made = sim.lists.get(call.numbers["list"])
    if made is None:
        raise Refused(answers.code(34))
    return made


def _own(sim: Simulator, call: Call) -> OwnList:
    """The list, where it is the session's own; somebody else's is 401 code 38."""
    user, made = check_user(sim, call), _known(sim, call)
    if made.owner != user.id:
        raise Refused(answers.code(38))
    return made


def _movie(sim: Simulator, call: Call) -> int:
    number = call.fields().get("media_id")
    if not isinstance(number, int) or sim.title(("movie", number)) is None:
        raise Refused(answers.code(34))
    return number


def create(sim: Simulator, call: Call) -> Answer:
    """201 code 1 with `list_id` (seen live by others)."""
    user, fields = check_user(sim, call), call.fields()
    name = str(fields.get("name") or "")
    if not name:
        return answers.code(5)
    number = 8_300_001 + max((known - 8_300_000 for known in sim.lists), default=0)
    language = str(fields.get("language") or "en")
    sim.lists[number] = OwnList(number, user.id, name, str(fields.get("description") or ""), language)
    value = {"status_message": _CREATED, "success": True, "status_code": 1, "list_id": number}
    return answers.data(value, 201)


def read(sim: Simulator, call: Call) -> Answer:
    made, page = _known(sim, call), call.page()
    titles = [sim.title(("movie", number)) for number in made.movies]
    rows = [sim.shapes.row(title) | {"media_type": "movie"} for title in titles if title]
    owner = sim.users[made.owner]
    value = {
        "created_by": owner.username,
        "description": made.description,
        "favorite_count": 0,
        "id": made.id,
        "items": rows[(page - 1) * 20 : page * 20],
        "item_count": len(made.movies),
        "iso_639_1": made.language,
        "name": made.name,
        "page": page,
        "poster_path": None,
        "total_pages": -(-len(rows) // 20) or 1,
        "total_results": len(rows),
    }
    return answers.data(value)


def status(sim: Simulator, call: Call) -> Answer:
    made = _known(sim, call)
    number = call.query.get("movie_id", "")
    return answers.data({"id": made.id, "item_present": number.isdecimal() and int(number) in made.movies})


def add(sim: Simulator, call: Call) -> Answer:
    """201 code 12; a film that is there already is 403 code 8 (official table, not seen live)."""
    made, number = _own(sim, call), _movie(sim, call)
    if number in made.movies:
        return answers.code(8)
    made.movies.append(number)
    return answers.code(12)


def remove(sim: Simulator, call: Call) -> Answer:
    made, number = _own(sim, call), _movie(sim, call)
    if number in made.movies:
        made.movies.remove(number)
    return answers.code(13)


def clear(sim: Simulator, call: Call) -> Answer:
    """Only with `confirm=true`, else 400 code 29 (seen live by others)."""
    made = _own(sim, call)
    if call.query.get("confirm") != "true":
        return answers.code(29)
    made.movies.clear()
    return answers.code(12)


def delete(sim: Simulator, call: Call) -> Answer:
    """200 code 13, or by knob the 500 under which the list is gone nevertheless (seen live in 2023)."""
    made = _own(sim, call)
    del sim.lists[made.id]
    return answers.data({"success": False}, 500) if sim.knobs.list_delete_fails else answers.code(13)


ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/list": {"POST": create},
    "/list/{list}": {"GET": read, "DELETE": delete},
    "/list/{list}/item_status": {"GET": status},
    "/list/{list}/add_item": {"POST": add},
    "/list/{list}/remove_item": {"POST": remove},
    "/list/{list}/clear": {"POST": clear},
}
