"""The first schema: position, audit log, identity, terms, returns, register and tallies, with row-level security."""

from __future__ import annotations

from itertools import chain
from typing import Final

from alembic import op

from service.migrations.scripts import run_script, script_of
from service.storage.roles import JUDGE, NATIONAL
from service.storage.row_security import own_force, read_all

revision = "pre_0001"
down_revision = None
branch_labels = None
depends_on = None

FIRST: Final = ("storage.sql", "audit.sql", "identity.sql", "terms.sql", "returns.sql", "register.sql", "tally.sql")
"""In this order: each may refer to the tables of those before it."""

TALLIES: Final = ("tally", "tally_cell", "shared_row", "transition", "flip")

FORCE_OWNED: Final = (
    "case_return",
    "draft_case",
    "draft_withdrawal",
    "held_row",
    "finding",
    "answer",
    "dispute",
    "aggregate_cell",
    "workforce_row",
    "draft_state",
    "kept_case",
    "kept_withdrawal",
    "kept_held",
    "kept_finding",
    "kept_cell",
    "kept_workforce",
    "idempotent_answer",
    "force_line",
    "case_version",
    "judged_stock",
    *TALLIES,
)
"""Tables whose rows belong to one force: the application role sees and writes its own force's rows alone."""

NATIONAL_READS: Final = ("case_return", "workforce_row", "force_line", "dispute", *TALLIES)
"""Tables of which the national role reads every force's rows. No table that holds a case stands here; of a dispute it
may read everything but which case it is about."""

JUDGED: Final = ("case_return", "aggregate_cell", "force_line", "case_version", *TALLIES)
"""Tables of which the judge role reads every force's rows."""


def upgrade() -> None:
    connection = op.get_bind()
    for name in FIRST:
        run_script(connection, script_of("first", name))
    policies = chain(own_force(FORCE_OWNED), read_all(NATIONAL_READS, NATIONAL), read_all(JUDGED, JUDGE))
    run_script(connection, ";\n".join(policies))


def downgrade() -> None:
    raise NotImplementedError("there is nothing before the first schema; restore a backup instead")
