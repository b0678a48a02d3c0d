-- The merged current set of cases, each force owning its own rows. A version is stored once and holds for the numbers
-- of the force's main line from line_from up to, and without, line_to; an unchanged case costs nothing in the next
-- period. The typed columns are added by `migrate` from the contracts.

create table force_line (
    force smallint primary key,
    head integer not null default 0,
    return_id uuid,
    foreign key (force, return_id) references case_return (force, id)
);
comment on table force_line is 'The end of each force''s main line; locking its row is the force''s lock.';

create table case_version (
    force smallint not null,
    case_id uuid not null,
    line_from integer not null,
    line_to integer not null default 2147483647,
    contract_version text not null,
    digest bytea not null,
    empties jsonb,
    end_reason text,
    primary key (force, case_id, line_from)
);

grant select, insert, update on force_line, case_version to case_returns_app;
grant select on force_line to case_returns_national;
grant select on force_line, case_version to case_returns_judge;
