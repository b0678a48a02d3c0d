-- A return and everything that an open one is made of. Only service/returns writes these tables, but for the last two
-- statements of a seal. The typed columns of the draft, the cells and the workforce rows are added by `migrate`
-- from the contracts.

create table case_return (
    force smallint not null,
    id uuid not null default gen_random_uuid(),
    period date not null check (extract(day from period) = 1),
    revision integer not null check (revision >= 1),
    state text not null check (state in ('open', 'sealed', 'superseded', 'withdrawn')),
    contract_version text not null references contract_version (version),
    case_years integer[],
    case_year_unknown boolean not null default true,
    base_id uuid,
    branch_of uuid,
    line integer,
    draft_version bigint not null default 1,
    held_last integer not null default 0,
    compared_line integer,
    own_aggregates boolean not null default false,
    own_workforce boolean not null default false,
    judged_by text not null default '{}',
    summary jsonb not null default '{}',
    opened_at timestamptz not null,
    opened_by text not null,
    sealed_at timestamptz,
    sealed_position bigint,
    sealed_draft bigint,
    digest bytea,
    receipt json,
    withdrawn_at timestamptz,
    withdrawn_position bigint,
    withdrawn_reason text,
    primary key (force, id),
    unique (force, period, revision),
    foreign key (force, base_id) references case_return (force, id),
    foreign key (force, branch_of) references case_return (force, id),
    check ((state in ('sealed', 'superseded')) <= (receipt is not null and sealed_position is not null))
);
create unique index case_return_one_open on case_return (force, period) where state = 'open';
create index case_return_by_position on case_return (sealed_position) where sealed_position is not null;
comment on column case_return.case_years is 'The years that the case part covers; null: all (semantics 27).';
comment on column case_return.base_id is 'The sealed return whose stock this one starts from.';
comment on column case_return.branch_of is 'Set where a period older than the newest is revised (semantics 15).';
comment on column case_return.compared_line is
    'The end of the main line that the last file of cases was compared with; when the line ends elsewhere now, the file
    must be sent again before the seal.';
comment on column case_return.held_last is 'The highest number that a held row of this return ever had: none is given twice.';
comment on column case_return.own_aggregates is 'The force sent this part for this return; otherwise it is its base''s.';
comment on column case_return.judged_by is 'How the rules that its findings are of differ from its contract version''s, by notice.';
comment on column case_return.line is 'Its number on the force''s main line, given at the seal.';
comment on column case_return.sealed_draft is 'The draft_version that was signed: sealing it again gives the same receipt.';

create table draft_case (
    force smallint not null,
    return_id uuid not null,
    case_id uuid not null,
    contract_version text not null,
    source_row integer,
    digest bytea not null,
    empties jsonb,
    primary key (force, return_id, case_id)
);
comment on column draft_case.source_row is
    'Where it stood in the file; null: it was rewritten in a newer contract version, and must be sent again.';
comment on table draft_case is 'No foreign key: checking one row by row would cost half of the insert, and every writer holds the return''s lock.';

-- Cases that the return no longer holds: asked by a snapshot (answer null until the force says), or deleted one by one.
create table draft_withdrawal (
    force smallint not null,
    return_id uuid not null,
    case_id uuid not null,
    source text not null check (source in ('snapshot', 'deletion')),
    answer text check (answer in ('keep', 'withdraw')),
    reason text,
    words text,
    primary key (force, return_id, case_id),
    foreign key (force, return_id) references case_return (force, id),
    check ((answer = 'withdraw') <= (reason is not null))
);

create table held_row (
    force smallint not null,
    return_id uuid not null,
    n integer not null,
    part text not null,
    row integer not null,
    key text,
    text text not null,
    set_aside text,
    set_aside_words text,
    set_aside_by text,
    freed_by text,
    primary key (force, return_id, n),
    foreign key (force, return_id) references case_return (force, id)
);

comment on column held_row.freed_by is 'The rule notices since which no rule holds the row: it can be sent again as it is.';

create table finding (
    force smallint not null,
    return_id uuid not null,
    id bigint generated always as identity,
    part smallint not null,
    row integer not null,
    rule text not null,
    severity smallint not null,
    field text,
    value text,
    key text,
    case_id uuid,
    held_n integer,
    bound bytea,
    notice text,
    primary key (force, return_id, id)
);
comment on column finding.part is '0 case, 1 aggregate, 2 workforce, 3 the whole return: the order of listing.';
comment on column finding.notice is 'The rule notice that gave it this severity, where one did.';
comment on column finding.bound is 'Digest of the values of the rule''s fields: an answer holds as long as it is the same.';

