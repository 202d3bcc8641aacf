"""The page on the architecture names modules that exist, and all layers in the order that is enforced."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "crosswatch"
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
NAMED = re.findall(r"`([a-z_]+(?:/[a-z_]+)*(?:\.py|/))`", PAGE)
STEPS = re.findall(r"^\| (\d+)\. .*? \| (.*) \|$", PAGE, re.MULTILINE)


def test_every_module_that_is_named_exists() -> None:
    assert len(NAMED) > 40
    missing = [name for name in NAMED if not (SOURCE / name).exists() and not (ROOT / name).exists()]
    assert missing == []


def test_the_layers_are_those_that_are_enforced_in_their_order() -> None:
    house = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"][
        0
    ]
    enforced = [re.findall(r"\w+", layer) for layer in house["layers"]]
    table = PAGE.split("## The layers")[1].split("## A run")[0]
    rows = [
        re.findall(r"`(\w+)(?:\.py|/)`", line.split("|")[1])
        for line in table.splitlines()
        if line.startswith("| `")
    ]
    told = [name for row in rows for name in row]
    place = {name: number for number, row in enumerate(enforced) for name in row}
    there = {name for name in place if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").is_file()}
    assert set(told) == there
    assert [place[name] for name in told] == sorted(place[name] for name in told)


def test_the_steps_of_a_run_leave_out_no_module_of_runs() -> None:
    assert [int(number) for number, _ in STEPS] == list(range(1, len(STEPS) + 1))
    run = PAGE.split("## A run, step by step")[1].split("## Where to begin")[0]
    named = set(re.findall(r"runs/(\w+)\.py", run))
    helpers = {"__init__", "context", "progress"}
    assert {path.stem for path in (SOURCE / "runs").glob("*.py")} - helpers == named
