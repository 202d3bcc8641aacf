"""Whether a reading has shown what was last written."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """What was written before is taken as seen: only writes from now on can show that a grid is wrong.

    The table is made anew, since SQLite adds a column in another form than it makes a table with it.
    """
    op.execute("CREATE TABLE last_write_before AS SELECT * FROM last_write")
    op.drop_table("last_write")
    op.create_table(
        "last_write",
        sa.Column("account_uid", sa.Text(), nullable=False),
        sa.Column("feature", sa.Text(), nullable=False),
        sa.Column("title", sa.Integer(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("confirmed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["title"], ["title.id"], name=op.f("fk_last_write_title")),
        sa.PrimaryKeyConstraint("account_uid", "feature", "title", name=op.f("pk_last_write")),
    )
    op.execute(
        "INSERT INTO last_write SELECT account_uid, feature, title, value, at, true FROM last_write_before"
    )
    op.drop_table("last_write_before")
