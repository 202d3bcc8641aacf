"""Every table. Times are UTC milliseconds, ratings hundredths of ten points; migrations/ makes the same schema."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False, default="")


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


account = Table(
    "account",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("provider", Text, nullable=False),
    Column("instance", Text, nullable=False),
    _text("uid"),
    _text("label"),
    _text("state"),
    UniqueConstraint("provider", "instance"),
)

title = Table(
    "title",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("show_id", ForeignKey("title.id")),
    Column("season", Integer),
    Column("number", Integer),
    _text("name"),
    Column("year", Integer),
    _text("poster"),
    Column("merged_into", ForeignKey("title.id")),
    UniqueConstraint("show_id", "season", "number"),
)

title_id = Table(
    "title_id",
    metadata,
    Column("namespace", Text, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("value", Text, primary_key=True),
    Column("title", ForeignKey("title.id"), nullable=False, index=True),
)

pair = Table(
    "pair",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("source", ForeignKey("account.id"), nullable=False),
    Column("target", ForeignKey("account.id"), nullable=False),
    Column("mode", Text, nullable=False),
    Column("enabled", Boolean, nullable=False, default=True),
    Column("kinds", JSON, nullable=False),
    _time("made_at"),
    sqlite_autoincrement=True,
)

lane = Table(
    "lane",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pair", ForeignKey("pair.id", ondelete="CASCADE"), nullable=False),
    Column("feature", Text, nullable=False),
    _flag("enabled"),
    Column("settings", JSON, nullable=False),
    _text("settings_hash"),
    _text("source_uid"),
    _text("target_uid"),
    _text("source_label"),
    _text("target_label"),
    UniqueConstraint("pair", "feature"),
    sqlite_autoincrement=True,
)

reading = Table(
    "reading",
    metadata,
    Column("account_uid", Text, primary_key=True),
    Column("feature", Text, primary_key=True),
    Column("title", ForeignKey("title.id"), primary_key=True, index=True),
    Column("value", Integer, nullable=False),
    _time("stamp", nullable=True),
    _time("date", nullable=True),
    _text("precision"),
    _text("native_id"),
    _time("seen_at"),
)

snapshot = Table(
    "snapshot",
    metadata,
    Column("account_uid", Text, primary_key=True),
    Column("feature", Text, primary_key=True),
    _flag("whole"),
    Column("gap", Integer, nullable=False),
    Column("total", Integer, nullable=False),
    _text("reason"),
    _time("taken_at"),
    Column("cursor", Text),
)

base = Table(
    "base",
    metadata,
    Column("lane", ForeignKey("lane.id", ondelete="CASCADE"), primary_key=True),
    Column("title", ForeignKey("title.id"), primary_key=True, index=True),
    Column("source_value", Integer),
    Column("target_value", Integer),
    _time("source_stamp", nullable=True),
    _time("target_stamp", nullable=True),
    _text("source_native"),
    _text("target_native"),
    _text("source_mark"),
    _text("target_mark"),
    Column("source_gap", Integer, nullable=False, default=0),
    Column("target_gap", Integer, nullable=False, default=0),
    _time("source_missing_at"),
    _time("target_missing_at"),
    _time("since"),
    Column("version", Integer, nullable=False),
    _flag("ours"),
    _flag("kept"),
    _time("looked_at"),
)

process = Table(
    "process",
    metadata,
    Column("id", Text, primary_key=True),
    Column("pid", Integer, nullable=False),
    _text("role"),
    _time("started_at"),
)

run = Table(
    "run",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pair", Integer, nullable=False, index=True),
    _text("pair_name"),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False, index=True),
    _text("phase"),
    _text("feature"),
    _text("waiting_for"),
    Column("done", Integer, nullable=False, default=0),
    Column("total", Integer, nullable=False, default=0),
    _text("code"),
    Column("params", JSON, nullable=False, default=dict),
    _time("started_at"),
    _time("phase_at"),
    _time("finished_at", nullable=True),
    _text("trigger"),
    Column("plan", Integer),
    Column("requests", Integer, nullable=False, default=0),
    Column("attention", Integer, nullable=False, default=0),
    _flag("cancel"),
    _text("process"),
    Column("version", Integer, nullable=False, default=0),
    sqlite_autoincrement=True,
)

run_lane = Table(
    "run_lane",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("feature", Text, primary_key=True),
    Column("counts", JSON, nullable=False),
)

journal = Table(
    "journal",
    metadata,
    Column("run", ForeignKey("run.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("lane", Integer, nullable=False, index=True),
    Column("feature", Text, nullable=False),
    Column("side", Text, nullable=False),
    Column("account_uid", Text, nullable=False),
    Column("title", ForeignKey("title.id"), nullable=False),
    _text("native_id"),
    Column("action", Text, nullable=False),
    Column("before", Integer),
    Column("expected", Integer),
    Column("wanted", Integer),
    Column("other_value", Integer),
    _time("other_stamp", nullable=True),
    _text("other_native"),
    _flag("ours"),
    _text("cause"),
    _flag("approved"),
    Column("state", Text, nullable=False),
    _time("sent_at", nullable=True),
    _time("done_at", nullable=True),
    _text("outcome"),
    _text("code"),
    _text("words"),
    Index("ix_journal_state", "state", "account_uid"),
)

plan = Table(
    "plan",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("pair", Integer, nullable=False, index=True),
    _text("pair_name"),
    Column("run", ForeignKey("run.id"), nullable=False),
    _text("hash"),
    _time("made_at"),
    _time("expires_at"),
    Column("applied_by", Integer),
    sqlite_autoincrement=True,
)

plan_lane = Table(
    "plan_lane",
    metadata,
    Column("plan", ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True),
    Column("feature", Text, primary_key=True),
    Column("lane", Integer, nullable=False),
    _text("rules"),
    _text("source_uid"),
    _text("target_uid"),
    Column("counts", JSON, nullable=False),
)

plan_item = Table(
    "plan_item",
    metadata,
    Column("plan", ForeignKey("plan.id", ondelete="CASCADE"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("feature", Text, nullable=False),
    Column("state", Text, nullable=False),
    _text("side"),
    _text("action"),
    Column("title", ForeignKey("title.id"), nullable=False),
    _text("native_id"),
    Column("before", Integer),
    Column("wanted", Integer),
    Column("other_value", Integer),
    _text("reason"),
    _text("proof"),
    _time("proved_at"),
)

last_write = Table(
    "last_write",
    metadata,
    Column("account_uid", Text, primary_key=True),
    Column("feature", Text, primary_key=True),
    Column("title", ForeignKey("title.id"), primary_key=True),
    Column("value", Integer),
    _time("at"),
    _flag("confirmed"),
)

unmatched = Table(
    "unmatched",
    metadata,
    Column("lane", ForeignKey("lane.id", ondelete="CASCADE"), primary_key=True),
    Column("title", ForeignKey("title.id"), primary_key=True),
    _text("reason"),
    Column("tries", Integer, nullable=False, default=1),
    _time("next_try"),
)

attention = Table(
    "attention",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("lane", ForeignKey("lane.id", ondelete="CASCADE")),
    Column("title", ForeignKey("title.id")),
    Column("data", JSON, nullable=False),
    _time("made_at"),
    _time("answered_at", nullable=True),
    _text("answer"),
    sqlite_autoincrement=True,
)

tracker_item = Table(
    "tracker_item",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("instance", Text, nullable=False),
    Column("feature", Text, nullable=False),
    Column("title", ForeignKey("title.id"), nullable=False),
    Column("value", Integer, nullable=False),
    _time("date", nullable=True),
    _text("precision"),
    _text("origin"),
    _time("changed_at"),
    UniqueConstraint("instance", "feature", "title"),
    sqlite_autoincrement=True,
)

lease = Table(
    "lease",
    metadata,
    Column("account_uid", Text, primary_key=True),
    Column("fence", BigInteger, nullable=False),
    _text("holder"),
    Column("run", Integer),
    _time("until"),
)

pending = Table(
    "pending",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("instance", Text, primary_key=True),
    _text("sealed_token"),
    _text("sealed_key"),
    _text("state_hash"),
    _text("outcome"),
    _time("expires_at"),
    _text("finisher"),
    _time("finishing_until"),
    _time("asked_at"),
)

user = Table(
    "user",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    _time("made_at"),
)

session = Table(
    "session",
    metadata,
    Column("token_hash", Text, primary_key=True),
    Column("user", ForeignKey("user.id", ondelete="CASCADE"), nullable=False, index=True),
    _time("made_at"),
    _time("expires_at"),
)
