"""From what services say to what templates show: pairs, runs and connections as views."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from crosswatch import words
from crosswatch.errors import CrossWatchError, Refused
from crosswatch.model.accounts import DEFAULT_INSTANCE, AccountName
from crosswatch.model.kinds import Feature, Kind, Mode
from crosswatch.services.home import PairNow
from crosswatch.services.overview import AccountState, ProviderState
from crosswatch.services.running import RunReport
from crosswatch.store.journal import Item
from crosswatch.store.runs import PLAN
from crosswatch.web.pages.exceptions import exceptions, sentence
from crosswatch.web.pages.form_views import Choice, MakeView
from crosswatch.web.pages.labels import FEATURES
from crosswatch.web.pages.showing import notice, notice_of
from crosswatch.web.pages.views import (
    FeatureCount,
    ItemView,
    LaneView,
    Notice,
    PairCard,
    PairState,
    Progress,
    RunRow,
    SideView,
    Status,
)

BUILT_IN = "tracker"
"""The provider that needs no connecting."""

_ENDED = {
    "succeeded": PairState.IN_STEP,
    "partial": PairState.PARTLY,
    "failed": PairState.BROKEN,
    "cancelled": PairState.STOPPED,
    "interrupted": PairState.STOPPED,
}
# What a new connection heals: once there is one, the last run's complaint is old news.
_HEALED = frozenset({"session_ended", "not_connected", "connection_replaced", "invalid_api_key"})
# What another try may not meet: the service was away, slow, or wrong for once.
_PASSING = frozenset({"unreachable", "rate_limited", "tmdb_error"})
_SOON_SECONDS = 2.0
_CUT_SHORT = frozenset({Status.FAILED, Status.CANCELLED, Status.INTERRUPTED})


class Names:
    """What accounts are called on pages."""

    def __init__(self, providers: tuple[ProviderState, ...]) -> None:
        self._providers = {state.manifest.id: state for state in providers}
        self._accounts = {account.name: account for state in providers for account in state.accounts}

    def side(self, name: AccountName) -> SideView:
        """One end of a pair."""
        state = self._providers.get(name.provider)
        label = state.manifest.label if state is not None else name.provider
        return SideView(name.provider, label, self.account(name))

    def apart(self, source: AccountName, target: AccountName) -> tuple[SideView, SideView]:
        """Both ends of a pair; two accounts of one service are told apart by their users."""
        sides = self.side(source), self.side(target)
        if sides[0].label != sides[1].label:
            return sides
        first, second = (
            replace(side, label=f"{side.label}, {side.account}") if side.account else side for side in sides
        )
        return first, second

    def account(self, name: AccountName) -> str:
        """The user's own name at the service; the tracker's accounts are called trackers."""
        known, further = self._accounts.get(name), name.instance != DEFAULT_INSTANCE
        state = self._providers.get(name.provider)
        if state is not None and not state.manifest.connects:
            return f"Tracker ({name.instance})" if further else "Tracker"
        return known.label if known is not None and known.label else name.instance if further else ""

    def choice(self, name: AccountName) -> str:
        """One line for a list to choose from."""
        side = self.side(name)
        return f"{side.label}: {side.account}" if side.account else side.label

    def of(self, name: AccountName) -> AccountState | None:
        """How the account stands, as stored."""
        return self._accounts.get(name)


@dataclass(frozen=True, slots=True)
class Stand:
    """Whether an account can be used: ``error`` says why not; ``confirmed_at`` is when its service last said yes."""

    error: CrossWatchError | None = None
    confirmed_at: int | None = None


def card(now: PairNow, names: Names, stands: Mapping[AccountName, Stand], at: int) -> PairCard:
    """A pair on Home; ``stands`` says how its accounts are."""
    pair, last = now.pair, now.last
    source, target = names.side(pair.source), names.side(pair.target)
    both = [stands.get(name, Stand(_not_connected(name))) for name in (pair.source, pair.target)]
    wrong = next((stand.error for stand in both if stand.error is not None), None)
    state, told, parts = PairState.NEVER, None, exceptions(now)
    if now.going is not None:
        state = PairState.LOOKING if now.going.run.kind == PLAN else PairState.RUNNING
    elif not pair.enabled:
        state = PairState.OFF
    elif wrong is not None:
        state, told = PairState.BROKEN, notice_of(wrong)
    elif now.replaced is not None:
        state, told = PairState.BROKEN, notice_of(now.replaced)
    elif last is not None:
        state, told = _ended(last, both)
        if state is PairState.IN_STEP and parts:
            state = PairState.ASKING if now.tally.waits else PairState.APART
    return PairCard(
        id=str(pair.id),
        name=pair.name,
        source=source,
        target=target,
        mode=pair.mode,
        features=tuple(
            FeatureCount(feature, now.titles.get(feature))
            for feature in FEATURES
            if any(lane.feature is feature and lane.settings.enabled for lane in pair.lanes)
        ),
        state=state,
        last_run=str(last.run.id) if last is not None else "",
        last_at=last.run.finished_at if last is not None else None,
        progress=progress(now.going, source, at) if now.going is not None else None,
        notice=told,
        can_run=state is not PairState.OFF and wrong is None,
        passes=wrong is None and last is not None and last.run.code in _PASSING,
        but=sentence(parts, in_step=_is_in_step(state)) if now.going is None else "",
        beyond=max(0, _beyond_all(last, pair.mode) - now.beyond) if last and _is_in_step(state) else 0,
    )


def _is_in_step(state: PairState) -> bool:
    return state in (PairState.IN_STEP, PairState.ASKING, PairState.APART)


def make_view(
    names: Names, stands: Mapping[AccountName, Stand], used: Collection[AccountName]
) -> MakeView | None:
    """The form for a new pair, the first account that no pair uses chosen; None while nothing is connected.

    Every account may have a tracker of its own name, which is there as soon as it is chosen.
    """
    usable = [name for name, stand in stands.items() if stand.error is None and name.provider != BUILT_IN]
    if not usable:
        return None
    source = next((name for name in usable if name not in used), usable[0])
    trackers = [AccountName(BUILT_IN, name.instance) for name in (AccountName(BUILT_IN), *usable)]
    known = [name for name in stands if name.provider == BUILT_IN]
    return MakeView(
        accounts=tuple(
            Choice(str(name), names.choice(name)) for name in dict.fromkeys([*usable, *trackers, *known])
        ),
        source=str(source),
        target=str(AccountName(BUILT_IN, source.instance)),
    )


def _not_connected(name: AccountName) -> CrossWatchError:
    return Refused("not_connected", account=str(name))


def _ended(last: RunReport, stands: Iterable[Stand]) -> tuple[PairState, Notice | None]:
    ended_at = last.run.finished_at or 0
    if last.run.code in _HEALED and any((stand.confirmed_at or 0) > ended_at for stand in stands):
        return PairState.STOPPED, None
    return _ENDED[last.run.status], run_notice(last)


def run_notice(report: RunReport) -> Notice | None:
    """What is wrong with a run that has ended: its own error, else a list that was not complete."""
    run = report.run
    if run.code:
        return notice(run.code, run.params)
    for feature, counts in report.lanes.items():
        for side, reason in counts.get("incomplete", {}).items():
            params = {"account": f"The {side}", "feature": feature, "reason": reason}
            return notice("incomplete_source", params)
    return None


def progress(report: RunReport, source: SideView, at: int) -> Progress:
    """Where a run is, with a rate once there is one to tell."""
    run = report.run
    seconds = (at - run.phase_at) / 1000
    rate = run.done / seconds if run.done and seconds >= _SOON_SECONDS else None
    total = run.total or None
    left = total - run.done if total is not None else None
    feature = FEATURES[Feature(run.feature)].word.lower() if run.feature else ""
    return Progress(
        run_id=str(run.id),
        phase=run.phase,
        started_at=run.started_at,
        detail=f"{source.label}, {feature}" if run.phase == "reading" and feature else feature,
        done=run.done,
        total=total,
        rate=rate,
        remaining=left / rate if rate and left is not None and left > 0 else None,
        waiting_for=run.waiting_for,
        stopping=run.cancel,
    )


def run_row(report: RunReport) -> RunRow:
    """A run in a list."""
    run, sums = report.run, _sums(report)
    return RunRow(
        id=str(run.id),
        pair=run.pair_name,
        kind=run.kind,
        status=Status(run.status),
        started_at=run.started_at,
        finished_at=run.finished_at,
        attention=run.attention,
        **sums,
    )


def _sums(report: RunReport) -> dict[str, int]:
    names = ("added", "changed", "removed")
    return {name: sum(int(lane.get(name, 0)) for lane in report.lanes.values()) for name in names}


def lane_view(
    feature: Feature,
    counts: Mapping[str, Any],
    *,
    status: Status,
    code: str = "",
    mode: Mode | None = None,
) -> LaneView:
    """The result of a lane of a run that is or ended so; ``mode`` is its pair's, None where the pair is gone."""
    cut = status is not Status.RUNNING and (bool(code) or status in _CUT_SHORT)
    read: Mapping[str, int] = counts.get("read", {})
    figures = {name: value for name, value in counts.items() if isinstance(value, int)}
    figures["hidden"] = sum(counts.get("gap", {}).values())
    figures["held"] = max(0, figures.get("held", 0) - figures.get("waiting", 0))
    held = tuple((titles, words.held(why)) for why, titles in counts.get("why_held", {}).items())
    # A lane that never came to reading has zeros where nothing was counted.
    taken: Mapping[str, int] = read if any(read.values()) or not cut else {}
    return LaneView(
        feature,
        taken.get("source"),
        taken.get("target"),
        figures,
        counts.get("to", {}),
        held,
        nothing="yet" if status is Status.RUNNING else _nothing(taken, cut=cut),
        beyond=_beyond(counts, mode),
    )


