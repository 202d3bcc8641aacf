"""What must be true of all lists once nobody edits any more and every delay has passed."""

from typing import TYPE_CHECKING

from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode, Side
from crosswatch.model.values import Value, same
from crosswatch.store.runs import SYNC
from tests.protocol.seen import run_of
from tests.protocol.services import GRIDS, TITLES, Place, Service, Title, rounded
from tests.protocol.setting import Between

if TYPE_CHECKING:
    from tests.protocol.world import World

WEEK_AND_A_BIT = 7 * 24 * 60 * 60 * 1000 + 60 * 60 * 1000
"""So old is a doubt that a run since it was a week old must have asked about."""


def in_step(world: "World") -> None:
    """Both sides of every pair agree on every title, or differ for a reason that is real and told."""
    open_ones: set[Place] = set()
    world.judge.settled_before = dict(world.judge.settled)
    for number, pair in enumerate(world.setting.pairs):
        _, sides = world.between(pair)
        source, target = sides[Side.SOURCE], sides[Side.TARGET]
        for feature in Feature:
            if feature in source.traits.features and feature in target.traits.features:
                open_ones |= _Lane(world, number, pair, feature, source, target).check()
    for account, place in list(world.judge.edits):
        if place not in open_ones:
            del world.judge.edits[account, place]
    world.judge.lost_within_limits.clear()


