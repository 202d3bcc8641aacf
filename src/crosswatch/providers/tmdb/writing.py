"""One write, one call, one outcome: titles put on and taken off the watchlist, rated and no longer rated."""

from dataclasses import dataclass

from crosswatch.errors import ItemError, KeyRejected, RateLimited, ServiceError, ServiceFailed, SessionEnded
from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.writes import REPLACED, Done, Outcome, Write
from crosswatch.ports import MaySend
from crosswatch.providers.tmdb.client import TmdbClient, WriteAnswer
from crosswatch.providers.tmdb.places import Place, place_of

_UPDATED = 12
_PUTTING = {1: Done.APPLIED, _UPDATED: Done.APPLIED, 8: Done.ALREADY, 40: Done.ALREADY}
_REMOVING = {1: Done.APPLIED, _UPDATED: Done.APPLIED, 13: Done.APPLIED, 21: Done.ALREADY, 40: Done.ALREADY}
"""What TMDb's numbers say of a write. 1: created, or just "success"; 12: updated; 13: deleted, also where nothing was
(seen live by others); 8: a duplicate; 21: no such entry; 40: nothing to update (official docs). A number that
contradicts what was sent ("deleted" to an add) says nothing."""


@dataclass(slots=True)
class _LastLook:
    """Asks ``may_send`` and remembers what it raised, so that it is not taken for TMDb's own word."""

    may_send: MaySend
    raised: ServiceError | None = None

    async def __call__(self) -> None:
        try:
            await self.may_send()
        except ServiceError as error:
            self.raised = error
            raise


async def write_one(
    client: TmdbClient, account_id: str, feature: Feature, write: Write, may_send: MaySend
) -> Outcome:
    """Does one write. An answer that cannot be understood, or none, is IN_DOUBT; what ``may_send`` raises is raised."""
    place = place_of(write.ref)
    if place is None or (feature is Feature.WATCHLIST and place.kind is Kind.EPISODE):
        return Outcome(write.id, Done.UNMATCHED, "no_place")
    look = _LastLook(may_send)
    try:
        if feature is Feature.WATCHLIST:
            wanted = write.wanted is not None
            answer = await client.put_on_watchlist(account_id, place, wanted=wanted, may_send=look)
        elif write.wanted is None:
            answer = await client.delete_rating(place, look)
        else:
            answer = await client.rate(place, write.wanted, look)
    except ServiceError as error:
        if error is look.raised:
            raise
        return _not_done(write, error)
    return _done(write, feature, place, answer)


def not_begun(write: Write, error: ServiceError) -> Outcome:
    """The outcome of a write that was not sent, because what had to be asked before it failed."""
    if isinstance(error, KeyRejected | SessionEnded):
        return Outcome(write.id, Done.RECONNECT, error.code, _words(error))
    retry_after = error.retry_after if isinstance(error, RateLimited) else None
    return Outcome(write.id, Done.RETRY_LATER, error.code, _words(error), retry_after=retry_after)


def _done(write: Write, feature: Feature, place: Place, answer: WriteAnswer) -> Outcome:
    """TMDb says 12 where something was there already: harmless for a watchlist, told for a rating nobody had seen."""
    done = (_REMOVING if write.wanted is None else _PUTTING).get(answer.number)
    if done is None:
        return Outcome(write.id, Done.IN_DOUBT, "not_understood", answer.words)
    unseen = write.action is Action.ADD and answer.number == _UPDATED
    if unseen and feature is Feature.WATCHLIST:
        done = Done.ALREADY
    code = REPLACED if unseen and feature is Feature.RATINGS else ""
    return Outcome(write.id, done, code, native_id=place.native_id)


def _not_done(write: Write, error: ServiceError) -> Outcome:
    if error.maybe_done:
        return Outcome(write.id, Done.IN_DOUBT, error.code, _words(error))
    if isinstance(error, ItemError) and error.code == "title_gone":
        return Outcome(write.id, Done.UNMATCHED, error.code, _words(error))
    if isinstance(error, ItemError | ServiceFailed):
        return Outcome(write.id, Done.REJECTED, error.code, _words(error))
    return not_begun(write, error)


def _words(error: ServiceError) -> str:
    return str(error.params.get("message", ""))
