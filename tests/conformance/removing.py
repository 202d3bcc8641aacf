"""What removals rest on: the service's word on a single title, for absent is what it must be said to be."""

from __future__ import annotations

import pytest

from crosswatch.model.capabilities import Quirk
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import LookedUp, TitleState, Verdict, mark_of
from crosswatch.model.refs import Ref
from crosswatch.model.values import Value
from tests.conformance.bench import Asks, Bench, Trouble, can_suffer, skip_without, some_titles, values_of
from tests.conformance.hand import DONE, Hand
from tests.conformance.reading import filled, has_lookup
from tests.conformance.writing import can

NOWHERE = TitleState(on_watchlist=False, rating=None)


def features_of(bench: Bench, kind: Kind) -> list[Feature]:
    """The lists on which a title of this kind can be."""
    return [feature for feature, capability in bench.manifest.features.items() if kind in capability.kinds]


def is_absent(said: LookedUp, feature: Feature) -> bool:
    """Whether this is the service's word that a title is not on the list; no answer is none."""
    if not isinstance(said, TitleState):
        return False
    return not said.on_watchlist if feature is Feature.WATCHLIST else said.rating is None


class RemovalCases:
    """Lookups after everything that may happen to a title. Hand holds each of them against the truth."""

    async def test_a_lookup_shows_rating_and_presence_together_after_each_write(self, bench: Bench) -> None:
        has_lookup(bench)
        kinds = frozenset().union(*(capability.kinds for capability in bench.manifest.features.values()))
        hand = Hand(bench)
        for kind in sorted(kinds):
            ref, features = bench.titles(kind, 1)[0], features_of(bench, kind)
            now: dict[Feature, Value | None] = {}
            for feature, wanted in _every_step(bench, features):
                assert (await hand.put(feature, ref, wanted)).done in DONE
                now[feature] = wanted
                rating = now.get(Feature.RATINGS)
                state = TitleState(now.get(Feature.WATCHLIST) is not None, rating)
                said = (await hand.lookup(ref))[ref]
                assert said == state, f"after {wanted} on {feature} a lookup shows {said} in place of {state}"
                assert isinstance(said, TitleState)
                assert said.mark == mark_of(rating)

    async def test_what_was_removed_is_absent_and_nothing_else(self, bench: Bench, feature: Feature) -> None:
        has_lookup(bench)
        can(bench, feature, "remove")
        hand = Hand(bench)
        for ref, value in filled(bench, feature, 1).items():
            await hand.put(feature, ref, None)
            said = (await hand.lookup(ref))[ref]
            assert said == NOWHERE, f"what was removed is looked up as {said}"
            await hand.put(feature, ref, value)
            assert not is_absent((await hand.lookup(ref))[ref], feature), (
                "what came back is looked up as absent"
            )

    async def test_what_the_user_took_off_is_absent(self, bench: Bench, feature: Feature) -> None:
        has_lookup(bench)
        rows = filled(bench, feature, 2)
        hand = Hand(bench)
        await hand.read(feature)
        await hand.lookup(*rows)
        gone = list(rows)[::2]
        for ref in gone:
            bench.edit(feature, ref, None)
        found = await hand.lookup(*rows)
        missed = [ref for ref in gone if not is_absent(found[ref], feature)]
        assert not missed, f"what its user took off is not looked up as absent: {missed}"
        assert {ref for ref, said in found.items() if is_absent(said, feature)} == set(gone)
        assert (await hand.read(feature)).values.keys() == rows.keys() - set(gone)

    async def test_what_never_was_on_a_list_is_absent(self, bench: Bench, feature: Feature) -> None:
        has_lookup(bench)
        refs = some_titles(bench, feature, 2)
        found = await Hand(bench).lookup(*refs)
        assert set(found.values()) == {NOWHERE}, f"looked up as {found}"

    async def test_what_the_service_no_longer_has_is_never_absent(
        self, bench: Bench, feature: Feature
    ) -> None:
        has_lookup(bench)
        skip_without(bench.manifest.connects, bench, "title that vanishes", "manifest: connects is false")
        hand = Hand(bench)
        for refs in (some_titles(bench, feature), list(filled(bench, feature, 1))):
            await hand.lookup(*refs)
            for ref in refs:
                bench.vanish(ref)
            found = await hand.lookup(*refs)
            wrong = {ref: said for ref, said in found.items() if said not in set(Verdict)}
            assert not wrong, f"what the service no longer has is looked up as {wrong}"
            assert Verdict.GONE in found.values(), "nobody is told that titles are gone"

    @pytest.mark.parametrize("removed", [True, False], ids=["removed", "added"])
    async def test_a_lookup_knows_before_a_late_list_does(
        self, bench: Bench, feature: Feature, removed: bool
    ) -> None:
        has_lookup(bench)
        capability = can(bench, feature, "remove")
        can_suffer(bench, Trouble.LATE_LIST)
        listed, new = list(filled(bench, feature, 1)), some_titles(bench, feature)
        hand = Hand(bench)
        await hand.read(feature)
        bench.suffer(Trouble.LATE_LIST, Asks.READ)
        for ref in listed if removed else new:
            await hand.put(feature, ref, None if removed else values_of(capability)[-1])
        pages = [page async for page in hand.link.read(feature)]
        assert sum(len(page.rows) for page in pages) == len(listed), "the bench's list is not late"
        for ref in listed if removed else new:
            said = (await hand.lookup(ref))[ref]
            assert is_absent(said, feature) is removed, f"a lookup is as late as the list: {said}"
        bench.recover()
        assert (await hand.read(feature)).is_exact

    async def test_a_rating_that_takes_a_title_off_the_watchlist_shows_in_the_same_lookup(
        self, bench: Bench
    ) -> None:
        has_lookup(bench)
        quirks = bench.manifest.quirks
        skip_without(
            Quirk.RATING_MAY_CLEAR_WATCHLIST in quirks,
            bench,
            "rating that clears the watchlist",
            "manifest: quirks",
        )
        features = bench.manifest.features
        kinds = features[Feature.WATCHLIST].kinds & features[Feature.RATINGS].kinds
        bench.suffer(Trouble.CLEARED, Asks.WRITE)
        hand = Hand(bench)
        for kind in sorted(kinds):
            ref: Ref = bench.titles(kind, 1)[0]
            bench.edit(Feature.WATCHLIST, ref, values_of(features[Feature.WATCHLIST])[0])
            await hand.lookup(ref)
            value = values_of(features[Feature.RATINGS])[-1]
            await hand.put(Feature.RATINGS, ref, value)
            assert ref not in bench.truth(Feature.WATCHLIST), "the bench did not take it off"
            said = (await hand.lookup(ref))[ref]
            assert said == TitleState(on_watchlist=False, rating=value), f"looked up as {said}"


def _every_step(bench: Bench, features: list[Feature]) -> list[tuple[Feature, Value | None]]:
    """Put on each list and taken off again, with the title on the other list and without."""
    values = {feature: values_of(bench.manifest.features[feature]) for feature in features}
    steps: list[tuple[Feature, Value | None]] = [(feature, values[feature][0]) for feature in features]
    steps += [(feature, values[feature][-1]) for feature in features]
    steps += [(feature, None) for feature in features]
    steps += [(feature, values[feature][-1]) for feature in reversed(features)]
    steps += [(feature, None) for feature in features]
    can = {feature for feature in features if bench.manifest.features[feature].remove}
    return [(feature, value) for feature, value in steps if value is not None or feature in can]
