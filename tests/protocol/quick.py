"""A quick way to the database in memory: SQLAlchemy's own SQL for our own statements, with less on the way there.

A history makes some hundred statements and transactions, and what SQLAlchemy does around each of them took most of the
time. Here it still makes the SQL, the values and what becomes of them; test_quick.py shows that all is the same as
by SQLAlchemy alone.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any

from sqlalchemy import Connection, Delete, Executable, Select, Update, create_engine
from sqlalchemy.exc import MultipleResultsFound, NoResultFound
from sqlalchemy.pool import StaticPool

Processor = Callable[[Any], Any]
Given = Mapping[str, Any]

MOST = 500
"""Statements that are known by themselves: those of the store, and some that are made anew each time."""


class QuickEngine:
    """One connection for all; a transaction begins where ``begin`` is called, and one at a time."""

    def __init__(self) -> None:
        self._engine = create_engine("sqlite://", poolclass=StaticPool)
        self._slow = self._engine.connect()
        raw = self._slow.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.isolation_level = None
        raw.execute("PRAGMA foreign_keys = ON")
        self.raw = raw
        self._reads = QuickConnection(self._slow, raw, "BEGIN")
        self._writes = QuickConnection(self._slow, raw, "BEGIN IMMEDIATE")
        self._reads.others = {True: self._writes}

    @contextmanager
    def connect(self) -> Iterator["QuickConnection"]:
        """The connection; what it began has ended when it is given back."""
        assert not self.raw.in_transaction, "a transaction within another"
        yield self._reads
        assert not self.raw.in_transaction, "a transaction that did not end"

    def close(self) -> None:
        """Nothing is left of it."""
        self._slow.close()
        self._engine.dispose()


class QuickConnection:
    """What the store needs of a Connection."""

    def __init__(self, slow: Connection, raw: sqlite3.Connection, begin: str) -> None:
        self._slow, self._raw, self._begin = slow, raw, begin
        self._known: dict[Any, Any] = {}
        self._prepared: dict[Any, Prepared | None] = {}
        self._same: dict[tuple[Any, ...], tuple[Prepared | None, Sequence[Any]]] = {}
        self.others = {True: self}

    def execution_options(self, *, crosswatch_write: bool) -> "QuickConnection":
        """The same connection, for writing."""
        return self.others[crosswatch_write]

    @contextmanager
    def begin(self) -> Iterator[None]:
        """All of it is committed, or nothing."""
        self._raw.execute(self._begin)
        try:
            yield
            self._raw.execute("COMMIT")
        except BaseException:
            self._raw.execute("ROLLBACK")
            raise

    def execute(self, statement: Any, parameters: Any = None) -> Any:
        """The result of a statement."""
        if parameters:
            prepared, extracted = self._of_itself(statement, parameters)
        elif isinstance(statement, (Select, Update, Delete)):
            prepared, extracted = self._prepare(statement, ())
        else:
            prepared = None
        if prepared is None:
            return self._slow.execute(statement, parameters)
        if isinstance(parameters, list):
            return prepared.execute_many(self._raw, extracted, parameters)
        return prepared.execute(self._raw, extracted, parameters or {})

    def _of_itself(self, statement: Any, parameters: Any) -> "tuple[Prepared | None, Sequence[Any]]":
        """As ``_prepare``, found at once where this very statement was executed before."""
        many = isinstance(parameters, list)
        key = (statement, many, *(parameters[0] if many else parameters))
        if key not in self._same:
            if len(self._same) == MOST:
                self._same.clear()
            self._same[key] = self._prepare(statement, key[2:], many=many)
        return self._same[key]

    def _prepare(
        self, statement: Executable, names: Sequence[str], *, many: bool = False
    ) -> "tuple[Prepared | None, Sequence[Any]]":
        """A statement like this one, and the values that stand in it; ``names``: those that are given to it."""
        found: Any = statement
        compiled, extracted, collected, _ = found._compile_w_cache(
            self._slow.dialect, compiled_cache=self._known, column_keys=sorted(names), for_executemany=many
        )
        if collected:
            return None, ()
        if extracted is None:  # SQLAlchemy knows no other statement like it
            return Prepared.of(compiled, frozenset(names)) if names else None, ()
        if compiled not in self._prepared:
            self._prepared[compiled] = Prepared.of(compiled, frozenset(names))
        return self._prepared[compiled], extracted


@dataclass(frozen=True)
class Slot:
    """A value in a statement and what is done to it: one given by name, one in its place, or always the same."""

    name: str | None
    place: int | None
    usual: Any
    is_list: bool
    to: Processor | None

    def value(self, extracted: Sequence[Any], given: Given) -> Any:
        """What stands there this time; of a list each one."""
        if self.name is not None:
            value = given[self.name]
        else:
            value = self.usual if self.place is None else extracted[self.place].effective_value
        if self.to is None:
            return value
        return [self.to(one) for one in value] if self.is_list else self.to(value)


class Prepared:
    """A compiled statement, and where in a statement like it each of its values stands."""

    def __init__(
        self, compiled: Any, values: list[Slot], row: type[Any], results: list[Processor | None]
    ) -> None:
        self._compiled, self._values, self._row = compiled, values, row
        self._results = [(place, to) for place, to in enumerate(results) if to is not None]
        self._texts: dict[tuple[int, ...], str] = {}
        self._lists = any(slot.is_list for slot in values)

    @classmethod
    def of(cls, compiled: Any, names: frozenset[str]) -> "Prepared | None":
        """None for a statement of which more would have to be known than is known here."""
        if compiled.literal_execute_params or compiled.update_prefetch or compiled.effective_returning:
            return None
        usual = {column.key: column.default for column in compiled.insert_prefetch}
        if not all(default is not None and default.is_scalar for default in usual.values()):
            return None
        places = {}
        if compiled.cache_key is not None:
            match, _ = compiled._cache_key_bind_match
            places = {
                bound: place
                for place, key in enumerate(compiled.cache_key.bindparams)
                for bound in match[key]
            }
        values = []
        for name in compiled.positiontup:
            bound, to = compiled.binds[name], compiled._bind_processors.get(name)
            if bound.key in names:
                values.append(Slot(bound.key, None, None, bound.expanding, to))
            elif bound.key in usual:
                values.append(Slot(None, None, usual[bound.key].arg, bound.expanding, to))
            elif bound.required:
                return None
            else:
                values.append(Slot(None, places.get(bound), bound.effective_value, bound.expanding, to))
        columns = compiled._result_columns or []
        dialect = compiled.dialect
        row = _row_type(tuple(column.keyname for column in columns))
        results = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in columns]
        return cls(compiled, values, row, results)

    def execute(self, raw: sqlite3.Connection, extracted: Sequence[Any], given: Given) -> "QuickResult":
        """The result with the values of this moment."""
        if not self._lists:
            cursor = raw.execute(
                self._compiled.string, [slot.value(extracted, given) for slot in self._values]
            )
            return QuickResult(cursor, self._row, self._results)
        values: list[Any] = []
        lengths: list[int] = []
        for slot in self._values:
            value = slot.value(extracted, given)
            if slot.is_list:
                lengths.append(len(value))
                values += value
            else:
                values.append(value)
        cursor = raw.execute(self._text(tuple(lengths), extracted, given), values)
        return QuickResult(cursor, self._row, self._results)

    def execute_many(
        self, raw: sqlite3.Connection, extracted: Sequence[Any], rows: Sequence[Given]
    ) -> "QuickResult":
        """The statement for each of these rows."""
        assert not self._lists, "a list in a statement for many rows"
        values = ([slot.value(extracted, row) for slot in self._values] for row in rows)
        return QuickResult(raw.executemany(self._compiled.string, values), self._row, self._results)

    def _text(self, lengths: tuple[int, ...], extracted: Sequence[Any], given: Given) -> str:
        if lengths not in self._texts:
            params = self._compiled.construct_params(
                given, extracted_parameters=extracted, escape_names=False
            )
            expanded = self._compiled._process_parameters_for_postcompile(params)
            self._texts[lengths] = expanded.statement
        return self._texts[lengths]


class QuickResult:
    """The rows of a statement, fetched one by one as by SQLAlchemy."""

    def __init__(
        self, cursor: sqlite3.Cursor, row: type[Any], results: Sequence[tuple[int, Processor]]
    ) -> None:
        self._cursor, self._make, self._results = cursor, row._make, results

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[Any]:
        if not self._results:
            return map(self._make, self._cursor)
        return map(self._processed, self._cursor)

    def _processed(self, found: tuple[Any, ...]) -> Any:
        values = list(found)
        for place, to in self._results:
            values[place] = to(values[place])
        return self._make(values)

    def all(self) -> list[Any]:
        return list(self)

    def first(self) -> Any:
        """The first row or None; the rest is not looked at."""
        found = next(iter(self), None)
        self._cursor.close()
        return found

    def scalars(self) -> Iterator[Any]:
        return (row[0] for row in self)

    def partitions(self, size: int) -> Iterator[list[Any]]:
        rows = iter(self)
        while part := list(islice(rows, size)):
            yield part

    def scalar_one_or_none(self) -> Any:
        found = list(islice(self, 2))
        self._cursor.close()
        if len(found) > 1:
            raise MultipleResultsFound
        return found[0][0] if found else None

    def scalar_one(self) -> Any:
        found = list(islice(self, 2))
        self._cursor.close()
        if len(found) != 1:
            raise MultipleResultsFound if found else NoResultFound
        return found[0][0]


@cache
def _row_type(names: tuple[str, ...]) -> type[Any]:
    """Rows with these columns, also by name."""

    def mapping(found: tuple[Any, ...]) -> Mapping[str, Any]:
        return dict(zip(names, found, strict=True))

    row: Any = namedtuple("row", names)  # type: ignore[misc]  # the names are known only now
    return type("Row", (row,), {"__slots__": (), "_mapping": property(mapping)})
