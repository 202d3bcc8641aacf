"""What there is: accounts and how they stand, without asking any service."""

from dataclasses import dataclass

from crosswatch.model.accounts import DEFAULT_INSTANCE, AccountName
from crosswatch.model.capabilities import Manifest
from crosswatch.services.house import House
from crosswatch.store import accounts, inbox, pending
from crosswatch.store.accounts import CONNECTED, DISCONNECTED, AccountRow
from crosswatch.store.database import Connection

PROVIDER = "tmdb"


@dataclass(frozen=True, slots=True)
class AccountState:
    """One account as stored. ``pending``: an approval was asked for and may still be given."""

    name: AccountName
    connected: bool
    pending: bool
    uid: str
    label: str


@dataclass(frozen=True, slots=True)
class ProviderState:
    """A service with its accounts, the default one first."""

    manifest: Manifest
    accounts: tuple[AccountState, ...]

    @property
    def connected(self) -> bool:
        """Whether any of its accounts can be used."""
        return any(account.connected for account in self.accounts)


class Overview:
    """The installation at a glance."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def providers(self) -> list[ProviderState]:
        """Every service that CrossWatch knows, with the accounts that were ever connected."""
        manifests = [provider.manifest for provider in self._house.providers.values()]
        sessions = {
            instance: bool(self._house.config.tmdb_account(instance).session_id)
            for instance in self._house.config.tmdb_instances()
        }
        now = self._house.clock.now_ms()

        def read(connection: Connection) -> list[ProviderState]:
            rows = accounts.every(connection)
            states = []
            for manifest in manifests:
                known = {row.name.instance: row for row in rows if row.name.provider == manifest.id}
                names = [DEFAULT_INSTANCE, *(sessions if manifest.id == PROVIDER else ()), *known]
                found = tuple(
                    self._account(connection, manifest, name, known.get(name), sessions, now)
                    for name in dict.fromkeys(names)
                )
                states.append(ProviderState(manifest, found))
            return states

        return await self._house.database.read(read)

    def _account(
        self,
        connection: Connection,
        manifest: Manifest,
        instance: str,
        row: AccountRow | None,
        sessions: dict[str, bool],
        now: int,
    ) -> AccountState:
        name = AccountName(manifest.id, instance)
        state = row.state if row is not None else CONNECTED
        stored = sessions.get(instance, False) if manifest.connects else True
        asked = pending.find(connection, name)
        return AccountState(
            name,
            connected=stored and state != DISCONNECTED,
            pending=asked is not None and asked.outcome == pending.WAITING and asked.expires_at > now,
            uid=row.uid if row is not None else "",
            label=row.label if row is not None else "",
        )

    async def attention(self) -> int:
        """How many questions wait for somebody."""
        return await self._house.database.read(inbox.count_open)

    async def check(self) -> None:
        """Returns if database, configuration document and secret key can be used; raises HouseError where not."""
        await self._house.database.read(accounts.every)
        self._house.config.metadata_key()
