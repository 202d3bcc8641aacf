"""Takes a screenshot of every page in every state, on a phone and a desk, dark and light, into shots/.

.venv/bin/python -m tools.shots [part of a state's name ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.browser.page_server import serving
from tests.browser.page_states import STATES
from tools.browser import find_chromium

SHOTS = Path(__file__).resolve().parent.parent / "shots"
SIZES = {"phone": (390, 844), "desk": (1440, 900)}
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--hide-scrollbars"]


def main(parts: list[str]) -> None:
    """Shoots the states whose names contain one of ``parts``, or all."""
    names = [name for name in STATES if not parts or any(part in name for part in parts)]
    SHOTS.mkdir(exist_ok=True)
    with serving() as served, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
        for size, (width, height) in SIZES.items():
            for scheme in ("dark", "light"):
                page = browser.new_page(
                    viewport={"width": width, "height": height}, color_scheme=scheme, reduced_motion="reduce"
                )
                for name in names:
                    page.goto(f"{served.url}/state/{name}", wait_until="load")
                    page.screenshot(path=SHOTS / f"{name}-{size}-{scheme}.png", full_page=True)
                page.close()
        browser.close()
    print(f"{len(names) * 4} screenshots in {SHOTS}")


if __name__ == "__main__":
    main(sys.argv[1:])
