"""Why a case version begins: what another force held before is not new to the nation."""

from __future__ import annotations

from alembic import op

from service.migrations.scripts import run_script, script_of

revision = "pre_0004"
down_revision = "pre_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), script_of("fourth", "begun.sql"))


def downgrade() -> None:
    raise NotImplementedError("what was taken over would look newly identified; restore a backup instead")
