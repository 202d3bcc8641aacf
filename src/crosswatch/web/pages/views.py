"""What each template needs, one frozen dataclass per page. Made by the routes, read by templates/, nothing else.

Times are UTC in milliseconds, ratings hundredths of ten points, and every ``href`` is a path without the base path
(the templates put it before). Sentences come from words.say; names of phases, counts and states from labels.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from enum import StrEnum

from crosswatch.model.kinds import Action, Feature, Kind, Mode
from crosswatch.model.values import Value
from crosswatch.web.pages.form_views import MakeView
from crosswatch.words import Said


class Area(StrEnum):
    """Which entry of the navigation is the present one."""

    HOME = "home"
    INBOX = "inbox"
    ACTIVITY = "activity"
    SETTINGS = "settings"
    NONE = ""


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page. ``nav`` is false where nothing but the page itself may be used.

    ``base_path`` is empty or begins with a slash and has none at its end; ``theme`` is auto, dark or light;
    ``signed_in`` offers to sign out.
    """

    now: int
    area: Area = Area.NONE
    base_path: str = ""
    theme: str = "auto"
    zone: tzinfo = UTC
    version: str = ""
    nav: bool = True
    signed_in: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something is wrong: the words, and where the next step is taken (none where ``href`` is empty)."""

    said: Said
    href: str = ""
    label: str = ""


# --- what several pages show ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SideView:
    """One end of a pair: the service's label, and the account's own name there."""

    provider: str
    label: str
    account: str


class Status(StrEnum):
    """How a run is or ended; the names of the API."""

    RUNNING = "running"
    SUCCEEDED = "succeeded"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run is. ``total`` is None while it is not known, ``rate`` titles per second, ``remaining`` seconds.

    ``phase`` is a key of labels.PHASES; ``detail`` what it is about ("TMDb, ratings"); ``waiting_for`` only while
    it waits; ``stopping`` once it was asked to stop.
    """

    run_id: str
    phase: str
    started_at: int
    detail: str = ""
    done: int = 0
    total: int | None = None
    rate: float | None = None
    remaining: float | None = None
    waiting_for: str = ""
    stopping: bool = False


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run in a list. ``pair`` is the pair's name; ``attention`` how many things it left for the user."""

    id: str
    pair: str
    kind: str
    status: Status
    started_at: int
    finished_at: int | None
    added: int = 0
    changed: int = 0
    removed: int = 0
    attention: int = 0


# --- Home ----------------------------------------------------------------------------------------------------------


class ConnectionState(StrEnum):
    """How a connection is. ``UNCHECKED``: stored, and the service cannot be reached to check it."""

    CONNECTED = "connected"
    UNCHECKED = "unchecked"
    PENDING = "pending"
    ENDED = "ended"
    BUILT_IN = "built_in"


@dataclass(frozen=True, slots=True)
class ConnectionView:
    """One connection of the strip; ``account`` is the user's name there."""

    provider: str
    label: str
    account: str
    state: ConnectionState
    href: str = ""


class PairState(StrEnum):
    """How far a pair is in step. ``PARTLY``: the last run left something; ``BROKEN``: it could decide nothing.

    ``LOOKING``: a preview is being made. ``ASKING``: in step but for what only the user can decide; ``APART``: but for
    what waits or stays otherwise.
    """

    NEVER = "never"
    RUNNING = "running"
    LOOKING = "looking"
    IN_STEP = "in_step"
    ASKING = "asking"
    APART = "apart"
    PARTLY = "partly"
    BROKEN = "broken"
    STOPPED = "stopped"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class FeatureCount:
    """A feature that the pair syncs, and how many titles the target holds (None before the first read)."""

    feature: Feature
    count: int | None


@dataclass(frozen=True, slots=True)
class PairCard:
    """One pair on Home. ``last_run`` and ``last_at`` are of the last finished run; ``progress`` while one runs.

    ``next_at`` is None where nothing is scheduled; ``can_run`` is false where a run would be refused (say why in
    ``notice``); ``but`` says what is not in step, in a sentence; ``beyond`` as in LaneView, of all lanes; ``passes``
    where the last run failed for a reason that another try may not meet.
    """

    id: str
    name: str
    source: SideView
    target: SideView
    mode: Mode
    features: tuple[FeatureCount, ...]
    state: PairState
    last_run: str = ""
    last_at: int | None = None
    next_at: int | None = None
    progress: Progress | None = None
    notice: Notice | None = None
    can_run: bool = True
    but: str = ""
    beyond: int = 0
    passes: bool = False


