"""The judge of removals: a title is taken off only where a user took it off, and the user wants it carried over."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from crosswatch.engine.planned import Cause
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Action, Feature, Mode, Side
from crosswatch.model.values import Value
from crosswatch.model.writes import Done, Write
from tests.protocol.looks import How, Look
from tests.protocol.seen import Begun, Sent, Unasked, run_of
from tests.protocol.services import MINUTE, Event, Place, Service

if TYPE_CHECKING:
    from tests.protocol.model import Judge

DAY = 24 * 60 * MINUTE
WEEK = 7 * DAY
A_RUN = 10 * MINUTE
"""So long a run may take between what it rests on and what it sends."""

BOUNDS = {Action.REMOVE: (3, 10), Action.CHANGE: (10, 5)}
"""What passes unasked: so many in any case, else one in so many of the titles that were agreed on."""

Asked = tuple[int, int, Side]
"""A lane, a title of CrossWatch's, and the side that would be written."""

State = tuple[Value | None, Value | None, str, str, int]
"""A base row as far as it was asked about."""


@dataclass
class Removed:
    """A removal that left; ``asked``: as one that the user allowed."""

    sent: Sent
    title: int
    asked: bool


@dataclass
class Removals:
    """``allowed``: what the user allowed, when, and how the base row was then. ``refused``: what the user refused."""

    judge: "Judge"
    allowed: dict[Asked, tuple[int, State]] = field(default_factory=dict)
    refused: dict[Asked, int] = field(default_factory=dict)
    unasked: dict[tuple[int, Side, Action], list[Unasked]] = field(default_factory=lambda: defaultdict(list))
    removed: dict[int, list[Removed]] = field(default_factory=lambda: defaultdict(list))
    ordered: set[tuple[int, Feature]] = field(default_factory=set)
    approved: int = 0
    most: int = 0

    # What the user says

    def says(self, asked: Asked, answer: str, now: int) -> None:
        """The user allows or refuses something that waits, or takes the answer back."""
        self.allowed.pop(asked, None)
        self.refused.pop(asked, None)
        row = self._base(asked[0], asked[1])
        if answer == "allow" and row is not None:
            self.allowed[asked] = (now, _state(row))
        elif answer == "keep":
            self.refused[asked] = now

    # While calls are made

    def leaves(
        self, sent: Sent, row: Mapping[str, Any], service: Service, place: Place, write: Write
    ) -> None:
        """A write is on its way; ``row`` is its line of the journal."""
        side, begun = Side(row["side"]), self.judge.began[sent.run]
        asked: Asked = (row["lane"], row["title"], side)
        base = self._base(asked[0], asked[1])
        allowed = self._is_allowed(asked, base, sent.at)
        if write.action is Action.REMOVE:
            other = begun.sides[side.other]
            assert self.judge.planned[sent.run, place[0]].remove, "a removal, and the lane does not remove"
            assert base is not None, "a removal, and nothing was agreed on"
            self._was_agreed_on(begun, base, side, place, write, allowed=allowed)
            look = self._is_proved(sent, other, place)
            if not allowed:
                self._somebody_took_it_off(sent.run, asked, look, other, place)
            self._nothing_wants_it(sent, asked, service, place)
            self._was_not_touched(sent, base, side, service, place)
            if not allowed:
                self._may_go_unasked(begun, asked, other, place)
            self.ordered.add((sent.run, place[0]))
            self.removed[asked[0]].append(Removed(sent, asked[1], bool(row["approved"])))
        else:
            assert (sent.run, place[0]) not in self.ordered, "an add or a change after a removal"
        if write.action is Action.ADD and place[0] is Feature.WATCHLIST:
            self._is_not_put_back(sent, begun, base, side, place)
        if allowed:
            self.approved += 1
        elif write.action in BOUNDS and not self._was_decided(row, place, write):
            self._is_not_too_much(sent, asked, write.action)

    def _base(self, lane: int, title: int) -> Any:
        return self.judge.ground.row("SELECT * FROM base WHERE lane = ? AND title = ?", lane, title)

    def _is_allowed(self, asked: Asked, base: Any, now: int) -> bool:
        """Whether the user allowed it within a week, about the very state that it is in."""
        at, state = self.allowed.get(asked, (0, None))
        return base is not None and now - at < WEEK + A_RUN and _state(base) == state

    def _was_decided(self, row: Mapping[str, Any], place: Place, write: Write) -> bool:
        """Whether the user said which of two values is right: to write that one is nothing that has to be asked."""
        answers = write.action is Action.CHANGE and row["cause"] == Cause.ANSWERED
        return answers and bool(self.judge.answers[place])

    def _was_agreed_on(
        self, begun: Begun, base: Any, side: Side, place: Place, write: Write, *, allowed: bool
    ) -> None:
        """Both sides had the title at the same time since the pair began, and agreed on what each said."""
        assert base[f"{side}_value"] == write.expected, "it was changed, and an edit beats a removal"
        if base["kept"]:
            assert allowed, "it was kept while the lane did not remove, and nobody allowed it"
        else:
            assert base[f"{side.other}_value"] is not None, "both sides agreed that it is not there"
        service, other = begun.sides[side], begun.sides[side.other]
        slack = service.delay_ms + other.delay_ms + 2 * MINUTE
        fresh = self.judge.fresh.get(begun.pair, 0)
        together = any(
            ends + slack >= max(starts, fresh) and until + slack >= begins
            for begins, until in _there(service, place)
            for starts, ends in _there(other, place)
        )
        assert together, "both sides never had it at once"
        if begun.mode is Mode.ONE_WAY:
            ours = self.is_ours(begun.pair, service, place) or self._was_settled(base, side)
            assert ours, "it was there before this pair put it there"

    def is_ours(self, pair: int, service: Service, place: Place) -> bool:
        """Whether this pair put a title where it was not; that it was away since, no list has to tell.

        What it put there before it began anew stood there then, and is as much the user's own as all the rest.
        """
        fresh = self.judge.fresh.get(pair, 0)
        mine = {run for run in self.judge.of_pair(pair) if self.judge.began[run].at >= fresh}
        sent = self.judge.sent[service.uid, place]
        added = {(one.run, one.seq) for one in sent if one.action is Action.ADD}
        old: Value | None = None
        for event in service.events.get(place, ()):
            # What arrives late may meet what nobody had seen; it was put there as something new all the same.
            new = old is None or event.by in added
            if new and event.value is not None and run_of(event) in mine:
                return True
            old = event.value
        return False

    def _was_settled(self, base: Any, side: Side) -> bool:
        """Whether an add whose answer nobody heard was found there later: who put it there, nobody can tell."""
        query = (
            "SELECT action, code FROM journal WHERE lane = ? AND title = ? AND side = ? AND state = 'done'"
        )
        found = self.judge.ground.rows(query, base["lane"], base["title"], side.value)
        return ("add", "settled") in map(tuple, found)

    def _is_proved(self, sent: Sent, other: Service, place: Place) -> Look:
        """3: the other service's own word within a minute; else two whole lists, its delay apart."""
        looks = self.judge.looks[other.uid, place]
        own = [look for look in looks if look.run == sent.run]
        assert own, "nobody looked whether it is gone"
        last = own[-1]
        assert sent.at - last.at <= MINUTE, "the proof is old"
        assert last.value is None, "it is there"
        if other.traits.lookups:  # a list that was read once more after its word may only say the same
            asked = [n for n, look in enumerate(own) if look.how is How.LOOKUP]
            assert asked, "an absence that only a list showed"
            word = own[asked[-1]]
            assert sent.at - word.at <= MINUTE, "the proof is old"
            assert all(look.value is None for look in own[asked[-1] :]), "it was shown again"
            return word
        mine = self.judge.of_pair(self.judge.began[sent.run].pair)
        first = next((look for look in reversed(looks) if look.value is not None), None)
        since = first.at if first is not None else 0
        lists = [look for look in looks if look.run in mine and look.value is None and look.at > since]
        assert last.began - lists[0].began >= other.delay_ms, "two lists too close together"
        assert len(lists) > 1, "one list is no proof"
        return last

    def _somebody_took_it_off(self, run: int, asked: Asked, look: Look, other: Service, place: Place) -> None:
        """What was shown can only come from a user, or from another pair, who took it off.

        Who did it when a refusal was said did it after that: no edit takes less than a moment.
        """
        since = self.refused.get(asked, 0)
        states = other.states(place, look.began - other.delay_ms - 1, look.at)
        if not states:
            raise AssertionError("it was never there")
        causes = [event for event in states if event.value is None and event.at >= since]
        assert causes, f"it was never taken off: {states}"
        assert any(self._is_a_users(event, run, other, place) for event in causes), (
            f"nobody's removal: {causes}"
        )

    def _is_a_users(self, event: Event, run: int, other: Service, place: Place) -> bool:
        if event.by == "user":
            return True
        if event.by != "service":
            return run_of(event) not in self.judge.of_pair(self.judge.began[run].pair)
        return self.judge.planned[run, place[0]].remove_when_rated or self._looks_like_a_users(
            event, other, place
        )

    def _looks_like_a_users(self, event: Event, other: Service, place: Place) -> bool:
        """Whether nothing that can be seen tells it from a removal by the user.

        So where the title was listed before with the very rating and play that are there now, or has neither.
        """
        rating = (Feature.RATINGS, place[1])
        now, played = other.value(rating), other.plays.get(place[1])
        last = other.last(rating)
        if now is None and played is None:
            return True
        if now is not None and last is not None and run_of(last):
            return False
        before = [
            (max(begins, since, played or 0), min(ends, until, event.at))
            for begins, ends in _there(other, place)
            for since, until, value in _lives(other, rating)
            if value == now
        ]
        return any(since < until for since, until in before)

    def _nothing_wants_it(self, sent: Sent, asked: Asked, service: Service, place: Place) -> None:
        """4: no doubt, no write of this run and no other lane wants the title there."""
        same = [
            one
            for (uid, (_, title)), every in self.judge.sent.items()
            if uid == service.uid and title == place[1]
            for one in every
            if one.run == sent.run and one.answer is not Done.RETRY_LATER and one.seq != sent.seq
        ]
        assert not same, "written in this very run"
        query = """SELECT 1 FROM journal WHERE account_uid = ? AND title = ?
            AND state IN ('sent', 'in_doubt') AND NOT (run = ? AND seq = ?)"""
        doubts = self.judge.ground.rows(query, service.uid, asked[1], sent.run, sent.seq)
        assert not doubts, "a write of the title is in doubt there"
        query = """SELECT 1 FROM base b JOIN lane l ON l.id = b.lane JOIN pair p ON p.id = l.pair
            WHERE l.id <> ? AND l.feature = ? AND l.target_uid = ? AND p.mode = 'one-way' AND b.title = ?
            AND l.enabled AND b.source_value IS NOT NULL AND b.target_value IS NOT NULL"""
        wanted = self.judge.ground.rows(query, asked[0], place[0], service.uid, asked[1])
        assert not wanted, "another pair keeps it there"

    def _was_not_touched(self, sent: Sent, base: Any, side: Side, service: Service, place: Place) -> None:
        """An edit beats a removal, also one that changes no value, where the service's stamps tell of it."""
        stamp = base[f"{side}_stamp"]
        looks = [look for look in self.judge.looks[service.uid, place] if look.run == sent.run]
        if service.traits.stamps is not Stamps.USER or stamp is None:
            return
        first = next((look for look in looks if look.how is How.LIST), None)
        if first is not None and first.value is not None:  # lookups tell no stamps
            shown = service.at(place, first.began - service.delay_ms - 1)
            assert shown is None or shown.value is None or shown.stamp <= stamp, "it was touched since"

    def _may_go_unasked(self, begun: Begun, asked: Asked, other: Service, place: Place) -> None:
        assert other.traits.lookups, "only lists say that it is gone, and nobody was asked"
        assert (asked[0], asked[1], str(asked[2])) not in begun.waiting, "it waits, and nobody allowed it"
        until = other.now()
        there = any(
            event.value is not None
            for listed in other.events
            if listed[0] is place[0] and begun.concerns(listed)
            for event in other.states(listed, begun.at - other.delay_ms, until)
        )
        assert there, "nothing is left there, and nobody was asked"

    def _is_not_too_much(self, sent: Sent, asked: Asked, action: Action) -> None:
        """3: within a day no more titles of a side than the bound, unless each was allowed."""
        lane, title, side = asked
        every = self.unasked[lane, side, action]
        every.append(Unasked(sent, title))
        lately = {
            one.title
            for one in every
            if one.sent.at > sent.at - DAY + A_RUN and (self._counts(one.sent, sent.run) or one.sent is sent)
        }
        least, share = BOUNDS[action]
        bound = max(least, self._titles(sent, lane) // share)
        assert len(lately) <= bound, f"{len(lately)} titles in a day, and {bound} may pass unasked"
        if action is Action.REMOVE and len(lately) == bound:
            self.most += 1

    def _titles(self, sent: Sent, lane: int) -> int:
        """On how many titles a lane agrees, with what it took off within the day.

        What the user allowed is no part of it, unless the run that did it, and all since, were cut off: its like goes
        on with the rest, as it would have done.
        """
        begun = self.judge.began[sent.run]
        query = "SELECT id FROM run WHERE kind = 'sync' AND status <> 'running' AND code = ''"
        ended = {row["id"] for row in self.judge.ground.rows(query)} & self.judge.of_pair(begun.pair)
        last = max(ended, default=0)
        lately = {
            one.title
            for one in self.removed[lane]
            if one.sent.at > sent.at - DAY - A_RUN and (not one.asked or one.sent.run > last)
            if self.judge.is_done(one.sent) or one.sent.answer is Done.ALREADY
        }
        before = begun.base.get(lane, frozenset())
        return max(len(self.agreed_on(lane) | lately), len(before | lately))

    def agreed_on(self, lane: int) -> frozenset[int]:
        """The titles of the base of a lane."""
        query = "SELECT title FROM base WHERE lane = ? AND (source_value NOTNULL OR target_value NOTNULL)"
        return frozenset(row["title"] for row in self.judge.ground.rows(query, lane))

    def _counts(self, one: Sent, run: int) -> bool:
        return self.judge.is_done(one) or (one.run == run and one.answer is None)

    def _is_not_put_back(self, sent: Sent, begun: Begun, base: Any, side: Side, place: Place) -> None:
        """4: what a service itself took off its watchlist is not put there again."""
        service = begun.sides[side]
        looks = [look for look in self.judge.looked(service, place) if look.run == sent.run]
        if not looks or base is None or (base["source_value"] is None and base["target_value"] is None):
            return
        if not service.traits.lookups:  # nobody could ask why it is gone
            return
        states = service.states(place, looks[-1].began - service.delay_ms - 1, looks[-1].at)
        by_itself = [event.by == "service" and event.value is None for event in states]
        if by_itself and all(by_itself) and self._shows_why(service, place, states[-1]):
            raise AssertionError("the service took it off, and it is put back")

    def _shows_why(self, service: Service, place: Place, event: Event) -> bool:
        return not self._looks_like_a_users(event, service, place)

    # When a run has ended

    def all_or_none(self, run: int) -> None:
        """Beyond the bound all removals of a run wait, not only those that are too many."""
        begun = self.judge.began[run]
        for feature, lane in begun.lanes.items():
            query = """SELECT title, json_extract(data, '$.side') AS side FROM attention
                WHERE lane = ? AND kind = 'removal' AND answered_at IS NULL AND made_at >= ?"""
            new = [
                row
                for row in self.judge.ground.rows(query, lane, begun.at)
                if (lane, row["title"], row["side"]) not in begun.waiting
            ]
            went = [
                one
                for (of, _, action), every in self.unasked.items()
                if of == lane and action is Action.REMOVE
                for one in every
                if one.sent.run == run
            ]
            for row in new:
                other = begun.sides[Side(row["side"]).other]
                weak = not other.traits.lookups or self._emptied(other, feature, run)
                assert weak or not went, "some removals wait, and others of the same run did not"

    def _emptied(self, other: Service, feature: Feature, run: int) -> bool:
        """Whether a list that the run saw may have held nothing that the pair keeps in step."""
        begun = self.judge.began[run]
        return not any(
            look.run == run and look.value is not None and look.how is How.LIST
            for (uid, place), looks in self.judge.looks.items()
            if uid == other.uid and place[0] is feature and begun.concerns(place)
            for look in looks
        )


def _state(row: Any) -> State:
    return (
        row["source_value"],
        row["target_value"],
        row["source_native"],
        row["target_native"],
        row["version"],
    )


def _lives(service: Service, place: Place) -> list[tuple[int, int, Value | None]]:
    """From when until when each value stood there, or none did."""
    past = service.events.get(place, [])
    times = [0, *(event.at for event in past), 1 << 60]
    values = [None, *(event.value for event in past)]
    return [(times[n], times[n + 1], value) for n, value in enumerate(values)]


def _there(service: Service, place: Place) -> list[tuple[int, int]]:
    """From when until when a title was on a list."""
    found: list[tuple[int, int]] = []
    since: int | None = None
    for event in service.events.get(place, ()):
        if event.value is not None and since is None:
            since = event.at
        elif event.value is None and since is not None:
            found.append((since, event.at))
            since = None
    if since is not None:
        found.append((since, 1 << 60))
    return found
