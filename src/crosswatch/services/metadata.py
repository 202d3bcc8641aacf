"""The key of Metadata: TMDb. It improves matching and gives posters; it reads and writes no lists."""

from crosswatch.errors import CrossWatchError, Refused, ServiceError
from crosswatch.services.house import House
from crosswatch.services.keys import check_v3_key


class MetadataKey:
    """``tmdb.api_key``: tested before it is saved."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def verify(self, api_key: str | None = None) -> CrossWatchError | None:
        """None where TMDb accepts the key (the stored one where none is given), else what is wrong with it."""
        try:
            key = check_v3_key(api_key or self._house.config.metadata_key())
            await self._house.tmdb.connect_client(key).check_key()
        except (Refused, ServiceError) as error:
            return error
        return None

    async def save(self, api_key: str) -> None:
        """Stores a key that TMDb accepts. Raises what is wrong with it."""
        key = check_v3_key(api_key)
        await self._house.tmdb.connect_client(key).check_key()
        self._house.config.save({"tmdb.api_key": key})

    def remove(self) -> None:
        """Forgets the key."""
        self._house.config.save({"tmdb.api_key": None})
