"""The one catalogue of sentences: code -> what is wrong and what to do next.

Pages, command line and docs all speak through ``say``. A sentence may use the parameters of its error in braces;
a parameter that is missing is shown as "?" rather than failing while an error is being told.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from crosswatch.words.asking import ANSWERED, ANSWERS, ANSWERS_TO_ALL, HEADINGS, QUESTIONS, STAYS, WAITS
from crosswatch.words.catalogue import HELD
from crosswatch.words.catalogue import WORDS as GENERAL
from crosswatch.words.commands import NEXT_STEPS, SENTENCES
from crosswatch.words.planned import (
    CAUSES,
    NOTHING_REMOVED,
    NOTHING_WRITTEN,
    PROOFS,
    STALE,
    STATES,
    WRITTEN,
)
from crosswatch.words.reasons import REASONS

WORDS = GENERAL | STALE
_LABELS = {"tmdb": "TMDb", "tracker": "CrossWatch"}


class Surface(StrEnum):
    """Where it is read: on a page (and in the API), or at the command line, which has other next steps."""

    PAGE = "page"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Said:
    """What a user reads: a short ``title``, the ``sentence`` that says what is wrong, and the ``next_step``."""

    title: str
    sentence: str
    next_step: str

    @property
    def whole(self) -> str:
        """Sentence and next step in one line, for places that have only one."""
        return f"{self.sentence} {self.next_step}".strip()


class _Params(dict[str, object]):
    def __missing__(self, key: str) -> str:
        return "?"


def held(why: str) -> str:
    """Why a title waits, in a few words."""
    return HELD.get(why, why)


def reason(code: str) -> str:
    """Why a write ended as it did, in a sentence; empty where the outcome says it all."""
    return REASONS.get(code) or (f"{WORDS[code][0]}." if code in WORDS else "")


def question(kind: str, params: Mapping[str, object]) -> str:
    """What a question of the inbox asks, in a sentence or two."""
    return QUESTIONS[kind].format_map(_Params(params))


def answer(kind: str, said: str, params: Mapping[str, object]) -> str:
    """What an answer to one question of that kind means, as a button says it."""
    words = ANSWERS.get(f"{kind}_{said}") or ANSWERS[said]
    return words.format_map(_Params(params))


def answer_to_all(kind: str, said: str, params: Mapping[str, object]) -> str:
    """The same for many questions at once."""
    words = ANSWERS_TO_ALL.get(f"{kind}_{said}") or ANSWERS_TO_ALL[said]
    return words.format_map(_Params(params))


def heading(kind: str, feature: str, count: int, params: Mapping[str, object]) -> str:
    """What stands above so many questions of a kind; ``count`` in ``params`` is how it is written."""
    one, many = HEADINGS.get(f"{kind}_{feature}") or HEADINGS[kind]
    return (one if count == 1 else many).format_map(_Params(params))


def answered(kind: str, said: str, count: int, params: Mapping[str, object]) -> str:
    """What stands above so many questions that were answered alike."""
    if said in STAYS:
        one, many = STAYS[said]
        return (one if count == 1 else many).format_map(_Params(params)) + "."
    one, many = ANSWERED.get(f"{kind}_{said}") or ANSWERED[said]
    done = " tried in the next sync." if said == "try_again" else " done by the next sync."
    return (one if count == 1 else many).format_map(_Params(params)) + done


def waits(why: str, params: Mapping[str, object]) -> str:
    """Why questions of a kind are asked."""
    return WAITS[why].format_map(_Params(params))


def written(action: str, count: str, label: str) -> str:
    """So many titles, and what is done with them; on the side of that name where it is not empty."""
    alone, named = WRITTEN[action]
    return (named if label else alone).format(count=count, label=label)


def written_in_all(sides: Sequence[Sequence[str]], *, removed: int) -> str:
    """What is written to either side in one line, which says so where nothing is removed, or nothing written."""
    said = "; ".join(", ".join(parts) for parts in sides if parts)
    if not said:
        return NOTHING_WRITTEN
    return said if removed else f"{said}, {NOTHING_REMOVED}"


def cause(cause: str, action: str, sides: Mapping[str, object]) -> str:
    """Why a plan writes a title; ``sides`` names the written ``side`` and the ``other`` one."""
    text = CAUSES.get(f"{cause}_{action}") or CAUSES.get(cause, cause)
    return text.format_map(_Params(sides))


def not_written(state: str, params: Mapping[str, object]) -> str:
    """Why a plan does not write a title, by what becomes of it; with ``why`` where that is not all."""
    return STATES[state].format_map(_Params(params))


def proof(kind: str, params: Mapping[str, object]) -> str:
    """On what a write of a plan rests; empty where nothing is known of it."""
    return PROOFS[kind].format_map(_Params(params)) if kind else ""


def output_lost(reason: str) -> str:
    """What a command says whose own output has nowhere to go; no error that a page could have."""
    return f"The output could not be written: {reason}."


def codes() -> frozenset[str]:
    """Every code that has words."""
    return frozenset(WORDS)


def say(code: str, params: Mapping[str, object] | None = None, *, surface: Surface = Surface.PAGE) -> Said:
    """The words for a code on that surface; an unknown code is said as such, never raised.

    At the command line, ``account`` in ``params`` is the one that the next step names; ``tmdb`` where there is none.
    """
    known = dict(params or {})
    code = _more_exactly(code, known)
    title, sentence, step = WORDS.get(code, ("Error", f"Something is wrong ({code}).", ""))
    if "account" in known:
        known.setdefault("label", account_label(str(known["account"])))
    if surface is Surface.COMMAND:
        sentence, step = SENTENCES.get(code, sentence), NEXT_STEPS.get(code, step)
    filled = _Params(known)
    return Said(title, sentence.format_map(filled), step.format_map(_Params({"account": "tmdb"} | known)))


def _more_exactly(code: str, known: Mapping[str, object]) -> str:
    """The words of a code for what its parameters tell, or lack."""
    if code == "config_broken" and not known.get("last_good"):
        return "config_broken_no_copy"
    if code == "rate_limited" and not known.get("seconds"):
        return "rate_limited_unsaid"
    if code == "pair_cycle" and known.get("opposite"):
        return "pair_cycle_opposite"
    if code == "same_account" and known.get("other"):
        return "same_account_twice"
    if code == "plan_stale" and f"plan_stale_{known.get('why')}" in WORDS:
        return f"plan_stale_{known['why']}"
    return code


def account_label(account: str) -> str:
    """``tmdb`` as TMDb, ``tmdb/second`` as TMDb (second)."""
    provider, _, instance = account.partition("/")
    label = _LABELS.get(provider, provider)
    return f"{label} ({instance})" if instance else label
