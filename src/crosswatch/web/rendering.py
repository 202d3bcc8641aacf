"""Templates to HTML: everything is escaped, and a name that a view lacks is an error, never an empty place."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from crosswatch.errors import HouseError
from crosswatch.model.values import Value
from crosswatch.web.pages import labels
from crosswatch.web.pages.views import Frame

TEMPLATES = Path(__file__).parent / "templates"
DIST = Path(__file__).parent / "assets" / "dist"
ASSETS_PATH = "/assets"
"""Where the routes serve DIST, below the base path."""

_THIN = "\u202f"
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


class Assets:
    """The built files by the names that sources use. Raises HouseError ``assets_missing`` where there are none."""

    def __init__(self, folder: Path = DIST) -> None:
        try:
            names = json.loads((folder / "manifest.json").read_text("utf-8"))
            sprite = (folder / names["icons.svg"]).read_text("utf-8")
        except FileNotFoundError as error:
            raise HouseError("assets_missing", path=str(folder)) from error
        self._names: dict[str, str] = names
        self._icons = frozenset(re.findall(r'<symbol id="([^"]+)"', sprite))

    def path(self, name: str) -> str:
        """The path of ``app.css`` and its like, without the base path. KeyError for what is not built."""
        return f"{ASSETS_PATH}/{self._names[name]}"

    def icon(self, name: str) -> str:
        """The path of one icon of the sprite. KeyError for one that assets/src/icons.json does not name."""
        if name not in self._icons:
            raise KeyError(name)
        return f"{self.path('icons.svg')}#{name}"


class Pages:
    """Renders templates. One for the life of the process; templates are compiled once."""

    def __init__(self, assets: Assets) -> None:
        self._assets = assets
        self._env = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._env.filters.update(
            num=number,
            ago=_ago_element,
            moment=_moment_text,
            duration=duration,
            rating=rating,
            plural=plural,
        )
        self._env.globals.update(url=_url, asset=self._asset, icon=self._icon, labels=labels)

    def render(self, template: str, frame: Frame, view: object) -> str:
        """The HTML of a page or fragment: ``home.html``, ``fragments/home_live.html``."""
        return self._env.get_template(template).render(frame=frame, view=view)

    @pass_context
    def _asset(self, context: Context, name: str) -> str:
        return _frame(context).base_path + self._assets.path(name)

    @pass_context
    def _icon(self, context: Context, name: str, size: int = 20) -> Markup:
        """An icon that says nothing to screen readers: a word always stands beside it."""
        href = _frame(context).base_path + self._assets.icon(name)
        return Markup(
            '<svg class="icon" width="{0}" height="{0}" aria-hidden="true" focusable="false">'
            '<use href="{1}"></use></svg>'
        ).format(size, href)


def number(value: int) -> str:
    """Grouped by narrow spaces that do not break: 12 345."""
    return f"{value:,}".replace(",", _THIN)


def plural(count: int, one: str, many: str = "") -> str:
    """``1 title``, ``12 titles``; ``many`` where an s is not enough."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """At most two units: ``4 s``, ``1 min 20 s``, ``2 h 5 min``, ``3 d 4 h``."""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    for unit, name, smaller, smaller_name in (
        (_DAY, "d", _HOUR, "h"),
        (_HOUR, "h", _MINUTE, "min"),
        (_MINUTE, "min", 1, "s"),
    ):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {smaller_name}" if rest else "")
    raise AssertionError(whole)


def relative(at: int, now: int) -> str:
    """``just now``, ``4 minutes ago``, ``in 3 hours``; app.js says the same while a page stays open."""
    seconds = (now - at) / 1000
    span = abs(seconds)
    if span < _MINUTE:
        return "just now" if seconds >= 0 else "in a moment"
    unit, name = next(
        (unit, name) for unit, name in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute")) if span >= unit
    )
    amount = plural(int(span // unit), name)
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def rating(value: Value) -> str:
    """Hundredths of ten points as people write them: 850 is 8.5, 800 is 8."""
    return f"{value / 100:.2f}".rstrip("0").rstrip(".")


def _frame(context: Context) -> Frame:
    frame = context["frame"]
    assert isinstance(frame, Frame)
    return frame


@pass_context
def _url(context: Context, *parts: str, query: Mapping[str, str] | None = None) -> str:
    """A path of ours: ``url("/runs", run.id, "stream")``. Later parts are quoted, empty queries left out."""
    first, *rest = parts
    path = "/".join([first, *(quote(part, safe="") for part in rest)])
    return _frame(context).base_path + address(path, query or {})


def address(path: str, query: Mapping[str, str]) -> str:
    """A path with what is asked of it; empty queries are left out."""
    asked = urlencode({name: value for name, value in query.items() if value})
    return path + (f"?{asked}" if asked else "")


@pass_context
def _moment_text(context: Context, at: int) -> str:
    """The exact time in the user's zone: 22 Nov 2026, 15:37:04."""
    local = datetime.fromtimestamp(at / 1000, UTC).astimezone(_frame(context).zone)
    return f"{local.day} {local:%b %Y, %H:%M:%S}"


@pass_context
def _ago_element(context: Context, at: int) -> Markup:
    """A <time> that reads relatively, with the exact time on hover."""
    machine = datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Markup('<time datetime="{}" title="{}" data-ago>{}</time>').format(
        machine, _moment_text(context, at), relative(at, _frame(context).now)
    )