def _nothing(taken: Mapping[str, int], *, cut: bool) -> str:
    """What a lane without any count says. That both sides agree is more than two equal numbers show."""
    if cut:
        return "unwritten" if taken else "undecided"
    return "unneeded"


def _beyond(counts: Mapping[str, Any], mode: Mode | None) -> int:
    """How many titles a one-way target holds that its source does not, at least; 0 where a list was not whole."""
    read, to = counts.get("read", {}), counts.get("to", {}).get("target", {})
    if (
        mode is not Mode.ONE_WAY
        or not read
        or counts.get("incomplete")
        or any(counts.get("gap", {}).values())
    ):
        return 0
    held = read.get("target", 0) + to.get("added", 0) - to.get("removed", 0)
    return max(0, int(held - read.get("source", 0)))


def _beyond_all(last: RunReport, mode: Mode) -> int:
    return sum(_beyond(counts, mode) for counts in last.lanes.values())


def item_view(item: Item, sides: Mapping[str, SideView]) -> ItemView:
    """One title of a run."""
    name = item.name or "Untitled"
    outcome = item.outcome or item.state.value
    side = sides[item.side.value]
    return ItemView(
        title=f"{item.show}: {name}" if item.show else name,
        kind=Kind(item.kind),
        feature=item.feature,
        side=side.label,
        action=item.action,
        before=item.before,
        after=item.after,
        outcome=outcome,
        reason=f"{side.label}: “{item.words}”" if item.words else words.reason(item.code),
        year=item.year,
        season=item.season,
        number=item.number,
    )
