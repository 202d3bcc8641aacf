"""The OpenAPI document, and the page on which it can be read without any script."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, JSONResponse, Response

from crosswatch.errors import HouseError
from crosswatch.web.problems import PROBLEM_TYPE
from crosswatch.web.rendering import Assets

PATH, PAGE = "/api/openapi.json", "/api/docs"
_DESCRIPTION = """\
Keeps what people watch, want to watch and think of it the same in every service that they use.

Errors are `application/problem+json` (RFC 9457) with `ok`, `error` (the sentence to show) and `code` (which never
changes its meaning). Lists answer `items`, `total` and `next`. Times are ISO 8601 in UTC, ids are strings.
"""
_UNSAID = "Successful Response"  # what the framework writes where a call does not describe its answer
_REFERENCE = "#/components/schemas/"

router = APIRouter(include_in_schema=False)
_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)


def prose(text: str) -> Markup:
    """A sentence as HTML, escaped, with what stands in backticks as code."""
    parts = re.split(r"`+([^`]+)`+", text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if place % 2 else escape(part)
        for place, part in enumerate(parts)
    )


_templates.filters["prose"] = prose


@router.get(PATH)
async def document(request: Request) -> Response:
    """The OpenAPI document, with the base path as its server."""
    base = request.scope.get("root_path", "")
    described = request.app.openapi()
    return JSONResponse({**described, "servers": [{"url": base or "/"}]})


@router.get(PAGE)
def page(request: Request) -> Response:
    """The OpenAPI document for people."""
    base = request.scope.get("root_path", "")
    described = request.app.openapi()
    schemas = described["components"]["schemas"]
    html = _templates.get_template("docs.html").render(
        info=described["info"],
        tags=_by_tag(described, schemas),
        schemas={name: _fields(schema) for name, schema in sorted(schemas.items())},
        descriptions={name: schema.get("description", "") for name, schema in schemas.items()},
        assets=_assets(base),
        document=base + PATH,
        home=f"{base}/",
    )
    return HTMLResponse(html)


def operation_id(route: APIRoute) -> str:
    """What programs made from the document call a call: ``tmdb_sync_verify``, ``pairs_make_pair``."""
    return f"{route.endpoint.__module__.rpartition('.')[2]}_{route.name}"


class Described(FastAPI):
    """An application that describes itself with real error answers; made once, when it is first asked for."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document."""
        if self.openapi_schema is None:
            made = get_openapi(
                title=self.title,
                version=self.version,
                description=_DESCRIPTION,
                routes=self.routes,
                license_info={"name": "MIT", "identifier": "MIT"},
            )
            for operations in made["paths"].values():
                for operation in operations.values():
                    _mend(operation)
            for name in ("HTTPValidationError", "ValidationError"):
                made["components"]["schemas"].pop(name, None)
            self.openapi_schema = made
        return self.openapi_schema


def _mend(operation: dict[str, Any]) -> None:
    """Gives error answers their media type, and takes out the framework's own 422, which is never sent."""
    for status, answer in list(operation["responses"].items()):
        content = answer.get("content", {})
        if str(content.get("application/json", {}).get("schema", {}).get("$ref", "")).endswith(
            "HTTPValidationError"
        ):
            del operation["responses"][status]
        elif status == "default" or int(status) >= 400:
            answer["content"] = {PROBLEM_TYPE: content.pop("application/json")}
        if status == "204":
            answer.pop("content", None)
        if "text/event-stream" in content:
            answer["content"] = {"text/event-stream": content["text/event-stream"]}
        if status == "429":
            answer["headers"] = {"Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}}}


def _by_tag(described: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Tag -> its calls, in the order of the document."""
    found: dict[str, list[dict[str, Any]]] = {}
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            body = (
                operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            )
            call = {
                "id": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "summary": operation["summary"],
                "description": operation.get("description", ""),
                "parameters": [
                    {**one, "type": kind(one["schema"]), "required": one.get("required", False)}
                    for one in operation.get("parameters", [])
                ],
                "body": kind(body) if body is not None else "",
                "answers": [
                    _answer(status, answer, schemas) for status, answer in operation["responses"].items()
                ],
            }
            found.setdefault(operation["tags"][0], []).append(call)
    return found


def _answer(status: str, answer: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, str]:
    content: Mapping[str, Any] = next(iter(answer.get("content", {}).values()), {})
    shape = kind(content["schema"]) if "schema" in content else ""
    said = answer["description"]
    if said == _UNSAID:
        said = schemas.get(shape, {}).get("description", "")
    return {"status": "others" if status == "default" else status, "description": said, "type": shape}


def _fields(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    if "enum" in schema:
        return [
            {"name": str(value), "type": "", "needed": False, "description": ""} for value in schema["enum"]
        ]
    needed = schema.get("required", [])
    return [
        {
            "name": name,
            "type": kind(field),
            "needed": name in needed,
            "description": field.get("description", ""),
        }
        for name, field in schema.get("properties", {}).items()
    ]


def kind(schema: Mapping[str, Any]) -> str:
    """A schema in one line: ``Run``, ``list of Pair``, ``string or null``."""
    if "$ref" in schema:
        return str(schema["$ref"]).removeprefix(_REFERENCE)
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(kind(one) for one in schema["anyOf"]))
    if "const" in schema:
        return f"“{schema['const']}”"
    if "enum" in schema:
        return " or ".join(f"“{value}”" for value in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {kind(schema.get('items', {}))}"
    if schema.get("type") == "object" and isinstance(schema.get("additionalProperties"), dict):
        return f"object of {kind(schema['additionalProperties'])}"
    return str(schema.get("type", "anything"))


def _assets(base: str) -> dict[str, str]:
    """The addresses of the pages' styles and icon; none where they have not been built, and then the page is plain."""
    try:
        built = Assets()
    except HouseError:
        return {}
    return {"style": base + built.path("app.css"), "icon": base + built.path("favicon.svg")}
