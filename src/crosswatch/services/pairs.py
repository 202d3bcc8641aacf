"""Pairs: made, changed and taken away; whatever a lane cannot do yet is refused when it is asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from crosswatch.errors import Refused
from crosswatch.model.accounts import AccountName, is_instance_name
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.ports import Provider
from crosswatch.services.house import House
from crosswatch.store import accounts, pairs, runs
from crosswatch.store.accounts import AccountRow
from crosswatch.store.database import Connection
from crosswatch.store.pairs import LaneSettings, PairRow

KINDS = (Kind.MOVIE, Kind.SHOW, Kind.EPISODE)


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
        """Makes a pair. Its first run has no base, so it only adds."""
        for side in (new.source, new.target):
            self._house.runner.provider(side)
        if new.source == new.target:
            raise Refused("same_account", account=str(new.source))
        source, target = await self._account(new.source), await self._account(new.target)
        if source.uid == target.uid:
            raise Refused("same_account", account=str(new.source))
        providers = self._house.runner.provider(new.source), self._house.runner.provider(new.target)
        lanes = self._lanes(new, providers)
        name = new.name.strip() or self._name(new, providers)
        known = await self.every()
        for pair in known:
            if (pair.source, pair.target) == (new.source, new.target):
                raise Refused("pair_exists", name=pair.name)
            if pair.name.casefold() == name.casefold():
                raise Refused("name_taken", name=name)
        _refuse_rings(known, new, lanes)
        pair_id = await self._house.database.write(
            lambda connection: pairs.add(
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
        )
        return await self.show(pair_id)

    async def change(
        self,
        pair_id: int,
        *,
        name: str | None = None,
        enabled: bool | None = None,
        kinds: Sequence[Kind] | None = None,
        features: Mapping[Feature, LaneSettings] | None = None,
    ) -> PairRow:
        """Changes what is given; the lanes keep their base."""
        pair = await self.show(pair_id)
        lanes = {lane.feature: lane.settings for lane in pair.lanes} | dict(features or {})
        new = NewPair(pair.source, pair.target, mode=pair.mode, features=lanes)
        checked = self._lanes(
            new, (self._house.runner.provider(pair.source), self._house.runner.provider(pair.target))
        )
        wanted = name.strip() if name and name.strip() else pair.name
        for other in await self.every():
            if other.id != pair.id and other.name.casefold() == wanted.casefold():
                raise Refused("name_taken", name=wanted)
        await self._house.database.write(
            lambda connection: pairs.change(
                connection,
                pair_id,
                name=wanted,
                enabled=pair.enabled if enabled is None else enabled,
                kinds=sorted(pair.kinds) if kinds is None else kinds,
                lanes=checked,
            )
        )
        return await self.show(pair_id)

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

    def _lanes(self, new: NewPair, providers: tuple[Provider, Provider]) -> dict[Feature, LaneSettings]:
        """The lanes of a pair, each checked against what both services and CrossWatch can do today."""
        source, target = (provider.manifest for provider in providers)
        shared = [feature for feature in Feature if feature in source.features and feature in target.features]
        wanted = new.features or {feature: LaneSettings() for feature in shared}
        if new.mode is Mode.TWO_WAY:
            raise Refused("not_yet", what="keep a pair in step both ways")
        for feature, settings in wanted.items():
            if feature not in shared:
                raise Refused(
                    "invalid_request", reason=f"{source.label} and {target.label} do not share {feature}"
                )
            if not target.features[feature].add:
                raise Refused("not_yet", what=f"write to {target.label}")
            _check_built(settings)
        if not any(settings.enabled for settings in wanted.values()):
            raise Refused("nothing_to_sync", name=new.name or self._name(new, providers))
        return {feature: wanted.get(feature, LaneSettings(enabled=False)) for feature in shared}

    def _name(self, new: NewPair, providers: tuple[Provider, Provider]) -> str:
        labels = [
            provider.manifest.label
            if str(name) == provider.manifest.id
            else f"{provider.manifest.label} ({name.instance})"
            for provider, name in zip(providers, (new.source, new.target), strict=True)
        ]
        return " to ".join(labels)


def _refuse_rings(known: Sequence[PairRow], new: NewPair, lanes: Mapping[Feature, LaneSettings]) -> None:
    """Raises Refused ``pair_cycle`` where values of a feature could go round: from the target back to the source."""
    for feature in lanes:
        ways: dict[AccountName, set[AccountName]] = {}
        for pair in known:
            if feature not in {lane.feature for lane in pair.lanes}:
                continue
            ways.setdefault(pair.source, set()).add(pair.target)
            if pair.mode is Mode.TWO_WAY:
                ways.setdefault(pair.target, set()).add(pair.source)
        path = _path(ways, new.target, new.source, ())
        if path:
            ring = " → ".join(str(name) for name in (new.source, *path))
            raise Refused("pair_cycle", feature=feature.value, cycle=ring)


def _path(
    ways: Mapping[AccountName, set[AccountName]],
    start: AccountName,
    end: AccountName,
    before: tuple[AccountName, ...],
) -> tuple[AccountName, ...]:
    """A way from start to end through accounts that were not passed before; empty where there is none."""
    here = (*before, start)
    if start == end:
        return here
    for step in sorted(ways.get(start, set()) - set(here), key=str):
        found = _path(ways, step, end, here)
        if found:
            return found
    return ()


def _check_built(settings: LaneSettings) -> None:
    if settings.remove or settings.remove_when_rated:
        raise Refused("not_yet", what="remove titles")
    if settings.conflict in (Conflict.ASK, Conflict.NEWEST):
        raise Refused("not_yet", what=f"settle conflicts by “{settings.conflict}”")
