"""Pairs: made, changed and taken away; whatever a lane cannot do yet is refused when it is asked for."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName, is_instance_name
from crosswatch.model.capabilities import Dates
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.ports import Provider
from crosswatch.services.house import House
from crosswatch.services.rings import Ends, carried, refuse_rings
from crosswatch.store import accounts, held, pairs, runs
from crosswatch.store.accounts import AccountRow
from crosswatch.store.database import Connection
from crosswatch.store.pairs import LaneSettings, PairRow

KINDS = (Kind.MOVIE, Kind.SHOW, Kind.EPISODE)
Providers = tuple[Provider, Provider]


def lane_defaults(mode: Mode, *, enabled: bool = True) -> LaneSettings:
    """What a lane does where nothing else is asked for: both ways it asks whose value wins, one way the source's."""
    conflict = Conflict.ASK if mode is Mode.TWO_WAY else Conflict.SOURCE
    return LaneSettings(enabled=enabled, conflict=conflict)


@dataclass(frozen=True, slots=True)
class NewPair:
    """What a user asks for. ``features`` empty: all that both services have; ``name`` empty: made of the two labels."""

    source: AccountName
    target: AccountName
    name: str = ""
    mode: Mode = Mode.ONE_WAY
    enabled: bool = True
    kinds: Sequence[Kind] = KINDS
    features: Mapping[Feature, LaneSettings] | None = None


