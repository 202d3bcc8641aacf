"""What the template of the inbox needs; made by the routes, read by templates/, nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from crosswatch.model.kinds import Kind
from crosswatch.web.pages.views import Notice


@dataclass(frozen=True, slots=True)
class AnswerView:
    """A button: as it is sent, and in words; ``side`` names the account whose value it keeps.

    ``danger``: something is taken off because of it.
    """

    say: str
    words: str
    side: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class RowView:
    """One question about one title; without a ``title`` it is about an account.

    ``detail`` says what the buttons do not; ``next_try``: when a title without a match is tried again.
    """

    id: str
    made_at: int
    answers: tuple[AnswerView, ...]
    item: str = ""
    title: str = ""
    kind: Kind | None = None
    detail: str = ""
    year: int | None = None
    season: int | None = None
    number: int | None = None
    next_try: int | None = None
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class BlockView:
    """Questions that one answer can be given to; ``count`` in all, of which ``rows`` are shown.

    ``fields`` are sent with every answer, and ``query`` leads to the whole block. ``every`` and ``chosen``: what can
    be said to all, and to those that are ticked. ``answered``: they were, and ``rows`` can be taken back.
    """

    id: str
    heading: str
    count: int
    rows: tuple[RowView, ...]
    why: str = ""
    icon: str = "hand"
    fields: tuple[tuple[str, str], ...] = ()
    query: Mapping[str, str] = field(default_factory=dict)
    every: tuple[AnswerView, ...] = ()
    chosen: tuple[AnswerView, ...] = ()
    answered: bool = False


@dataclass(frozen=True, slots=True)
class PairBlocks:
    """All that waits in one pair. ``to_do``: whether answers wait for its next run; ``id`` is empty without a pair."""

    id: str
    name: str
    blocks: tuple[BlockView, ...] = ()
    to_do: bool = False
    can_run: bool = True


@dataclass(frozen=True, slots=True)
class InboxView:
    """What needs the user. ``total`` counts all open questions.

    ``whole``: one block by itself, page by page; ``next`` is the cursor of its next page, ``here`` that of this one.
    ``newest``: the number of the newest question, for an answer to all is for none that came later.
    """

    pairs: tuple[PairBlocks, ...] = ()
    total: int = 0
    whole: bool = False
    next: str = ""
    here: str = ""
    newest: str = ""
    notice: Notice | None = None
