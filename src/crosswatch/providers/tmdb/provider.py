"""TMDb as a provider: accounts opened with the credentials stored now, over one HTTP client for all of them."""

from crosswatch.config.config import Config, TmdbService
from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.capabilities import Manifest
from crosswatch.net.client import HttpClient
from crosswatch.net.pacer import Pacers
from crosswatch.ports import Clock
from crosswatch.providers.tmdb.client import TmdbClient
from crosswatch.providers.tmdb.link import TmdbLink
from crosswatch.providers.tmdb.manifest import PACE, manifest
from crosswatch.providers.tmdb.status import SERVICE, says_wait


class TmdbProvider:
    """Implements ports.Provider; lives as long as the process, in one event loop. Close it with ``aclose``."""

    def __init__(self, config: Config, *, clock: Clock, pacers: Pacers) -> None:
        self._config = config
        self._clock = clock
        self._pacers = pacers
        self._http: HttpClient | None = None
        self._made_for = ("", "")
        self._retired: list[HttpClient] = []

    @property
    def manifest(self) -> Manifest:
        """What TMDb can do, with the visibility delay that is configured now."""
        return manifest(self._config.tmdb_service().visibility_delay)

    def open(self, instance: str) -> TmdbLink:
        """A link to that account. Raises Refused ``not_connected`` without a key and a session."""
        account = self._config.tmdb_account(instance)
        if not (account.api_key and account.session_id):
            raise Refused("not_connected", account=str(AccountName("tmdb", instance)))
        return TmdbLink(self.connect_client(account.api_key, account.session_id), account.account_id)

    def connect_client(self, api_key: str, session_id: str = "") -> TmdbClient:
        """TMDb's calls with this key, for connecting and for testing what a user typed in."""
        service = self._config.tmdb_service()
        http = self._shared(service)
        return TmdbClient(http, api_key, session_id, clock=self._clock, language=service.language)

    async def aclose(self) -> None:
        """Closes every connection; links that are still open fail or open new ones."""
        clients = [*self._retired, *([self._http] if self._http is not None else [])]
        self._http, self._retired = None, []
        for client in clients:
            await client.aclose()

    def _shared(self, service: TmdbService) -> HttpClient:
        """The one HTTP client, made anew where address or proxy were changed; runs under way keep the old one."""
        wanted = (service.api_url, service.proxy)
        if self._http is None or self._made_for != wanted:
            if self._http is not None:
                self._retired.append(self._http)
            self._http = HttpClient(
                service.api_url,
                service=SERVICE,
                pacer=self._pacers.of(
                    service.api_url, per_second=PACE.per_second, connections=PACE.connections
                ),
                clock=self._clock,
                time_limit=PACE.time_limit,
                proxy=service.proxy,
                limited=says_wait,
            )
            self._made_for = wanted
        return self._http
