-- What one sealed return counts to under one scope edition: the national picture is sums of these rows.

create table tally (
    force smallint not null,
    return_id uuid not null,
    edition smallint not null references scope_edition (id),
    origin text not null check (origin in ('judged', 'attested')),
    position bigint not null,
    counted bigint not null,
    not_counted bigint not null,
    open_cells integer not null,
    primary key (force, return_id, edition),
    foreign key (force, return_id) references case_return (force, id)
);
comment on column tally.not_counted is 'Cases and cells outside the years in which their part counts: detail, shown beside.';
comment on column tally.open_cells is 'Aggregate cells whose number was not provided: the most is then open (semantics 28).';

-- One row a margin and value. margin 0: verdict and stage (ruling folded to -1, 0, 1); 1: ruling and stage; 2: ruling and
-- setting; 3: ruling and year. dimension: the code's ordinal, or the year; null: not known.
create table tally_cell (
    force smallint not null,
    return_id uuid not null,
    edition smallint not null,
    margin smallint not null,
    ruling integer not null,
    dimension integer,
    weight bigint not null
);
create index tally_cell_of on tally_cell (force, return_id, edition, margin);

-- What the stock of a return came to under each live edition when its draft last changed (service/tally/stock.py): the
-- seal takes it over, and the next return is counted on top of it. It says nothing that could not be judged again.
create table judged_stock (
    force smallint not null,
    return_id uuid not null,
    edition smallint not null references scope_edition (id),
    draft bigint not null,
    judged_by bytea not null,
    groups json not null,
    primary key (force, return_id, edition),
    foreign key (force, return_id) references case_return (force, id)
);
comment on column judged_stock.draft is 'The draft_version that was judged.';
comment on column judged_stock.judged_by is 'Digest of what judging depends on besides the rows.';

-- The rows of a return that name other forces; who is counted is decided when they are joined (semantics 29).
create table shared_row (
    force smallint not null,
    return_id uuid not null,
    edition smallint not null,
    case_id uuid not null,
    shared_ref text not null,
    shared_with bigint,
    lead integer,
    ruling integer not null,
    stage integer,
    setting integer,
    year integer,
    primary key (force, return_id, edition, case_id),
    foreign key (force, return_id, edition) references tally (force, return_id, edition)
);

-- What a seal, or a change of scope, moved: filled from the first change of scope on (semantics 33).
create table transition (
    force smallint not null,
    return_id uuid not null,
    edition smallint not null,
    kind text not null,
    ruling_before integer,
    stage_before integer,
    ruling_after integer,
    stage_after integer,
    weight bigint not null
);
create index transition_of on transition (force, return_id, edition);
create table flip (
    force smallint not null,
    return_id uuid not null,
    edition_before smallint not null,
    edition_after smallint not null,
    ruling_before integer not null,
    ruling_after integer not null,
    weight bigint not null
);
create index flip_of on flip (force, return_id, edition_after);

grant select, insert, update, delete on judged_stock to case_returns_app;
grant select, insert on tally, tally_cell, shared_row, transition, flip to case_returns_app;
grant select on tally, tally_cell, shared_row, transition, flip to case_returns_national, case_returns_judge;
