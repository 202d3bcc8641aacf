"""Pairs and their lanes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode, Side
from crosswatch.store.accounts import AccountRow
from crosswatch.store.tables import account, lane, pair


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """What a lane may do. ``change`` and ``conflict`` concern ratings, ``remove_when_rated`` the watchlist."""

    enabled: bool = True
    add: bool = True
    change: bool = True
    remove: bool = False
    remove_when_rated: bool = False
    conflict: Conflict = Conflict.SOURCE


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A lane as stored. Uids and labels are those of the accounts with which its base was made; empty before."""

    id: int
    feature: Feature
    settings: LaneSettings
    source_uid: str
    target_uid: str
    source_label: str = ""
    target_label: str = ""

    def made_with(self, side: Side) -> tuple[str, str]:
        """Uid and name of whom the base was made with on that side; an empty uid before there is a base."""
        if side is Side.SOURCE:
            return self.source_uid, self.source_label or self.source_uid
        return self.target_uid, self.target_label or self.target_uid


@dataclass(frozen=True, slots=True)
class PairRow:
    """A pair as stored, with its lanes in the order in which they run."""

    id: int
    name: str
    source: AccountName
    target: AccountName
    mode: Mode
    enabled: bool
    kinds: frozenset[Kind]
    made_at: int
    lanes: tuple[LaneRow, ...]


_source = account.alias("source_account")
_target = account.alias("target_account")


_PAIRS = (
    select(
        pair,
        _source.c.provider.label("source_provider"),
        _source.c.instance.label("source_instance"),
        _target.c.provider.label("target_provider"),
        _target.c.instance.label("target_instance"),
    )
    .join(_source, _source.c.id == pair.c.source)
    .join(_target, _target.c.id == pair.c.target)
    .order_by(pair.c.id)
)
_LANES = select(lane)
_ONE_PAIR = _PAIRS.where(pair.c.id == bindparam("pair_id"))
_ITS_LANES = _LANES.where(lane.c.pair == bindparam("pair_id"))


def every(connection: Connection) -> list[PairRow]:
    """All pairs, the oldest first."""
    return _select(connection, _PAIRS, _LANES, {})


def find(connection: Connection, pair_id: int) -> PairRow | None:
    """One pair."""
    return next(iter(_select(connection, _ONE_PAIR, _ITS_LANES, {"pair_id": pair_id})), None)


def _select(
    connection: Connection, query: Select[Any], lanes: Select[Any], given: Mapping[str, int]
) -> list[PairRow]:
    by_pair: dict[int, list[LaneRow]] = {}
    for row in connection.execute(lanes, given):
        by_pair.setdefault(row.pair, []).append(_lane(row))
    order = list(Feature)
    return [
        PairRow(
            id=row.id,
            name=row.name,
            source=AccountName(row.source_provider, row.source_instance),
            target=AccountName(row.target_provider, row.target_instance),
            mode=Mode(row.mode),
            enabled=row.enabled,
            kinds=frozenset(Kind(kind) for kind in row.kinds),
            made_at=row.made_at,
            lanes=tuple(sorted(by_pair.get(row.id, []), key=lambda one: order.index(one.feature))),
        )
        for row in connection.execute(query, given)
    ]


def _lane(row: Any) -> LaneRow:
    settings = LaneSettings(
        enabled=row.enabled, **{**row.settings, "conflict": Conflict(row.settings["conflict"])}
    )
    return LaneRow(
        row.id,
        Feature(row.feature),
        settings,
        row.source_uid,
        row.target_uid,
        row.source_label,
        row.target_label,
    )


def _lane_columns(settings: LaneSettings) -> dict[str, Any]:
    stored = {
        "add": settings.add,
        "change": settings.change,
        "remove": settings.remove,
        "remove_when_rated": settings.remove_when_rated,
        "conflict": settings.conflict.value,
    }
    digest = sha256(json.dumps({**stored, "enabled": settings.enabled}, sort_keys=True).encode()).hexdigest()
    return {"enabled": settings.enabled, "settings": stored, "settings_hash": digest}


def add(
    connection: Connection,
    *,
    name: str,
    source: int,
    target: int,
    mode: Mode,
    kinds: Sequence[Kind],
    lanes: Mapping[Feature, LaneSettings],
    now: int,
    enabled: bool = True,
) -> int:
    """Makes a pair of two account ids and its lanes; returns its id."""
    made = connection.execute(
        insert(pair).values(
            name=name,
            source=source,
            target=target,
            mode=mode,
            enabled=enabled,
            kinds=[kind.value for kind in kinds],
            made_at=now,
        )
    )
    assert made.inserted_primary_key is not None, "a pair has an id"
    pair_id = int(made.inserted_primary_key[0])
    for feature, settings in lanes.items():
        connection.execute(insert(lane).values(pair=pair_id, feature=feature, **_lane_columns(settings)))
    return pair_id


def change(
    connection: Connection,
    pair_id: int,
    *,
    name: str,
    enabled: bool,
    kinds: Sequence[Kind],
    lanes: Mapping[Feature, LaneSettings],
) -> None:
    """Stores name, switch, kinds and lane settings; the lanes keep their base."""
    connection.execute(
        update(pair)
        .where(pair.c.id == pair_id)
        .values(name=name, enabled=enabled, kinds=[kind.value for kind in kinds])
    )
    for feature, settings in lanes.items():
        connection.execute(
            update(lane)
            .where(lane.c.pair == pair_id, lane.c.feature == feature)
            .values(**_lane_columns(settings))
        )


def remove(connection: Connection, pair_id: int) -> None:
    """Deletes a pair with its lanes and base; runs and journal stay."""
    connection.execute(delete(pair).where(pair.c.id == pair_id))


_PIN = (
    update(lane)
    .where(lane.c.id == bindparam("lane"))
    .values(
        {
            name: bindparam(f"new_{name}")
            for name in ("source_uid", "target_uid", "source_label", "target_label")
        }
    )
)


def pin(connection: Connection, lane_id: int, source: AccountRow, target: AccountRow) -> None:
    """Remembers between which accounts a lane's base is being made, and what people called them."""
    values = {
        "new_source_uid": source.uid,
        "new_target_uid": target.uid,
        "new_source_label": source.label,
        "new_target_label": target.label,
    }
    connection.execute(_PIN, {"lane": lane_id, **values})
