"""Editions of the terms of reference that are drafted and adopted here."""

from __future__ import annotations

from alembic import op

from service.migrations.scripts import run_script, script_of

revision = "pre_0003"
down_revision = "pre_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    run_script(op.get_bind(), script_of("third", "terms.sql"))


def downgrade() -> None:
    raise NotImplementedError("what the bodies said of the terms would be lost; restore a backup instead")
