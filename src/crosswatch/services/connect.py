"""Connecting TMDb: asked for, approved at TMDb, finished by whoever comes first. Credentials are tested, then saved."""

import secrets
from dataclasses import dataclass, replace
from functools import partial

from crosswatch.config.config import TmdbAccountConfig
from crosswatch.errors import CrossWatchError, KeyRejected, Refused, ServiceError, SessionEnded
from crosswatch.model.accounts import DEFAULT_INSTANCE, AccountName, is_instance_name
from crosswatch.providers.tmdb.client import TOKEN_LIFETIME_MS, TmdbAccount, TmdbClient, auth_url
from crosswatch.services.finishing import Finishing
from crosswatch.services.house import House
from crosswatch.services.keys import key_for
from crosswatch.services.standing import Memory, Standing, asked_and_lost, digest, stored_account
from crosswatch.store import accounts, pairs, pending
from crosswatch.store.database import Connection
from crosswatch.store.pending import PendingRow

PROVIDER = "tmdb"
_RECENTLY_MS = 10_000


@dataclass(frozen=True, slots=True)
class Started:
    """An approval that was asked for: the page on which the user says yes, until when."""

    auth_url: str
    request_token: str
    expires_at: int
    instance: str


@dataclass(frozen=True, slots=True)
class Verified:
    """How a connection is. ``attempt`` tells how connecting goes or went, ``error`` what is wrong all in all.

    ``checked``: TMDb has just confirmed the stored session. ``error`` is None when connected and checked.
    """

    instance: str
    connected: bool
    pending: bool
    checked: bool
    account: TmdbAccount | None
    expires_at: int | None
    error: CrossWatchError | None
    attempt: CrossWatchError | None = None


@dataclass(frozen=True, slots=True)
class Disconnected:
    """A connection that was ended here; ``revoked``: at TMDb too. ``pairs``: names of pairs that stop by it."""

    instance: str
    revoked: bool
    was_connected: bool
    pairs: tuple[str, ...]


