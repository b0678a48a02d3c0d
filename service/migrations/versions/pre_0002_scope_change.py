"""Scope editions that are drafted and adopted here, and what judging again needs to know of its own work."""

from __future__ import annotations

from itertools import chain
from typing import Final

from alembic import op

from service.migrations.scripts import run_script, script_of
from service.storage.roles import NATIONAL
from service.storage.row_security import own_force, read_all

revision = "pre_0002"
down_revision = "pre_0001"
branch_labels = None
depends_on = None

FORCE_OWNED: Final = ("judging_problem",)
NATIONAL_READS: Final = ("judging_problem",)


def upgrade() -> None:
    connection = op.get_bind()
    run_script(connection, script_of("second", "scope.sql"))
    policies = chain(own_force(FORCE_OWNED), read_all(NATIONAL_READS, NATIONAL))
    run_script(connection, ";\n".join(policies))


def downgrade() -> None:
    raise NotImplementedError("tallies and confirmations would be lost; restore a backup instead")