@dataclass(frozen=True, slots=True)
class HomeView:
    """Home. ``offer``: the form for an account that no pair uses yet; ``more``: further pairs could be made.

    ``attention`` counts the questions of the inbox.
    """

    connections: tuple[ConnectionView, ...] = ()
    pairs: tuple[PairCard, ...] = ()
    offer: MakeView | None = None
    recent: tuple[RunRow, ...] = ()
    attention: int = 0
    more: bool = False
    notice: Notice | None = None

    @property
    def retries(self) -> bool:
        """Whether pairs are out of step, and each of these for a reason that passes by itself."""
        broken = [pair for pair in self.pairs if pair.state is PairState.BROKEN]
        return self.mood == PairState.BROKEN.value and all(pair.passes for pair in broken)

    @property
    def running(self) -> bool:
        """Whether the page has a stream to listen to."""
        return any(pair.progress is not None for pair in self.pairs)

    @property
    def latest(self) -> int | None:
        """When a pair was looked at last."""
        return max((pair.last_at for pair in self.pairs if pair.last_at is not None), default=None)

    @property
    def mood(self) -> str:
        """The one answer that the page gives; a key of labels.MOODS."""
        states = {pair.state for pair in self.pairs}
        if not self.pairs:
            return "offer" if self.offer else "empty"
        for state in (
            PairState.RUNNING,
            PairState.LOOKING,
            PairState.BROKEN,
            PairState.PARTLY,
            PairState.ASKING,
            PairState.STOPPED,
            PairState.NEVER,
            PairState.APART,
        ):
            if state in states:
                return state.value
        return "off" if states == {PairState.OFF} else "in_step"


# --- Activity ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class RunListView:
    """Runs, newest first. ``next`` is the cursor of the next page, empty on the last; ``first`` false beyond page 1."""

    runs: tuple[RunRow, ...]
    total: int
    next: str = ""
    first: bool = True


@dataclass(frozen=True, slots=True)
class LaneView:
    """The result of one lane; ``counts`` by the names of the run object, ``to`` what went to which side.

    ``held``: (how many titles, why they wait). ``nothing`` is a key of labels.NOTHING, for a lane without any count;
    ``beyond``: how many titles a one-way target holds that its source does not.
    """

    feature: Feature
    read_source: int | None
    read_target: int | None
    counts: Mapping[str, int]
    to: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    held: tuple[tuple[int, str], ...] = ()
    nothing: str = "unneeded"
    beyond: int = 0


@dataclass(frozen=True, slots=True)
class ItemView:
    """One title that a run dealt with. ``outcome`` is a key of labels.OUTCOMES, ``reason`` a sentence or empty."""

    title: str
    kind: Kind
    feature: Feature
    side: str
    action: Action | None
    before: Value | None
    after: Value | None
    outcome: str
    reason: str = ""
    year: int | None = None
    season: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class RunView:
    """One run. ``lane`` filters ``items`` (empty: all), ``next`` is the cursor of their next page.

    ``plan`` is the plan that it made or applied, with what that writes; ``follow`` leads on to it once it is made.
    """

    id: str
    pair: str
    source: SideView
    target: SideView
    kind: str
    status: Status
    trigger: str
    started_at: int
    finished_at: int | None = None
    requests: int = 0
    progress: Progress | None = None
    notice: Notice | None = None
    lanes: tuple[LaneView, ...] = ()
    items: tuple[ItemView, ...] = ()
    total: int = 0
    next: str = ""
    first: bool = True
    lane: str = ""
    plan: str = ""
    plan_words: str = ""
    follow: bool = False

    @property
    def running(self) -> bool:
        return self.status is Status.RUNNING


# --- Settings ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The index of the settings; ``metadata``: there is a key for it, its own or the default account's."""

    connections: tuple[ConnectionView, ...] = ()
    metadata: bool = False


@dataclass(frozen=True, slots=True)
class KeyView:
    """The stored API key as far as it may be seen: the hint ("…1234"), and the variable where it comes from one."""

    stored: bool = False
    hint: str = ""
    variable: str = ""


@dataclass(frozen=True, slots=True)
class TmdbSyncView:
    """TMDb (Sync) for one account. ``accounts``: (instance, name to show) of those that exist.

    ``connected`` and ``pending`` may both be true; ``checked`` is false where TMDb could not be asked. ``notice``
    is the code of the API in words, None where there is nothing to say beyond ``pending``.
    ``auth_url`` and ``expires_at`` belong to ``pending``. ``look``: the page asks for the state as soon as it is there.
    ``unused``: connected, and no pair makes use of it yet. ``asked``: a click has just asked TMDb, with nothing to
    tell beyond the state itself. ``good``: the notice is no complaint.
    """

    instance: str
    key: KeyView
    connected: bool = False
    pending: bool = False
    checked: bool = True
    account: str = ""
    checked_at: int | None = None
    auth_url: str = ""
    expires_at: int | None = None
    notice: Notice | None = None
    accounts: tuple[tuple[str, str], ...] = ()
    keys_page: str = "https://www.themoviedb.org/settings/api"
    look: bool = False
    unused: bool = False
    asked: bool = False
    good: bool = False


@dataclass(frozen=True, slots=True)
class MetadataView:
    """Metadata: TMDb. ``shared``: without a key of its own it uses that of the default account.

    ``accepted``: TMDb has just said so of the key that is used.
    """

    key: KeyView
    shared: bool = False
    accepted: bool = False
    notice: Notice | None = None
    keys_page: str = "https://www.themoviedb.org/settings/api"


@dataclass(frozen=True, slots=True)
class DisconnectView:
    """The question before a disconnect; ``pairs`` are the names of those that stop."""

    instance: str
    account: str
    pairs: tuple[str, ...] = ()
