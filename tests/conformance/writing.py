"""What every link must do: add, change and remove, report no more than was done, and harm nothing else."""

from __future__ import annotations

from crosswatch.model.capabilities import Capability, Dates
from crosswatch.model.kinds import Feature, Kind, Precision
from crosswatch.model.readings import Date, TitleState
from crosswatch.model.refs import Ref, ids
from crosswatch.model.values import PRESENT, Value
from crosswatch.model.writes import Done
from tests.conformance.bench import Bench, named, skip_without, some_titles, values_of
from tests.conformance.hand import DONE, Hand
from tests.conformance.reading import filled

LARGEST_BATCH = 200
"""Writes with which a batch is tried, where the service takes more."""


def can(bench: Bench, feature: Feature, verb: str) -> Capability:
    """What the service can do with the feature; skips where it lacks the verb."""
    capability = bench.manifest.features[feature]
    skip_without(getattr(capability, verb), bench, f"{verb} on {feature}", f"manifest: {verb} is false")
    return capability


def with_grid(bench: Bench) -> dict[Feature, Capability]:
    """The features whose values can be changed; skips where the service has none."""
    features = bench.manifest.features
    found = {feature: capability for feature, capability in features.items() if capability.change}
    skip_without(found, bench, "values that change", "manifest: change is false for every feature")
    return found


class WriteCases:
    """Single writes. Hand compares every outcome, and all that a write left alone, with the truth."""

    async def test_what_is_added_is_there_and_is_shown(self, bench: Bench, feature: Feature) -> None:
        capability = can(bench, feature, "add")
        filled(bench, feature)
        hand = Hand(bench)
        for place, ref in enumerate(some_titles(bench, feature, 2)):
            values = values_of(capability)
            outcome = await hand.put(feature, ref, values[place % len(values)])
            assert outcome.done is Done.APPLIED, f"not added: {outcome}"
            if bench.manifest.lookup_batch:
                assert isinstance((await hand.lookup(ref))[ref], TitleState)
        assert (await hand.read(feature)).is_exact

    async def test_an_outcome_names_the_title_as_the_list_does(self, bench: Bench, feature: Feature) -> None:
        capability = can(bench, feature, "add")
        hand = Hand(bench)
        told = {}
        for ref in some_titles(bench, feature):
            told[named(ref)] = (await hand.put(feature, ref, values_of(capability)[-1])).native_id
        shown = {named(row.ref): row.ref.native_id for row in (await hand.read(feature)).rows}
        wrong = {ref: (native, shown[ref]) for ref, native in told.items() if native not in ("", shown[ref])}
        assert not wrong, f"outcomes call titles otherwise than the list: {wrong}"

    async def test_what_is_there_may_be_added_again(self, bench: Bench, feature: Feature) -> None:
        value = values_of(can(bench, feature, "add"))[-1]
        hand = Hand(bench)
        for ref in some_titles(bench, feature):
            write = hand.to(feature, ref, value)
            for _ in range(2):
                outcome = (await hand.write(feature, write))[0]
                assert outcome.done in DONE, f"added twice: {outcome}"

    async def test_a_value_is_changed(self, bench: Bench) -> None:
        for feature, capability in with_grid(bench).items():
            rows = filled(bench, feature)
            hand = Hand(bench)
            for ref, value in rows.items():
                another = next(one for one in values_of(capability) if one != value)
                assert (await hand.put(feature, ref, another)).done is Done.APPLIED
            assert (await hand.read(feature)).is_exact

    async def test_what_is_removed_is_gone(self, bench: Bench, feature: Feature) -> None:
        can(bench, feature, "remove")
        rows = filled(bench, feature)
        hand = Hand(bench)
        for ref in list(rows)[::2]:
            assert (await hand.put(feature, ref, None)).done is Done.APPLIED
            if bench.manifest.lookup_batch:
                assert isinstance((await hand.lookup(ref))[ref], TitleState)
        assert len((await hand.read(feature)).rows) == len(rows) // 2

    async def test_what_is_read_can_be_written_by_its_own_name(self, bench: Bench, feature: Feature) -> None:
        can(bench, feature, "remove")
        filled(bench, feature, 1)
        hand = Hand(bench)
        for row in (await hand.read(feature)).rows:
            if bench.manifest.lookup_batch:
                assert isinstance((await hand.lookup(row.ref))[row.ref], TitleState)
            assert (await hand.put(feature, row.ref, None)).done is Done.APPLIED
        assert bench.truth(feature) == {}

    async def test_what_is_absent_may_be_removed(self, bench: Bench, feature: Feature) -> None:
        can(bench, feature, "remove")
        filled(bench, feature)
        hand = Hand(bench)
        for ref in some_titles(bench, feature):
            outcome = await hand.put(feature, ref, None)
            assert outcome.done in DONE, f"removed what is absent: {outcome}"

    async def test_added_removed_and_added_it_is_there(self, bench: Bench, feature: Feature) -> None:
        values = values_of(can(bench, feature, "remove"))
        hand = Hand(bench)
        for ref in some_titles(bench, feature):
            for wanted in (values[0], None, values[-1]):
                assert (await hand.put(feature, ref, wanted)).done is Done.APPLIED
        assert (await hand.read(feature)).is_exact

    async def test_an_unknown_id_is_unmatched_and_harms_nothing(self, bench: Bench, feature: Feature) -> None:
        value = values_of(can(bench, feature, "add"))[-1]
        filled(bench, feature)
        hand = Hand(bench)
        foreign = Ref(Kind.MOVIE, ids(elsewhere="603"))
        for ref in [bench.unknown(kind) for kind in sorted(bench.manifest.features[feature].kinds)] + [
            foreign
        ]:
            outcome = await hand.put(feature, ref, value)
            assert outcome.done is Done.UNMATCHED, f"an unknown id is reported as {outcome.done}"
            outcome = await hand.put(feature, ref, None)
            assert outcome.done in (Done.UNMATCHED, Done.ALREADY), f"and its removal as {outcome.done}"

    async def test_every_value_of_the_grid_comes_back_as_it_was_sent(self, bench: Bench) -> None:
        for feature, capability in with_grid(bench).items():
            values = values_of(capability)
            refs = bench.titles(Kind.MOVIE, len(values))
            hand = Hand(bench)
            sent = dict(zip(refs, values, strict=True))
            writes = hand.all_to(feature, sent)
            for start in range(0, len(writes), capability.batch):
                await hand.write(feature, *writes[start : start + capability.batch])
            reading = await hand.read(feature)
            assert reading.values == sent, "a value came back as another one"
            if bench.manifest.lookup_batch:
                await hand.lookup(*refs)

    async def test_episodes_stand_where_they_are_season_0_included(self, bench: Bench) -> None:
        features = bench.manifest.features
        found = {feature for feature, capability in features.items() if Kind.EPISODE in capability.kinds}
        skip_without(found, bench, "episodes", "manifest: among the kinds of no feature")
        for feature in found:
            value = values_of(can(bench, feature, "add"))[-1]
            hand = Hand(bench)
            special, ordinary = bench.titles(Kind.EPISODE, 3)[:2]
            assert special.season == 0
            assert (await hand.put(feature, special, value)).done is Done.APPLIED
            assert ordinary not in bench.truth(feature)
            row = (await hand.read(feature)).rows[0]
            assert (row.ref.season, row.ref.number) == (0, special.number), (
                "an episode of season 0 lost its place"
            )
            assert set(row.ref.show_ids) >= set(special.show_ids), (
                "an episode does not say of which show it is"
            )
            if bench.manifest.lookup_batch:
                assert len(await hand.lookup(special, ordinary)) == 2
            await hand.put(feature, special, None)
            assert bench.truth(feature) == {}

    async def test_features_are_apart(self, bench: Bench) -> None:
        features = bench.manifest.features
        skip_without(len(features) > 1, bench, "second feature", "manifest: features")
        kinds = sorted(frozenset.intersection(*(capability.kinds for capability in features.values())))
        for feature in features:
            can(bench, feature, "remove")
            hand = Hand(bench)
            ref = bench.titles(kinds[0], 1)[0]
            for one, capability in features.items():
                bench.edit(one, ref, values_of(capability)[-1])
            await hand.put(feature, ref, None)

    async def test_dates_are_kept_where_the_service_dates(self, bench: Bench, feature: Feature) -> None:
        capability = can(bench, feature, "add")
        dates = {Precision.INSTANT: Date(1_234_567), Precision.DAY: Date(86_400_000, Precision.DAY)}
        hand = Hand(bench)
        for date in dates.values():
            ref = bench.titles(Kind.MOVIE, 1)[0]
            await hand.put(feature, ref, values_of(capability)[-1], date)
            row = next(row for row in (await hand.read(feature)).rows if named(row.ref) == ref)
            assert row.date == (date if capability.dates is Dates.OWN else None), "a date was not kept"


