"""What the templates of pairs and of the inbox need; made by the routes, read by templates/, nothing else."""

from dataclasses import dataclass

from crosswatch.model.kinds import Conflict, Feature, Mode
from crosswatch.web.pages.form_views import MakeView
from crosswatch.web.pages.views import Notice, SideView


@dataclass(frozen=True, slots=True)
class NewPairView:
    """The page that makes a pair. ``notice``: why the form was refused."""

    form: MakeView
    notice: Notice | None = None


@dataclass(frozen=True, slots=True)
class PairView:
    """What can be changed in a pair, as it is. ``shared``: the features that both services have.

    ``removes``: those in which it removes, and ``when_rated`` also what a service took off itself. ``kept``: how many
    titles are asked about once it removes everywhere; ``undated`` names the services that do not date ratings.
    """

    id: str
    name: str
    source: SideView
    target: SideView
    mode: Mode
    enabled: bool
    shared: tuple[Feature, ...]
    features: tuple[Feature, ...]
    conflict: Conflict
    removes: tuple[Feature, ...] = ()
    when_rated: bool = False
    kept: int = 0
    undated: str = ""
    notice: Notice | None = None
