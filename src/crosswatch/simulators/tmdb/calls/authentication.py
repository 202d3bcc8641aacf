"""Keys, request tokens and sessions."""

from __future__ import annotations

import secrets
import time
from typing import Final

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.routing import Call, Handler
from crosswatch.simulators.tmdb.simulator import Simulator
from crosswatch.simulators.tmdb.state import RequestToken, User


def tmdb_time(seconds: float) -> str:
    """TMDb's own way to write a time, which is not ISO (recorded)."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def check(sim: Simulator, call: Call) -> Answer:
    return answers.data({"success": True, "status_code": 1, "status_message": "Success."})


def new_token(sim: Simulator, call: Call) -> Answer:
    """A request token, with the approval page's address in a header (recorded)."""
    token = secrets.token_hex(20)
    app_name = call.app.app_name if call.app else ""
    sim.tokens[token] = RequestToken(token, app_name, sim.clock())
    expires_at = tmdb_time(sim.clock() + sim.knobs.token_lifetime)
    answer = answers.data({"success": True, "expires_at": expires_at, "request_token": token})
    answer.headers["authentication-callback"] = f"{call.web_url}/authenticate/{token}"
    return answer


def new_session(sim: Simulator, call: Call) -> Answer:
    """A session for an approved token, once; everything else is 401 (code 17 recorded for a bogus token)."""
    token = str(call.fields().get("request_token") or call.query.get("request_token") or "")
    with sim.lock:
        state = sim.token_state(token)
        if state == "pending":
            return answers.denied(sim.knobs.pending_code)
        user = sim.tokens[token].user if state == "approved" else None
        if user is None:
            return answers.denied(17)
        sim.tokens[token].state = "used"
        if sim.knobs.session_without_id:
            return answers.data({"success": True})
        return answers.data({"success": True, "session_id": sim.add_session(user)})


def end_session(sim: Simulator, call: Call) -> Answer:
    """Ends the session named in the body or the query; one that is not there is 401 code 3."""
    session = str(call.fields().get("session_id") or call.query.get("session_id") or "")
    if sim.sessions.pop(session, None) is None:
        return answers.code(3)
    return answers.data({"success": True})


def new_guest(sim: Simulator, call: Call) -> Answer:
    guest = secrets.token_hex(16)
    sim.guests[guest] = User(0, "")
    expires_at = tmdb_time(sim.clock() + 86_400)
    return answers.data({"success": True, "guest_session_id": guest, "expires_at": expires_at})


def login(sim: Simulator, call: Call) -> Answer:
    """Nobody here has a password: incomplete 400 code 26, else 401 code 30 (recorded for a wrong login)."""
    fields = call.fields()
    return answers.code(30 if fields.get("username") and fields.get("password") else 26)


ROUTES: Final[dict[str, dict[str, Handler]]] = {
    "/authentication": {"GET": check},
    "/authentication/token/new": {"GET": new_token},
    "/authentication/token/validate_with_login": {"POST": login},
    "/authentication/session/new": {"GET": new_session, "POST": new_session},
    "/authentication/session": {"DELETE": end_session},
    "/authentication/guest_session/new": {"GET": new_guest},
}
