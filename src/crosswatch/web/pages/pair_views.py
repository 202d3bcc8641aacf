"""What the templates of pairs and of the inbox need; made by the routes, read by templates/, nothing else."""

from dataclasses import dataclass

from crosswatch.model.kinds import Conflict, Feature, Kind, Mode
from crosswatch.web.pages.form_views import MakeView
from crosswatch.web.pages.views import Notice, SideView


@dataclass(frozen=True, slots=True)
class NewPairView:
    """The page that makes a pair. ``notice``: why the form was refused."""

    form: MakeView
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class PairView:
    """What can be changed in a pair, as it is. ``shared``: the features that both services have."""

    id: str
    name: str
    source: SideView
    target: SideView
    mode: Mode
    enabled: bool
    shared: tuple[Feature, ...]
    features: tuple[Feature, ...]
    conflict: Conflict
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One thing that can be said: as it is sent, and in words; ``side`` names the account whose value it keeps."""

    answer: str
    words: str
    side: str = ""


@dataclass(frozen=True, slots=True)
class QuestionView:
    """One question about one title. ``sentence`` is empty where the buttons say all of it."""

    id: str
    title: str
    kind: Kind
    made_at: int
    answers: tuple[AnswerView, ...]
    sentence: str = ""
    year: int | None = None
    season: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class PairQuestions:
    """The questions of one pair on this page. ``conflicts``: how many of it are open in all.

    ``answered``: how many answers wait for its next run; ``every``: what can be said to all of its conflicts at once.
    """

    id: str
    name: str
    questions: tuple[QuestionView, ...] = ()
    conflicts: int = 0
    answered: int = 0
    can_run: bool = True
    every: tuple[AnswerView, ...] = ()


@dataclass(frozen=True, slots=True)
class InboxView:
    """What needs the user. ``total`` counts all open questions; ``next`` is the cursor of the next page."""

    pairs: tuple[PairQuestions, ...] = ()
    total: int = 0
    next: str = ""
    first: bool = True
    here: str = ""
    notice: Notice | None = None
