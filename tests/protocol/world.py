"""Services, pairs between them, and the processes that carry out their runs; everything happens here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from crosswatch.identity.resolver import TitleResolver
from crosswatch.model.kinds import Feature, Mode, Side
from crosswatch.model.writes import Outcome, Write
from crosswatch.runs.runner import Runner
from crosswatch.store import pairs, runs
from crosswatch.store.attention import Question
from crosswatch.store.inbox import START_AFRESH
from crosswatch.store.runs import PLAN, SYNC
from tests.protocol.ground import Clock, Killed, Life, the_ground, the_loop
from tests.protocol.links import SimulatedProvider
from tests.protocol.looks import Look
from tests.protocol.model import Judge
from tests.protocol.previews import Previews, State
from tests.protocol.rest import in_step
from tests.protocol.script import Happening, Point, Script, What
from tests.protocol.seen import Begun
from tests.protocol.services import Event, Place, Service, Title, Weather
from tests.protocol.setting import NAMES, Between, Figures, Setting
from tests.protocol.user import User

STALL = 70
MEDDLED = {What.ANSWER, What.SWITCH, What.FREEZE}
"""After these a preview cannot be told from what happened meanwhile."""


class World(User):
    """One installation and its services. ``log`` tells what was done to it, for whoever reads a failure."""

    def __init__(self, setting: Setting, figures: Figures) -> None:
        self.setting, self.figures = setting, figures
        self.log = []
        self.ground = the_ground()
        self.ground.clear()
        self._loop = the_loop()
        self.clock = Clock(self._loop)
        self._pair_of: dict[int, int] = {}
        self.services = {
            name: Service(name, f"{name}:alice", traits, self.clock.now_ms, self._happens_at)
            for name, traits in zip(NAMES, setting.services, strict=False)
        }
        self.sessions = dict(self.services)
        self.people = {service.uid: service for service in self.services.values()}
        self.judge = Judge(self.ground)
        self.previews = Previews(self.ground)
        self._broken: AssertionError | None = None
        self.rules, self.switched = {}, {}
        self.life = self._born()
        self.pairs = []
        for number in range(len(setting.pairs)):
            self.pairs.append(self.make(number))

    # Runs

    def run(
        self,
        pair: int = 0,
        script: Script | None = None,
        weather: Sequence[Weather] = (),
        *,
        kind: str = SYNC,
        plan: int | None = None,
    ) -> runs.RunRow | None:
        """One run of a pair; None where it, or its process, did not come to its end."""
        script = script or Script()
        self.log.append(
            f"{kind}({pair}, {script.happenings}, {weather}{'' if plan is None else f', {plan}'})"
        )
        for service, one in zip(self.services.values(), weather or [Weather()] * 3, strict=False):
            service.weather, service.turns = one, {}
        life = self.life
        life.script = script
        before = self._before() if kind == PLAN else None
        try:
            self._loop.finish(self._carry_out(life, pair, kind, plan))
        except BaseException:
            if not (life.dead or self._broken):
                raise
        if self._broken is not None:
            raise self._broken
        if What.RECONNECT in script.met:
            for name, service in self.services.items():
                self.connect(name, service, told=True)
        if before is not None and not MEDDLED & set(script.met):
            self.previews.wrote_nothing(before[1], self.previews.state(before[0]))
        self.figures.met.update(script.met)
        self.figures.runs += 1
        life.script = Script()
        if life.dead:
            if life is self.life:
                self.life = self._born()
            self.figures.ended["killed"] += 1
            return None
        return self._ended(life, script.met)

    def _before(self) -> tuple[frozenset[int], State]:
        doubted = self.previews.doubted()
        return doubted, self.previews.state(doubted)

    def _ended(self, life: Life, met: Sequence[What]) -> runs.RunRow | None:
        row = life.database.read_now(partial(runs.find, run_id=life.run))
        assert row is not None
        self.figures.ended[row.status] += 1
        for counts in self.ground.counts(row.id).values():
            self.figures.counted.update({name: counts[name] for name in ("waiting", "kept", "cleared")})
        self.judge.run_ended(row)
        begun = self.judge.began[row.id]
        switched = What.SWITCH in met
        if begun.plan is not None:
            self.previews.was_applied(row, begun, switched=switched)
        elif begun.kind == PLAN and row.plan is not None:
            self.previews.shown(row, begun, switched=switched)
        return row

    async def _carry_out(self, life: Life, pair: int, kind: str = SYNC, plan: int | None = None) -> None:
        providers = {
            name: SimulatedProvider(name, service.traits.manifest(name), life, self)
            for name, service in self.services.items()
        }
        runner = Runner(life.database, providers, TitleResolver(life.database), life.clock, life.process)
        row = await life.database.read(partial(pairs.find, pair_id=self.pairs[pair]))
        assert row is not None
        life.run = await runner.begin(row, trigger="test", kind=kind, plan_id=plan)
        self._pair_of[life.run] = pair
        self.judge.begins(life.run, self._begun(pair, row, kind, plan))
        await runner.carry_out(life.run, row)

    def _begun(self, pair: int, row: pairs.PairRow, kind: str, plan: int | None) -> Begun:
        waits = """SELECT lane, title, json_extract(data, '$.side') AS side FROM attention
            WHERE kind = 'removal' AND answered_at IS NULL"""
        mode, sides = self.between(self.setting.pairs[pair])
        return Begun(
            at=self.clock.now_ms(),
            pair=pair,
            kind=kind,
            plan=plan,
            mode=mode,
            sides=sides,
            rules={lane.feature: self.rules[pair, lane.feature] for lane in row.lanes},
            lanes={lane.feature: lane.id for lane in row.lanes},
            base={lane.id: self.judge.removals.agreed_on(lane.id) for lane in row.lanes},
            waiting=frozenset(tuple(one) for one in self.ground.rows(waits)),
            kinds=frozenset(self.setting.pairs[pair].kinds),
        )

    def newest_plan(self, pair: int) -> int | None:
        """The preview of a pair that was made last and not applied."""
        plans = self.previews.plans
        mine = [number for number, one in plans.items() if one.begun.pair == pair]
        return max((number for number in mine if number not in self.previews.applied), default=None)

    def another_account(self, name: str, pair: int, *, told: bool, stays: bool = False) -> None:
        """Somebody else is connected, and the pair runs; ``told``: CrossWatch was told.

        Then the first one is connected again, unless the new one ``stays`` and all pairs begin afresh.
        """
        if name not in self.ends(pair) or not self.is_pinned(pair):
            return
        self.log.append(f"another_account({name}, {pair}, {told}, {stays})")
        self.connect(name, self.somebody_else(name), told=told)
        before = self.judge.seen
        row = self.run(pair)
        assert row is not None
        assert (row.status, row.code) == ("failed", "account_changed")
        assert self.judge.seen == before, "somebody else's account was read"
        if not stays:
            self.connect(name, self.services[name], told=True)
            return
        self.connect(name, self.sessions[name], told=True)
        self.services[name] = self.sessions[name]
        for number in range(len(self.pairs)):
            if name in self.ends(number) and self.is_pinned(number):
                self._start_afresh(number)

    def _start_afresh(self, pair: int) -> None:
        self.run(pair)
        for question in self.questions():
            if question.kind is Question.ACCOUNT and question.pair == self.pairs[pair]:
                self.answer(question, START_AFRESH)
        self.begins_afresh(pair)

    def is_of(self, pair: Between, by: str | tuple[int, int]) -> bool:
        """Whether a value comes from a write of this pair."""
        return isinstance(by, tuple) and self.setting.pairs[self._pair_of[by[0]]] == pair

    def between(self, pair: Between) -> tuple[Mode, dict[Side, Service]]:
        """The mode of a pair, and the accounts between which it is made."""
        return pair.mode, {
            Side.SOURCE: self.services[NAMES[pair.source]],
            Side.TARGET: self.services[NAMES[pair.target]],
        }

    def rest(self) -> None:
        """Nobody edits, all delays pass: after the rounds it takes, both sides agree and nothing more is written."""
        self.log.append("rest()")
        traits = [one.traits for one in self.services.values()]
        quiet = 1 + max(one.delay + 2 * one.time_limit for one in traits)
        weather = [replace(one.weather, hidden=0, twin=0, empty=0) for one in self.services.values()]
        most = (
            len(self.pairs) + 1 + any(one.clears for one in traits) + any(not one.lookups for one in traits)
        )
        most += bool(self.previews.doubted())  # what a title is called there is learnt only after its doubt
        for _ in range(most + 1):
            before = self._still()
            self._round(quiet, weather)
            if self._still() == before:
                break
        else:
            raise AssertionError("lanes do not come to rest")
        in_step(self)
        self.figures.rests += 1

    def _still(self) -> object:
        """What no round at rest changes; titles without a match are tried again and again."""
        again = """SELECT 1 FROM unmatched u
            WHERE u.lane = journal.lane AND u.title = journal.title AND u.tries > 1"""
        lines = f"SELECT run, seq FROM journal WHERE NOT (outcome = 'unmatched' AND EXISTS ({again}))"
        asked = "SELECT id, kind, title, answer FROM attention ORDER BY id"
        based = """SELECT lane, title, version, source_missing_at, target_missing_at FROM base
            WHERE source_value IS NOT NULL OR target_value IS NOT NULL ORDER BY 1, 2"""
        found = [[tuple(row) for row in self.ground.rows(query)] for query in (lines, asked, based)]
        return self.figures.writes, found

    def _round(self, quiet: int, weather: Sequence[Weather]) -> None:
        self.wait(quiet)
        for pair in range(len(self.pairs)):
            row = self.run(pair, None, weather)
            assert row is not None
            assert row.code == "", f"a quiet run ended with {row.code}"

    # Processes

    def _born(self) -> Life:
        life = Life(self.ground, self.clock)
        life.around_commit = self._around_commit
        return life

    def close(self) -> None:
        """The process ends."""
        if not self.life.dead:
            self.life.die()
        figures, judge = self.figures, self.judge
        figures.overwrites += judge.overwrites
        figures.approved += judge.removals.approved
        figures.most += judge.removals.most
        figures.applied += self.previews.kept
        figures.stale += self.previews.stale

    # The stage of the links

    async def around(self, life: Life, service: Service, *, after: bool, writes: bool) -> set[What]:
        """Lets happen what is due before or after a call; gives what the call itself has to suffer."""
        script = life.script
        script.calls += not after
        script.writes += writes and not after
        due = list(script.at(Point.AFTER_CALL if after else Point.BEFORE_CALL, script.calls))
        if writes:
            due += script.at(Point.AFTER_WRITE if after else Point.BEFORE_WRITE, script.writes)
        suffered: set[What] = set()
        for one in due:
            match one.what:
                case What.FREEZE:
                    await self._overtaken(life)
                case What.CANCEL:
                    life.database.write_now(partial(runs.ask_to_stop, run_id=life.run))
                    await self.clock.sleep(1)
                case What.STALL:
                    self.clock.spend(STALL)
                case _:
                    if not self._happens(life, one):
                        suffered.add(one.what)
        return suffered

    def _around_commit(self, life: Life, point: Point) -> None:
        script = life.script
        script.commits += point is Point.BEFORE_COMMIT
        if point is Point.AFTER_COMMIT and life.run in self.judge.began:
            self._note_plans(life.run)
        for one in script.at(point, script.commits):
            self._happens(life, one)

    def _note_plans(self, run: int) -> None:
        """What the user wanted of a lane when its plan was stored counts for it."""
        begun = self.judge.began[run]
        for row in self.ground.rows("SELECT DISTINCT feature FROM journal WHERE run = ?", run):
            feature = Feature(row["feature"])
            self.judge.planned.setdefault((run, feature), self.rules[begun.pair, feature])

    def _happens(self, life: Life, one: Happening) -> bool:
        match one.what:
            case What.EDIT:
                assert one.edit is not None
                self.edits(one.edit)
            case What.ANSWER:
                self._answers_all()
            case What.SWITCH:
                for feature in Feature:
                    self.switches(self._pair_of.get(life.run, 0), feature)
            case What.RECONNECT:
                name = self.ends(self._pair_of.get(life.run, 0))[1]
                self.connect(name, self.somebody_else(name), told=True)
            case What.KILL:
                life.die()
                raise Killed
            case _:
                return False
        return True

    def _answers_all(self) -> None:
        """What is asked at this moment; every other question is answered the other way."""
        for question in self.questions():
            if question.kind is not Question.ACCOUNT:
                self.answers(question, question.answers[question.id % len(question.answers)])

    async def _overtaken(self, life: Life) -> None:
        """The process hangs so long that it is taken for dead, and another carries out a run meanwhile.

        A pair that was made with nobody yet is not made with somebody who was connected for a moment.
        """
        life.let_go()
        life.hang()
        self.life = self._born()
        pair = self._pair_of.get(life.run, 0)
        if not self.is_pinned(pair):
            for name, service in self.services.items():
                self.connect(name, service, told=True)
        await self._carry_out(self.life, pair)
        life.go_on()

    def spend(self, seconds: float) -> None:
        self.clock.spend(seconds)

    def fooled(self, service: Service, feature: Feature) -> None:
        self.judge.fooled(service, feature)

    def titles(self) -> int:
        return self.setting.titles

    def shown(self, life: Life, service: Service, place: Place, look: Look) -> None:
        self.judge.shown(service, place, look)

    def leaves(
        self, life: Life, service: Service, feature: Feature, write: Write, title: Title | None
    ) -> None:
        self.figures.writes += 1
        self.figures.removals += write.wanted is None
        with self._told():
            self.judge.leaves(life.run, service, feature, write, title)

    def _happens_at(self, service: Service, place: Place, event: Event) -> None:
        with self._told():
            self.judge.happens(service, place, event)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Keeps a broken promise, for the run that breaks it takes it for one of its own faults."""
        try:
            yield
        except AssertionError as broken:
            self._broken = self._broken or broken
            raise

    def answered(
        self, life: Life, service: Service, feature: Feature, write: Write, outcome: Outcome
    ) -> None:
        self.figures.outcomes[outcome.done] += 1
        self.judge.answered(life.run, service, feature, write, outcome)

    def session(self, name: str) -> Service:
        return self.sessions[name]
