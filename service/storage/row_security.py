"""Row-level security as statements: whose rows a role sees, said once for every table.

A migration applies these to its tables; a test asks the catalogue whether any table with a ``force`` column was
forgotten. FORCE makes the owner subject to the policies too, so that a slip in a migration shows nothing instead of
everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from service.storage.roles import APP, quoted

OWN_FORCE: Final = "own_force"

CURRENT_FORCE: Final = "(select nullif(current_setting('app.force', true), '')::smallint)"
"""The force of this transaction; unset is null, and null equals nothing: no rows.

After a transaction that set it the setting is '', not null, hence the ``nullif``. The sub-select is evaluated once a
query instead of once a row.
"""


def own_force(tables: Iterable[str]) -> Iterator[str]:
    """Statements by which the application role sees and writes, in each table, the rows of its transaction's force."""
    for table in tables:
        yield f"alter table {quoted(table)} enable row level security"
        yield f"alter table {quoted(table)} force row level security"
        yield (
            f"create policy {OWN_FORCE} on {quoted(table)} to {APP} "
            f"using (force = {CURRENT_FORCE}) with check (force = {CURRENT_FORCE})"
        )


def of_no_force(tables: Iterable[str], role: str) -> Iterator[str]:
    """Statements by which ``role`` sees and writes, in each table, the rows that belong to no force."""
    for table in tables:
        yield (
            f"create policy {quoted('of_no_force')} on {quoted(table)} to {role} "
            "using (force is null) with check (force is null)"
        )


def read_all(tables: Iterable[str], role: str) -> Iterator[str]:
    """Statements by which ``role`` may read the rows of every force; the grant itself is the table's own affair."""
    for table in tables:
        yield f"create policy {quoted('read_by_' + role)} on {quoted(table)} for select to {role} using (true)"
