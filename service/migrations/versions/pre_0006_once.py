"""Answers to requests of national bodies that carried an Idempotency-Key."""

from __future__ import annotations

from typing import Final

from alembic import op

from service.migrations.scripts import run_script, script_of
from service.storage.roles import NATIONAL
from service.storage.row_security import of_no_force

revision = "pre_0006"
down_revision = "pre_0005"
branch_labels = None
depends_on = None

NATIONAL_OWNED: Final = ("idempotent_answer",)
"""Tables of which the national role sees and writes the rows that belong to no force."""


def upgrade() -> None:
    connection = op.get_bind()
    run_script(connection, script_of("sixth", "once.sql"))
    run_script(connection, ";\n".join(of_no_force(NATIONAL_OWNED, NATIONAL)))


def downgrade() -> None:
    raise NotImplementedError("answers that bodies may still ask for would be lost; restore a backup instead")
