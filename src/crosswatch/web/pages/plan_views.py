"""What the page of a plan needs; made by its routes, read by templates/, nothing else."""

from dataclasses import dataclass

from crosswatch.model.kinds import Action, Feature, Kind
from crosswatch.model.values import Value
from crosswatch.web.pages.labels import Label
from crosswatch.web.pages.views import Notice, SideView


@dataclass(frozen=True, slots=True)
class PlanLine:
    """A figure of a lane: how many titles, and what becomes of them."""

    count: int
    words: str
    label: Label


@dataclass(frozen=True, slots=True)
class PlanLaneView:
    """What would happen in one lane. ``incomplete``: why a list was not whole, in sentences."""

    feature: Feature
    read_source: int
    read_target: int
    lines: tuple[PlanLine, ...] = ()
    incomplete: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One title. ``state`` is empty of what is written, else a key of labels.OUTCOMES; ``side`` is the written one.

    ``both``: what source and target have, where that says more than before and after.
    """

    title: str
    kind: Kind
    feature: Feature
    state: str
    reason: str
    proof: str = ""
    side: str = ""
    action: Action | None = None
    before: Value | None = None
    after: Value | None = None
    both: tuple[Value | None, Value | None] | None = None
    year: int | None = None
    season: int | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan. ``headline`` is the answer in a line, ``button`` what applying it does, empty where nothing is written.

    ``pair`` is empty, and nothing can be done, where the pair is no more. ``notice``: why it cannot be applied, or
    was not; ``done``: the run that applied it, ``doing``: and has not ended. ``removes``: something is taken off.
    ``writes`` and ``rest`` are pages of the titles, ``write_count`` and ``rest_count`` how many of that lane there
    are; ``rest_only`` shows what is not written alone.
    """

    id: str
    pair: str
    pair_name: str
    source: SideView
    target: SideView
    headline: str
    made_at: int
    expires_at: int
    button: str = ""
    removes: bool = False
    can_apply: bool = True
    notice: Notice | None = None
    done: str = ""
    doing: bool = False
    lanes: tuple[PlanLaneView, ...] = ()
    lane: str = ""
    writes: tuple[PlanRow, ...] = ()
    write_count: int = 0
    rest: tuple[PlanRow, ...] = ()
    rest_count: int = 0
    rest_only: bool = False
    next: str = ""
    first: bool = True
