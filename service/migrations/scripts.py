"""Run SQL that stands in files, from inside a migration."""

from __future__ import annotations

from importlib.resources import files
from typing import Any

import asyncpg
from sqlalchemy import Connection

_FOLDER = files("service.migrations")


def run_script(connection: Connection, sql: str) -> None:
    """Run a text of several statements within the connection's transaction (the driver prepares only single ones)."""
    connection.exec_driver_sql("select 1")  # the driver begins its transaction with the first statement
    adapted: Any = connection.connection.dbapi_connection
    try:
        adapted.run_async(lambda driver: driver.execute(sql))
    except asyncpg.PostgresError as error:
        if at := getattr(error, "position", None):
            before = sql[: int(at) - 1]
            error.add_note(f"line {before.count(chr(10)) + 1}: {sql[int(at) - 1 :].partition(chr(10))[0]}")
        raise


def script_of(folder: str, name: str) -> str:
    """The text of one file of a migration."""
    return (_FOLDER / folder / name).read_text(encoding="utf-8")
