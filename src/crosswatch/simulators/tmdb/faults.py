"""Which fault meets a call, and what it makes of the answer."""

from __future__ import annotations

import json
import random
import re
import time
from email.utils import formatdate

from crosswatch.simulators.tmdb import answers
from crosswatch.simulators.tmdb.answers import Answer
from crosswatch.simulators.tmdb.knobs import Fault, Knobs
from crosswatch.simulators.tmdb.routing import Call
from crosswatch.simulators.tmdb.simulator import Simulator

HTML = b"""<!doctype html><html><head><title>Sign in to the network</title></head>
<body><h1>Welcome</h1><p>Please sign in to use this network.</p></body></html>"""

NEED_NO_ANSWER = frozenset({"status", "rate_limited", "html", "empty_body", "redirect"})
"""Kinds whose answer has nothing to do with the true one, so that the call need not be carried out."""

_CODES_OF_STATUS = {500: 11, 502: 43, 503: 9, 504: 24}


class FaultBook:
    """Counts per rule how often it matched and struck, so that `nth`, `times` and chance come out the same again."""

    def __init__(self) -> None:
        self._matched: dict[int, int] = {}
        self._struck: dict[int, int] = {}
        self._chances: dict[int, random.Random] = {}
        self._rules: list[Fault] = []
        self._count = 0

    def next(self, rules: list[Fault], call: Call, query: str) -> Fault | None:
        """The first rule that strikes this call; every matching rule counts it."""
        if rules is not self._rules or len(rules) != self._count:  # set anew, even to equal ones, starts anew
            self._rules, self._count = rules, len(rules)
            self._matched, self._struck = {}, {}
            self._chances = {place: random.Random(rule.seed) for place, rule in enumerate(rules)}  # noqa: S311
        chosen = None
        for place, rule in enumerate(rules):
            if self._strikes(place, rule, call, query) and chosen is None:
                chosen = rule
                self._struck[place] = self._struck.get(place, 0) + 1
        return chosen

    def _strikes(self, place: int, rule: Fault, call: Call, query: str) -> bool:
        wanted = ((rule.method, call.method), (rule.path, call.path), (rule.query, query))
        if not all(re.search(pattern, text) for pattern, text in wanted):
            return False
        count = self._matched[place] = self._matched.get(place, 0) + 1
        if rule.times is not None and self._struck.get(place, 0) >= rule.times:
            return False
        if rule.nth and count not in rule.nth:
            return False
        return rule.probability >= 1 or self._chances[place].random() < rule.probability


def rate_limited(knobs: Knobs, count: int) -> Answer:
    """The answer beyond the rate limit, as the knobs describe it."""
    if knobs.rate_limit_body == "html":
        answer = html(knobs.rate_limit_status)
    else:
        words = answers.CODES[25][1].replace("#", str(count)).replace("40", str(knobs.rate_limit or 40))
        answer = answers.code(25, status=knobs.rate_limit_status, message=words)
    if knobs.retry_after == "date":
        answer.headers["retry-after"] = formatdate(time.time() + 2, usegmt=True)
    elif knobs.retry_after != "none":
        answer.headers["retry-after"] = knobs.retry_after
    return answer


def html(status: int = 200) -> Answer:
    """What a captive portal or a blocking provider sends in TMDb's place."""
    return Answer(status, HTML, content_type="text/html; charset=utf-8")


def spoiled(sim: Simulator, fault: Fault, call: Call, good: Answer) -> Answer:
    """The answer that the fault makes of the good one."""
    kind = fault.kind
    if kind == "status":
        number = _CODES_OF_STATUS.get(fault.status)
        return answers.code(number) if number else answers.data({"success": False}, fault.status)
    if kind == "rate_limited":
        return rate_limited(sim.knobs, 41)
    if kind == "html":
        return html()
    if kind == "empty_body":
        return Answer(200, b"")
    if kind == "redirect":
        return Answer(302, b"", {"location": fault.location})
    if kind == "truncated":
        return Answer(good.status, good.body[: len(good.body) // 2], good.headers, good.content_type)
    if kind == "wrong_shape":
        return Answer(good.status, b"[" + good.body + b"]", good.headers, good.content_type)
    return _spoiled_page(sim, fault, call, good)


def _spoiled_page(sim: Simulator, fault: Fault, call: Call, answer: Answer) -> Answer:
    try:
        value = json.loads(answer.body)
    except ValueError:
        return answer
    if not isinstance(value, dict) or "results" not in value:
        return answer
    rows = value["results"]
    if fault.kind == "empty_page":
        value["results"] = []
    elif fault.kind == "wrong_page":
        value["page"] += 1
    elif fault.kind == "missing_rows":
        value["results"] = rows[::2]
    elif fault.kind == "no_results":
        del value["results"]
    else:
        before = sim.last_rows.get(call.list_place(value["page"] - 1))
        if before is not None:
            value["results"] = [json.loads(before), *(rows[1:] if fault.kind == "replaced_row" else rows)]
    return Answer(answer.status, answers.dump(value), answer.headers, answer.content_type)