class BatchCases:
    """Several writes in one call, as many as the manifest says."""

    async def test_a_batch_has_one_outcome_each_in_order(self, bench: Bench, feature: Feature) -> None:
        capability = can(bench, feature, "remove")
        values = values_of(capability)
        size = min(capability.batch, LARGEST_BATCH)
        listed, new = bench.titles(Kind.MOVIE, size // 2), bench.titles(Kind.SHOW, size - size // 2)
        bench.fill(feature, dict.fromkeys(listed, values[0]))
        hand = Hand(bench)
        wanted: dict[Ref, Value | None] = {}
        for place, ref in enumerate(listed):
            wanted[ref] = values[-1] if place % 2 else None
        for place, ref in enumerate(new):
            wanted[ref] = values[place % len(values)]
        writes = hand.all_to(feature, wanted)[::-1]
        if size > 2:
            writes[size // 2] = hand.to(feature, bench.unknown(Kind.MOVIE), values[-1])
        outcomes = await hand.write(feature, *writes)
        undone = [outcome.write_id for outcome in outcomes if outcome.done not in DONE]
        assert undone == ([writes[size // 2].id] if size > 2 else []), (
            "one unknown id, and others were not done"
        )

    async def test_no_writes_have_no_outcomes(self, bench: Bench, feature: Feature) -> None:
        assert await Hand(bench).write(feature) == []

    async def test_present_is_all_that_a_list_without_a_grid_holds(self, bench: Bench) -> None:
        plain = {one for one, capability in bench.manifest.features.items() if capability.grid is None}
        skip_without(plain, bench, "list without values", "manifest: every feature has a grid")
        for feature in plain:
            can(bench, feature, "add")
            assert not bench.manifest.features[feature].change
            ref = bench.titles(Kind.MOVIE, 1)[0]
            await Hand(bench).put(feature, ref, PRESENT)
            assert bench.truth(feature)[ref] == PRESENT