class Pairs:
    """The pairs of an installation."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def every(self) -> list[PairRow]:
        """All pairs, the oldest first."""
        return await self._house.database.read(pairs.every)

    async def show(self, pair_id: int) -> PairRow:
        """One pair. Raises Refused ``not_found``."""
        found = await self._house.database.read(partial(pairs.find, pair_id=pair_id))
        if found is None:
            raise Refused("not_found", what=f"pair {pair_id}")
        return found

    async def named(self, text: str) -> PairRow:
        """The pair of that number or name. Raises Refused ``not_found``."""
        every = await self.every()
        wanted = text.strip().casefold()
        for pair in every:
            if wanted in (str(pair.id), pair.name.casefold()):
                return pair
        raise Refused("not_found", what=f"pair “{text}”")

    async def add(self, new: NewPair) -> PairRow:
        """Makes a pair. Its first run has no base, so it removes nothing."""
        for side in (new.source, new.target):
            self._house.runner.provider(side)
        if new.source == new.target:
            raise Refused("same_account", account=str(new.source))
        source, target = await self._account(new.source), await self._account(new.target)
        if source.uid == target.uid:
            person = source.label or source.uid
            raise Refused("same_account", account=str(new.source), other=str(new.target), person=person)
        providers = self._providers(new.source, new.target)
        lanes = _lanes(new, providers)
        name = new.name.strip() or _name(new, providers)

        def make(connection: Connection) -> int:
            known, uids = pairs.every(connection), _uids(connection)
            _refuse_twin(known, new, uids)
            _refuse_name(known, name)
            if new.enabled:
                refuse_rings(known, Ends(new.source, new.target, new.mode), _switched_on(lanes), uids)
            return pairs.add(
                connection,
                name=name,
                source=source.id,
                target=target.id,
                mode=new.mode,
                kinds=new.kinds,
                lanes=lanes,
                now=self._house.clock.now_ms(),
                enabled=new.enabled,
            )

        return await self.show(await self._house.database.write(make))

    async def change(
        self,
        pair_id: int,
        *,
        name: str | None = None,
        enabled: bool | None = None,
        kinds: Sequence[Kind] | None = None,
        features: Mapping[Feature, LaneSettings] | None = None,
    ) -> PairRow:
        """Changes what is given; the lanes keep their base. What is switched on anew must not close a ring."""
        pair = await self.show(pair_id)
        lanes = {lane.feature: lane.settings for lane in pair.lanes} | dict(features or {})
        new = NewPair(pair.source, pair.target, mode=pair.mode, features=lanes)
        checked = _lanes(new, self._providers(pair.source, pair.target))
        wanted = name.strip() if name and name.strip() else pair.name
        on = pair.enabled if enabled is None else enabled

        def change(connection: Connection) -> None:
            known = [other for other in pairs.every(connection) if other.id != pair_id]
            _refuse_name(known, wanted)
            if on:
                ends = Ends(pair.source, pair.target, pair.mode)
                refuse_rings(known, ends, _switched_on(checked) - carried(pair), _uids(connection))
            pairs.change(
                connection,
                pair_id,
                name=wanted,
                enabled=on,
                kinds=sorted(pair.kinds) if kinds is None else kinds,
                lanes=checked,
            )
            self._ask_about_kept(connection, pair, checked)

        await self._house.database.write(change)
        return await self.show(pair_id)

    def _ask_about_kept(
        self, connection: Connection, pair: PairRow, new: Mapping[Feature, LaneSettings]
    ) -> None:
        """Where removing is switched on, asks about what was taken off before, and no more where it is switched off.

        Nothing is removed by that.
        """
        for lane in pair.lanes:
            if lane.settings.remove != new[lane.feature].remove:
                held.ask_about_kept(connection, lane.id, self._house.clock.now_ms())

    async def kept(self, pair: PairRow) -> dict[Feature, int]:
        """What its lanes that do not remove have kept: so many titles are asked about once they do."""

        def read(connection: Connection) -> dict[Feature, int]:
            return {
                lane.feature: held.count_kept(connection, lane.id)
                for lane in pair.lanes
                if not lane.settings.remove
            }

        return await self._house.database.read(read)

    def undated(self, source: AccountName, target: AccountName) -> list[str]:
        """Those of the two services that do not date ratings: the newest cannot be told there."""
        found = [
            provider.manifest.label
            for provider in self._providers(source, target)
            if provider.manifest.features[Feature.RATINGS].dates is not Dates.OWN
        ]
        return list(dict.fromkeys(found))

    async def remove(self, pair_id: int) -> PairRow:
        """Deletes a pair and its base; runs and journal stay. Refused ``already_running`` while it runs."""
        pair = await self.show(pair_id)
        await self._house.runner.sweep()

        def delete(connection: Connection) -> None:
            going = runs.going_on(connection, pair_id)
            if going:
                raise Refused("already_running", run_id=str(going[0].id))
            pairs.remove(connection, pair_id)

        await self._house.database.write(delete)
        return pair

    async def _account(self, name: AccountName) -> AccountRow:
        """The account of a name; one that needs no connecting is there as soon as it is named."""
        provider = self._house.runner.provider(name)
        if not is_instance_name(name.instance):
            raise Refused("unknown_instance", instance=name.instance[:64])
        if not provider.manifest.connects:
            await provider.open(name.instance).whoami()
        row = await self._house.database.read(partial(accounts.find, name=name))
        if row is None or not row.uid:
            raise Refused("not_connected", account=str(name))
        return row

    def _providers(self, source: AccountName, target: AccountName) -> Providers:
        return self._house.runner.provider(source), self._house.runner.provider(target)


def _lanes(new: NewPair, providers: Providers) -> dict[Feature, LaneSettings]:
    """The lanes of a pair, each checked against what both services and CrossWatch can do today."""
    source, target = (provider.manifest for provider in providers)
    shared = [feature for feature in Feature if feature in source.features and feature in target.features]
    wanted = new.features or dict.fromkeys(shared, lane_defaults(new.mode))
    written = (target, source) if new.mode is Mode.TWO_WAY else (target,)
    for feature, settings in wanted.items():
        if feature not in shared:
            raise Refused(
                "invalid_request", reason=f"{source.label} and {target.label} do not share {feature}"
            )
        for side in written:
            if not side.features[feature].add:
                raise Refused("read_only_side", label=side.label, feature=feature.value)
            if settings.remove and not side.features[feature].remove:
                raise Refused("cannot_remove", label=side.label, feature=feature.value)
        if settings.remove_when_rated and not settings.remove:
            raise Refused("invalid_request", reason="remove_when_rated needs remove to be on")
    if not any(settings.enabled for settings in wanted.values()):
        raise Refused("nothing_to_sync", name=new.name or _name(new, providers))
    off = lane_defaults(new.mode, enabled=False)
    return {feature: wanted.get(feature, off) for feature in shared}


def _name(new: NewPair, providers: Providers) -> str:
    labels = [
        provider.manifest.label
        if str(name) == provider.manifest.id
        else f"{provider.manifest.label} ({name.instance})"
        for provider, name in zip(providers, (new.source, new.target), strict=True)
    ]
    return (" and " if new.mode is Mode.TWO_WAY else " to ").join(labels)


def _switched_on(lanes: Mapping[Feature, LaneSettings]) -> frozenset[Feature]:
    return frozenset(feature for feature, settings in lanes.items() if settings.enabled)


def _uids(connection: Connection) -> dict[AccountName, str]:
    """Who is behind each account; the name where its service has not said so."""
    return {row.name: row.uid or str(row.name) for row in accounts.every(connection)}


def _refuse_twin(known: Iterable[PairRow], new: NewPair, uids: Mapping[AccountName, str]) -> None:
    """Raises Refused ``pair_exists`` where a pair carries the same things the same way, or both ways."""
    ends = uids[new.source], uids[new.target]
    for pair in known:
        its = uids[pair.source], uids[pair.target]
        if its == ends or (pair.mode is Mode.TWO_WAY and its == ends[::-1]):
            raise Refused("pair_exists", name=pair.name)


def _refuse_name(known: Iterable[PairRow], name: str) -> None:
    for pair in known:
        if pair.name.casefold() == name.casefold():
            raise Refused("name_taken", name=name)
