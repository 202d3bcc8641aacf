"""One write, one call, one outcome: titles put on and taken off the watchlist, rated and no longer rated."""

from crosswatch.errors import ItemError, KeyRejected, RateLimited, ServiceError, SessionEnded
from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.refs import Ref
from crosswatch.model.writes import Done, Outcome, Write
from crosswatch.ports import MaySend
from crosswatch.providers.tmdb.client import Place, TmdbClient, WriteAnswer
from crosswatch.providers.tmdb.lookup import number

CREATED, UPDATED, DELETED = 1, 12, 13
"""The numbers of a success: new, there already, taken off or not there (recorded, seen live by others)."""

NOTHING_TO_DO = frozenset({8, 21, 40})
"""Numbers after which things are as they were wanted, although nothing was done (official docs)."""

REPLACED = "replaced"
"""The code of a rating that was added and met one that TMDb had not shown: it was overwritten."""


def place_of(ref: Ref, feature: Feature) -> Place | None:
    """The place of a title, None where TMDb has none for it: no TMDb id, a season, an episode to watch."""
    if ref.kind in {Kind.MOVIE, Kind.SHOW}:
        tmdb_id = number(ref.id("tmdb"))
        return None if tmdb_id is None else Place(ref.kind, tmdb_id)
    show = number(ref.show_id("tmdb"))
    if ref.kind is not Kind.EPISODE or feature is not Feature.RATINGS:
        return None
    if show is None or ref.season is None or ref.number is None:
        return None
    return Place(Kind.EPISODE, show, ref.season, ref.number)


async def write_one(
    client: TmdbClient, account_id: str, feature: Feature, write: Write, may_send: MaySend
) -> Outcome:
    """Does one write. An answer that cannot be understood, or none, is IN_DOUBT; what ``may_send`` raises is raised."""
    place = place_of(write.ref, feature)
    if place is None:
        return Outcome(write.id, Done.UNMATCHED, "no_place")
    try:
        if feature is Feature.WATCHLIST:
            wanted = write.wanted is not None
            answer = await client.put_on_watchlist(account_id, place, wanted=wanted, may_send=may_send)
        elif write.wanted is None:
            answer = await client.delete_rating(place, may_send)
        else:
            answer = await client.rate(place, write.wanted, may_send)
    except ServiceError as error:
        return _not_done(write, error)
    return _done(write, feature, answer)


def _done(write: Write, feature: Feature, answer: WriteAnswer) -> Outcome:
    """TMDb says 12 where something was there already: harmless for a watchlist, told for a rating nobody had seen."""
    native_id = write.ref.native_id or write.ref.id("tmdb") or ""
    unseen = write.action is Action.ADD and answer.number == UPDATED
    if answer.number in NOTHING_TO_DO or (unseen and feature is Feature.WATCHLIST):
        return Outcome(write.id, Done.ALREADY, native_id=native_id)
    if answer.number not in (CREATED, UPDATED, DELETED):
        return Outcome(write.id, Done.IN_DOUBT, "not_understood", answer.words)
    return Outcome(write.id, Done.APPLIED, REPLACED if unseen else "", native_id=native_id)


def _not_done(write: Write, error: ServiceError) -> Outcome:
    words = str(error.params.get("message", ""))
    if error.maybe_done:
        return Outcome(write.id, Done.IN_DOUBT, error.code, words)
    if isinstance(error, RateLimited):
        return Outcome(write.id, Done.RETRY_LATER, error.code, retry_after=error.retry_after)
    if isinstance(error, KeyRejected | SessionEnded):
        return Outcome(write.id, Done.RECONNECT, error.code, words)
    if isinstance(error, ItemError):
        done = Done.UNMATCHED if error.code == "title_gone" else Done.REJECTED
        return Outcome(write.id, done, error.code, words)
    refused = isinstance(status := error.params.get("status"), int) and status >= 400
    return Outcome(write.id, Done.REJECTED if refused else Done.RETRY_LATER, error.code, words)
