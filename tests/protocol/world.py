"""Services, pairs between them, and the processes that carry out their runs; everything happens here."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial

from crosswatch.identity.resolver import TitleResolver
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Conflict, Feature, Kind, Mode, Side
from crosswatch.model.values import Value
from crosswatch.model.writes import Outcome, Write
from crosswatch.runs.runner import Runner
from crosswatch.store import accounts, attention, pairs, runs
from crosswatch.store.database import Connection
from crosswatch.store.pairs import LaneSettings
from tests.protocol.ground import Clock, Killed, Life, the_ground, the_loop
from tests.protocol.links import SimulatedProvider
from tests.protocol.model import Judge
from tests.protocol.rest import in_step
from tests.protocol.script import Edit, Happening, Point, Script, What
from tests.protocol.services import Event, Place, Service, Title, Traits, Weather, rounded

NAMES = ("a", "b", "c")
STALL = 70


@dataclass(frozen=True)
class Between:
    """A pair: two services by their place, and the rules of its lanes."""

    source: int
    target: int
    mode: Mode = Mode.TWO_WAY
    conflict: Conflict = Conflict.SOURCE
    kinds: tuple[Kind, ...] = (Kind.MOVIE, Kind.SHOW, Kind.EPISODE)


@dataclass(frozen=True)
class Setting:
    """All that is the same for the whole life of a world."""

    services: tuple[Traits, ...]
    pairs: tuple[Between, ...]


@dataclass
class Figures:
    """How much a world has met."""

    runs: int = 0
    writes: int = 0
    overwrites: int = 0
    rests: int = 0
    answers: int = 0
    met: Counter[What] = field(default_factory=Counter)
    ended: Counter[str] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)


class World:
    """One installation and its services. ``log`` tells what was done to it, for whoever reads a failure."""

    def __init__(self, setting: Setting, figures: Figures) -> None:
        self.setting, self.figures = setting, figures
        self.log: list[str] = []
        self.ground = the_ground()
        self.ground.clear()
        self._loop = the_loop()
        self.clock = Clock(self._loop)
        self._pair_of: dict[int, int] = {}
        self.services = {
            name: Service(name, f"{name}:alice", traits, self.clock.now_ms)
            for name, traits in zip(NAMES, setting.services, strict=False)
        }
        self._sessions = dict(self.services)
        self.judge = Judge(self)
        self._broken: AssertionError | None = None
        for service in self.services.values():
            service.watch = self._happens_at
        self.life = self._born()
        self.pairs = [self._pair(between) for between in setting.pairs]

    # What a user does

    def edit(self, edit: Edit) -> None:
        """The user sets a value at a service, or takes a title off."""
        self.log.append(f"{edit}")
        self._edit(edit)

    def _edit(self, edit: Edit) -> None:
        service = self.services[edit.service]
        service.arrive()
        place = (edit.feature, edit.title)
        value = rounded(service, edit.feature, edit.value)
        if value is None and service.value(place) is None:
            return
        service.put(place, value, "user")
        self.judge.edited(service, place, value)
        self.clock.spend(0.001)

    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.log.append(f"wait({seconds})")
        self.clock.spend(seconds)
        for service in self.services.values():
            service.arrive()

    def vanish(self, name: str, title: int) -> None:
        """A service no longer knows a title, or knows it again."""
        self.log.append(f"vanish({name}, {title})")
        self.services[name].gone ^= {title}

    def touch(self, name: str, place: Place) -> None:
        """A stamp moves that nobody moved."""
        self.log.append(f"touch({name}, {place})")
        self.services[name].touch(place)

    def questions(self) -> list[attention.QuestionRow]:
        """What the user is asked."""
        return self.life.database.read_now(partial(attention.waiting, limit=20))

    def answer(self, question: attention.QuestionRow, side: Side) -> None:
        """The user says which side is right."""
        self.log.append(f"answer({question.kind}, title {question.title}: {side})")
        now = self.clock.now_ms()
        self.life.database.write_now(
            partial(attention.answer, attention_id=question.id, answer=side, now=now)
        )
        names = "SELECT namespace, value FROM title_id WHERE title = ? AND namespace IN ('a', 'b', 'c')"
        for row in self.ground.rows(names, question.title):
            if question.feature is not None:
                place = question.feature, int(row["value"].removeprefix(row["namespace"]).removesuffix("x"))
                self.judge.says(place, now)
        self.figures.answers += 1

    def another_account(self, name: str, pair: int, *, told: bool) -> None:
        """Somebody else is connected, the pair runs, and alice is connected again; ``told``: CrossWatch was told."""
        pinned = "SELECT 1 FROM lane WHERE source_uid || target_uid LIKE ? AND pair = ?"
        service = self.services[name]
        if not self.ground.rows(pinned, f"%{service.uid}%", self.pairs[pair]):
            return
        self.log.append(f"another_account({name}, {pair}, {told})")
        self._connect(name, Service(name, f"{name}:bob", service.traits, self.clock.now_ms), told=told)
        before = self.judge.seen
        row = self.run(pair)
        assert row is not None
        assert (row.status, row.code) == ("failed", "account_changed")
        assert self.judge.seen == before, "somebody else's account was read"
        self._connect(name, service, told=True)

    def _connect(self, name: str, service: Service, *, told: bool) -> None:
        self._sessions[name] = service
        if told:
            keep = partial(
                accounts.keep,
                name=AccountName(name),
                uid=service.uid,
                label=service.uid,
                state=accounts.CONNECTED,
            )
            Life.now(self.ground, keep)

    # Runs

    def run(
        self, pair: int = 0, script: Script | None = None, weather: Sequence[Weather] = ()
    ) -> runs.RunRow | None:
        """One run of a pair; None where it, or its process, did not come to its end."""
        script = script or Script()
        self.log.append(f"run({pair}, {script.happenings}, {weather})")
        for service, one in zip(self.services.values(), weather or [Weather()] * 3, strict=False):
            service.weather, service.turns = one, {}
        life = self.life
        life.script = script
        try:
            self._loop.finish(self._carry_out(life, pair))
        except BaseException:
            if not (life.dead or self._broken):
                raise
        if self._broken is not None:
            raise self._broken
        if What.RECONNECT in script.met:
            for name, service in self.services.items():
                self._connect(name, service, told=True)
        self.figures.met.update(script.met)
        self.figures.runs += 1
        life.script = Script()
        if life.dead:
            if life is self.life:
                self.life = self._born()
            self.figures.ended["killed"] += 1
            return None
        return self._ended(life)

    def _ended(self, life: Life) -> runs.RunRow | None:
        row = life.database.read_now(partial(runs.find, run_id=life.run))
        assert row is not None
        self.figures.ended[row.status] += 1
        self.judge.run_ended(row)
        return row

    async def _carry_out(self, life: Life, pair: int) -> None:
        providers = {
            name: SimulatedProvider(name, service.traits.manifest(name), life, self)
            for name, service in self.services.items()
        }
        runner = Runner(life.database, providers, TitleResolver(life.database), life.clock, life.process)
        row = await life.database.read(partial(pairs.find, pair_id=self.pairs[pair]))
        assert row is not None
        life.run = await runner.begin(row, trigger="test")
        self._pair_of[life.run] = pair
        self.judge.begins(life.run, self.clock.now_ms())
        await runner.carry_out(life.run, row)

    def sides(self, run: int) -> tuple[Mode, dict[Side, Service]]:
        """The mode of a run's pair, and the accounts between which it was made."""
        return self.between(self.setting.pairs[self._pair_of[run]])

    def is_of(self, pair: Between, by: str | tuple[int, int]) -> bool:
        """Whether a value comes from a write of this pair."""
        return isinstance(by, tuple) and self.setting.pairs[self._pair_of[by[0]]] == pair

    def between(self, pair: Between) -> tuple[Mode, dict[Side, Service]]:
        """The same of a pair."""
        return pair.mode, {
            Side.SOURCE: self.services[NAMES[pair.source]],
            Side.TARGET: self.services[NAMES[pair.target]],
        }

    def rest(self) -> None:
        """Nobody edits, all delays pass: after the rounds it takes, both sides agree and nothing more is written."""
        self.log.append("rest()")
        quiet = 1 + max(one.traits.delay + 2 * one.traits.time_limit for one in self.services.values())
        weather = [replace(one.weather, hidden=0, twin=0, empty=0) for one in self.services.values()]
        for _ in range(len(self.pairs) + 1):
            self._round(quiet, weather)
        self.wait(quiet)
        in_step(self)
        writes, last = self.figures.writes, max(self._pair_of)
        self._round(quiet, weather)
        assert self.figures.writes == writes, "a lane at rest writes"
        again = """SELECT 1 FROM unmatched u
            WHERE u.lane = journal.lane AND u.title = journal.title AND u.tries > 1"""
        query = f"SELECT run FROM journal WHERE run > ? AND NOT (outcome = 'unmatched' AND EXISTS ({again}))"
        assert not self.ground.rows(query, last), "a lane at rest plans"
        self.figures.rests += 1

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
        self.figures.overwrites += self.judge.overwrites

    def _pair(self, between: Between) -> int:
        def make(connection: Connection) -> int:
            ids = [
                accounts.keep(
                    connection,
                    AccountName(name),
                    uid=self.services[name].uid,
                    label=name,
                    state=accounts.CONNECTED,
                ).id
                for name in (NAMES[between.source], NAMES[between.target])
            ]
            source, target = (self.setting.services[one] for one in (between.source, between.target))
            shared = [feature for feature in source.features if feature in target.features]
            return pairs.add(
                connection,
                name=f"{NAMES[between.source]} {NAMES[between.target]}",
                source=ids[0],
                target=ids[1],
                mode=between.mode,
                kinds=between.kinds,
                lanes={feature: LaneSettings(conflict=between.conflict) for feature in shared},
                now=self.clock.now_ms(),
            )

        return self.life.database.write_now(make)

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
        for one in script.at(point, script.commits):
            self._happens(life, one)

    def _happens(self, life: Life, one: Happening) -> bool:
        match one.what:
            case What.EDIT:
                assert one.edit is not None
                self._edit(one.edit)
            case What.RECONNECT:
                service = self.services[NAMES[self.setting.pairs[self._pair_of.get(life.run, 0)].target]]
                bob = Service(service.name, f"{service.name}:bob", service.traits, self.clock.now_ms)
                self._connect(service.name, bob, told=True)
            case What.KILL:
                life.die()
                raise Killed
            case _:
                return False
        return True

    async def _overtaken(self, life: Life) -> None:
        """The process hangs so long that it is taken for dead, and another carries out a run meanwhile."""
        life.let_go()
        life.hang()
        self.life = self._born()
        await self._carry_out(self.life, self._pair_of.get(life.run, 0))
        life.go_on()

    def spend(self, seconds: float) -> None:
        self.clock.spend(seconds)

    def shown(self, life: Life, service: Service, place: Place, value: Value | None, at: int) -> None:
        self.judge.shown(life.run, service, place, value, at)

    def leaves(
        self, life: Life, service: Service, feature: Feature, write: Write, title: Title | None
    ) -> None:
        self.figures.writes += 1
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
        return self._sessions[name]
