"""Runs from beginning to end: who holds the accounts, what is told, and how every way to end is closed."""

import asyncio
import logging
import secrets
from collections.abc import Mapping
from functools import partial
from typing import Any

from crosswatch.errors import Cancelled, CrossWatchError, Refused
from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature, Side
from crosswatch.net.meter import Meter, measured
from crosswatch.ports import Clock, Provider, Resolver
from crosswatch.runs.context import Context, Tools
from crosswatch.runs.contract import Contract, promises, rules_of
from crosswatch.runs.counts import LaneCounts
from crosswatch.runs.deriving import Derived, Deriving
from crosswatch.runs.lane import LaneRun
from crosswatch.runs.processes import Process
from crosswatch.runs.progress import HALF_A_SECOND, Progress
from crosswatch.runs.settle import settle
from crosswatch.runs.sides import OpenSide
from crosswatch.store import accounts, attention, clocks, journal, leases, pairs, plans, runs, unmatched
from crosswatch.store.database import Connection, Database
from crosswatch.store.pairs import LaneRow, PairRow
from crosswatch.store.plans import PlanLane
from crosswatch.store.runs import PLAN, SYNC

log = logging.getLogger(__name__)
Providers = Mapping[str, Provider]


class Runner:
    """Carries out runs of pairs in this process; at most one per pair, and one at a time per account."""

    def __init__(
        self,
        database: Database,
        providers: Providers,
        resolver: Resolver,
        clock: Clock,
        process: Process,
    ) -> None:
        self._tools = Tools(database, resolver, clock)
        self._database, self._providers, self._clock, self._process = database, providers, clock, process
        self._active: set[int] = set()
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._told: dict[int, Progress] = {}
        self.closing = False

    async def begin(
        self, pair: PairRow, *, trigger: str, kind: str = SYNC, plan_id: int | None = None
    ) -> int:
        """Enters a run of the pair and returns its id; ``carry_out`` or ``in_background`` does it.

        ``kind`` PLAN makes a plan, and writes nothing; with ``plan_id`` exactly that plan is applied.
        Raises Refused ``already_running`` (with ``run_id``) while one of this pair goes on, in any process.
        """
        now = self._clock.now_ms()
        await self.sweep()

        def enter(connection: Connection) -> int:
            going = runs.going_on(connection, pair.id)
            if going:
                raise Refused("already_running", run_id=str(going[0].id))
            run_id = runs.start(
                connection,
                pair=pair.id,
                pair_name=pair.name,
                kind=kind,
                plan=plan_id,
                trigger=trigger,
                process=self._process.id,
                now=now,
            )
            self._active.add(run_id)  # before anybody sees it: a sweep would take it for one that was lost
            return run_id

        return await self._database.write(enter)

    def in_background(self, run_id: int, pair: PairRow) -> None:
        """Carries the run out as a task of this process."""
        self._tasks[run_id] = asyncio.create_task(self.carry_out(run_id, pair), name=f"run-{run_id}")

    async def carry_out(self, run_id: int, pair: PairRow) -> None:
        """Does a run to its end, whatever end that is, and stores how it ended. Raises only when cancelled itself."""
        try:
            await _Run(self, self._tools, run_id, pair).whole()
        finally:
            self._active.discard(run_id)
            self._tasks.pop(run_id, None)
            self._told.pop(run_id, None)

    def follow(self, run_id: int, progress: Progress) -> None:
        """A run of this process tells where it is through this."""
        self._told[run_id] = progress

    async def close(self, *, seconds: float) -> None:
        """Ends this process's runs as interrupted: what is being written gets that long to be answered."""
        self.closing = True
        for progress in self._told.values():
            progress.stop()
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=seconds)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def sweep(self) -> None:
        """Closes runs of dead processes, and own ones whose end could not be stored (a full disk)."""
        await asyncio.to_thread(self._process.bury)
        now = self._clock.now_ms()

        def close(connection: Connection) -> None:
            for row in runs.going_on(connection):
                if row.process == self._process.id and row.id not in self._active:
                    journal.drop_planned(connection, row.id)
                    runs.change(
                        connection,
                        row.id,
                        status="interrupted",
                        code="interrupted",
                        phase="",
                        finished_at=now,
                    )

        lost = await self._database.read(runs.going_on)
        if any(row.process == self._process.id and row.id not in self._active for row in lost):
            await self._database.write(close)

    def provider(self, name: AccountName) -> Provider:
        """The provider of an account. Raises Refused ``unknown_provider``."""
        if name.provider not in self._providers:
            known = ", ".join(sorted(self._providers))
            raise Refused("unknown_provider", provider=name.provider, known=known)
        return self._providers[name.provider]

    async def lease(self, uids: list[str], run_id: int, progress: Progress) -> dict[str, int]:
        """Both accounts, once they are free. Waits for other runs, and says for whom."""
        while True:
            taken = await self._database.write(
                lambda connection: leases.take(
                    connection, uids, holder=self._process.id, run=run_id, is_alive=self._process.is_alive
                )
            )
            if isinstance(taken, dict):
                return taken
            progress.wait_for(f"run {taken.run} of {taken.role} (process {taken.pid})")
            progress.check_stop()
            await self._clock.sleep(HALF_A_SECOND)


