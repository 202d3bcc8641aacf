"""Which text is a good document, and which line of it is wrong otherwise; no error shows what the text holds."""

import json
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswatch.config.document import is_secret, known_keys, put, split, value_at
from crosswatch.config.parsing import Broken, parse

GOOD = """{
  "tmdb_sync": {
    "instances": {"second": {"api_key": "k2", "later": [1, {"x": null}]}},
    "api_key": "hunter2hunter2",
    "account_id": 6089455
  },
  "tmdb": {"language": "nl-NL", "proxy": "http://u:hunter2@proxy:3128", "visibility_delay": 5},
  "ui": null,
  "newer": {"things": true}
}
"""


def broken(text: str | bytes) -> Broken:
    content = text.encode() if isinstance(text, str) else text
    with pytest.raises(Broken) as caught:
        parse(content)
    told = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in told
    return caught.value


def test_a_good_document_is_typed_and_keeps_what_is_unknown() -> None:
    raw, document = parse(GOOD.encode())
    assert raw == json.loads(GOOD)
    assert document.tmdb_sync.account_id == "6089455"
    assert document.tmdb_sync.instances["second"].api_key.get_secret_value() == "k2"
    assert document.tmdb.visibility_delay == 5
    assert document.ui.theme == "auto"
    assert document.model_extra == {"newer": {"things": True}}
    assert document.tmdb_sync.instances["second"].model_extra == {"later": [1, {"x": None}]}
    assert "hunter2" not in repr(document)


def test_windows_notepads_mark_is_fine() -> None:
    assert parse(b"\xef\xbb\xbf{}")[0] == {}


@pytest.mark.parametrize(
    ("text", "line", "column"),
    [
        ("", 1, 1),
        (" \n", 1, 1),
        ("[]", 1, 1),
        ('"hunter2"', 1, 1),
        ('{\n  "tmdb_sync": {"api_key": "hunter2"', 2, 37),
        ('{"tmdb": {"api_key": "hunter2" "x"}}', 1, 32),
        ('{\n "tmdb_sync": []}', 2, 15),
        ('{"tmdb_sync": {"api_key":\n ["hunter2"]}}', 2, 2),
        ('{"tmdb_sync": {"instances": {"a": {"api_key": "x"}},\n"api_key": {"hunter2": 1}}}', 2, 12),
        ('{"tmdb_sync": {"instances":\n {"a b": {}}}}', 2, 10),
        ('{"tmdb_sync": {"instances":\n {"default": {}}}}', 2, 14),
        ('{"tmdb": {"proxy":\n\n "hunter2@x"}}', 3, 2),
        ('{"tmdb": {"visibility_delay": -1}}', 1, 31),
        ('{"tmdb": {"api_url": "api"}}', 1, 22),
        ('{"ui": {"theme": "pink"}}', 1, 18),
        ('{"ui": {},\n "ui": {}}', 2, 8),
        ('{"x": {"a": 1, "b": [{"c": 1, "c": 2}]}}', 1, 36),
        (b'{"ui":\n"\xff"}', 2, 2),
        ("[" * 40 + "]" * 40, 1, 34),
    ],
)
def test_what_is_wrong_is_found_where_it_stands(text: str | bytes, line: int, column: int) -> None:
    found = broken(text)
    assert (found.line, found.column) == (line, column), found.reason
    assert found.reason


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "1" * 5000])
def test_numbers_that_cannot_be_written_back_are_refused(number: str) -> None:
    assert broken(f'{{"later": {number}}}').reason


def test_depth_does_not_end_the_program() -> None:
    assert broken("[" * 200_000).reason


@given(cut=st.integers(0, len(GOOD) - 3))
def test_half_a_document_is_never_taken_for_a_whole_one(cut: int) -> None:
    broken(GOOD[:cut])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=15,
)


@given(value=JSON, indent=st.sampled_from([None, 2]))
def test_any_json_without_doubles_has_no_doubles(value: Any, indent: int | None) -> None:
    raw, _ = parse(json.dumps({"later": value}, indent=indent, ensure_ascii=False).encode("utf-8"))
    assert raw == {"later": value}


@given(value=st.dictionaries(st.text("ab", min_size=1), JSON, min_size=1), data=st.data())
def test_every_double_is_found(value: dict[str, Any], data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(value)))
    pairs = [*value.items(), (key, 1)]
    text = ",".join(f"{json.dumps(name)}: {json.dumps(inner)}" for name, inner in pairs)
    assert broken(f'{{"later": {{{text}}}}}').reason == f"later.{key} is there twice"


@pytest.mark.parametrize(
    "key",
    [
        "",
        "tmdb",
        "tmdb.x",
        "tmdb_sync.instances",
        "ui",
        "tmdb_sync.instances.a b.label",
        "a.b",
        "newer.things",
    ],
)
def test_only_known_keys_are_keys(key: str) -> None:
    assert split(key) is None


def test_the_keys_of_the_documentation_are_there_and_the_secrets_among_them() -> None:
    keys = known_keys({"tmdb_sync": {"instances": {"second": {}}}})
    assert {
        "tmdb_sync.api_key", "tmdb_sync.session_id", "tmdb_sync.account_id", "tmdb_sync.username",
        "tmdb_sync.instances.second.api_key", "tmdb.api_key", "tmdb.language", "tmdb.region", "tmdb.api_url",
        "tmdb.web_url", "tmdb.image_url", "tmdb.proxy", "tmdb.visibility_delay", "ui.timezone", "ui.theme",
        "ui.language",
    } <= set(keys)  # fmt: skip
    assert {key for key in keys if is_secret(key, "http://u:p@h")} == {
        "tmdb_sync.api_key", "tmdb_sync.session_id", "tmdb_sync.instances.second.api_key",
        "tmdb_sync.instances.second.session_id", "tmdb.api_key", "tmdb.proxy",
    }  # fmt: skip
    assert not is_secret("tmdb.proxy", "http://proxy:3128")


def test_put_makes_and_takes_away() -> None:
    raw: dict[str, Any] = {"a": None}
    put(raw, ("a", "b"), 1)
    put(raw, ("c", "d"), None)
    assert raw == {"a": {"b": 1}}
    put(raw, ("a", "b"), None)
    assert value_at(raw, ("a", "b")) is None
    assert raw == {"a": {}}
