"""A margin of a tally is one row, and a case that names other forces is judged once for all returns that hold it."""

from __future__ import annotations

from itertools import chain
from typing import Final

from alembic import op

from service.migrations.scripts import run_script, script_of
from service.storage.roles import JUDGE, NATIONAL
from service.storage.row_security import own_force, read_all

revision = "pre_0007"
down_revision = "pre_0006"
branch_labels = None
depends_on = None

FORCE_OWNED: Final = ("tally_margin", "shared_version")

VIEWS: Final = ("tally_cell", "shared_row")
"""What was a table before."""


def upgrade() -> None:
    connection = op.get_bind()
    run_script(connection, script_of("seventh", "tally.sql"))
    policies = chain(own_force(FORCE_OWNED), read_all(FORCE_OWNED, NATIONAL), read_all(FORCE_OWNED, JUDGE))
    run_script(connection, ";\n".join(policies))


def downgrade() -> None:
    raise NotImplementedError("what is written since is not in the older shape; restore a backup instead")
