"""What the documents name exists: links, pictures, commands and their options, codes, calls, variables, modules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer
from starlette.testclient import TestClient
from typer.exceptions import TyperException
from typer.main import get_command

from crosswatch import words
from crosswatch.app import application, open_house
from crosswatch.cli.main import app as commands
from crosswatch.settings import Settings, variable
from crosswatch.store.attention import Question
from crosswatch.store.inbox import possible_answers
from tests.docs.test_repository import tracked

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "crosswatch"
DOCUMENTS = [file.relative_to(ROOT) for file in tracked("*.md") if "node_modules" not in file.parts]
LARGEST_PICTURE = 150_000
FOREIGN = {"HTTPS_PROXY", "NO_PROXY"}
OF_TESTS = {"CROSSWATCH_SOAK", "CROSSWATCH_TEST_DATA"}


def text(document: Path) -> str:
    return (ROOT / document).read_text("utf-8")


def prose(document: Path) -> str:
    """The document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", text(document), flags=re.DOTALL | re.MULTILINE)


def blocks(document: Path) -> list[str]:
    return re.findall(r"^```\w*\n(.*?)^```$", text(document), flags=re.DOTALL | re.MULTILINE)


def spans(document: Path) -> list[str]:
    """What stands between backticks, on one line or broken over two."""
    return [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", prose(document))]


def anchor(heading: str) -> str:
    """The name of a heading as GitHub makes it."""
    plain = re.sub(r"[`*]|\[|\]\([^)]*\)", "", heading.strip().lower())
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(document: Path) -> set[str]:
    return {anchor(heading) for heading in re.findall(r"^#+ (.*)$", prose(document), re.MULTILINE)}


@pytest.mark.parametrize("document", DOCUMENTS, ids=str)
def test_every_link_leads_somewhere(document: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if re.match(r"https?://", link):
            continue
        path, _, part = link.partition("#")
        there = document if not path else (document.parent / path)
        file = (ROOT / there).resolve()
        if not file.exists() or (part and part not in anchors(file.relative_to(ROOT))):
            broken.append(link)
    assert broken == []


def test_the_search_for_links_finds_some() -> None:
    assert len(DOCUMENTS) > 8
    assert anchor("What if TMDb is *down*, or `x`?") == "what-if-tmdb-is-down-or-x"
    assert "configjson" not in anchors(Path("README.md"))


def test_every_picture_is_small_is_used_and_has_words() -> None:
    used: set[str] = set()
    for document in DOCUMENTS:
        for words_of_it, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", text(document)):
            assert len(words_of_it) > 20, f"{document}: {target} says nothing to who cannot see it"
            used.add(Path(target).name)
    files = tracked("docs/images/*")
    assert {file.name for file in files} == used
    assert {file.name: size for file in files if (size := file.stat().st_size) > LARGEST_PICTURE} == {}


def test_every_page_of_docs_can_be_found_from_the_readme() -> None:
    found: set[Path] = set()
    todo = [Path("README.md")]
    while todo:
        document = todo.pop()
        if document in found:
            continue
        found.add(document)
        links = re.findall(r"\]\(([^)\s#]+\.md)", prose(document))
        todo += [
            (ROOT / document.parent / link).resolve().relative_to(ROOT) for link in links if "://" not in link
        ]
    pages = {document for document in DOCUMENTS if document.parts[0] == "docs"}
    assert pages - found == set()


def told_commands(document: Path) -> list[tuple[str, bool]]:
    """Commands in the document, and whether each is complete: those in blocks of code can be typed as they are."""
    lines = [line for block in blocks(document) for line in block.splitlines()]
    whole = [(line.partition("#")[0].strip(), True) for line in lines if line.startswith("crosswatch ")]
    return whole + [(span, False) for span in spans(document) if span.startswith("crosswatch ")]


def refusal(line: str, *, complete: bool) -> str | None:
    """Why a command cannot be given like this; None where it can."""
    command: Any = get_command(commands)
    context = typer.Context(command, info_name="crosswatch")
    arguments = [part for part in line.split()[1:] if part != "..."]
    while hasattr(command, "get_command") and arguments and not arguments[0].startswith("-"):
        inner = command.get_command(context, arguments[0])
        if inner is None:
            return f"no command {arguments[0]}"
        command, arguments = inner, arguments[1:]
        context = typer.Context(command, info_name=command.name, parent=context)
    if complete:
        try:
            command.make_context(command.name, arguments)
        except TyperException as refused:
            return f"{type(refused).__name__}: {refused}"
        return None
    known = {name for one in command.params for name in (*one.opts, *one.secondary_opts)} | {"--help"}
    unknown = [part for part in arguments if part.startswith("-") and part not in known]
    return f"no option {unknown[0]}" if unknown else None


def test_every_command_can_be_given_as_it_is_told() -> None:
    told = [(document, *one) for document in DOCUMENTS for one in told_commands(document)]
    assert len(told) > 10
    refused = [
        f"{document}: {line}: {why}"
        for document, line, complete in told
        if (why := refusal(line, complete=complete)) is not None
    ]
    assert refused == []


@pytest.mark.parametrize(
    ("line", "complete"),
    [
        ("crosswatch fly", True),
        ("crosswatch sync --fast", False),
        ("crosswatch cancel", True),
        ("crosswatch cancel soon", True),
        ("crosswatch pairs burn 1", False),
    ],
)
def test_a_command_that_does_not_exist_is_seen(line: str, complete: bool) -> None:
    assert refusal(line, complete=complete) is not None


def source_words() -> set[str]:
    files = [*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *(ROOT / "tests").rglob("*.py")]
    return {word for file in files for word in re.findall(r"\w+", file.read_text("utf-8"))}


def test_every_code_and_name_is_known_to_the_program() -> None:
    known = source_words()
    assert "plan_stale" in known
    assert "no_such_code_anywhere"[::-1] not in known
    unknown = [
        f"{document}: {span}"
        for document in DOCUMENTS
        for span in spans(document)
        if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", span) and span not in known
    ]
    assert unknown == []


def test_a_code_with_underscores_that_ends_a_call_has_words() -> None:
    """Where a page says which code a call is refused with, people can read about it."""
    named = {
        code
        for document in DOCUMENTS
        for code in re.findall(r"(?:refused as|Refused|fails as|409) `(\w+)`", text(document))
    }
    assert named - words.codes() == set()


def test_every_call_exists(tmp_path: Path) -> None:
    house = open_house(Settings(home=tmp_path), role="test")
    with TestClient(application(house), base_url="http://127.0.0.1:8787", client=("127.0.0.1", 1)) as client:
        paths = client.get("/api/openapi.json").json()["paths"]
    served = {
        re.sub(r"\{\w+\}", "{}", path): {method.upper() for method in verbs} for path, verbs in paths.items()
    }
    called = [
        (document, method, re.sub(r"\{\w+\}", "{}", path.rstrip("/")))
        for document in DOCUMENTS
        for method, path in re.findall(r"`(GET|POST|PATCH|DELETE) (/api/[\w/{}.-]+)", text(document))
    ]
    assert called
    assert [one for one in called if one[1] not in served.get(one[2], set())] == []


def test_every_variable_is_one_of_the_programs() -> None:
    known = {variable(name) for name in Settings.model_fields} | FOREIGN | OF_TESTS
    named = {
        (str(document), name)
        for document in DOCUMENTS
        for name in re.findall(r"\bCROSSWATCH_[A-Z_]+\b", text(document))
    }
    assert named
    assert {one for one in named if one[1] not in known} == set()


MODULE = re.compile(r"(?:src/crosswatch|crosswatch|tests|tools|bench)/[\w/]+(?:\.py|/)?")


def test_every_module_that_is_named_is_there() -> None:
    named = [(document, span) for document in DOCUMENTS for span in spans(document) if MODULE.fullmatch(span)]
    assert named
    assert [f"{document}: {span}" for document, span in named if not (ROOT / span).exists()] == []


def test_the_inbox_is_told_kind_by_kind_with_its_answers() -> None:
    inbox = text(Path("docs/pairs.md")).split("## The inbox")[1].split("## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| .* \| (.*) \|$", inbox, re.MULTILINE)
    told = {kind: tuple(re.findall(r"`(\w+)`", answers)) for kind, answers in rows}
    possible = {kind.value: possible_answers(kind, code="account_changed") for kind in Question}
    assert told == possible
