"""The judge: what may be sent, overwritten and told, by what really happened; it knows no reason of the code's."""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from crosswatch.model.kinds import Action, Feature, Mode, Side
from crosswatch.model.values import Value
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.store.pairs import LaneSettings
from crosswatch.store.runs import RunRow
from tests.protocol.ground import Ground
from tests.protocol.looks import How, Look
from tests.protocol.removals import Removals
from tests.protocol.seen import At, Begun, Sent, run_of
from tests.protocol.services import MINUTE, Event, Place, Service, Title, rounded

OUTCOMES = ("already", "rejected", "moved", "retry_later", "in_doubt", "not_sent")
"""How a write may end that was not applied; unmatched ones are told together with those that wait set aside."""


class Fault(Exception):
    """A run ended by something that nobody had thought of: no promise that is broken, but worse."""


@dataclass
class Judge:
    """Sees every call, every event and every end of a run; raises AssertionError where a promise is broken.

    ``lost_within_limits``: titles at which a user's edit was lost within the time that nobody can rule out;
    ``edits``: what the user set since all was in step; ``answers``: when the user answered a question about a title;
    ``seen``: how often anything was shown; ``fresh``: when a pair began without a base, by its place.
    ``planned``: what the user wanted when a run stored what it would do; ``misled``: lists that showed nothing, of
    services that cannot be asked about single titles.
    ``settled``: when both sides of a pair, by its place, last were in step at rest; ``parted``: when they first rested
    on two values of which the target's had won, since the pair began without a base.
    """

    ground: Ground
    looks: dict[At, list[Look]] = field(default_factory=lambda: defaultdict(list))
    sent: dict[At, list[Sent]] = field(default_factory=lambda: defaultdict(list))
    began: dict[int, Begun] = field(default_factory=dict)
    fresh: dict[int, int] = field(default_factory=dict)
    lost_within_limits: set[Place] = field(default_factory=set)
    edits: dict[At, list[Value | None]] = field(default_factory=lambda: defaultdict(list))
    answers: dict[Place, list[int]] = field(default_factory=lambda: defaultdict(list))
    planned: dict[tuple[int, Feature], LaneSettings] = field(default_factory=dict)
    misled: set[tuple[str, Feature]] = field(default_factory=set)
    settled: dict[tuple[int, Place], int] = field(default_factory=dict)
    settled_before: dict[tuple[int, Place], int] = field(default_factory=dict)
    parted: dict[tuple[int, Place], int] = field(default_factory=dict)
    overwrites: int = 0
    seen: int = 0
    removals: Removals = field(init=False)

    def __post_init__(self) -> None:
        self.removals = Removals(self)

    # While calls are made

    def begins(self, run: int, begun: Begun) -> None:
        """A run starts to look."""
        self.began[run] = begun

    def of_pair(self, pair: int) -> set[int]:
        """The runs of a pair, by its place."""
        return {run for run, begun in self.began.items() if begun.pair == pair}

    def edited(self, service: Service, place: Place, value: Value | None) -> None:
        """The user set a title, or took it off."""
        self.edits[service.uid, place].append(value)

    def says(self, place: Place, now: int) -> None:
        """The user answered a question about a title."""
        self.answers[place].append(now)

    def shown(self, service: Service, place: Place, look: Look) -> None:
        """A list or a lookup said something of a title."""
        self.seen += 1
        self.looks[service.uid, place].append(look)

    def fooled(self, service: Service, feature: Feature) -> None:
        """A whole list showed nothing; where single titles cannot be asked about, two of them end what was agreed."""
        if not service.traits.lookups:
            self.misled.add((service.uid, feature))
            self.lost_within_limits.update(place for place in service.events if place[0] is feature)

    def looked(self, service: Service, place: Place) -> list[Look]:
        """What lists that hide nothing, and lookups, said of a title."""
        return [look for look in self.looks[service.uid, place] if look.how is not How.GAP]

    def leaves(self, run: int, service: Service, feature: Feature, write: Write, title: Title | None) -> None:
        """A write is on its way: from now on it may arrive."""
        row = self._journalled(run, service, feature, write)
        self._held_by(run, service)
        begun = self.began[run]
        assert begun.sides[Side(row["side"])] is service, "written to the wrong side"
        assert begun.mode is Mode.TWO_WAY or row["side"] == "target", "a one-way lane wrote to its source"
        assert begun.kind == "sync", "a preview wrote"
        assert rounded(service, feature, write.wanted) == write.wanted, "off the grid of the service"
        if title is None:
            assert write.action is not Action.REMOVE, "a removal of who knows what"
            return
        place = (feature, title.number)
        before = self.sent[service.uid, place]
        again = (one for one in before if one.run == run and one.answer is not Done.RETRY_LATER)
        assert not any(again), "the same title twice in a run"
        self._no_doubt(service, place, before)
        if feature is Feature.RATINGS or write.action is Action.REMOVE:
            self._was_looked_at(run, service, place, write)
        self._follows_a_user(run, service, begun.sides[Side(row["side"]).other], place)
        sent = Sent(service.now(), run, write.id, begun.at, write.action)
        self.removals.leaves(sent, row, service, place, write)
        before.append(sent)

    def _journalled(self, run: int, service: Service, feature: Feature, write: Write) -> Any:
        """4: no call outside the journal, and none to another account."""
        row = self.ground.row("SELECT * FROM journal WHERE run = ? AND seq = ?", run, write.id)
        assert row is not None, "not in the journal"
        assert row["state"] == "sent", f"sent, and the journal says {row['state']}"
        assert (row["account_uid"], row["feature"]) == (service.uid, feature), "another account or list"
        assert (row["expected"], row["wanted"]) == (write.expected, write.wanted)
        assert row["native_id"] == write.ref.native_id
        query = """SELECT run, seq FROM journal WHERE account_uid = ? AND feature = ? AND title = ?
            AND state IN ('sent', 'in_doubt') AND NOT (run = ? AND seq = ?)"""
        others = self.ground.rows(query, service.uid, feature, row["title"], run, write.id)
        assert not others, "sent while another write of the title is in doubt"
        return row

    def _held_by(self, run: int, service: Service) -> None:
        lease = self.ground.row("SELECT run FROM lease WHERE account_uid = ?", service.uid)
        assert lease is not None
        assert lease["run"] == run, "another run holds the account"
        account = self.ground.row("SELECT uid FROM account WHERE provider = ?", service.name)
        assert account["uid"] == service.uid, "written after another account was connected"

    def _no_doubt(self, service: Service, place: Place, before: list[Sent]) -> None:
        """6: what may still arrive, or be seen late, is not sent again; later it is looked up first."""
        for one in before:
            if not one.unclear:
                continue
            ripe = one.at + service.delay_ms + service.limit_ms
            assert service.now() >= ripe, "sent again while the first may still arrive"
            seen = any(look.at >= ripe for look in self.looked(service, place))
            assert seen or place[1] in service.gone, "sent again without a look"

    def _was_looked_at(self, run: int, service: Service, place: Place, write: Write) -> None:
        """5: a rating is written only over what was seen within a minute, and a title is only so removed."""
        looks = [look for look in self.looked(service, place) if look.run == run]
        assert looks, "written unseen"
        assert service.now() - looks[-1].at <= MINUTE, "written over an old reading"
        assert looks[-1].value in (write.expected, write.wanted), "written over another value than was seen"

    def _follows_a_user(self, run: int, service: Service, other: Service, place: Place) -> None:
        """7: since what our last write of this title rested on, somebody else did something on the other side."""
        pair = self.began[run].pair
        mine = self.of_pair(pair)
        arrived = [one for one in self.sent[service.uid, place] if one.run in mine and self.is_done(one)]
        before = arrived[-1].began if arrived else 0
        theirs = [
            *self.answers[place],
            *([self.fresh[pair]] if pair in self.fresh else []),
            *(
                event.at
                for event in other.events.get(place, ())
                if event.by == "user" or run_of(event) not in mine
            ),
        ]
        misled = (other.uid, place[0]) in self.misled
        assert misled or any(at > before - other.delay_ms for at in theirs), "nobody changed the other side"

    def is_done(self, one: Sent) -> bool:
        """Whether a write arrived, and was not taken for one that had not: the user may have undone it at once."""
        row = self.ground.row("SELECT state FROM journal WHERE run = ? AND seq = ?", one.run, one.seq)
        return one.arrived and row["state"] != "dropped"

    def happens(self, service: Service, place: Place, event: Event) -> None:
        """A value comes to a list; told right before."""
        if isinstance(event.by, str):
            return
        run, seq = event.by
        one = next(one for one in self.sent[service.uid, place] if (one.run, one.seq) == (run, seq))
        assert not one.arrived, "arrived twice"
        one.arrived = True
        old = service.last(place)
        if old is not None and old.value not in (None, event.value):
            self.overwrites += 1
            self._may_be_overwritten(run, seq, service, place, old, event.at)

    def _may_be_overwritten(
        self, run: int, seq: int, service: Service, place: Place, old: Event, now: int
    ) -> None:
        """5: what stood there long enough to be seen, or was seen, or is ours, is kept in the journal."""
        row = self.ground.row("SELECT before FROM journal WHERE run = ? AND seq = ?", run, seq)
        assert row is not None
        shown = any(
            look.run == run and look.at >= old.at and look.value == old.value
            for look in self.looks[service.uid, place]
        )
        young = old.at > now - MINUTE - service.delay_ms - service.limit_ms
        ours = any((one.run, one.seq) == old.by and not one.unclear for one in self.sent[service.uid, place])
        if young and not shown and not ours:
            self.lost_within_limits.add(place)
            return
        assert row["before"] == old.value, f"{old} was overwritten, and the journal kept {row['before']}"

    def answered(self, run: int, service: Service, feature: Feature, write: Write, outcome: Outcome) -> None:
        """The sender hears how a write ended."""
        for place, all_sent in self.sent.items():
            if place[0] == service.uid and place[1][0] is feature:
                for one in all_sent:
                    if (one.run, one.seq) == (run, write.id):
                        one.answer = outcome.done

    # When a run has ended

    def run_ended(self, run: RunRow) -> None:
        """8: the report accounts for every planned write, and never says more than was done."""
        if run.code == "internal":
            raise Fault(run.params)
        query = """SELECT j.seq FROM journal j JOIN run r ON r.id = j.run
            WHERE j.state = 'planned' AND r.status <> 'running'"""
        assert not self.ground.rows(query), "still planned after the end of a run"
        if run.status == "interrupted":
            return
        if run.code != "lease_lost":  # what waits may be what another run held meanwhile
            self.removals.all_or_none(run.id)
        for feature, counts in self.ground.counts(run.id).items():
            self._accounted(run, Feature(feature), counts)

    def _accounted(self, run: RunRow, feature: Feature, counts: dict[str, Any]) -> None:
        query = "SELECT side, outcome FROM journal WHERE run = ? AND feature = ?"
        rows = self.ground.rows(query, run.id, feature)
        promised = self.began[run.id].plan is not None and counts["planned"] - len(rows) <= counts["moved"]
        assert counts["planned"] == len(rows) or promised, "planned, and not in the journal"
        self._agreed(run.id, feature)
        applied = 0
        for side, service in self.began[run.id].sides.items():
            told = sum(counts["to"][side.value].values())
            arrived = sum(
                one.arrived
                for (uid, place), sent in self.sent.items()
                if uid == service.uid and place[0] is feature
                for one in sent
                if one.run == run.id
            )
            assert told <= arrived, f"{told} told as done on the {side}, and {arrived} arrived"
            applied += told
        told = applied + sum(counts[name] for name in OUTCOMES)
        rest = counts["planned"] - told
        stored = sum(row["outcome"] == "unmatched" for row in rows)
        most = stored if run.code == "" else counts["unmatched"]
        assert stored <= rest <= most, f"{counts} do not add up: {stored} unmatched"

    def _agreed(self, run: int, feature: Feature) -> None:
        """What was applied is what each side itself said, side by side in the base."""
        query = """SELECT j.side, j.wanted, j.other_value, b.source_value, b.target_value, b.title
            FROM journal j LEFT JOIN base b ON b.lane = j.lane AND b.title = j.title
            WHERE j.run = ? AND j.feature = ? AND j.state = 'done' AND j.outcome = 'applied'"""
        for row in self.ground.rows(query, run, feature):
            assert row["title"] is not None, "applied, and no base row"
            said = {row["side"]: row["wanted"], Side(row["side"]).other.value: row["other_value"]}
            stored = {"source": row["source_value"], "target": row["target_value"]}
            assert said == stored, f"the sides said {said}, the base says {stored}"
