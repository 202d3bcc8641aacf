"""Accounts: one connection of one provider."""

import re
from dataclasses import dataclass

DEFAULT_INSTANCE = "default"
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")


def is_instance_name(name: str) -> bool:
    """Whether a further account may be called this: letters, digits, _ and -, at most 32."""
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class AccountName:
    """How people write an account: ``tmdb``, or ``tmdb/second`` for a further one."""

    provider: str
    instance: str = DEFAULT_INSTANCE

    @classmethod
    def parse(cls, text: str) -> "AccountName":
        """``tmdb`` or ``tmdb/second``; the instance's form is checked by whoever looks it up."""
        provider, _, instance = text.partition("/")
        return cls(provider, instance or DEFAULT_INSTANCE)

    def __str__(self) -> str:
        return self.provider if self.instance == DEFAULT_INSTANCE else f"{self.provider}/{self.instance}"


@dataclass(frozen=True, slots=True)
class AccountUid:
    """Who an account really is at its service; stays when the connection is made anew.

    ``uid`` is unique over all providers, for example ``tmdb:6089455``; ``label`` is for people.
    """

    uid: str
    label: str
