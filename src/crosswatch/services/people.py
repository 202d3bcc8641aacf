"""Who may come in: whether there is a password, and which sessions count."""

from functools import partial
from hashlib import sha256

from crosswatch.services.house import House
from crosswatch.store import people


class People:
    """The people of an installation, as the door needs to know them."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def password_is_set(self) -> bool:
        """Whether anybody can sign in."""
        return await self._house.database.read(people.any_user)

    async def is_signed_in(self, session: str) -> bool:
        """Whether this is a session that counts; sessions are stored hashed."""
        token_hash, now = sha256(session.encode()).hexdigest(), self._house.clock.now_ms()
        return await self._house.database.read(
            partial(people.is_signed_in, token_hash=token_hash, now=now)
        )
