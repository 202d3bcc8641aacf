"""The OpenAPI document tells the truth: it is valid, complete, readable, and calls made up from it get what it says."""

import re
from typing import Any

import httpx2
import hypothesis
import pytest
import schemathesis
from hypothesis import HealthCheck
from schemathesis import GenerationMode
from schemathesis.core.result import Ok
from schemathesis.specs.openapi import checks

from crosswatch.services.shapes import item_shape, pair_shape, run_shape
from crosswatch.web.api.pairs import Pair
from crosswatch.web.api.runs import Item, Lane, Run
from crosswatch.web.problems import PROBLEM_TYPE
from tests.web.api_world import BASE, Api

CALLS_BY_METHOD = {
    "/api/health": {"get"}, "/api/ready": {"get"}, "/api/status": {"get"}, "/api/providers": {"get"},
    "/api/config": {"get", "patch"}, "/api/pairs": {"get", "post"},
    "/api/pairs/{pair_id}": {"get", "patch", "delete"}, "/api/pairs/{pair_id}/run": {"post"},
    "/api/pairs/{pair_id}/plan": {"post"}, "/api/plans/{plan_id}": {"get"},
    "/api/plans/{plan_id}/items": {"get"}, "/api/plans/{plan_id}/apply": {"post"},
    "/api/attention": {"get", "post"}, "/api/attention/{question_id}": {"post"},
    "/api/run": {"post"}, "/api/runs": {"get"}, "/api/runs/{run_id}": {"get"},
    "/api/runs/{run_id}/items": {"get"}, "/api/runs/{run_id}/events": {"get"},
    "/api/runs/{run_id}/cancel": {"post"}, "/api/tmdb_sync/connect/start": {"post"},
    "/api/tmdb_sync/verify": {"get"}, "/api/tmdb_sync/connect/finish": {"post"},
    "/api/tmdb_sync/save": {"post"}, "/api/tmdb_sync/disconnect": {"post"},
    "/api/tmdb/verify": {"post"}, "/api/tmdb/save": {"post"}, "/api/tmdb/disconnect": {"post"},
}  # fmt: skip


@pytest.fixture
def document(api: Api) -> Any:
    return api.get("/openapi.json")


def test_the_document_is_valid_and_holds_every_call(document: Any) -> None:
    schemathesis.openapi.from_dict(document).validate()
    assert {path: set(calls) for path, calls in document["paths"].items()} == CALLS_BY_METHOD


def test_every_call_says_what_it_does_and_how_it_fails(document: Any) -> None:
    calls = [call for operations in document["paths"].values() for call in operations.values()]
    assert len({call["operationId"] for call in calls}) == len(calls)
    for call in calls:
        assert call["tags"]
        assert call["summary"]
        assert call["description"]
        failures = {status: one for status, one in call["responses"].items() if not status.startswith("2")}
        assert "default" in failures
        for failure in failures.values():
            schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
            assert failure["content"] == {PROBLEM_TYPE: schema}
            assert "?" not in failure["description"]
    assert "ValidationError" not in str(document)


def test_the_page_shows_all_of_it_without_scripts(api: Api, document: Any) -> None:
    page = api.client.get("/api/docs")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|https?://", page.text)
    for path, calls in document["paths"].items():
        for method in calls:
            assert f'<span class="method">{method.upper()}</span> <code>{path}</code>' in page.text
    assert "Successful Response" not in page.text
    assert "`" not in page.text
    assert 'rel="icon"' in page.text
    targets = set(re.findall(r'href="#([^"]+)"', page.text))
    assert targets
    assert targets <= set(re.findall(r'\sid="([^"]+)"', page.text))
    for schema in document["components"]["schemas"]:
        assert f'id="shape-{schema}"' in page.text


def test_answers_leave_out_nothing_that_the_services_tell(api: Api) -> None:
    """The models would silently drop a member that they do not know."""
    api.connect()
    films = api.movies(2)
    api.sim.fill_watchlist("alice", films)
    api.pair()
    run = api.post("/pairs/1/run")["run_id"]
    api.ended(run)
    parts = api.client.app.state.parts  # type: ignore[attr-defined]

    async def shapes() -> tuple[Any, Any, Any]:
        report = await parts.running.show(int(run))
        items, _ = await parts.running.items(int(run), after=0, limit=1)
        return pair_shape(await parts.pairs.show(1)), run_shape(report), item_shape(items[0], {})

    pair, shown, item = api.drive(shapes)
    assert set(pair) == set(Pair.model_fields)
    assert set(shown) == set(Run.model_fields)
    assert set(item) == set(Item.model_fields)
    for lane in shown["lanes"].values():
        assert set(lane) == set(Lane.model_fields)


def made_up(api: Api, *, examples: int) -> None:
    """Calls made up from the document, right and wrong ones; every answer must be one that it tells of."""
    schema = schemathesis.openapi.from_dict(api.get("/openapi.json"))
    to_check = [
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
    ]
    settings = hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    tried = 0
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
            if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
                continue

            @settings
            @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
            def call(case: schemathesis.Case[Any]) -> None:
                nonlocal tried
                tried += 1
                answer = sent(api, case)
                assert answer.status_code != 500, answer.text
                case.validate_response(answer, checks=to_check)

            call()
    assert tried > len(CALLS_BY_METHOD)


def sent(api: Api, case: schemathesis.Case[Any]) -> httpx2.Response:
    """The case as one call."""
    request = case.as_transport_kwargs(base_url=BASE)
    content = request.pop("json", None)
    for name in ("cookies", "files", "auth"):
        request.pop(name, None)
    if content is not None:
        request["json"] = content
    elif "data" in request:
        request["content"] = request.pop("data")
    try:
        answer = api.client.request(**request)
    except httpx2.InvalidURL:  # no client could send it
        hypothesis.reject()
    api.check(answer)
    return answer


def test_calls_made_up_from_the_document(api: Api) -> None:
    api.connect()
    api.pair()
    api.ended(api.post("/pairs/1/run")["run_id"])
    made_up(api, examples=4)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_many_calls_made_up_from_the_document(api: Api) -> None:
    api.connect()
    api.pair()
    api.ended(api.post("/pairs/1/run")["run_id"])
    made_up(api, examples=300)
