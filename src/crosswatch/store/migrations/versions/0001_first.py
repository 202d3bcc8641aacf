"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Makes every table."""
    op.create_table(
        "account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("provider", "instance", name=op.f("uq_account_provider_instance")),
    )
    op.create_table(
        "lease",
        sa.Column("account_uid", sa.Text(), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("run", sa.Integer(), nullable=True),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account_uid", name=op.f("pk_lease")),
    )
    op.create_table(
        "pending",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("sealed_token", sa.Text(), nullable=False),
        sa.Column("sealed_key", sa.Text(), nullable=False),
        sa.Column("state_hash", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("finisher", sa.Text(), nullable=False),
        sa.Column("finishing_until", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("provider", "instance", name=op.f("pk_pending")),
    )
    op.create_table(
        "process",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pair", sa.Integer(), nullable=False),
        sa.Column("pair_name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("waiting_for", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("phase_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("trigger", sa.Text(), nullable=False),
        sa.Column("plan", sa.Integer(), nullable=True),
        sa.Column("requests", sa.Integer(), nullable=False),
        sa.Column("attention", sa.Integer(), nullable=False),
        sa.Column("cancel", sa.Boolean(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_run_pair"), "run", ["pair"], unique=False)
    op.create_index(op.f("ix_run_status"), "run", ["status"], unique=False)
    op.create_table(
        "title",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("show_id", sa.Integer(), nullable=True),
        sa.Column("season", sa.Integer(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("poster", sa.Text(), nullable=False),
        sa.Column("merged_into", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["merged_into"], ["title.id"], name=op.f("fk_title_merged_into")),
        sa.ForeignKeyConstraint(["show_id"], ["title.id"], name=op.f("fk_title_show_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_title")),
        sa.UniqueConstraint("show_id", "season", "number", name=op.f("uq_title_show_id_season_number")),
    )
    op.create_table(
        "user",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user")),
        sa.UniqueConstraint("name", name=op.f("uq_user_name")),
    )
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
    op.create_table(
        "last_write",
        sa.Column("account_uid", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_last_write_title")),
        sa.PrimaryKeyConstraint("account_uid", "feature", "title", name=op.f("pk_last_write")),
    )
    op.create_table(
        "pair",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("source", sa.Integer(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("kinds", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["source"], ["account.id"], name=op.f("fk_pair_source")),
        sa.ForeignKeyConstraint(["target"], ["account.id"], name=op.f("fk_pair_target")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair")),
        sa.UniqueConstraint("name", name=op.f("uq_pair_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reading",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("stamp", sa.BigInteger(), nullable=True),
        sa.Column("date", sa.BigInteger(), nullable=True),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("native_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name=op.f("fk_reading_account"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_reading_title")),
        sa.PrimaryKeyConstraint("account", "feature", "title", name=op.f("pk_reading")),
    )
    op.create_index(op.f("ix_reading_title"), "reading", ["title"], unique=False)
    op.create_table(
        "run_lane",
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["run"], ["run.id"], name=op.f("fk_run_lane_run")),
        sa.PrimaryKeyConstraint("run", "feature", name=op.f("pk_run_lane")),
    )
    op.create_table(
        "session",
        sa.Column("token_hash", sa.Text(), nullable=False),
        sa.Column("user", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["user.id"], name=op.f("fk_session_user"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index(op.f("ix_session_user"), "session", ["user"], unique=False)
    op.create_table(
        "snapshot",
        sa.Column("account", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.Column("gap", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account"], ["account.id"], name=op.f("fk_snapshot_account"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("account", "feature", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "title_id",
        sa.Column("namespace", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_title_id_title")),
        sa.PrimaryKeyConstraint("namespace", "kind", "value", name=op.f("pk_title_id")),
    )
    op.create_index(op.f("ix_title_id_title"), "title_id", ["title"], unique=False)
    op.create_table(
        "tracker_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instance", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("date", sa.BigInteger(), nullable=True),
        sa.Column("precision", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_tracker_item_title")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tracker_item")),
        sa.UniqueConstraint(
            "instance", "feature", "title", name=op.f("uq_tracker_item_instance_feature_title")
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "lane",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("pair", sa.Integer(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("settings_hash", sa.Text(), nullable=False),
        sa.Column("source_uid", sa.Text(), nullable=False),
        sa.Column("target_uid", sa.Text(), nullable=False),
        sa.Column("source_label", sa.Text(), nullable=False),
        sa.Column("target_label", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["pair"], ["pair.id"], name=op.f("fk_lane_pair"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lane")),
        sa.UniqueConstraint("pair", "feature", name=op.f("uq_lane_pair_feature")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "attention",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=True),
        sa.Column("title", sa.Integer(), nullable=True),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["lane"], ["lane.id"], name=op.f("fk_attention_lane"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_attention_title")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attention")),
        sqlite_autoincrement=True,
    )
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
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("ours", sa.Boolean(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("rated", sa.Boolean(), nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lane"], ["lane.id"], name=op.f("fk_base_lane"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_base_title")),
        sa.PrimaryKeyConstraint("lane", "title", name=op.f("pk_base")),
    )
    op.create_index(op.f("ix_base_title"), "base", ["title"], unique=False)
    op.create_table(
        "unmatched",
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("next_try", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["lane"], ["lane.id"], name=op.f("fk_unmatched_lane"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_unmatched_title")),
        sa.PrimaryKeyConstraint("lane", "title", name=op.f("pk_unmatched")),
    )
