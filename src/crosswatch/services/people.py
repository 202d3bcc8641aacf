"""Who may come in: the first password, signing in and out, and which sessions count.

Passwords are kept as Argon2id, sessions as SHA-256 of 256 random bits. Guessing is slowed down by address.
"""

import asyncio
import hmac
import ipaddress
import logging
import secrets
import unicodedata
from collections import deque
from functools import partial
from hashlib import sha256

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crosswatch.errors import Refused
from crosswatch.services.house import House
from crosswatch.store import people
from crosswatch.store.database import Connection

SESSION_SECONDS = 30 * 24 * 3600
LEAST = 10
"""The fewest characters of a password."""

_OWNER = "owner"
_TRIES, _WITHIN_MS = 5, 5 * 60 * 1000
_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without those that look like another
_MOST_CALLERS = 10_000

log = logging.getLogger(__name__)


class People:
    """The people of an installation; one of it per process, for it counts wrong tries and holds the set-up code."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._tries = _Tries()
        self._hasher = PasswordHasher()
        self._one_at_a_time = asyncio.Lock()  # a hash takes 64 MB; a flood of them must not take the machine
        self._code = "".join(secrets.choice(_LETTERS) for _ in range(10))
        self._announced = False

    async def password_is_set(self) -> bool:
        """Whether anybody can sign in."""
        return await self._house.database.read(people.any_user)

    async def is_signed_in(self, session: str) -> bool:
        """Whether this is a session that counts."""
        token_hash, now = _hash(session), self._house.clock.now_ms()
        return await self._house.database.read(partial(people.is_signed_in, token_hash=token_hash, now=now))

    async def announce_set_up(self) -> None:
        """Prints the set-up code in the log, once per process and only while there is no password."""
        if self._announced or await self.password_is_set():
            return
        self._announced = True
        log.warning("No password is set yet. The set-up code is %s-%s", self._code[:5], self._code[5:])

    async def set_up(self, code: str, password: str, again: str, *, caller: str) -> str:
        """Sets the first password for whoever can read the log, and gives a session. ``caller`` is their address.

        Raises Refused ``already_set_up``, ``too_many_tries``, ``wrong_code``, ``weak_password``, ``passwords_differ``.
        """
        async with self._one_at_a_time:
            now = self._house.clock.now_ms()
            if await self.password_is_set():
                raise Refused("already_set_up")
            self._tries.check(caller, now)
            if not hmac.compare_digest(_plain_code(code).encode(), self._code.encode()):
                self._tries.count(caller, now)
                raise Refused("wrong_code")
            _check_new(password, again)
            hashed = await self._hashed(password)
            return await self._house.database.write(partial(self._first, hashed=hashed, now=now))

    async def sign_in(self, password: str, *, caller: str) -> str:
        """A session for whoever knows the password. Raises Refused ``too_many_tries`` or ``wrong_password``."""
        async with self._one_at_a_time:
            now = self._house.clock.now_ms()
            self._tries.check(caller, now)
            user = await self._house.database.read(partial(people.find, name=_OWNER))
            if user is None or not await asyncio.to_thread(self._verifies, user.password_hash, password):
                self._tries.count(caller, now)
                raise Refused("wrong_password")
            self._tries.forget(caller)
            return await self._house.database.write(partial(_new_session, user_id=user.id, now=now))

    async def sign_out(self, session: str) -> None:
        """Ends the session."""
        now = self._house.clock.now_ms()
        await self._house.database.write(partial(people.sign_out, token_hash=_hash(session), now=now))

    async def set_password(self, password: str, again: str) -> None:
        """Sets or changes the password and ends every session. Raises Refused as ``set_up`` does for a new password."""
        _check_new(password, again)
        hashed, now = await self._hashed(password), self._house.clock.now_ms()
        await self._house.database.write(partial(people.keep, name=_OWNER, password_hash=hashed, now=now))

    async def _hashed(self, password: str) -> str:
        return await asyncio.to_thread(self._hasher.hash, _normal(password))

    def _verifies(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    @staticmethod
    def _first(connection: Connection, hashed: str, now: int) -> str:
        """The first password, unless another process was quicker."""
        if people.any_user(connection):
            raise Refused("already_set_up")
        people.keep(connection, _OWNER, hashed, now)
        user = people.find(connection, _OWNER)
        assert user is not None
        return _new_session(connection, user.id, now)


class _Tries:
    """Five wrong tries of one caller within five minutes, then they wait. An IPv6 network counts as one caller."""

    def __init__(self) -> None:
        self._wrong: dict[str, deque[int]] = {}

    def check(self, caller: str, now: int) -> None:
        """Raises Refused ``too_many_tries`` with the seconds to wait."""
        wrong = self._recent(_network(caller), now)
        if len(wrong) >= _TRIES:
            raise Refused("too_many_tries", seconds=max(1, -(-(wrong[0] + _WITHIN_MS - now) // 1000)))

    def count(self, caller: str, now: int) -> None:
        """Remembers a wrong try."""
        if len(self._wrong) >= _MOST_CALLERS:
            self._wrong = {name: times for name in list(self._wrong) if (times := self._recent(name, now))}
        self._wrong.setdefault(_network(caller), deque(maxlen=_TRIES)).append(now)

    def forget(self, caller: str) -> None:
        """After the right password."""
        self._wrong.pop(_network(caller), None)

    def _recent(self, name: str, now: int) -> deque[int]:
        wrong = self._wrong.get(name, deque())
        while wrong and wrong[0] + _WITHIN_MS <= now:
            wrong.popleft()
        return wrong


def _network(caller: str) -> str:
    try:
        address = ipaddress.ip_address(caller)
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv4Address):
        return caller
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _new_session(connection: Connection, user_id: int, now: int) -> str:
    session = secrets.token_urlsafe(32)
    people.sign_in(connection, user_id, _hash(session), now, now + SESSION_SECONDS * 1000)
    return session


def _hash(session: str) -> str:
    return sha256(session.encode()).hexdigest()


def _normal(password: str) -> bytes:
    """The same letters typed on another system are the same password."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def _plain_code(code: str) -> str:
    return "".join(letter for letter in code.upper() if letter.isalnum())


def _check_new(password: str, again: str) -> None:
    if len(unicodedata.normalize("NFC", password)) < LEAST:
        raise Refused("weak_password", least=LEAST)
    if _normal(password) != _normal(again):
        raise Refused("passwords_differ")
