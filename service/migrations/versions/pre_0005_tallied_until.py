"""Until when a superseded edition is tallied is written by those who draft it."""

from __future__ import annotations

from alembic import op

from service.migrations.scripts import run_script, script_of

revision = "pre_0005"
down_revision = "pre_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), script_of("fifth", "scope.sql"))


def downgrade() -> None:
    raise NotImplementedError("until when editions are tallied would be lost; restore a backup instead")