-- Answers outlive the return they were given in: they are bound to rule, case and values (semantics 23).
create table answer (
    force smallint not null,
    rule text not null,
    case_id uuid not null,
    bound bytea not null,
    words text not null,
    specific boolean not null,
    first_id uuid not null,
    return_id uuid not null,
    answered_by text not null,
    answered_at timestamptz not null,
    primary key (force, rule, case_id, bound)
);
comment on column answer.first_id is 'The return in which these values were first explained; return_id: the last.';

create table dispute (
    force smallint not null,
    id uuid not null default gen_random_uuid(),
    return_id uuid not null,
    rule text not null,
    key text,
    words text not null,
    raised_by text not null,
    raised_at timestamptz not null,
    primary key (force, id),
    foreign key (force, return_id) references case_return (force, id)
);

create table aggregate_cell (
    force smallint not null,
    return_id uuid not null,
    n integer not null,
    digest bytea not null,
    empties jsonb,
    primary key (force, return_id, n),
    foreign key (force, return_id) references case_return (force, id)
);

create table workforce_row (
    force smallint not null,
    return_id uuid not null,
    n integer not null,
    digest bytea not null,
    empties jsonb,
    primary key (force, return_id, n),
    foreign key (force, return_id) references case_return (force, id)
);

-- The last states of a draft, each as it stood before a file was taken or a state brought back: rows as they were, in
-- tables of their own, so that nothing that reads a draft can meet them (semantics 16).
create table draft_state (
    force smallint not null,
    return_id uuid not null,
    n integer not null,
    kept_at timestamptz not null,
    kept_by text not null,
    before text not null check (before in ('upload', 'restore')),
    part text,
    mode text,
    media text,
    rows integer,
    contract_version text not null,
    case_years integer[],
    case_year_unknown boolean not null,
    base_id uuid,
    compared_line integer,
    own_aggregates boolean not null,
    own_workforce boolean not null,
    judged_by text not null,
    counts jsonb not null,
    primary key (force, return_id, n),
    foreign key (force, return_id) references case_return (force, id)
);
comment on column draft_state.rows is 'Of the file that was taken after it.';

create table kept_case (
    force smallint not null,
    return_id uuid not null,
    kept_as integer not null,
    case_id uuid not null,
    contract_version text not null,
    source_row integer,
    digest bytea not null,
    empties jsonb
);
create table kept_withdrawal (
    force smallint not null,
    return_id uuid not null,
    kept_as integer not null,
    case_id uuid not null,
    source text not null,
    answer text,
    reason text,
    words text
);
create table kept_held (
    force smallint not null,
    return_id uuid not null,
    kept_as integer not null,
    n integer not null,
    part text not null,
    row integer not null,
    key text,
    text text not null,
    set_aside text,
    set_aside_words text,
    set_aside_by text,
    freed_by text
);
create table kept_finding (
    force smallint not null,
    return_id uuid not null,
    kept_as integer not null,
    part smallint not null,
    row integer not null,
    rule text not null,
    severity smallint not null,
    field text,
    value text,
    key text,
    case_id uuid,
    held_n integer,
    bound bytea,
    notice text
);
create table kept_cell (
    force smallint not null,
    return_id uuid not null,
    kept_as integer not null,
    n integer not null,
    digest bytea not null,
    empties jsonb
);
create table kept_workforce (
    force smallint not null,
    return_id uuid not null,
    kept_as integer not null,
    n integer not null,
    digest bytea not null,
    empties jsonb
);
create index kept_case_of_state on kept_case (force, return_id, kept_as);
create index kept_withdrawal_of_state on kept_withdrawal (force, return_id, kept_as);
create index kept_held_of_state on kept_held (force, return_id, kept_as);
create index kept_finding_of_state on kept_finding (force, return_id, kept_as);
create index kept_cell_of_state on kept_cell (force, return_id, kept_as);
create index kept_workforce_of_state on kept_workforce (force, return_id, kept_as);
grant select, insert, delete on draft_state, kept_case, kept_withdrawal, kept_held, kept_finding, kept_cell,
    kept_workforce to case_returns_app;

-- The answers to requests that carried an Idempotency-Key, written in the transaction of their effect (semantics 25).
create table idempotent_answer (
    force smallint not null,
    client text not null,
    method text not null,
    path text not null,
    key text not null,
    request bytea not null,
    status smallint not null,
    body jsonb not null,
    etag text,
    answered_at timestamptz not null,
    primary key (force, client, method, path, key)
);

grant select, insert, update on case_return to case_returns_app;
grant select, insert, update, delete on draft_case, draft_withdrawal, held_row, finding, answer, aggregate_cell,
    workforce_row, idempotent_answer to case_returns_app;
grant select, insert on dispute to case_returns_app;
grant select on case_return, workforce_row to case_returns_national;
grant select (force, id, return_id, rule, words, raised_at) on dispute to case_returns_national;
grant select on case_return, aggregate_cell to case_returns_judge;
