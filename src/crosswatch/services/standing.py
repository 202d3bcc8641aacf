"""How connections stand as far as this process knows, so that a page need not wait for a service to be drawn."""

from dataclasses import dataclass
from hashlib import sha256
from typing import TypeVar

from crosswatch.config.config import TmdbAccountConfig
from crosswatch.errors import CrossWatchError, KeyRejected, Refused, ServiceError, SessionEnded
from crosswatch.model.accounts import AccountName
from crosswatch.ports import Clock
from crosswatch.providers.tmdb.client import TmdbAccount
from crosswatch.store import pending, runs
from crosswatch.store.database import Connection
from crosswatch.store.pending import PendingRow

T = TypeVar("T")
_MOST_FINISHED = 100


@dataclass(frozen=True, slots=True)
class LastCheck:
    """What a service last said of a stored session: the ``account``, or the ``error`` that came in its place."""

    at: int
    account: TmdbAccount | None
    error: CrossWatchError | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a connection stands without asking anybody.

    ``checked_at`` is when the service last confirmed it (None: not since this process began); ``error`` what the
    last check, or a run since then, said instead; ``attempt`` how the last try to connect went wrong. ``auth_url``
    and ``expires_at`` belong to ``pending``.
    """

    connected: bool
    pending: bool
    username: str
    checked_at: int | None
    error: CrossWatchError | None
    attempt: CrossWatchError | None
    auth_url: str
    expires_at: int | None


class Memory:
    """What this process was told about connections; empty at every start, and never a secret in clear."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._checks: dict[str, tuple[str, LastCheck]] = {}
        self._urls: dict[str, tuple[str, str]] = {}
        self._tries: dict[str, tuple[str, CrossWatchError]] = {}
        self._finished: list[str] = []

    def confirmed(self, instance: str, session_id: str, account: TmdbAccount) -> None:
        """The service knows this session."""
        self._checks[instance] = digest(session_id), LastCheck(self._clock.now_ms(), account, None)

    def failed(self, instance: str, session_id: str, error: CrossWatchError) -> None:
        """The service was asked about this session, and this is what came of it."""
        self._checks[instance] = digest(session_id), LastCheck(self._clock.now_ms(), None, error)

    def check_of(self, instance: str, session_id: str) -> LastCheck | None:
        """The last check of exactly this session."""
        session, check = self._checks.get(instance, ("", None))
        return check if session == digest(session_id) else None

    def asked(self, instance: str, sealed_token: str, url: str) -> None:
        """An approval was asked for, on this page of the service."""
        self._urls[instance] = sealed_token, url

    def tried(self, instance: str, sealed_token: str, error: CrossWatchError | None) -> None:
        """Finishing a request went like this; only what a service did wrong is worth remembering."""
        self._tries.pop(instance, None)
        if isinstance(error, ServiceError):
            self._tries[instance] = sealed_token, error

    def finished(self, token: str) -> None:
        """The request with this token (its digest) has become a connection."""
        self._finished = [*self._finished, token][-_MOST_FINISHED:]

    def was_finished(self, token: str) -> bool:
        """Whether it has."""
        return token in self._finished

    def forget(self, instance: str) -> None:
        """The account was disconnected."""
        for known in (self._checks, self._urls, self._tries):
            known.pop(instance, None)

    def standing(
        self, instance: str, stored: TmdbAccountConfig, row: PendingRow | None, lost_at: int
    ) -> Standing:
        """All of it together with what is stored; ``lost_at`` as ``asked_and_lost`` gives it."""
        check = self.check_of(instance, stored.session_id) if stored.session_id else None
        error = check.error if check is not None else None
        if stored.session_id and lost_at > (check.at if check is not None else 0):
            check, error = None, SessionEnded("TMDb")
        connected = bool(stored.session_id) and not isinstance(error, SessionEnded | KeyRejected)
        waiting = row is not None and row.outcome == pending.WAITING and row.expires_at > self._clock.now_ms()
        return Standing(
            connected=connected,
            pending=waiting,
            username=stored.username,
            checked_at=check.at if check is not None and error is None else None,
            error=error,
            attempt=self._attempt(instance, row, connected=connected),
            auth_url=_of(self._urls, instance, row) or "" if waiting else "",
            expires_at=row.expires_at if row is not None and waiting else None,
        )

    def _attempt(self, instance: str, row: PendingRow | None, *, connected: bool) -> CrossWatchError | None:
        """What went wrong; beside a connection that works only as long as it is news."""
        if row is None:
            return None
        over = row.expires_at <= self._clock.now_ms()
        if over and connected:
            return None
        if row.outcome != pending.WAITING:
            return Refused(row.outcome)
        return Refused("approval_expired") if over else _of(self._tries, instance, row)


def asked_and_lost(connection: Connection, name: AccountName) -> tuple[PendingRow | None, int]:
    """The request of an account, and when its last run heard that its session has ended (0: it did not)."""
    last = runs.last_with(connection, name)
    lost = last is not None and last.code == "session_ended"
    return pending.find(connection, name), (last.finished_at or 0) if last is not None and lost else 0


def _of(known: dict[str, tuple[str, T]], instance: str, row: PendingRow | None) -> T | None:
    token, value = known.get(instance, ("", None))
    return value if row is not None and token == row.sealed_token else None


def stored_account(stored: TmdbAccountConfig) -> TmdbAccount | None:
    """Whose session is stored, as far as that is known."""
    number = stored.account_id
    known = number.isascii() and number.isdigit() and len(number) <= 18
    return TmdbAccount(int(number), stored.username) if known else None


def digest(text: str) -> str:
    """What is kept in place of a secret that only has to be known again."""
    return sha256(text.encode()).hexdigest()
