"""What a run did in one lane, as it is reported."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from crosswatch.model.kinds import Action, Side
from crosswatch.model.writes import Done

_DONE_WORDS = {Action.ADD: "added", Action.CHANGE: "changed", Action.REMOVE: "removed"}


@dataclass(slots=True)
class LaneCounts:
    """Figures of one lane. Every planned write ends in exactly one of the outcomes; the report never says more.

    ``replaced``: of those added, how many met a value that the service had not shown. ``waiting``: held until the
    user allows them. ``cleared``: taken off by a service itself, because they were rated or played there.

    ``later``: what came after the plan that is applied, or what the user has changed since: left to the next run.

    ``why_held``: reason -> titles; ``incomplete``: side -> why its list was not whole; ``decided``: it got as far as
    a plan that is stored.
    """

    read: dict[str, int] = field(default_factory=lambda: {side.value: 0 for side in Side})
    gap: dict[str, int] = field(default_factory=lambda: {side.value: 0 for side in Side})
    incomplete: dict[str, str] = field(default_factory=dict)
    decided: bool = False
    planned: int = 0
    done: Counter[tuple[Side, Action]] = field(default_factory=Counter)
    outcomes: Counter[str] = field(default_factory=Counter)
    adopted: int = 0
    left: int = 0
    later: int = 0
    kept: int = 0
    conflicts: int = 0
    set_aside: int = 0
    replaced: int = 0
    waiting: int = 0
    cleared: int = 0
    why_held: Counter[str] = field(default_factory=Counter)

    def ended(self, side: Side, action: Action, done: Done) -> None:
        """Counts the end of one write."""
        if done is Done.APPLIED:
            self.done[side, action] += 1
        else:
            self.outcomes["retry_later" if done is Done.RECONNECT else done.value] += 1

    def put_aside(self, titles: Collection[int], left_out: Collection[int]) -> None:
        """Counts titles without a match that are not tried yet, and those that the user leaves out for good."""
        out = sum(key in left_out for key in titles)
        self.set_aside = len(titles) - out
        self.left += out

    def gone_from_plan(self, writes: int) -> None:
        """Counts writes of a plan that was applied, and that the lists no longer lead to."""
        self.planned += writes
        self.outcomes[Done.MOVED.value] += writes

    def not_sent(self, writes: int) -> None:
        """Counts writes that were planned and never sent."""
        self.outcomes["not_sent"] += writes

    @property
    def open(self) -> bool:
        """Whether something was left that the next run has to do: then the run is partial."""
        left = ("unmatched", "rejected", "moved", "retry_later", "in_doubt", "not_sent")
        return bool(self.incomplete) or any(self.outcomes[name] for name in left)

    @property
    def attention(self) -> int:
        """How many titles want somebody to look."""
        return self.conflicts + self.waiting + self.outcomes["unmatched"] + self.set_aside + self.replaced

    def as_dict(self) -> dict[str, object]:
        """The lane as the API shows it, with the reasons beside it."""
        by_side = {
            side.value: {word: self.done[side, action] for action, word in _DONE_WORDS.items()}
            for side in Side
        }
        return {
            "read": dict(self.read),
            **{word: sum(self.done[side, action] for side in Side) for action, word in _DONE_WORDS.items()},
            "adopted": self.adopted,
            "already": self.outcomes["already"],
            "held": sum(self.why_held.values()) + self.waiting,
            "waiting": self.waiting,
            "cleared": self.cleared,
            "kept": self.kept,
            "left": self.left,
            "later": self.later,
            "conflicts": self.conflicts,
            "replaced": self.replaced,
            "unmatched": self.outcomes["unmatched"] + self.set_aside,
            **{
                name: self.outcomes[name]
                for name in ("rejected", "moved", "retry_later", "in_doubt", "not_sent")
            },
            "to": by_side,
            "planned": self.planned,
            "gap": dict(self.gap),
            "why_held": dict(self.why_held),
            "incomplete": dict(self.incomplete),
        }
