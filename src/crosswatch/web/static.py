"""The built files of the pages: names with a hash never change, so browsers keep them for a year."""

import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_HASHED = re.compile(r"-[A-Za-z0-9_]{8}\.[a-z0-9]+$")
_YEAR = "public, max-age=31536000, immutable"


class Built(StaticFiles):
    """Serves a folder of built files; 404 for everything where nothing has been built."""

    def __init__(self, folder: Path) -> None:
        super().__init__(directory=folder, check_dir=False)
        self._there = folder.is_dir()

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not self._there:
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _YEAR if _HASHED.search(path) else "no-cache"
        return response

    async def check_config(self) -> None:
        """Nothing built is told by each answer, not by a fault."""
        if self._there:
            await super().check_config()
