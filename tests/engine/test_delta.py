"""What a side did since the base, and which readings are not believed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crosswatch.engine.base import Agreed, BaseRow, LastWrite, Rules, SideView
from crosswatch.engine.delta import Delta, delta, needs_proof, seen
from crosswatch.engine.plan import to_look_up
from crosswatch.model.capabilities import Stamps
from crosswatch.model.kinds import Feature, Mode, Side
from crosswatch.model.readings import Reading, Seen, Unknown, Why
from crosswatch.model.values import Value
from tests.engine import samples
from tests.engine.samples import NOW, TMDB, examples

USER, ANY, NO = Stamps.USER, Stamps.ANY, Stamps.NONE


@pytest.mark.parametrize(
    ("agreed", "value", "stamp", "stamps", "expected"),
    [
        (None, None, None, NO, "."),
        (None, 800, None, NO, "+"),
        (Agreed(800), 800, None, NO, "="),
        (Agreed(800), 850, None, NO, "~"),
        (Agreed(800), None, None, NO, "-"),
        # One side of a row may be absent: absent then and now is the same, present now is another value.
        (Agreed(None), None, None, NO, "="),
        (Agreed(None), 800, None, NO, "~"),
        (Agreed(None, 1), None, 2, USER, "="),
        # Stamps count only where they move with the user's own setting, and only a strictly newer one.
        (Agreed(800, 1), 800, 2, USER, "t"),
        (Agreed(800, 1), 800, 2, ANY, "="),
        (Agreed(800, 1), 800, 2, NO, "="),
        (Agreed(800, 2), 800, 2, USER, "="),
        (Agreed(800, 2), 800, 1, USER, "="),
        (Agreed(800, 2), 800, None, USER, "="),
        (Agreed(800, None), 800, 2, USER, "="),
        (Agreed(800, 1), 850, 2, USER, "~"),
        (Agreed(800, 2), 850, 1, USER, "~"),
        (Agreed(800, 1), None, None, USER, "-"),
    ],
)
def test_the_table_of_what_a_side_did(
    agreed: Agreed | None, value: Value | None, stamp: int | None, stamps: Stamps, expected: str
) -> None:
    assert delta(agreed, Reading(value, NOW, stamp), stamps).value == expected


@given(
    st.one_of(st.none(), samples.agreed(samples.values_on(TMDB))),
    samples.seen(samples.values_on(TMDB)),
    st.sampled_from(Stamps),
)
@examples(300)
def test_every_base_and_reading_has_a_delta(agreed: Agreed | None, now: Seen, stamps: Stamps) -> None:
    found = delta(agreed, now, stamps)
    if isinstance(now, Unknown):
        assert found is Delta.UNKNOWN
    elif agreed is None:
        assert found in (Delta.NOTHING, Delta.NEW)
    else:
        assert found in (Delta.SAME, Delta.TOUCHED, Delta.CHANGED, Delta.GONE)
        assert (found in (Delta.SAME, Delta.TOUCHED)) == (agreed.value == now.value)


def view(
    listed: dict[int, Seen] | None = None,
    *,
    whole: bool = True,
    taken_at: int = NOW,
    delay: int = 0,
    write: LastWrite | None = None,
    in_doubt: bool = False,
) -> SideView:
    return SideView(
        listed=listed or {},
        whole=whole,
        taken_at=taken_at,
        delay=delay,
        grid=TMDB,
        last_writes={} if write is None else {1: write},
        in_doubt=frozenset({1} if in_doubt else ()),
    )


def row(source: Value | None, target: Value | None, since: int = 0) -> BaseRow:
    return BaseRow(Agreed(source), Agreed(target), since)


def believed(stored: BaseRow | None, of: SideView) -> Seen:
    return seen(1, stored, Side.SOURCE, of)


@pytest.mark.parametrize(
    ("stored", "of", "expected"),
    [
        # A title that a whole list lacks is absent where no row says present; else it is looked up first.
        (None, view(), Reading(None, NOW)),
        (None, view(whole=False), Unknown(Why.NOT_WHOLE)),
        (row(800, 800), view(), Unknown(Why.NOT_PROVED)),
        (row(800, 800), view(whole=False), Unknown(Why.NOT_WHOLE)),
        (row(800, 800), view({1: Reading(None, NOW)}), Reading(None, NOW)),
        (row(800, 800), view({1: Reading(None, NOW)}, whole=False), Reading(None, NOW)),
        (row(None, 800), view(), Reading(None, NOW)),
        (row(None, 800), view(whole=False), Unknown(Why.NOT_WHOLE)),
        # What is listed counts, even in a list that is not whole; what is listed as unknown does not.
        (None, view({1: Reading(800, NOW)}, whole=False), Reading(800, NOW)),
        (row(800, 800), view({1: Unknown(Why.TWO_ROWS)}), Unknown(Why.TWO_ROWS)),
        (row(800, 800), view({1: Unknown(Why.GONE)}), Unknown(Why.GONE)),
        (row(800, 800), view({1: Reading(800, NOW)}, in_doubt=True), Unknown(Why.IN_DOUBT)),
        (None, view(in_doubt=True), Unknown(Why.IN_DOUBT)),
    ],
)
def test_what_may_be_believed(stored: BaseRow | None, of: SideView, expected: Seen) -> None:
    assert believed(stored, of) == expected


@pytest.mark.parametrize("value", [None, 850])
def test_a_young_reading_that_differs_proves_nothing(value: Value | None) -> None:
    stored, delay = row(800, 800, since=500), 10
    for taken_at, old_enough in ((499, False), (500, False), (509, False), (510, True), (511, True)):
        found = believed(stored, view({1: Reading(value, taken_at)}, delay=delay))
        assert found == (Reading(value, taken_at) if old_enough else Unknown(Why.YOUNG)), taken_at


def test_a_young_reading_that_agrees_is_believed() -> None:
    assert believed(row(800, 800, since=500), view({1: Reading(800, 501)}, delay=10)) == Reading(800, 501)


def test_a_title_that_ended_on_both_sides_does_not_come_back_out_of_a_late_list() -> None:
    stored = row(None, None, since=500)
    assert believed(stored, view({1: Reading(800, 509)}, delay=10)) == Unknown(Why.YOUNG)
    assert believed(stored, view({1: Reading(800, 510)}, delay=10)) == Reading(800, 510)


@pytest.mark.parametrize("stored", [None, row(800, 800), row(750, 750)])
def test_a_reading_from_before_our_own_write_is_not_used(stored: BaseRow | None) -> None:
    write = LastWrite(800, at=600)
    for value in (800, 750):
        found = believed(stored, view({1: Reading(value, 599)}, write=write))
        assert found == Unknown(Why.OWN_WRITE)


def test_soon_after_our_own_write_only_what_was_written_is_believed() -> None:
    write = LastWrite(800, at=600)
    for taken_at, old_enough in ((600, False), (609, False), (610, True)):
        other = believed(None, view({1: Reading(750, taken_at)}, delay=10, write=write))
        assert other == (Reading(750, taken_at) if old_enough else Unknown(Why.OWN_WRITE)), taken_at
        written = believed(None, view({1: Reading(800, taken_at)}, delay=10, write=write))
        assert written == Reading(800, taken_at)


def test_what_we_took_away_and_a_late_list_still_shows_is_not_believed() -> None:
    write = LastWrite(None, at=600)
    assert believed(None, view({1: Reading(800, 609)}, delay=10, write=write)) == Unknown(Why.OWN_WRITE)
    assert believed(None, view(taken_at=609, delay=10, write=write)) == Reading(None, 609)


def test_only_what_a_row_calls_present_and_a_list_lacks_is_looked_up() -> None:
    assert needs_proof(1, Agreed(800), view())
    assert needs_proof(1, Agreed(800), view(whole=False))
    assert not needs_proof(1, Agreed(800), view({1: Reading(800, NOW)}))
    assert not needs_proof(1, Agreed(None), view())
    assert not needs_proof(1, None, view())


def test_lookups_are_named_per_side_the_longest_agreed_first() -> None:
    base = {
        1: row(800, 800, since=30),
        2: row(800, None, since=10),
        3: row(None, 800, since=20),
        4: row(800, 800, 5),
    }
    rules = Rules(Feature.RATINGS, Mode.TWO_WAY)
    found = to_look_up(base, view({4: Reading(800, NOW)}), view({3: Reading(None, NOW)}), rules)
    assert found == {Side.SOURCE: [2, 1], Side.TARGET: [4, 1]}
