"""Errors over HTTP: one status for each code, and problem documents (RFC 9457) in the words of the catalogue."""

from collections.abc import Mapping

from starlette.responses import JSONResponse

from crosswatch import words
from crosswatch.errors import CrossWatchError, HouseError, ServiceError

PROBLEM_TYPE = "application/problem+json"

STATUS: dict[str, int] = {
    # connecting TMDb
    "missing_api_key": 422,
    "not_a_v3_key": 422,
    "invalid_api_key": 400,
    "suspended_api_key": 400,
    "no_pending_request": 409,
    "pending_approval": 409,
    "approval_expired": 409,
    "approval_denied": 409,
    "approval_unknown": 404,
    "approval_unfinished": 502,
    "no_session_id": 502,
    "session_ended": 409,
    "unreachable": 502,
    "blocked": 502,
    "rate_limited": 429,
    "rate_limited_unsaid": 429,
    "title_gone": 404,
    "title_refused": 422,
    "tmdb_error": 502,
    # asking for something that cannot be
    "invalid_request": 422,
    "nothing_chosen": 422,
    "not_found": 404,
    "method_not_allowed": 405,
    "too_large": 413,
    "unknown_instance": 404,
    "unknown_provider": 404,
    "not_connected": 409,
    "in_use": 409,
    "same_account": 422,
    "same_account_twice": 422,
    "read_only_side": 422,
    "cannot_remove": 422,
    "sides_fixed": 422,
    "mode_fixed": 422,
    "pair_cycle": 409,
    "pair_cycle_opposite": 409,
    "name_taken": 409,
    "pair_exists": 409,
    "account_changed": 409,
    "already_running": 409,
    "plan_stale": 409,
    "plan_stale_expired": 409,
    "plan_stale_applied": 409,
    "plan_stale_changed": 409,
    "plan_stale_account": 409,
    "plan_stale_gone": 409,
    "plan_stale_wait": 409,
    "plan_stale_moved": 409,
    "busy": 409,
    "not_yet": 501,
    "pair_disabled": 409,
    "nothing_to_sync": 409,
    "no_pairs": 409,
    "cancelled": 409,
    "interrupted": 409,
    "connection_replaced": 409,
    "lease_lost": 409,
    "no_answers": 502,
    "grid_wrong": 409,
    "incomplete_source": 502,
    # who may call
    "forbidden_host": 403,
    "forbidden_origin": 403,
    "setup_required": 403,
    "sign_in_required": 401,
    "wrong_password": 403,
    "wrong_code": 403,
    "weak_password": 422,
    "passwords_differ": 422,
    "too_many_tries": 429,
    "already_set_up": 409,
    # the house itself
    "bad_setting": 500,
    "set_by_environment": 409,
    "config_broken": 503,
    "key_wrong": 503,
    "key_unreadable": 503,
    "sealed_damaged": 503,
    "database_newer": 503,
    "database_broken": 503,
    "disk_full": 507,
    "cannot_write": 500,
    "network_folder": 500,
    "already_serving": 500,
    "port_in_use": 500,
    "assets_missing": 500,
    "internal": 500,
}


def problem_response(
    code: str,
    status: int,
    params: Mapping[str, object],
    *,
    extra: Mapping[str, object] | None = None,
) -> JSONResponse:
    """The problem document of a code: ``type``, ``title``, ``status``, ``detail``, ``ok``, ``error`` and ``code``.

    ``extra`` are further members, such as the ``run_id`` of a run that is going on. 401 and 429 carry their headers.
    """
    said = words.say(code, params)
    members = {
        "type": f"urn:crosswatch:error:{code}",
        "title": said.title,
        "status": status,
        "detail": said.whole,
        "ok": False,
        "error": said.whole,
        "code": code,
    }
    headers = headers_for(status, params)
    return JSONResponse({**(extra or {}), **members}, status, headers, media_type=PROBLEM_TYPE)


def problem(code: str, status: int | None = None, **params: object) -> JSONResponse:
    """As ``problem_response``, with the status of the code where none is given."""
    return problem_response(code, STATUS.get(code, 500) if status is None else status, params)


def status_of(error: CrossWatchError) -> int:
    """The HTTP status of an error; by its kind where its code has none of its own."""
    known = STATUS.get(error.code)
    if known is not None:
        return known
    if isinstance(error, ServiceError):
        return 502
    return 500 if isinstance(error, HouseError) else 409


def headers_for(status: int, params: Mapping[str, object]) -> dict[str, str]:
    """What else HTTP asks of such an answer: how to sign in, or when to come back (``seconds`` of the parameters)."""
    seconds = params.get("seconds")
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="CrossWatch"'}
    if status == 429 and isinstance(seconds, int | float) and seconds > 0:
        return {"Retry-After": str(int(seconds))}
    return {}
