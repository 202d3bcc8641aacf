"""Finds the machine's Chromium for the browser tests; run as a program, installs it where that can be done quietly."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")


def find_chromium() -> str | None:
    """Returns the path of the first Chromium or Chrome on the machine, or None."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def is_debian() -> bool:
    """Tells Debian itself: on its descendants `chromium` may be a package that installs nothing."""
    try:
        return platform.freedesktop_os_release().get("ID") == "debian"
    except OSError:
        return False


def apt_get(*arguments: str) -> bool:
    """Runs apt-get without a question; returns whether it did what was asked."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        ["apt-get", "-qq", *arguments], check=False, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        print(done.stderr.strip())
    return done.returncode == 0


def main() -> None:
    """Sees to a Chromium, or says in one sentence what to install; never ends the tests."""
    if find_chromium():
        return
    if os.geteuid() == 0 and is_debian():
        print("browser: installing Chromium", flush=True)
        if apt_get("update") and apt_get("install", "--yes", "--no-install-recommends", "chromium"):
            return
    print(
        "browser: without Chromium the browser tests are skipped; install the package chromium to run them."
    )


if __name__ == "__main__":
    main()
