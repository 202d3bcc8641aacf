"""From an approval to a session: one asks TMDb at a time, not too often, and the others read what it stored."""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable
from typing import Protocol

from crosswatch.errors import CrossWatchError, NotApproved, Refused, ServiceError
from crosswatch.model.accounts import AccountName
from crosswatch.providers.tmdb.client import TmdbAccount
from crosswatch.services.house import House
from crosswatch.services.standing import Memory, digest
from crosswatch.store import pending
from crosswatch.store.database import Connection
from crosswatch.store.pending import PendingRow

ASK_APART_MS = 2_000
"""TMDb is asked for the session at most this often per account, however many tabs and commands wait for it."""

FINISH_LIMIT_MS = 60_000
RACE_SECONDS = 15.0


class Keep(Protocol):
    """Saves a tested connection; ``row`` is the stored request that it came from, if any."""

    def __call__(
        self,
        name: AccountName,
        key: str,
        session_id: str,
        account: TmdbAccount | None,
        row: PendingRow | None = None,
    ) -> Awaitable[None]: ...


class Finishing:
    """Requests for approval on their way to a connection."""

    def __init__(self, house: House, memory: Memory, keep: Keep) -> None:
        self._house, self._memory, self._keep = house, memory, keep
        self._turns: dict[AccountName, asyncio.Lock] = {}
        self._asked_at: dict[AccountName, int] = {}

    def seal(self, name: AccountName, what: str, text: str) -> str:
        """A ``token`` or ``key`` of a request as it is stored."""
        return self._house.sealer.seal(text, f"pending.{name}.{what}")

    def opened(self, row: PendingRow, what: str) -> str:
        """The ``token`` or ``key`` of a request; empty once it is over."""
        sealed = row.sealed_token if what == "token" else row.sealed_key
        return self._house.sealer.unseal(sealed, f"pending.{row.name}.{what}") if sealed else ""

    async def find(self, name: AccountName) -> PendingRow | None:
        """The request of an account that has not become a connection."""
        return await self._house.database.read(lambda connection: pending.find(connection, name))

    async def advance(self, row: PendingRow, *, insist: bool = False) -> CrossWatchError | None:
        """Goes on with a stored request; None once it is connected, else what stands in its way.

        Only one at a time asks TMDb, and not more often than every two seconds; with ``insist`` the others wait for
        their turn, else they say that it is pending.
        """
        if row.outcome != pending.WAITING:
            return Refused(row.outcome)
        clock = self._house.clock
        give_up = clock.now_ms() + round(RACE_SECONDS * 1000)
        finisher = secrets.token_hex(8)
        while not await self._house.database.write(self._claim(row, finisher)):
            now = await self.find(row.name)
            if now is None or now.sealed_token != row.sealed_token:
                stored = self._house.config.tmdb_account(row.name.instance)
                return None if stored.session_id else Refused("no_pending_request")
            if now.outcome != pending.WAITING:
                return Refused(now.outcome)
            if not insist or clock.now_ms() > give_up:
                return self._not_yet(row)
            await clock.sleep(0.1)
        try:
            return await self._ask(row)
        finally:
            await self._house.database.write(
                lambda connection: pending.release(connection, row.name, finisher)
            )

    async def try_once(self, row: PendingRow) -> CrossWatchError | None:
        """Asks for a request that a script made itself and that is not stored; in turn and not too often either."""
        clock, name = self._house.clock, row.name
        give_up = clock.now_ms() + round(RACE_SECONDS * 1000)
        used = digest(self.opened(row, "token"))
        async with self._turns.setdefault(name, asyncio.Lock()):
            while not await self._my_turn(name):
                if clock.now_ms() > give_up:
                    return Refused("pending_approval")
                await clock.sleep(0.1)
            if self._memory.was_finished(used) and self._house.config.tmdb_account(name.instance).session_id:
                return None
            return await self._ask(row, stored=False)

    async def _my_turn(self, name: AccountName) -> bool:
        """Whether TMDb may be asked now; takes the place of whoever asks for the stored request."""
        if self._house.clock.now_ms() - self._asked_at.get(name, 0) < ASK_APART_MS:
            return False
        waiting = await self.find(name)
        if waiting is None or waiting.outcome != pending.WAITING:
            return True
        finisher = secrets.token_hex(8)
        mine = await self._house.database.write(self._claim(waiting, finisher))
        if mine:
            await self._house.database.write(lambda connection: pending.release(connection, name, finisher))
        return mine

    def _claim(self, row: PendingRow, finisher: str) -> Callable[[Connection], bool]:
        now = self._house.clock.now_ms()
        return lambda connection: pending.claim(
            connection, row, finisher=finisher, now=now, until=now + FINISH_LIMIT_MS, apart=ASK_APART_MS
        )

    async def _ask(self, row: PendingRow, *, stored: bool = True) -> CrossWatchError | None:
        """Asks TMDb for the session, once. What concerns this request alone ends it; else it can be tried again."""
        key, token = self.opened(row, "key"), self.opened(row, "token")
        self._asked_at[row.name] = self._house.clock.now_ms()
        try:
            session_id = await self._house.tmdb.connect_client(key).new_session(token)
        except NotApproved:
            if self._house.clock.now_ms() >= row.expires_at:
                await self.conclude(row, "approval_expired")
                return Refused("approval_expired")
            return Refused("pending_approval")
        except ServiceError as error:
            if error.code == "no_session_id":
                await self.conclude(row, error.code)
            return error
        account: TmdbAccount | None = None
        with contextlib.suppress(ServiceError):  # the session is good: who it is will be asked again
            account = await self._house.tmdb.connect_client(key, session_id).account()
        await self._keep(row.name, key, session_id, account, row if stored else None)
        self._memory.finished(digest(token))
        return None

    def _not_yet(self, row: PendingRow) -> CrossWatchError:
        expired = self._house.clock.now_ms() >= row.expires_at
        return Refused("approval_expired" if expired else "pending_approval")

    async def conclude(self, row: PendingRow, outcome: str) -> None:
        """Keeps how a request ended without a connection."""
        await self._house.database.write(lambda connection: pending.conclude(connection, row, outcome))
