"""The tables of the audit log, as its migration makes them (``audit.sql``). Only ``log.py`` uses them."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, DateTime, LargeBinary, MetaData, SmallInteger, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

audit_entry = Table(
    "audit_entry",
    metadata,
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("position", BigInteger),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("force", SmallInteger),
    Column("subject", Text),
    Column("details", JSONB, nullable=False),
    Column("entry", LargeBinary, nullable=False),
    Column("leaf", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
)

audit_head = Table(
    "audit_head",
    metadata,
    Column("single", Boolean, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("frontier", ARRAY(LargeBinary), nullable=False),
    Column("root", LargeBinary, nullable=False),
)
