"""TMDb's image host: a drawn poster for every path that a row of this simulator names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from crosswatch.simulators.tmdb.catalogue import Episode
from crosswatch.simulators.tmdb.posters import poster
from crosswatch.simulators.tmdb.shapes import key_of_image

if TYPE_CHECKING:
    from crosswatch.simulators.tmdb.simulator import Simulator

_WIDEST = 500


def image(sim: Simulator, request: Request) -> Response:
    """A PNG in the proportions of a poster (2:3), or of a still or backdrop (16:9); 404 for any other path."""
    size, path = request.path_params["size"], request.path_params["path"]
    key = key_of_image(f"/{path}")
    title = sim.catalogue.get(key) if key else None
    digits = size[1:]
    if title is None or not (size == "original" or (size[:1] in {"w", "h"} and digits.isdecimal())):
        return Response("<h1>File not Found</h1>", 404, media_type="text/html")
    width = _WIDEST if size == "original" else max(16, min(_WIDEST, int(digits)))
    wide = isinstance(title, Episode) or path.rpartition(".")[0].endswith("b")
    height = width * 9 // 16 if wide else width * 3 // 2
    drawn = poster(title.name, title.date[:4], width, height)
    return Response(drawn, media_type="image/png", headers={"cache-control": "public, max-age=31536000"})
