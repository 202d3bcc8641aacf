"""The repository itself keeps its promises: no foreign addresses, locks that lock, files that can be read."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOCKS = ["requirements.lock", "requirements-dev.lock", "requirements-build.lock"]
LONGEST = 400
# In pieces, so that this file does not name them itself.
REGISTRY_HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("debian", "org"),
    )
]
NOTICE = "This product uses the TMDB API but is not endorsed or certified by TMDB."


def tracked(*patterns: str) -> list[Path]:
    """The files that belong to the repository, or would with the next commit, and are there."""
    listing = subprocess.run(
        [
            "git",
            "-c",
            "safe.directory=*",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            *patterns,
        ],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    if listing.returncode:
        pytest.skip("not a git checkout, or no git")
    return [
        ROOT / name for name in sorted(set(listing.stdout.split("\0"))) if name and (ROOT / name).is_file()
    ]


def pins(lock: str) -> dict[str, str]:
    """Each requirement of a lock with its version."""
    return dict(re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", (ROOT / lock).read_text(), re.MULTILINE))


def test_no_file_names_a_package_registry() -> None:
    named = [
        f"{file.relative_to(ROOT)}: {host}"
        for file in tracked()
        for host in REGISTRY_HOSTS
        if host.encode() in file.read_bytes()
    ]
    assert named == []


def test_python_files_are_short_enough_to_read() -> None:
    files = tracked("src/*.py", "tests/*.py", "bench/*.py", "tools/*.py")
    long = {
        str(file.relative_to(ROOT)): lines
        for file in files
        if (lines := len(file.read_text().splitlines())) > LONGEST
    }
    assert files
    assert long == {}


def test_every_module_says_what_it_is() -> None:
    files = tracked("src/*.py")
    silent = [str(f.relative_to(ROOT)) for f in files if not ast.get_docstring(ast.parse(f.read_text()))]
    assert files
    assert silent == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_carries_hashes_and_no_address(lock: str) -> None:
    text = (ROOT / lock).read_text()
    blocks = re.findall(r"^[A-Za-z0-9].*(?:\n .*)*", text, re.MULTILINE)
    assert blocks
    assert [block.splitlines()[0] for block in blocks if "--hash=sha256:" not in block] == []
    assert "://" not in text
    assert not re.search(r"^\s*(-i|-f|--index-url|--extra-index-url|--find-links)\b", text, re.MULTILINE)


def test_the_development_lock_holds_the_same_versions_as_the_one_that_users_get() -> None:
    users, developers = pins("requirements.lock"), pins("requirements-dev.lock")
    assert users
    assert {name: developers.get(name) for name in users} == users


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    wanted = re.search(r"^dependencies = \[(.*?)^\]", project, re.MULTILINE | re.DOTALL)
    assert wanted
    names = re.findall(r'"([A-Za-z0-9._-]+)', wanted.group(1))
    assert {"fastapi", "sqlalchemy"} <= set(names)
    assert set(names) - pins("requirements.lock").keys() == set()
    assert "hatchling" in pins("requirements.lock")


def test_the_package_lock_carries_hashes_and_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    locked = {name: entry for name, entry in packages.items() if name}
    assert locked
    assert [name for name, entry in locked.items() if "resolved" in entry] == []
    assert [name for name, entry in locked.items() if not entry.get("integrity")] == []


def test_the_licence_is_mit() -> None:
    assert (ROOT / "LICENSE").read_text().startswith("MIT License")
    assert re.search(r'^license = "MIT"$', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)


def test_the_readme_carries_the_notice_that_tmdb_asks_for() -> None:
    assert NOTICE in " ".join((ROOT / "README.md").read_text().split())
