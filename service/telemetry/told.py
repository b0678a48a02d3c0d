"""Everything that is told of the running service, by name: spans, metrics, log events, and what each carries.

Closed lists: ``docs/how-to/operate.md`` prints them, and tests hold the code to them. What is carried is a count, a
duration, a name of ours (a rule, an edition, a route's template), a force or a period: never what a force sent.
"""

from __future__ import annotations

from typing import Final, Literal

from msgspec import Struct

# What spans and metrics carry. Names with no prefix of ours are those of OpenTelemetry's semantic conventions.
METHOD: Final = "http.request.method"
ROUTE: Final = "http.route"
STATUS: Final = "http.response.status_code"
ERROR: Final = "error.type"
DATABASE: Final = "db.system.name"
OPERATION: Final = "db.operation.name"
TABLE: Final = "db.collection.name"
STATE: Final = "db.response.status_code"
POOL: Final = "db.client.connection.pool.name"
CLIENT: Final = "case_returns.client"
PROBLEM: Final = "case_returns.problem"
FORCE: Final = "case_returns.force"
PERIOD: Final = "case_returns.period"
REVISION: Final = "case_returns.revision"
PART: Final = "case_returns.part"
MODE: Final = "case_returns.mode"
OUTCOME: Final = "case_returns.outcome"
RULE: Final = "case_returns.rule"
SEVERITY: Final = "case_returns.severity"
EDITION: Final = "case_returns.edition"
BYTES: Final = "case_returns.bytes"
ROWS: Final = "case_returns.rows"
BUSY: Final = "case_returns.busy_seconds"

ATTRIBUTES: Final[dict[str, str]] = {
    METHOD: "`GET`, `POST` ...; `_OTHER` for one that HTTP does not know",
    ROUTE: "the template of the route (`/api/forces/{force}/returns`), never the path itself; absent where none fits",
    STATUS: "the status of the answer",
    ERROR: "where it failed: the code of the problem, the SQLSTATE, the status, or the type of the exception",
    DATABASE: "always `postgresql`",
    OPERATION: "the kind of statement: `SELECT`, `INSERT` ...",
    TABLE: "the first table that the statement names, if it does so before any literal",
    STATE: "the SQLSTATE of a statement that failed",
    POOL: "the role whose connections these are: `app`, `national`, `judge`, `owner`",
    CLIENT: "the identifier of the client whose token was valid",
    PROBLEM: "the code of the problem that was answered (`draft-moved`)",
    FORCE: "the force, by its code",
    PERIOD: "the period (`2025-11`)",
    REVISION: "the revision of the return",
    PART: "`case`, `aggregate` or `workforce`",
    MODE: "`changes`, `snapshot` or `replace`",
    OUTCOME: "what became of it",
    RULE: "the id of the rule",
    SEVERITY: "`syntactical`, `validity`, `quality` or `macro`",
    EDITION: "the scope edition",
    BYTES: "bytes",
    ROWS: "rows",
    BUSY: "seconds of work, without the waiting in between",
}
"""What an attribute of a span or a label of a metric says."""


class Span(Struct, frozen=True):
    """One kind of span: its name, the span that it stands in, what it is over, and what it carries."""

    name: str
    within: str
    says: str
    attributes: tuple[str, ...] = ()


REQUEST: Final = "METHOD route"
STATEMENT: Final = "STATEMENT table"
"""The two names that are made: `GET /api/terms`, `SELECT case_return`."""

SPANS: Final = (
    Span(REQUEST, "", "One request, to the last byte of its answer", (METHOD, ROUTE, STATUS, CLIENT, PROBLEM, ERROR)),
    Span("receive", REQUEST, "A body of rows comes in and is written to a file", (BYTES,)),
    Span("upload", REQUEST, "One file is taken into the draft of an open return", (FORCE, PERIOD, PART, MODE)),
    Span("copy", "upload", "Rows are read, and go into the temporary table"),
    Span("decode", "copy", "The file is read into typed rows, ahead of the rest", (ROWS, BUSY)),
    Span(
        "validate", "copy, upload", "Rows find their case and every rule is run: a span of rows, and at last the whole"
    ),
    Span("draft", "upload", "What differs is written into the draft, with findings and held rows"),
    Span("summarise", "a change of a draft", "The draft is judged as it stands, and its counts are kept"),
    Span("beside", "summarise", "Rows are compared with those of the return before, and among themselves"),
    Span("keep-state", "upload, or restore-state", "The draft is kept as it stood before the change"),
    Span("restore-state", REQUEST, "A draft becomes what it was in a state that was kept"),
    Span("seal", REQUEST, "A return is sealed", (FORCE, PERIOD, REVISION)),
    Span("readiness", "seal, or a reading of the return", "What stands in the way of the seal is looked for"),
    Span("versions", "seal", "The draft becomes case versions"),
    Span("tally", "seal", "The return is judged under one scope edition, and counted", (EDITION,)),
    Span("digest", "seal", "The digest of all rows is made"),
    Span("count_recorded", "seal", "How well each field is recorded is counted"),
    Span("rebase", "seal", "Other open drafts of the force are laid over the new base"),
    Span("work_list", REQUEST, "What a force is asked under one edition is counted by attribute"),
    Span("border", REQUEST, "Cases that are one step away from another verdict are counted, and a sample is read"),
    Span("picture", REQUEST, "The national picture is put together"),
    Span("bridge", REQUEST, "What moved between two points is put together"),
    Span("effect", REQUEST, "What a contract version changes in the verdicts of sealed returns is found by simulation"),
    Span("simulate", REQUEST, "What a scope edition would do to the returns that count is counted"),
    Span("commit", "a transaction", "The database makes the transaction durable", (POOL,)),
    Span(STATEMENT, "any", "One statement to the database", (DATABASE, OPERATION, TABLE, POOL, STATE)),
)
"""Every span; each may carry ``error.type`` where it failed."""


