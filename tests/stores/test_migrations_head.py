"""The revision at which a database is left alone is the newest one that there is."""

from __future__ import annotations

from alembic.script import ScriptDirectory

from service.migrations.migrate import HEAD, alembic_config


def test_the_head_that_is_written_down_is_that_of_the_scripts() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [HEAD]
