"""What routes are handed: the services over the one open house, made once per application."""

import asyncio
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Request

from crosswatch.services.attention import Attention
from crosswatch.services.connect import ConnectTmdb
from crosswatch.services.home import Home
from crosswatch.services.house import House
from crosswatch.services.metadata import MetadataKey
from crosswatch.services.overview import Overview
from crosswatch.services.pairs import Pairs
from crosswatch.services.people import People
from crosswatch.services.plans import Plans
from crosswatch.services.running import Running


@dataclass(frozen=True, slots=True)
class Parts:
    """The services of one application. ``closing`` is set once the server ends, and then streams end too."""

    house: House
    connect: ConnectTmdb
    metadata: MetadataKey
    overview: Overview
    home: Home
    pairs: Pairs
    running: Running
    people: People
    attention: Attention
    plans: Plans
    closing: asyncio.Event = field(default_factory=asyncio.Event)

    @classmethod
    def of(cls, house: House) -> "Parts":
        """Every service over this house."""
        return cls(
            house,
            ConnectTmdb(house),
            MetadataKey(house),
            Overview(house),
            Home(house),
            Pairs(house),
            Running(house),
            People(house),
            Attention(house),
            Plans(house),
        )


async def parts_of(request: Request) -> Parts:
    """The services of the application that answers this request."""
    parts = request.app.state.parts
    assert isinstance(parts, Parts)
    return parts


PartsDep = Annotated[Parts, Depends(parts_of)]
