"""What users do to a world, outside of its runs and in the middle of them."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from crosswatch.model.accounts import AccountName
from crosswatch.model.kinds import Feature
from crosswatch.store import accounts, answering, held, inbox, pairs
from crosswatch.store.attention import Question
from crosswatch.store.database import Connection
from crosswatch.store.inbox import START_AFRESH, QuestionRow, Which
from crosswatch.store.pairs import LaneSettings, PairRow
from tests.protocol.ground import Clock, Ground, Life
from tests.protocol.model import Judge
from tests.protocol.script import Edit
from tests.protocol.services import Place, Service, rounded
from tests.protocol.setting import NAMES, Between, Figures, Setting

ALL = 1_000
HELD = (Question.REMOVAL, Question.OVERWRITE, Question.KEPT)


class User:
    """A world as its users see it."""

    setting: Setting
    figures: Figures
    log: list[str]
    ground: Ground
    clock: Clock
    services: dict[str, Service]
    sessions: dict[str, Service]
    people: dict[str, Service]
    judge: Judge
    pairs: list[int]
    rules: dict[tuple[int, Feature], LaneSettings]
    switched: dict[tuple[int, Feature], int]

    # At the services

    def edit(self, edit: Edit) -> None:
        """The user sets a value at a service, or takes a title off."""
        self.log.append(f"{edit}")
        self.edits(edit)

    def edits(self, edit: Edit) -> None:
        """The same, without a word in the log."""
        service = self.services[edit.service]
        service.arrive()
        place = (edit.feature, edit.title)
        value = rounded(service, edit.feature, edit.value)
        if value is None and service.value(place) is None:
            return
        service.put(place, value, "user")
        self.judge.edited(service, place, value)
        self.clock.spend(0.001)

    def play(self, name: str, title: int) -> None:
        """The user watches a title."""
        self.log.append(f"play({name}, {title})")
        self.services[name].arrive()
        self.services[name].play(title)
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

    # In CrossWatch

    def questions(self) -> list[QuestionRow]:
        """What the user is asked."""
        return Life.now(self.ground, partial(inbox.page, which=Which(), limit=ALL))

    def said(self) -> list[QuestionRow]:
        """What the user has said, and no run has done."""
        return Life.now(self.ground, partial(inbox.page, which=Which(answered=True), limit=ALL))

    def answer(self, question: QuestionRow, answer: str) -> None:
        """The user answers a question."""
        self.log.append(f"answer({question.kind}, title {question.title}, {question.side}: {answer})")
        self.answers(question, answer)

    def answers(self, question: QuestionRow, answer: str) -> None:
        """The same, without a word in the log."""
        now = self.clock.now_ms()
        say = partial(answering.answer_one, attention_id=question.id, answer=answer, now=now)
        Life.now(self.ground, say)
        self.figures.answers[answer] += 1
        if answer == START_AFRESH:
            return
        if question.kind in HELD:
            assert question.lane is not None
            assert question.title is not None
            assert question.side is not None
            self.judge.removals.says((question.lane, question.title, question.side), answer, now)
        names = "SELECT namespace, value FROM title_id WHERE title = ? AND namespace IN ('a', 'b', 'c')"
        for row in self.ground.rows(names, question.title):
            if question.feature is not None:
                place = question.feature, int(row["value"].removeprefix(row["namespace"]).removesuffix("x"))
                self.judge.says(place, now)

    def switch(self, pair: int, feature: Feature) -> None:
        """The user lets a lane remove, or lets it remove no longer."""
        self.log.append(f"switch({pair}, {feature})")
        self.switches(pair, feature)

    def switches(self, pair: int, feature: Feature) -> None:
        """The same, without a word in the log."""
        if (pair, feature) not in self.rules:
            return
        old = self.rules[pair, feature]
        rated = self.setting.pairs[pair].remove_when_rated and feature is Feature.WATCHLIST
        new = replace(old, remove=not old.remove, remove_when_rated=rated and not old.remove)
        self.rules[pair, feature] = new
        self.switched[pair, feature] = self.clock.now_ms()
        Life.now(
            self.ground,
            partial(_change, pair_id=self.pairs[pair], rules={feature: new}, now=self.clock.now_ms()),
        )

    def make_again(self, pair: int) -> None:
        """The user deletes a pair and makes it again as it was."""
        self.log.append(f"make_again({pair})")
        Life.now(self.ground, partial(pairs.remove, pair_id=self.pairs[pair]))
        self.pairs[pair] = self.make(pair)
        self.begins_afresh(pair)

    def begins_afresh(self, pair: int) -> None:
        """Nothing is agreed on any more: what was taken off on one side may be put there again."""
        self.judge.fresh[pair] = self.clock.now_ms()
        for known in (self.judge.settled, self.judge.parted):
            for one in [one for one in known if one[0] == pair]:
                del known[one]
        for name in self.ends(pair):
            self.judge.lost_within_limits.update(self.services[name].events)

    def ends(self, pair: int) -> tuple[str, str]:
        """The services of a pair."""
        return NAMES[self.setting.pairs[pair].source], NAMES[self.setting.pairs[pair].target]

    def make(self, number: int) -> int:
        """A pair as it is set; returns its number in the store."""
        between = self.setting.pairs[number]
        for feature in self.shared(between):
            self.rules[number, feature] = between.rules(feature)
            self.switched[number, feature] = self.clock.now_ms()
        return Life.now(self.ground, partial(self._add, number=number))

    def shared(self, between: Between) -> list[Feature]:
        """The features that both services of a pair have."""
        source, target = (self.setting.services[one] for one in (between.source, between.target))
        return [feature for feature in source.features if feature in target.features]

    def _add(self, connection: Connection, number: int) -> int:
        between = self.setting.pairs[number]
        names = self.ends(number)
        ids = [self._keep_account(connection, name) for name in names]
        return pairs.add(
            connection,
            name=" ".join(names),
            source=ids[0],
            target=ids[1],
            mode=between.mode,
            kinds=between.kinds,
            lanes={feature: self.rules[number, feature] for feature in self.shared(between)},
            now=self.clock.now_ms(),
        )

    def _keep_account(self, connection: Connection, name: str) -> int:
        uid = self.sessions[name].uid
        return accounts.keep(connection, AccountName(name), uid=uid, label=uid, state=accounts.CONNECTED).id

    def connect(self, name: str, service: Service, *, told: bool) -> None:
        """Somebody is connected; ``told``: CrossWatch knows who."""
        self.sessions[name] = service
        if told:
            Life.now(self.ground, partial(self._keep_account, name=name))

    def somebody_else(self, name: str) -> Service:
        """Another account of a service, with nothing on its lists in the beginning."""
        now = self.services[name]
        uid = f"{name}:{'bob' if now.uid.endswith('alice') else 'alice'}"
        if uid not in self.people:
            self.people[uid] = Service(name, uid, now.traits, self.clock.now_ms, now.watch)
        return self.people[uid]

    def is_pinned(self, pair: int) -> bool:
        """Whether a pair has a base that was made with certain accounts."""
        query = "SELECT 1 FROM lane WHERE pair = ? AND source_uid <> '' LIMIT 1"
        return bool(self.ground.rows(query, self.pairs[pair]))


def _change(connection: Connection, pair_id: int, rules: Mapping[Feature, LaneSettings], now: int) -> None:
    """What services/pairs.py does where a user changes a pair."""
    pair = pairs.find(connection, pair_id)
    assert pair is not None
    pairs.change(
        connection,
        pair_id,
        name=pair.name,
        enabled=True,
        kinds=sorted(pair.kinds),
        lanes={lane.feature: lane.settings for lane in pair.lanes} | dict(rules),
    )
    _ask_about_kept(connection, pair, rules, now)


def _ask_about_kept(
    connection: Connection, pair: PairRow, rules: Mapping[Feature, LaneSettings], now: int
) -> None:
    for lane in pair.lanes:
        if lane.feature in rules:
            if rules[lane.feature].remove:
                held.ask_about_kept(connection, lane.id, now)
            else:
                held.forget_kept(connection, lane.id)
