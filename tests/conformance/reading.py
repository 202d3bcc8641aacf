"""What every link must tell: who the account is, its lists as they are, and the state of single titles."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path
from typing import Any, cast

import pytest

from crosswatch.errors import Refused
from crosswatch.model.kinds import Feature, Kind
from crosswatch.model.readings import TitleState, Verdict
from crosswatch.model.refs import Ref, ids
from tests.conformance.bench import (
    Asks,
    Bench,
    Trouble,
    Truth,
    can_suffer,
    skip_without,
    some_titles,
    values_of,
)
from tests.conformance.hand import Hand

DOCS = Path(__file__).parents[2] / "docs"


def filled(bench: Bench, feature: Feature, each: int = 3) -> Truth:
    """Puts some titles of every kind on the list, their values from all over the grid."""
    values = values_of(bench.manifest.features[feature])
    refs = some_titles(bench, feature, each)
    rows = {ref: values[7 * place % len(values)] for place, ref in enumerate(refs)}
    bench.fill(feature, rows)
    return rows


def filled_pages(bench: Bench, feature: Feature) -> Truth:
    """Puts as many movies on the list as take three pages, the last of them with one row."""
    values = values_of(bench.manifest.features[feature])
    refs = bench.titles(Kind.MOVIE, 2 * bench.page_size + 1)
    rows = {ref: values[place % len(values)] for place, ref in enumerate(refs)}
    bench.fill(feature, rows)
    return rows


class ManifestCases:
    """What a provider says of itself."""

    def test_the_manifest_can_be_used(self, bench: Bench) -> None:
        manifest = bench.manifest
        assert manifest.id
        assert manifest.label
        assert manifest.features
        assert manifest.understands
        assert manifest.gives
        assert manifest.pace.connections > 0
        assert manifest.pace.per_second > 0
        assert (DOCS / manifest.docs).is_file(), f"no page for people: {manifest.docs}"
        for feature, capability in manifest.features.items():
            assert capability.kinds, feature
            assert capability.batch > 0, feature
            assert capability.add or not (capability.change or capability.remove), feature
            grid = capability.grid
            if grid is not None:
                assert 0 < grid.low < grid.high <= 1000
                assert (grid.high - grid.low) % grid.step == 0, "the grid does not end on a step"

    def test_an_account_that_nobody_connected_is_refused(self, bench: Bench) -> None:
        skip_without(bench.manifest.connects, bench, "connecting", "manifest: connects is false")
        with pytest.raises(Refused) as refused:
            bench.open("nobody")
        assert refused.value.code == "not_connected"

    async def test_whoami_is_stable(self, bench: Bench, feature: Feature) -> None:
        hand = Hand(bench)
        first = await hand.listened(hand.link.whoami())
        assert first.uid.startswith(f"{bench.manifest.id}:"), "a uid that another provider may have too"
        assert first.label
        filled(bench, feature)
        await hand.read(feature)
        for link in (hand.link, bench.open()):
            assert await link.whoami() == first, "the same account is somebody else"

    async def test_another_account_is_somebody_else_with_other_lists(
        self, bench: Bench, feature: Feature
    ) -> None:
        one, other = Hand(bench), Hand(bench, "second")
        names = [(await hand.link.whoami()).uid for hand in (one, other)]
        assert names[0] != names[1], "two accounts are one"
        filled(bench, feature)
        mine = bench.truth(feature)
        assert (await other.read(feature)).rows == []
        ref = some_titles(bench, feature)[0]
        await other.put(feature, ref, values_of(bench.manifest.features[feature])[-1])
        assert bench.truth(feature) == mine, "written to another account"


class ReadCases:
    """Whole lists."""

    async def test_nothing_is_read_as_nothing(self, bench: Bench, feature: Feature) -> None:
        reading = await Hand(bench).read(feature)
        end = reading.end
        assert (reading.rows, end.whole, end.gap, end.total) == ([], True, 0, 0)

    async def test_every_row_is_read_as_it_is(self, bench: Bench, feature: Feature) -> None:
        rows = filled(bench, feature)
        reading = await Hand(bench).read(feature)
        assert reading.is_exact
        assert reading.values == rows
        delta = bench.manifest.features[feature].delta_reads
        assert delta or reading.end.cursor is None, "a cursor, and the manifest knows no delta reads"

    async def test_many_pages_are_read_once_each(self, bench: Bench, feature: Feature) -> None:
        rows = filled_pages(bench, feature)
        reading = await Hand(bench).read(feature)
        assert reading.is_exact, "a list of three pages is not read whole"
        assert len(reading.rows) == len(rows)
        assert sum(bool(page.rows) for page in reading.pages) >= 3, "the pages do not come one by one"
        done = [page.done for page in reading.pages]
        assert done == sorted(done), "the progress goes back"
        assert done[-1] == len(rows)

    async def test_a_read_that_is_left_early_leaves_nothing_behind(
        self, bench: Bench, feature: Feature
    ) -> None:
        filled_pages(bench, feature)
        hand = Hand(bench)
        for _ in range(bench.manifest.pace.connections + 1):
            async with aclosing(cast("Any", hand.link.read(feature))) as pages:
                async for _page in pages:
                    break
        assert (await hand.read(feature)).is_exact

    async def test_a_list_that_shifts_is_never_whole_and_wrong(self, bench: Bench, feature: Feature) -> None:
        refs = list(filled_pages(bench, feature))

        def shift() -> None:
            bench.edit(feature, refs[3], None)

        # Had a row been lost between two pages, the reading would claim to be exact and not be the truth.
        await Hand(bench).read(feature, between=shift)
        assert refs[3] not in bench.truth(feature)

    async def test_a_list_that_grows_is_never_whole_and_wrong(self, bench: Bench, feature: Feature) -> None:
        filled_pages(bench, feature)
        ref, value = bench.titles(Kind.MOVIE, 1)[0], values_of(bench.manifest.features[feature])[0]
        await Hand(bench).read(feature, between=lambda: bench.edit(feature, ref, value))
        assert ref in bench.truth(feature)

    async def test_a_lost_page_is_not_whole(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, Trouble.FAILURE)
        filled_pages(bench, feature)
        bench.suffer(Trouble.FAILURE, Asks.READ, page=2)
        reading = await Hand(bench).read(feature)
        assert not reading.end.whole, "a list with a lost page is called whole"

    async def test_an_empty_page_in_the_middle_is_told(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, Trouble.EMPTY_PAGE)
        rows = filled_pages(bench, feature)
        bench.suffer(Trouble.EMPTY_PAGE, Asks.READ, page=2)
        reading = await Hand(bench).read(feature)
        assert not reading.is_exact, "a page without rows is not told"
        assert len(reading.rows) == len(rows) - bench.page_size, "the pages behind an empty one are left out"

    async def test_a_row_that_comes_twice_is_given_once(self, bench: Bench, feature: Feature) -> None:
        can_suffer(bench, Trouble.REPEATED_ROW)
        filled_pages(bench, feature)
        hand = Hand(bench)
        await hand.read(feature)
        bench.suffer(Trouble.REPEATED_ROW, Asks.READ, page=3)
        assert (await hand.read(feature)).rows


class LookupCases:
    """The service's word on single titles."""

    async def test_lookup_is_the_truth_of_listed_and_absent(self, bench: Bench, feature: Feature) -> None:
        has_lookup(bench)
        listed, absent = list(filled(bench, feature)), some_titles(bench, feature, 2)
        found = await Hand(bench).lookup(*listed, *absent)
        assert all(isinstance(said, TitleState) for said in found.values()), "no word on a title that it has"

    async def test_lookup_tells_all_features_at_once(self, bench: Bench) -> None:
        has_lookup(bench)
        features = bench.manifest.features
        kinds = sorted(frozenset.intersection(*(capability.kinds for capability in features.values())))
        ref = bench.titles(kinds[0], 1)[0]
        for feature, capability in features.items():
            bench.edit(feature, ref, values_of(capability)[-1])
        rating = features.get(Feature.RATINGS)
        state = TitleState(Feature.WATCHLIST in features, values_of(rating)[-1] if rating else None)
        assert (await Hand(bench).lookup(ref))[ref] == state

    async def test_an_unknown_id_is_never_called_absent(self, bench: Bench, feature: Feature) -> None:
        has_lookup(bench)
        for kind in sorted(bench.manifest.features[feature].kinds):
            unknown, known = bench.unknown(kind), bench.titles(kind, 1)[0]
            found = await Hand(bench).lookup(unknown, known)
            assert found[unknown] in set(Verdict), "an unknown id is called absent"
            assert isinstance(found[known], TitleState)

    async def test_an_id_of_another_service_is_unknown(self, bench: Bench, feature: Feature) -> None:
        has_lookup(bench)
        foreign = Ref(Kind.MOVIE, ids(elsewhere="603"))
        assert (await Hand(bench).lookup(foreign))[foreign] is Verdict.UNKNOWN

    async def test_the_same_number_of_another_kind_is_another_title(
        self, bench: Bench, feature: Feature
    ) -> None:
        # Hand sees where a movie is taken for the show of its number: the show is not done, or the movie is harmed.
        movie, show = bench.twins()
        hand = Hand(bench)
        value = values_of(bench.manifest.features[feature])[-1]
        bench.edit(feature, movie, value)
        if bench.manifest.lookup_batch:
            found = await hand.lookup(movie, show)
            assert isinstance(found[movie], TitleState)
        for wanted in (value, None):
            await hand.put(feature, show, wanted)


def has_lookup(bench: Bench) -> None:
    """Skips for a service that has no word on single titles."""
    skip_without(bench.manifest.lookup_batch, bench, "lookup", "manifest: lookup_batch is 0")
