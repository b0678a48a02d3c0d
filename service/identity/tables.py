"""The tables of identity, as their migration makes them (``identity.sql``). Only ``store.py`` uses them."""

from __future__ import annotations

from sqlalchemy import Column, DateTime, LargeBinary, MetaData, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

client = Table(
    "client",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("force_slug", Text),
    Column("body", Text),
    Column("permissions", ARRAY(Text), nullable=False),
    Column("public_key", JSONB, nullable=False),
    Column("created", DateTime(timezone=True), nullable=False),
    Column("disabled", DateTime(timezone=True)),
)

assertion_used = Table(
    "assertion_used",
    metadata,
    Column("client_id", Text, primary_key=True),
    Column("jti", LargeBinary, primary_key=True),
    Column("expires", DateTime(timezone=True), nullable=False),
)
