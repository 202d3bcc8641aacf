"""API keys of TMDb: what one looks like, and which one counts."""

import re

from crosswatch.config.config import Config
from crosswatch.errors import Refused

_V3_LENGTH = 32
_V3_KEY = re.compile(rf"[0-9a-fA-F]{{{_V3_LENGTH}}}")


def check_v3_key(key: str) -> str:
    """The key without blanks. Raises Refused ``missing_api_key`` or ``not_a_v3_key``, which never repeats it."""
    key = key.strip()
    if not key:
        raise Refused("missing_api_key")
    if _V3_KEY.fullmatch(key):
        return key
    if key.startswith("eyJ") and key.count(".") == 2:
        raise Refused("not_a_v3_key", what=f"is a read access token (v4) of {len(key)} characters")
    if len(key) == _V3_LENGTH:
        raise Refused("not_a_v3_key", what=f"has {len(key)} characters, some of them of another kind")
    raise Refused("not_a_v3_key", what=f"has {len(key)} character{'' if len(key) == 1 else 's'}")


def key_for(config: Config, instance: str, given: str | None) -> str:
    """The key that was given, else the stored one of this account, else that of the default account.

    Raises Refused as ``check_v3_key`` does, and ``set_by_environment`` for another one than the environment's.
    """
    own = config.tmdb_account(instance)
    if given is None or not given.strip():
        return check_v3_key(own.api_key or config.tmdb_account().api_key)
    key = check_v3_key(given)
    if own.key_from_env and key != own.api_key:
        raise Refused("set_by_environment", key="tmdb_sync.api_key", variable="CROSSWATCH_TMDB_SYNC_API_KEY")
    return key