class ConnectTmdb:
    """The connections of TMDb (Sync), each a named instance."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.memory = Memory(house.clock)
        self._finishing = Finishing(house, self.memory, self._keep)

    def instances(self) -> list[str]:
        """Every account that was ever connected, the default one first."""
        return self._house.config.tmdb_instances()

    async def start(self, instance: str, api_key: str | None, *, public_url: str) -> Started:
        """Asks TMDb for an approval. A working connection stays as it is until the new one is saved.

        ``public_url``: what the user's browser calls this server, base path included; empty where TMDb shall not
        send the user back.
        """
        name = _name(instance)
        key = key_for(self._house.config, instance, api_key)
        token = await self._client(key).new_token()
        state = secrets.token_urlsafe(16)
        row = PendingRow(
            name=name,
            sealed_token=self._finishing.seal(name, "token", token.token),
            sealed_key=self._finishing.seal(name, "key", key),
            state_hash=digest(state) if public_url else "",
            outcome=pending.WAITING,
            expires_at=token.expires_at_ms,
        )
        await self._house.database.write(lambda connection: pending.keep(connection, row))
        stored = self._house.config.tmdb_account(instance)
        if not stored.session_id and instance == DEFAULT_INSTANCE:
            self._house.config.save_tmdb_account(instance, api_key=key)
        back = f"{public_url.rstrip('/')}/connect/tmdb_sync/{state}" if public_url else ""
        url = auth_url(self._house.config.tmdb_service().web_url, token.token, back)
        self.memory.asked(instance, row.sealed_token, url)
        return Started(url, token.token, row.expires_at, instance)

    async def peek(self, instance: str) -> Standing:
        """How the connection stands as far as it is known here, also of a name never used. Asks nobody."""
        name = _name(instance)
        row, lost_at = await self._house.database.read(partial(asked_and_lost, name=name))
        standing = self.memory.standing(instance, self._house.config.tmdb_account(instance), row, lost_at)
        if not standing.pending or standing.auth_url or row is None:
            return standing
        web = self._house.config.tmdb_service().web_url
        return replace(standing, auth_url=auth_url(web, self._finishing.opened(row, "token"), ""))

    async def verify(self, instance: str) -> Verified:
        """How the connection is by now; finishes it by itself once the request is approved."""
        row = await self._known(instance)
        attempt: CrossWatchError | None = None
        if row is not None:
            attempt = await self._finishing.advance(row)
            self.memory.tried(instance, row.sealed_token, attempt)
            row = await self._finishing.find(_name(instance))
        waiting = row is not None and row.outcome == pending.WAITING
        return await self._state(instance, row, attempt, waiting=waiting)

    async def finish(
        self, instance: str, *, api_key: str | None = None, request_token: str | None = None
    ) -> Verified:
        """Finishes an approved request now. Raises what stands in its way, such as ``pending_approval``."""
        row = await self._finishing.find(_name(instance)) if request_token else await self._known(instance)
        if request_token and (row is None or self._finishing.opened(row, "token") != request_token.strip()):
            error = await self._finishing.try_once(self._of_script(instance, api_key, request_token.strip()))
        elif row is not None:
            error = await self._finishing.advance(row, insist=True)
        elif self._house.config.tmdb_account(instance).session_id:
            error = None
        else:
            raise Refused("no_pending_request")
        if error is not None:
            raise error
        return await self._state(instance, None, None, waiting=False)

    async def returned(self, state: str, *, request_token: str, approved: bool, denied: bool) -> str:
        """What became of an approval when TMDb sends the browser back: ``connected`` or a code. Has an effect once."""
        row = await self._house.database.read(
            lambda connection: pending.of_state(connection, PROVIDER, digest(state))
        )
        if row is not None and row.outcome != pending.WAITING:
            return (
                row.outcome
            )  # somebody was quicker than this redirect, or it comes twice: it changes nothing
        if row is None or not secrets.compare_digest(
            self._finishing.opened(row, "token").encode(), request_token.encode()
        ):
            return "approval_unknown"
        if denied and not approved:
            await self._finishing.conclude(row, "approval_denied")
            return "approval_denied"
        error = await self._finishing.advance(row, insist=True)
        return error.code if error is not None else pending.CONNECTED

    async def save(self, instance: str, *, api_key: str | None, session_id: str) -> Verified:
        """Takes a key and a session that the user already has; both are tried at TMDb before they are saved."""
        name = _name(instance)
        key, session_id = key_for(self._house.config, instance, api_key), session_id.strip()
        if not session_id:
            raise Refused("invalid_request", reason="session_id is missing")
        account = await self._client(key, session_id).account()
        await self._keep(name, key, session_id, account)
        return await self._state(instance, None, None, waiting=False)

    async def stopping_pairs(self, instance: str) -> tuple[str, ...]:
        """The names of the pairs that use this account."""
        name = _name(instance)
        every = await self._house.database.read(pairs.every)
        return tuple(pair.name for pair in every if name in (pair.source, pair.target))

    async def disconnect(self, instance: str, *, forget: bool = False) -> Disconnected:
        """Ends the session at TMDb, and here in any case. ``forget`` drops key and name too, if no pair uses them."""
        await self._known(instance)
        name = _name(instance)
        using = await self.stopping_pairs(instance)
        if forget and using:
            raise Refused("in_use", account=str(name), pair=using[0])
        stored = self._house.config.tmdb_account(instance)
        revoked = await self._revoke(stored)
        self.memory.forget(instance)
        if forget and (instance in self.instances()):
            self._house.config.forget_tmdb_account(instance)
        elif stored.session_id:
            self._house.config.save_tmdb_account(instance, session_id="", account_id="", username="")

        def store(connection: Connection) -> None:
            pending.remove(connection, name)
            if forget:
                accounts.forget(connection, name)
            else:
                accounts.mark(connection, name, accounts.DISCONNECTED)

        await self._house.database.write(store)
        return Disconnected(instance, revoked, bool(stored.session_id), using)

    # --- how a connection is kept -----------------------------------------------------------------------------------

    async def _keep(
        self,
        name: AccountName,
        key: str,
        session_id: str,
        account: TmdbAccount | None,
        row: PendingRow | None = None,
    ) -> None:
        """Saves a tested connection, and only then ends the one before at TMDb."""
        instance = name.instance
        before = self._house.config.tmdb_account(instance) if instance in self.instances() else None
        self._house.config.save_tmdb_account(
            instance,
            api_key=key,
            session_id=session_id,
            account_id=str(account.id) if account else "",
            username=account.username if account else "",
        )

        def store(connection: Connection) -> None:
            if row is None:
                pending.remove(connection, name)
            else:  # a redirect that comes second is told of it, whoever was first
                pending.conclude(connection, row, pending.CONNECTED)
            if account is not None:
                accounts.keep(
                    connection,
                    name,
                    uid=f"{PROVIDER}:{account.id}",
                    label=account.username,
                    state=accounts.CONNECTED,
                )

        await self._house.database.write(store)
        if account is not None:
            self.memory.confirmed(instance, session_id, account)
        if before is not None and before.session_id not in ("", session_id):
            await self._revoke(before)

    async def _revoke(self, stored: TmdbAccountConfig) -> bool:
        if not stored.session_id or not stored.api_key:
            return False
        try:
            await self._client(stored.api_key, stored.session_id).delete_session()
        except SessionEnded:
            return True
        except ServiceError:
            return False
        return True

    # --- how a connection is ---------------------------------------------------------------------------------------

    async def _state(
        self, instance: str, row: PendingRow | None, attempt: CrossWatchError | None, *, waiting: bool
    ) -> Verified:
        stored = self._house.config.tmdb_account(instance)
        account, wrong = await self._check(instance, stored, hurry=waiting)
        connected = bool(stored.session_id) and not isinstance(wrong, SessionEnded | KeyRejected)
        checked = connected and wrong is None
        error = None if checked else wrong if connected else attempt or wrong or self._nothing(stored)
        return Verified(
            instance=instance,
            connected=connected,
            pending=waiting,
            checked=checked,
            account=account,
            expires_at=row.expires_at if row is not None and waiting else None,
            error=error,
            attempt=attempt,
        )

    def _nothing(self, stored: TmdbAccountConfig) -> CrossWatchError:
        return Refused("no_pending_request" if stored.api_key else "missing_api_key")

    async def _check(
        self, instance: str, stored: TmdbAccountConfig, *, hurry: bool
    ) -> tuple[TmdbAccount | None, CrossWatchError | None]:
        """Asks TMDb who the stored session is; with ``hurry`` a confirmation of the last seconds will do."""
        if not stored.session_id:
            return None, None
        known = stored_account(stored)
        recent = self.memory.check_of(instance, stored.session_id)
        if hurry and recent and recent.account and self._house.clock.now_ms() - recent.at < _RECENTLY_MS:
            return recent.account, None
        try:
            account = await self._client(stored.api_key, stored.session_id).account()
        except ServiceError as error:
            self.memory.failed(instance, stored.session_id, error)
            if isinstance(error, SessionEnded):
                return None, error
            return known, error
        if known != account:
            await self._learn(instance, account)
        self.memory.confirmed(instance, stored.session_id, account)
        return account, None

    async def _learn(self, instance: str, account: TmdbAccount) -> None:
        """Keeps who a session belongs to, where that was not known or has changed."""
        self._house.config.save_tmdb_account(instance, account_id=str(account.id), username=account.username)
        uid = f"{PROVIDER}:{account.id}"
        await self._house.database.write(
            lambda connection: accounts.keep(
                connection, _name(instance), uid=uid, label=account.username, state=accounts.CONNECTED
            )
        )

    async def _known(self, instance: str) -> PendingRow | None:
        """The request of an account, if there is one. Raises ``unknown_instance`` for a name never heard of."""
        name = _name(instance)
        row = await self._finishing.find(name)
        if row is None and instance not in self.instances():
            account = await self._house.database.read(lambda connection: accounts.find(connection, name))
            if account is None:
                raise Refused("unknown_instance", instance=instance)
        return row

    def _of_script(self, instance: str, api_key: str | None, token: str) -> PendingRow:
        """A request that a script asked TMDb for itself; it is tried once and not stored."""
        name = _name(instance)
        return PendingRow(
            name=name,
            sealed_token=self._finishing.seal(name, "token", token),
            sealed_key=self._finishing.seal(name, "key", key_for(self._house.config, instance, api_key)),
            state_hash="",
            outcome=pending.WAITING,
            expires_at=self._house.clock.now_ms() + TOKEN_LIFETIME_MS,
        )

    def _client(self, key: str, session_id: str = "") -> TmdbClient:
        return self._house.tmdb.connect_client(key, session_id)


def _name(instance: str) -> AccountName:
    if not is_instance_name(instance):
        raise Refused("unknown_instance", instance=instance[:64])
    return AccountName(PROVIDER, instance)