class _Lane:
    def __init__(
        self, world: "World", number: int, pair: "Between", feature: Feature, source: Service, target: Service
    ) -> None:
        self._world, self._pair, self._feature = world, pair, feature
        self._source, self._target = source, target
        self._grid = None
        if feature is Feature.RATINGS:
            self._grid = GRIDS[source.traits.grid].coarser(GRIDS[target.traits.grid])
        row = world.ground.row(
            "SELECT id FROM lane WHERE pair = ? AND feature = ?", world.pairs[number], feature
        )
        self._number, self._id, self._rules = number, row["id"], world.rules[number, feature]
        query = "SELECT max(id) AS run FROM run WHERE pair = ?"
        last = world.ground.row(query, world.pairs[number])["run"]
        self._counts = world.ground.counts(last)[feature]
        query = "SELECT title, kind FROM attention WHERE lane = ? AND answered_at IS NULL"
        inbox = [(row["title"], row["kind"]) for row in world.ground.rows(query, self._id)]
        self._asked = [title for title, kind in inbox if kind == "conflict"]
        self._waiting = [title for title, kind in inbox if kind in ("removal", "overwrite")]

    def check(self) -> set[Place]:
        """Every title, and that no more are asked about than there are reasons for; gives those and the doubts."""
        asked: set[Place] = set()
        doubts: set[Place] = set()
        for title in TITLES[: self._world.setting.titles]:
            if title.kind not in self._pair.kinds or (
                title.kind is Kind.EPISODE and self._feature is Feature.WATCHLIST
            ):
                continue
            place = (self._feature, title.number)
            if not (self._source.events.get(place) or self._target.events.get(place)):
                continue
            self._world.judge.settled.pop((self._number, place), None)
            if self._cannot_be_told(title):
                self._asked = [key for key in self._asked if key not in self._keys(title)]
            if self._title(title):
                asked.add(place)
            if self._unsettled(place) or self._waits(title):
                doubts.add(place)
        assert self._counts["conflicts"] == len(asked) == len(self._asked), f"{asked} and {self._asked}"
        return asked | doubts

    def _title(self, title: Title) -> bool:
        """One title; whether its two sides wait for an answer of the user."""
        place = (self._feature, title.number)
        source, target = self._source.value(place), self._target.value(place)
        self._old_doubts_ask(place)
        if self._cannot_be_told(title):
            return False
        assert not self._doubts(place), "a doubt that nobody is asked about"
        if self._in_doubt(place):
            return False
        if same(source, target, self._grid):
            self._is_based(place, source, target)
            self._kept_what_the_user_set(place)
            if source is not None:
                self._world.judge.settled[self._number, place] = self._world.clock.now_ms()
            return False
        told = f"{place}: {source} and {target}"
        if source is None or target is None:
            assert self._taken_off(place), f"{told}, and nobody took it off"
            assert self._waits(title) or not self._should_be_gone(title), f"{told}, and nobody is asked"
            return False
        if not self._is_asked(title):
            left = (
                self._left(place) or self._lost_at_the_first_meeting(place) or self._seemed_taken_off(place)
            )
            assert left or self._waits(title) or self._was_refused(title), told
            return False
        assert self._pair.conflict in (Conflict.ASK, Conflict.NEWEST) or not self._has_row(title), told
        edited = all(
            self._edits(side, place) or self._stood_at_the_beginning(side, place)
            for side in (self._source, self._target)
        )
        odd = self._pair.mode is Mode.ONE_WAY or self._had_doubt(place) or len(self._world.pairs) > 1
        assert edited or odd, f"{told}: no conflict"
        return True

    def _is_asked(self, title: Title) -> bool:
        """Whether the user is asked at this moment which side is right."""
        return any(key in self._asked for key in self._keys(title))

    def _waits(self, title: Title) -> bool:
        """Whether it is held until the user allows it."""
        return any(key in self._waiting for key in self._keys(title))

    def _was_refused(self, title: Title) -> bool:
        """Whether the user wanted the two sides to stay as they are."""
        refused = self._world.judge.removals.refused
        return any((self._id, key, side) in refused for key in self._keys(title) for side in Side)

    def _has_row(self, title: Title) -> bool:
        query = "SELECT 1 FROM base WHERE lane = ? AND title = ?"
        return any(self._world.ground.rows(query, self._id, key) for key in self._keys(title))

    def _should_be_gone(self, title: Title) -> bool:
        """Whether all that happened to it since both sides agreed is that the user took it off one of them.

        And nothing is there that may have made the service do it by itself, or that keeps it on the other side.
        """
        world, place = self._world, (self._feature, title.number)
        since = world.judge.settled_before.get((self._number, place))
        if since is None or not self._rules.remove or world.switched[self._number, self._feature] > since:
            return False
        mine = world.judge.of_pair(self._number)
        done = [
            (side, event)
            for side in (self._source, self._target)
            for event in side.events.get(place, ())
            if event.at >= since and run_of(event) not in mine
        ]
        if len(world.pairs) > 1 or len(done) != 1 or self._was_refused(title):
            return False
        (side, event) = done[0]
        if event.value is not None or event.by != "user":
            return False
        rated = side.value((Feature.RATINGS, title.number)) is not None or title.number in side.plays
        if side.traits.clears and rated:
            return False
        if self._pair.mode is Mode.TWO_WAY:
            return True
        last = self._target.last(place)
        untouched = last is not None and run_of(last) in mine
        return (
            side is self._source
            and untouched
            and world.judge.removals.is_ours(self._number, self._target, place)
        )

    def _keys(self, title: Title) -> list[int]:
        """CrossWatch's own titles for it: one, if both services are understood."""
        natives = [title.ref(side.name).native_id for side in (self._source, self._target)]
        query = "SELECT DISTINCT title FROM title_id WHERE value IN (?, ?)"
        return [row["title"] for row in self._world.ground.rows(query, *natives)]

    def _edits(self, service: Service, place: Place) -> list[Value | None]:
        return self._world.judge.edits.get((service.uid, place), [])

    def _cannot_be_told(self, title: Title) -> bool:
        """Gone from a service at the moment, or without a name that both know."""
        known = self._target.find(title.ref(self._source.name)) and self._source.find(
            title.ref(self._target.name)
        )
        return not known or title.number in self._source.gone | self._target.gone or self._is_set_aside(title)

    def _is_set_aside(self, title: Title) -> bool:
        """Whether a service did not know it, and is not asked again yet."""
        query = "SELECT 1 FROM unmatched WHERE lane = ? AND title = ? AND next_try > ?"
        now = self._world.clock.now_ms()
        return any(self._world.ground.rows(query, self._id, key, now) for key in self._keys(title))

    def _doubts(self, place: Place) -> bool:
        """Whether a write is in doubt although it was looked up in vain and nobody was asked."""
        return any(row["asked"] == 0 for row in self._unsettled(place))

    def _in_doubt(self, place: Place) -> bool:
        return bool(self._unsettled(place))

    def _unsettled(self, place: Place) -> list[dict[str, int]]:
        """The doubts about a title, each with how many open questions there are about it."""
        query = """SELECT j.title, j.sent_at, count(a.id) AS asked FROM journal j
            LEFT JOIN attention a ON a.title = j.title AND a.kind = 'doubt' AND a.answered_at IS NULL
            WHERE j.state IN ('sent', 'in_doubt') AND j.account_uid IN (?, ?) AND j.feature = ?
            GROUP BY j.run, j.seq"""
        found = self._world.ground.rows(query, self._source.uid, self._target.uid, self._feature)
        keys = self._keys(TITLES[place[1] - 1])
        return [row for row in found if row["title"] in keys]

    def _old_doubts_ask(self, place: Place) -> None:
        """A write of which nothing could be learnt for a week is a question."""
        week_ago = self._world.clock.now_ms() - WEEK_AND_A_BIT
        for row in self._unsettled(place):
            assert row["asked"] or row["sent_at"] > week_ago, "a doubt of a week, and nobody is asked"

    def _taken_off(self, place: Place) -> bool:
        """Whether the side that lacks it had it taken off, by the user or by the service itself."""
        afresh = self._number in self._world.judge.fresh and self._pair.mode is Mode.ONE_WAY
        if self._left(place) or afresh:
            return True
        for side in (self._source, self._target):
            last = side.last(place)
            if last is not None and last.value is None:
                return True
        return False

    def _left(self, place: Place) -> bool:
        """One-way: what the user did on the target stays as it is."""
        if self._pair.mode is Mode.TWO_WAY:
            return False
        theirs = [
            event
            for event in self._target.events.get(place, ())
            if not self._world.is_of(self._pair, event.by)
        ]
        if not theirs:
            return False
        wins = self._pair.conflict is Conflict.SOURCE and self._target.value(place) is not None
        overruled = wins and self._source.changed_at(place) > theirs[-1].at
        return not overruled or self._met_an_absence(place) or self._went_and_came(place, theirs[-1].at)

    def _went_and_came(self, place: Place, since: int) -> bool:
        """Whether the source says again what it said then, and without stamps nobody can tell that it ever changed."""
        then = self._source.at(place, since)
        same_again = then is not None and then.value == self._source.value(place)
        return same_again and self._source.traits.stamps is Stamps.NONE

    def _met_an_absence(self, place: Place) -> bool:
        """One-way: a run saw what the user set last on the source, and no list or lookup showed it anything there.

        The user had taken it off the target, and that it was there again was hidden or not shown yet. So it stayed as
        the user left it, and what came to light after that is the target's own.
        """
        judge, since = self._world.judge, self._source.changed_at(place)
        for run, begun in judge.began.items():
            if begun.pair != self._number or begun.kind != SYNC:
                continue
            source, target = (
                [look for look in judge.looks[side.uid, place] if look.run == run]
                for side in (self._source, self._target)
            )
            saw = any(look.at >= since and look.value == self._source.value(place) for look in source)
            absent = bool(target) and all(look.value is None for look in target)
            if saw and absent and self._was_taken_off(place, target[0].at):
                return True
        return False

    def _was_taken_off(self, place: Place, until: int) -> bool:
        """Whether a user had taken it off the target by then."""
        past = self._target.events.get(place, ())
        return any(event.value is None and event.by == "user" and event.at <= until for event in past)

    def _stood_at_the_beginning(self, side: Service, place: Place) -> bool:
        """Whether this value stood there when the pair began without a base, and was never agreed on since.

        Then it is that side's own, whoever wrote it.
        """
        judge = self._world.judge
        fresh, there = judge.fresh.get(self._number), side.last(place)
        if fresh is None or there is None or (self._number, place) in judge.settled_before:
            return False
        return there.at <= fresh

    def _lost_at_the_first_meeting(self, place: Place) -> bool:
        """One-way: two values met when nothing was agreed on, also one that this pair wrote before, and T won.

        So by the rule, or by an answer. What the user sets on the source after that is carried over again.
        """
        judge = self._world.judge
        if self._pair.mode is Mode.TWO_WAY or not self._stood_at_the_beginning(self._target, place):
            return False
        answered = any(at > judge.fresh[self._number] for at in judge.answers[place])
        if self._pair.conflict is not Conflict.TARGET and not answered:
            return False
        parted = judge.parted.setdefault((self._number, place), self._world.clock.now_ms())
        return self._source.changed_at(place) < parted

    def _seemed_taken_off(self, place: Place) -> bool:
        """One-way: two whole lists of a target that cannot be asked lacked what it had all the time."""
        if self._pair.mode is Mode.TWO_WAY or self._target.traits.lookups:
            return False
        looks, there = self._world.judge.looks[self._target.uid, place], self._target.last(place)
        if there is None or there.value is None:
            return False
        lacked = [look for look in looks if look.value is None and look.began > there.at]
        return len(lacked) > 1 and lacked[-1].at >= self._source.changed_at(place)

    def _is_based(self, place: Place, source: Value | None, target: Value | None) -> None:
        """The base row holds what each side itself says."""
        query = "SELECT source_value, target_value FROM base WHERE lane = ? AND title = ?"
        keys = self._keys(TITLES[place[1] - 1])
        rows = [row for key in keys for row in self._world.ground.rows(query, self._id, key)]
        found = [(row["source_value"], row["target_value"]) for row in rows]
        if source is None and (found == [] or self._absence_cannot_be_proved()):
            return
        assert found == [(source, target)], f"{place}: the base says {found}, the sides {source} and {target}"

    def _had_doubt(self, place: Place) -> bool:
        """Whether a doubt ended in another way than as done: then the base does not tell who did what."""
        query = """SELECT 1 FROM journal WHERE title = ? AND feature = ?
            AND (outcome = 'answered' OR code = 'settled' AND state = 'dropped')"""
        keys = self._keys(TITLES[place[1] - 1])
        return any(self._world.ground.rows(query, key, self._feature) for key in keys)

    def _absence_cannot_be_proved(self) -> bool:
        return not (self._source.traits.lookups and self._target.traits.lookups)

    def _kept_what_the_user_set(self, place: Place) -> None:
        """Where both agree, it is on what the user set last on one of the sides, and never on an older value."""
        sides = (self._source, self._target)
        edits = {side.name: self._edits(side, place) for side in sides}
        if not any(edits.values()) or place in self._world.judge.lost_within_limits or self._had_doubt(place):
            return
        last_events = [side.last(place) for side in sides]
        if len(self._world.pairs) > 1 or any(event and event.by == "service" for event in last_events):
            return
        last = [values[-1] for values in edits.values() if values]
        if self._met_what_stood(place):
            return
        allowed = {rounded(side, self._feature, value) for side in sides for value in last}
        for side, other in zip(sides, reversed(sides), strict=True):
            said = f"{place}: {side.value(place)}, and the user set {edits}"
            assert side.value(place) in allowed or self._stood_as_near(side, other, place), said
            if edits[side.name] and not any(edits[other.name] for other in sides if other is not side):
                assert side.value(place) == edits[side.name][-1], "what the user set was overwritten"

    def _met_what_stood(self, place: Place) -> bool:
        """A pair that began without a base put on one side what stood on the other, and nothing was agreed on before.

        From then on it is what the user has there.
        """
        sides = (self._source, self._target)
        stood = [side for side in sides if self._stood_at_the_beginning(side, place)]
        value = next((side.value(place) for side in stood if side.value(place) is not None), None)
        if len(stood) != 1 or value is None:
            return False
        for side in sides:
            self._world.judge.edits.setdefault((side.uid, place), []).append(side.value(place))
        return True

    def _stood_as_near(self, side: Service, other: Service, place: Place) -> bool:
        """The user set the other side to what is the same on the coarser grid, and this one stayed as it had been."""
        there, set_last = side.last(place), other.last(place)
        if there is None or set_last is None or self._edits(side, place):
            return False
        return (
            set_last.by == "user" and there.at < set_last.at and same(there.value, set_last.value, self._grid)
        )
