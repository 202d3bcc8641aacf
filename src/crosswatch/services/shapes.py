"""How pairs, runs and their items are written for machines: one shape for the API and for ``--json``."""

from collections.abc import Mapping
from datetime import UTC, datetime

from crosswatch import words
from crosswatch.model.kinds import Feature, Side
from crosswatch.services.attention import Asked
from crosswatch.services.running import RunReport
from crosswatch.store.journal import Item
from crosswatch.store.pairs import LaneSettings, PairRow

Shape = dict[str, object]


def iso(milliseconds: int | None) -> str | None:
    """A time in UTC milliseconds as ISO 8601 with Z."""
    if milliseconds is None:
        return None
    moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def pair_shape(pair: PairRow) -> Shape:
    """A pair."""
    return {
        "id": str(pair.id),
        "name": pair.name,
        "source": {"provider": pair.source.provider, "instance": pair.source.instance},
        "target": {"provider": pair.target.provider, "instance": pair.target.instance},
        "mode": pair.mode.value,
        "enabled": pair.enabled,
        "kinds": sorted(kind.value for kind in pair.kinds),
        "features": {lane.feature.value: _lane_shape(lane.feature, lane.settings) for lane in pair.lanes},
        "schedule": None,
        "made_at": iso(pair.made_at),
    }


def _lane_shape(feature: Feature, settings: LaneSettings) -> Shape:
    shared: Shape = {"enabled": settings.enabled, "add": settings.add, "remove": settings.remove}
    if feature is Feature.WATCHLIST:
        return {**shared, "remove_when_rated": settings.remove_when_rated}
    return {**shared, "change": settings.change, "conflict": settings.conflict.value}


def run_shape(report: RunReport) -> Shape:
    """A run with what it did; ``error`` is the sentence to show, ``done`` of ``total`` where its phase stands."""
    run = report.run
    return {
        "id": str(run.id),
        "pair_id": str(run.pair),
        "pair_name": run.pair_name,
        "kind": run.kind,
        "status": run.status,
        "phase": run.phase,
        "feature": run.feature,
        "waiting_for": run.waiting_for,
        "done": run.done,
        "total": run.total,
        "stopping": run.cancel and run.finished_at is None,
        "code": run.code,
        "error": words.say(run.code, run.params).whole if run.code else "",
        "started_at": iso(run.started_at),
        "phase_at": iso(run.phase_at),
        "finished_at": iso(run.finished_at),
        "trigger": run.trigger,
        "plan_id": None if run.plan is None else str(run.plan),
        "requests": run.requests,
        "attention": run.attention,
        "lanes": dict(report.lanes),
    }


def item_shape(item: Item, ids: Mapping[str, str] | None = None) -> Shape:
    """One write of a run; values are points out of ten for ratings, true for presence, null for absence.

    ``ids``: by what the services know the title, where that is wanted.
    """
    return {
        "seq": item.seq,
        "feature": item.feature.value,
        "side": item.side.value,
        "action": item.action.value,
        "title": {
            "id": str(item.title),
            "kind": item.kind,
            "name": item.name,
            "year": item.year,
            "show": item.show,
            "season": item.season,
            "number": item.number,
        },
        **({} if ids is None else {"ids": dict(ids)}),
        "before": shown_value(item.feature, item.before),
        "after": shown_value(item.feature, item.after),
        "outcome": item.outcome or item.state.value,
        "code": item.code,
        "reason": item.words or words.reason(item.code),
    }


def asked_shape(asked: Asked) -> Shape:
    """A question of the inbox: both values, the sentence, and what can be said to it."""
    question = asked.question
    return {
        "id": str(question.id),
        "kind": question.kind.value,
        "pair": None if asked.pair is None else {"id": str(asked.pair.id), "name": asked.pair.name},
        "feature": None if question.feature is None else question.feature.value,
        "title": {
            "id": str(question.title),
            "kind": question.title_kind,
            "name": question.name,
            "year": question.year,
            "show": question.show,
            "season": question.season,
            "number": question.number,
        },
        "ids": dict(asked.ids),
        "source": _asked_side(asked, Side.SOURCE),
        "target": _asked_side(asked, Side.TARGET),
        "made_at": iso(question.made_at),
        "sentence": asked.sentence,
        "answers": list(question.answers),
    }


def _asked_side(asked: Asked, side: Side) -> Shape:
    account, feature = asked.account(side), asked.question.feature or Feature.RATINGS
    named = None if account is None else {"provider": account.provider, "instance": account.instance}
    return {"account": named, "label": asked.label(side), "value": shown_value(feature, asked.value(side))}


def shown_value(feature: Feature, value: int | None) -> float | bool | None:
    """A stored value as people write it: 850 is 8.5, a title on a watchlist is true."""
    if value is None:
        return None
    return value / 100 if feature is Feature.RATINGS else True