class Metric(Struct, frozen=True):
    """One metric. ``unit`` as UCUM has it; ``buckets`` are the bounds of a histogram, in its unit."""

    name: str
    kind: Literal["counter", "up_down_counter", "histogram"]
    unit: str
    says: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


_SHORT: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120)
_WAIT: Final = (0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5)
_LONG: Final = (0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300)

REQUESTS: Final = Metric(
    "http.server.request.duration",
    "histogram",
    "s",
    "Requests, and how long each took",
    (METHOD, ROUTE, STATUS, ERROR),
    _SHORT,
)
ACTIVE: Final = Metric("http.server.active_requests", "up_down_counter", "{request}", "Requests under way", (METHOD,))
UPLOADS: Final = Metric(
    "case_returns.uploads", "counter", "{upload}", "Uploads that were taken or only checked", (PART, MODE, OUTCOME)
)
UPLOADED_ROWS: Final = Metric(
    "case_returns.rows", "counter", "{row}", "Rows of the uploads that were taken", (PART, OUTCOME)
)
FINDINGS: Final = Metric(
    "case_returns.findings", "counter", "{finding}", "Findings of the uploads that were taken", (PART, RULE, SEVERITY)
)
SEALS: Final = Metric(
    "case_returns.seal.duration", "histogram", "s", "Returns that were sealed, and how long each seal took", (), _LONG
)
TALLIES: Final = Metric("case_returns.tallies", "counter", "{tally}", "Tallies that were made by seals", (EDITION,))
POOL_WAIT: Final = Metric(
    "db.client.connection.wait_time", "histogram", "s", "The wait for a database connection", (POOL,), _WAIT
)
POOL_TIMEOUTS: Final = Metric(
    "db.client.connection.timeouts", "counter", "{timeout}", "Requests for which no connection became free", (POOL,)
)

METRICS: Final = (
    REQUESTS, ACTIVE, UPLOADS, UPLOADED_ROWS, FINDINGS, SEALS, TALLIES, POOL_WAIT, POOL_TIMEOUTS
)  # fmt: skip
"""Every metric."""


class Event(Struct, frozen=True):
    """One kind of line in the log: its name, what it says, and the keys beside time, level and trace."""

    name: str
    level: Literal["debug", "info", "warning", "error"]
    says: str
    keys: tuple[str, ...] = ()


EVENTS: Final = (
    Event("service_started", "info", "The service answers", ("version", "address")),
    Event("service_ended", "info", "It takes no more requests, and those under way were answered"),
    Event(
        "request_answered", "info",
        "One request: `route` is its template, `problem` the code that was answered, `error` what cut the answer off",
        ("method", "route", "status", "seconds", "client", "problem", "error"),
    ),
    Event(
        "request_failed", "error",
        "An error that nobody foresaw: its type, the lines that it came through, the reference that the client got",
        ("reference", "errors"),
    ),
    Event("token_issued", "info", "A client got an access token", ("client_id", "scope")),
    Event("token_refused", "info", "A client got none", ("error",)),
    Event(
        "rows_uploaded", "info", "An upload was taken into a draft",
        ("force", "period", "part", "mode", "received", "accepted", "held", "seconds"),
    ),
    Event("return_sealed", "info", "A return was sealed", ("force", "period", "revision", "position", "seconds")),
    Event("returns_judged_again", "info", "Returns that were sealed before were judged under an edition"),
    Event("chain_not_judged", "warning", "A force's returns could not be judged under an edition", ("edition", "kind")),
    Event("scope_switched", "info", "A scope edition came into force in the background", ("edition",)),
    Event("terms_switched", "info", "An edition of the terms came into force in the background", ("edition",)),
    Event("judging_waits", "warning", "Judging again could not go on, and is tried again", ("kind",)),
    Event("forgotten_database_server_ended", "warning", "What a killed service left was ended", ("pid", "cluster")),
    Event("database_server_ended", "error", "The embedded database server ended by itself", ("status", "cluster")),
    Event("database_server_restarted", "warning", "It was started again", ("cluster",)),
    Event("database_server_not_restarted", "error", "It could not be started again", ("cluster", "errors")),
    Event(
        "library_reported", "warning",
        "A library says something, by its template alone: what it was about may be a force's",
        ("says", "at", "errors"),
    ),
)  # fmt: skip
"""Every event that the service logs."""
