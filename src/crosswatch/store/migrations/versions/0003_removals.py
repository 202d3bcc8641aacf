"""What removals need to be proved, writes that somebody allowed, and plans that are shown before they are done."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_BASE = (
    "lane, title, source_value, target_value, source_stamp, target_stamp, source_native, target_native, "
    "since, version, ours, kept, looked_at"
)
_JOURNAL = (
    "run, seq, lane, feature, side, account_uid, title, native_id, action, before, expected, wanted, other_value, "
    "other_stamp, other_native, ours, state, sent_at, done_at, outcome, code, words"
)
_READING = "feature, title, value, stamp, date, precision, native_id, seen_at"
_SNAPSHOT = "feature, whole, gap, total, reason, taken_at, cursor"


def upgrade() -> None:
    """Tables are made anew, since SQLite adds a column in another form than it makes a table with it."""
    _base()
    _journal()
    _plans()
    _readings()


def _base() -> None:
    """What was agreed before has no marks: a title that was rated then counts as taken off by its service."""
    op.drop_index("ix_base_title", "base")
    op.execute("CREATE TABLE base_before AS SELECT * FROM base")
    op.drop_table("base")
    op.create_table(
        "base",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("source_value", sa.Integer(), nullable=True),
        sa.Column("target_value", sa.Integer(), nullable=True),
        sa.Column("source_stamp", sa.BigInteger(), nullable=True),
        sa.Column("target_stamp", sa.BigInteger(), nullable=True),
        sa.Column("source_native", sa.Text(), nullable=False),
        sa.Column("target_native", sa.Text(), nullable=False),
        sa.Column("source_mark", sa.Text(), nullable=False),
        sa.Column("target_mark", sa.Text(), nullable=False),
        sa.Column("source_gap", sa.Integer(), nullable=False),
        sa.Column("target_gap", sa.Integer(), nullable=False),
        sa.Column("source_missing_at", sa.BigInteger(), nullable=False),
        sa.Column("target_missing_at", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lane"], ["lane.id"], name=op.f("fk_base_lane"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_base_title")),
        sa.PrimaryKeyConstraint("lane", "title", name=op.f("pk_base")),
    )
    op.create_index(op.f("ix_base_title"), "base", ["title"], unique=False)
    new = "source_mark, target_mark, source_gap, target_gap, source_missing_at, target_missing_at"
    op.execute(f"INSERT INTO base ({_BASE}, {new}) SELECT {_BASE}, '', '', 0, 0, 0, 0 FROM base_before")  # noqa: S608
    op.drop_table("base_before")


def _journal() -> None:
    op.drop_index("ix_journal_lane", "journal")
    op.drop_index("ix_journal_state", "journal")
    op.execute("CREATE TABLE journal_before AS SELECT * FROM journal")
    op.drop_table("journal")
    op.create_table(
        "journal",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("account_uid", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=True),
        sa.Column("other_value", sa.Integer(), nullable=True),
        sa.Column("other_stamp", sa.BigInteger(), nullable=True),
        sa.Column("other_native", sa.Text(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("approved", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_journal_run")),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_journal_title")),
        sa.PrimaryKeyConstraint("run", "seq", name=op.f("pk_journal")),
    )
    op.create_index(op.f("ix_journal_lane"), "journal", ["lane"], unique=False)
    op.create_index("ix_journal_state", "journal", ["state", "account_uid"], unique=False)
    copied = f"SELECT {_JOURNAL}, '', false FROM journal_before"  # noqa: S608
    op.execute(f"INSERT INTO journal ({_JOURNAL}, cause, approved) {copied}")
    op.drop_table("journal_before")


def _plans() -> None:
    op.create_table(
        "plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pair", sa.Integer(), nullable=False),
        sa.Column("pair_name", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("applied_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_plan_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_plan_pair"), "plan", ["pair"], unique=False)
    op.create_table(
        "plan_lane",
        sa.Column("plan", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("source_uid", sa.Text(), nullable=False),
        sa.Column("target_uid", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name=op.f("fk_plan_lane_plan"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("plan", "feature", name=op.f("pk_plan_lane")),
    )
    op.create_table(
        "plan_item",
        sa.Column("plan", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=True),
        sa.Column("other_value", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("proved_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plan"], ["plan.id"], name=op.f("fk_plan_item_plan"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_plan_item_title")),
        sa.PrimaryKeyConstraint("plan", "seq", name=op.f("pk_plan_item")),
    )


def _readings() -> None:
    """A snapshot belongs to the account of a service, not to the name under which it is connected."""
    op.drop_index("ix_reading_title", "reading")
    for table in ("reading", "snapshot"):
        op.execute(f"CREATE TABLE {table}_before AS SELECT * FROM {table}")  # noqa: S608
        op.drop_table(table)
    op.create_table(
        "reading",
        sa.Column("account_uid", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=True),
        sa.Column("date", sa.BigInteger(), nullable=True),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_reading_title")),
        sa.PrimaryKeyConstraint("account_uid", "feature", "title", name=op.f("pk_reading")),
    )
    op.create_index(op.f("ix_reading_title"), "reading", ["title"], unique=False)
    op.create_table(
        "snapshot",
        sa.Column("account_uid", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("gap", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account_uid", "feature", name=op.f("pk_snapshot")),
    )
    for table, columns in (("reading", _READING), ("snapshot", _SNAPSHOT)):
        copied = f"SELECT a.uid, {columns} FROM {table}_before b JOIN account a ON a.id = b.account"  # noqa: S608
        op.execute(f"INSERT OR IGNORE INTO {table} (account_uid, {columns}) {copied}")
        op.drop_table(f"{table}_before")
