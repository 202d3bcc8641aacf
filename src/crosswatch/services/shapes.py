"""How pairs, runs and their items are written for machines: one shape for the API and for ``--json``."""

from collections.abc import Mapping
from datetime import UTC, datetime

from crosswatch import words
from crosswatch.model.kinds import Action, Feature, Side
from crosswatch.services.asking import Asked
from crosswatch.services.plans import Labels, LaneFigures, PlanReport, has, headline, proof, why
from crosswatch.services.running import RunReport
from crosswatch.store.inbox import QuestionRow
from crosswatch.store.journal import Item
from crosswatch.store.pairs import LaneSettings, PairRow
from crosswatch.store.plans import ItemState, PlanItem, Promise

Shape = dict[str, object]
DONE_WORDS = {Action.ADD: "added", Action.CHANGE: "changed", Action.REMOVE: "removed"}


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


def plan_shape(report: PlanReport) -> Shape:
    """The head of a plan with its figures; ``error`` is the sentence that says why it cannot be applied."""
    plan, stale = report.plan, report.stale
    return {
        "id": str(plan.id),
        "pair_id": str(plan.pair),
        "pair_name": plan.pair_name,
        "run_id": str(plan.run),
        "hash": plan.hash,
        "made_at": iso(plan.made_at),
        "expires_at": iso(plan.expires_at),
        "applied": None if plan.applied_by is None else str(plan.applied_by),
        "can_apply": stale is None,
        "why_not": "" if stale is None else str(stale.params["why"]),
        "error": "" if stale is None else words.say(stale.code, stale.params).whole,
        "summary": headline(report.writes, report.labels),
        "lanes": {figures.lane.feature.value: _plan_lane(figures) for figures in report.lanes},
    }


def _plan_lane(figures: LaneFigures) -> Shape:
    """A lane in figures, all of them titles."""
    read = figures.lane.counts
    by_side = {
        side.value: {word: figures.writes[side, action] for action, word in DONE_WORDS.items()}
        for side in Side
    }
    return {
        "to": by_side,
        "waiting": figures.states[ItemState.WAITS],
        "conflicts": figures.states[ItemState.CONFLICT],
        "held": figures.states[ItemState.HELD],
        "kept": figures.states[ItemState.KEPT],
        "cleared": figures.states[ItemState.CLEARED],
        **{name: read[name] for name in ("adopted", "left", "read", "gap", "incomplete")},
    }


def plan_item_shape(item: PlanItem, labels: Labels, ids: Mapping[str, str]) -> Shape:
    """One title of a plan; ``has`` is what either side has, where that is known."""
    one = item.promise
    return {
        "seq": item.seq,
        "feature": one.feature.value,
        "state": one.state.value,
        "side": None if one.side is None else one.side.value,
        "action": None if one.action is None else one.action.value,
        "title": {
            "id": str(one.title),
            "kind": item.kind,
            "name": item.name,
            "year": item.year,
            "show": item.show,
            "season": item.season,
            "number": item.number,
        },
        "ids": dict(ids),
        "before": None if one.action is None else shown_value(one.feature, one.before),
        "after": None if one.action is None else shown_value(one.feature, one.wanted),
        "has": _has(one),
        "cause": one.reason,
        "reason": why(one, labels),
        "proof": _proof_shape(one, labels),
    }


def _has(one: Promise) -> Shape | None:
    """What the two sides have; None of a title of which nothing is concluded."""
    values = {side: shown_value(one.feature, value) for side, value in has(one).items()}
    return {side.value: values[side] for side in Side} if values else None


def _proof_shape(one: Promise, labels: Labels) -> Shape | None:
    if not one.proof:
        return None
    at = datetime.fromtimestamp(one.proved_at / 1000, UTC).strftime("%H:%M UTC")
    return {"kind": one.proof, "at": iso(one.proved_at), "words": proof(one, labels, at)}


def asked_shape(asked: Asked, surface: words.Surface = words.Surface.PAGE) -> Shape:
    """A question for machines: both values, the sentence, and what can be said to it."""
    question = asked.question
    return {
        "id": str(question.id),
        "kind": question.kind.value,
        "pair": None if asked.pair is None else {"id": str(asked.pair.id), "name": asked.pair.name},
        "feature": None if question.feature is None else question.feature.value,
        "title": _title_shape(question),
        "ids": dict(asked.ids),
        "source": _side_shape(asked, Side.SOURCE),
        "target": _side_shape(asked, Side.TARGET),
        "side": None if question.side is None else question.side.value,
        "code": question.code,
        "made_at": iso(question.made_at),
        "next_try_at": iso(question.next_try),
        "sentence": asked.sentence,
        "next_step": asked.next_step(surface),
        "answers": list(question.answers),
        "answer": question.answer or None,
        "answered_at": iso(question.answered_at),
    }


def _title_shape(question: QuestionRow) -> Shape | None:
    if question.title is None:
        return None
    return {
        "id": str(question.title),
        "kind": question.title_kind,
        "name": question.name,
        "year": question.year,
        "show": question.show,
        "season": question.season,
        "number": question.number,
    }


def _side_shape(asked: Asked, side: Side) -> Shape:
    account, feature = asked.account(side), asked.question.feature or Feature.RATINGS
    named = None if account is None else {"provider": account.provider, "instance": account.instance}
    return {"account": named, "label": asked.label(side), "value": shown_value(feature, asked.value(side))}


def shown_value(feature: Feature, value: int | None) -> float | bool | None:
    """A stored value as people write it: 850 is 8.5, a title on a watchlist is true."""
    if value is None:
        return None
    return value / 100 if feature is Feature.RATINGS else True
