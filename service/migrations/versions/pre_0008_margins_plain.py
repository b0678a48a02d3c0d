"""A margin of a tally is written as it is: its lists are read with every picture, and squeezing them takes longer than
adding them up."""

from __future__ import annotations

from alembic import op

revision = "pre_0008"
down_revision = "pre_0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # the greatest that there is: what fits on a page stays as it is, and what is longer is squeezed as before
    op.execute("alter table tally_margin set (toast_tuple_target = 8160)")


def downgrade() -> None:
    op.execute("alter table tally_margin reset (toast_tuple_target)")
