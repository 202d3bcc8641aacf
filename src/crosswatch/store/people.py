"""Who may sign in, and who is signed in. Passwords and sessions are stored hashed."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, insert, select, update

from crosswatch.store.tables import session, user


@dataclass(frozen=True, slots=True)
class UserRow:
    """Somebody who may sign in."""

    id: int
    name: str
    password_hash: str


def any_user(connection: Connection) -> bool:
    """Whether a password has been set."""
    return connection.execute(select(func.count()).select_from(user)).scalar_one() > 0


def find(connection: Connection, name: str) -> UserRow | None:
    """The user of that name."""
    row = connection.execute(select(user).where(user.c.name == name)).first()
    return None if row is None else UserRow(row.id, row.name, row.password_hash)


def keep(connection: Connection, name: str, password_hash: str, now: int) -> None:
    """Makes a user or changes the password, which signs every session of that user out."""
    known = find(connection, name)
    if known is None:
        connection.execute(insert(user).values(name=name, password_hash=password_hash, made_at=now))
        return
    connection.execute(update(user).where(user.c.id == known.id).values(password_hash=password_hash))
    connection.execute(delete(session).where(session.c.user == known.id))


def sign_in(connection: Connection, user_id: int, token_hash: str, now: int, expires_at: int) -> None:
    """Stores a session."""
    connection.execute(
        insert(session).values(token_hash=token_hash, user=user_id, made_at=now, expires_at=expires_at)
    )


def is_signed_in(connection: Connection, token_hash: str, now: int) -> bool:
    """Whether a session counts."""
    query = select(session.c.user).where(session.c.token_hash == token_hash, session.c.expires_at > now)
    return connection.execute(query).first() is not None


def sign_out(connection: Connection, token_hash: str, now: int) -> None:
    """Ends a session, and drops those that are over."""
    connection.execute(
        delete(session).where((session.c.token_hash == token_hash) | (session.c.expires_at <= now))
    )