class _Run:
    """One run, from the lease to its last line."""

    def __init__(self, runner: Runner, tools: Tools, run_id: int, pair: PairRow) -> None:
        self._runner, self._tools, self._run_id, self._pair = runner, tools, run_id, pair
        self._counts: dict[Feature, LaneCounts] = {}
        self._fences: dict[str, int] = {}

    async def whole(self) -> None:
        """Everything, and the end stored."""
        with measured() as meter:
            progress = Progress(
                self._tools.database,
                self._tools.clock,
                self._run_id,
                meter,
                closing=lambda: self._runner.closing,
            )
            self._runner.follow(self._run_id, progress)
            meter.on_waiting = lambda seconds: progress.wait_for(f"the service: {max(1, round(seconds))} s")
            error: CrossWatchError | None = None
            interrupted = False
            try:
                async with progress.ticking():
                    await self._protocol(progress)
            except CrossWatchError as failed:
                error = failed
            except ExceptionGroup as group:
                error = _first(group)
            except Exception as fault:  # noqa: BLE001 - the task loop: a fault ends the run, truthfully, and is told
                error = _fault(fault)
            except BaseException:
                interrupted = True
                raise
            finally:
                interrupted = interrupted or (isinstance(error, Cancelled) and self._runner.closing)
                if interrupted:
                    await self._close("interrupted", "interrupted", {}, meter)
                else:
                    code, params = (error.code, dict(error.params)) if error else ("", {})
                    await self._close(self._status(error), code, params, meter)

    async def _protocol(self, progress: Progress) -> None:
        sides = await self._open()
        uids = [side.account.uid for side in sides.values()]
        self._fences = await self._runner.lease(uids, self._run_id, progress)
        self._pair = await self._as_set_by_now()
        progress.enter("reading")
        await progress.unless_stopped(self._check_accounts(sides))
        await self._put_times_right(uids)
        for side in sides.values():
            await progress.unless_stopped(self._settle(side))
        row = await self._tools.database.read(lambda connection: runs.find(connection, self._run_id))
        assert row is not None, "a run that is carried out is entered"
        lanes = [lane for lane in self._pair.lanes if lane.settings.enabled]
        run = Context(self._tools, self._run_id, self._pair, sides, self._fences, progress)
        if row.kind == PLAN:
            await self._make_plan(run, lanes)
        elif row.plan is not None:
            await self._apply(run, lanes, Contract(row.plan, row.pair))
        else:
            for lane in lanes:
                derived = await self._derive(run, lane)
                await LaneRun(run, lane, self._counts[lane.feature]).carry_out(derived)

    async def _as_set_by_now(self) -> PairRow:
        """The pair with what the user has set while this run waited for its accounts."""
        pair = await self._tools.database.read(partial(pairs.find, pair_id=self._pair.id))
        if pair is None or not pair.enabled:
            raise Refused("pair_disabled", name=self._pair.name)
        return pair

    async def _derive(self, run: Context, lane: LaneRow, contract: Contract | None = None) -> Derived:
        """The plan of a lane; under a contract only what was promised, and what is missing counts as moved."""
        counts = self._counts[lane.feature] = LaneCounts()
        derived = await Deriving(run, lane, counts).derive()
        if contract is not None:
            contract.keep_only_promised(lane.feature, derived)
            counts.gone_from_plan(len(derived.missing))
            counts.later = len(derived.later)
        writes = derived.made.writes
        for side in Side:
            run.planned[lane.feature, side] = frozenset(write.key for write in writes if write.side is side)
        return derived

    async def _make_plan(self, run: Context, lanes: list[LaneRow]) -> None:
        """Stores what every lane would do, lane by lane; it is there once all of it is."""
        now = self._tools.clock.now_ms()

        def begin(connection: Connection) -> int:
            leases.check(connection, self._fences)
            plans.purge(connection, now)
            return plans.begin(
                connection, pair=self._pair.id, pair_name=self._pair.name, run=self._run_id, now=now
            )

        plan_id = await self._tools.database.write(begin)
        for lane in lanes:
            derived = await self._derive(run, lane)
            await self._tools.database.write(partial(self._keep_plan, plan_id, run, lane, derived))

        def close(connection: Connection) -> None:
            leases.check(connection, self._fences)
            plans.close(connection, plan_id)
            runs.change(connection, self._run_id, plan=plan_id)

        await self._tools.database.write(close)

    def _keep_plan(
        self, plan_id: int, run: Context, lane: LaneRow, derived: Derived, connection: Connection
    ) -> None:
        leases.check(connection, self._fences)
        counts, uids = self._counts[lane.feature], run.uids
        aside = unmatched.waiting(connection, lane.id, self._tools.clock.now_ms())
        out = unmatched.left_out(connection, lane.id) if aside else set()
        counts.put_aside([write.key for write in derived.made.writes if write.key in aside], out)
        head = PlanLane(
            feature=lane.feature,
            lane=lane.id,
            rules=rules_of(self._pair, lane),
            source_uid=uids[Side.SOURCE],
            target_uid=uids[Side.TARGET],
            counts=counts.as_dict(),
        )
        plans.keep_lane(connection, plan_id, head, promises(lane.feature, derived, aside))

    async def _apply(self, run: Context, lanes: list[LaneRow], contract: Contract) -> None:
        """Nothing is written unless every write of every lane comes out again as it was promised.

        Later lanes are read anew once the first one is stored, as in any run, and do what still comes out.
        """
        await self._tools.database.read(partial(contract.load, run=run, lanes=lanes))
        found = {lane.feature: await self._derive(run, lane, contract) for lane in lanes}

        def begin(connection: Connection) -> None:
            leases.check(connection, self._fences)
            contract.refuse_if_moved(connection, found.values())
            plans.mark_applied(connection, contract.plan_id, self._run_id)

        await self._tools.database.write(begin)
        for lane in lanes:
            first = lane is lanes[0]
            derived = found[lane.feature] if first else await self._derive(run, lane, contract)
            await LaneRun(run, lane, self._counts[lane.feature]).carry_out(derived)

    async def _put_times_right(self, uids: list[str]) -> None:
        lanes, now = [lane.id for lane in self._pair.lanes], self._tools.clock.now_ms()
        await self._tools.database.write(lambda connection: clocks.put_right(connection, uids, lanes, now))

    async def _settle(self, side: OpenSide) -> None:
        tools = self._tools
        await settle(side, tools.database, tools.clock, tools.resolver, self._fences)

    async def _open(self) -> dict[Side, OpenSide]:
        """Both accounts with the credentials of this moment; the run keeps them to its end."""
        names = {Side.SOURCE: self._pair.source, Side.TARGET: self._pair.target}
        opened = {}
        for side, name in names.items():
            provider = self._runner.provider(name)
            link = provider.open(name.instance)
            row = await self._tools.database.read(partial(accounts.find, name=name))
            if row is None or row.state != accounts.CONNECTED or not row.uid:
                raise Refused("not_connected", account=str(name))
            opened[side] = OpenSide(side, row, provider.manifest, link)
        return opened

    async def _check_accounts(self, sides: Mapping[Side, OpenSide]) -> None:
        """Stops before anything is read where another account is behind a connection than the base was made with."""
        for side in sides.values():
            now = await side.link.whoami()
            known = side.account
            if now.uid != known.uid:
                keep = partial(
                    accounts.keep, name=known.name, uid=now.uid, label=now.label, state=accounts.CONNECTED
                )
                await self._tools.database.write(keep)
            for lane in self._pair.lanes:
                then, label = lane.made_with(side.side)
                if then and then != now.uid:
                    raise Refused(
                        "account_changed", account=str(known.name), now=now.label or now.uid, then=label
                    )
            if now.uid != known.uid:
                raise Refused("connection_replaced", account=str(known.name))
        if sides[Side.SOURCE].account.uid == sides[Side.TARGET].account.uid:
            raise Refused("same_account", account=str(sides[Side.TARGET].account.name))
        lanes = [lane.id for lane in self._pair.lanes]
        await self._tools.database.write(partial(attention.accounts_stand, lanes=lanes))

    def _status(self, error: CrossWatchError | None) -> str:
        if isinstance(error, Cancelled):
            return "cancelled"
        if error is not None:
            return "partial" if any(counts.decided for counts in self._counts.values()) else "failed"
        return "partial" if any(counts.open for counts in self._counts.values()) else "succeeded"

    async def _close(self, status: str, code: str, params: dict[str, Any], meter: Meter) -> None:
        """The last commit: what was not sent is dropped, the accounts are free, the run has an end."""
        now = self._tools.clock.now_ms()
        needed = sum(counts.attention for counts in self._counts.values())

        def store(connection: Connection) -> None:
            for feature, counts in self._counts.items():
                runs.keep_lane(connection, self._run_id, feature, counts.as_dict())
            journal.drop_planned(connection, self._run_id)
            if code in attention.ACCOUNT_CODES:
                attention.ask_about_accounts(connection, self._pair.lanes[0].id, code, params, now)
            leases.give_back(connection, self._fences)
            runs.change(
                connection,
                self._run_id,
                status=status,
                code=code,
                params=params,
                phase="",
                feature="",
                waiting_for="",
                finished_at=now,
                requests=meter.requests,
                attention=needed,
            )

        try:
            await asyncio.shield(self._tools.database.write(store))
        except CrossWatchError as failed:
            log.error("run %s could not be closed: %s", self._run_id, failed)


def _first(group: ExceptionGroup[Any]) -> CrossWatchError:
    """The error of a group that says most: the first of ours, else a fault."""
    for one in group.exceptions:
        if isinstance(one, CrossWatchError):
            return one
        if isinstance(one, ExceptionGroup):
            return _first(one)
    return _fault(group.exceptions[0])


def _fault(fault: BaseException) -> CrossWatchError:
    reference = secrets.token_hex(4)
    log.error("fault %s", reference, exc_info=fault)
    return CrossWatchError("internal", kind=type(fault).__name__, reference=reference)
