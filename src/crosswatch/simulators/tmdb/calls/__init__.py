"""The API's calls, a module per area, and the table of their paths."""

from __future__ import annotations

from crosswatch.simulators.tmdb.calls import account, authentication, details, finding, own_lists, ratings
from crosswatch.simulators.tmdb.routing import Router

ROUTER = Router(
    {
        **authentication.ROUTES,
        **account.ROUTES,
        **ratings.ROUTES,
        **details.ROUTES,
        **finding.ROUTES,
        **own_lists.ROUTES,
    }
)
