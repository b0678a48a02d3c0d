-- A return's tally is hundreds of numbers, and the cases of a force that name others hardly change from one return to the
-- next. Both are kept once: a margin of a tally as one row of three lists, and what a case version comes to, as long as
-- it holds. Who reads them reads what was read until now, by two views.

create table tally_margin (
    force smallint not null,
    return_id uuid not null,
    edition smallint not null,
    margin smallint not null,
    rulings integer[] not null,
    dimensions integer[] not null,
    weights bigint[] not null,
    primary key (force, return_id, edition, margin),
    foreign key (force, return_id, edition) references tally (force, return_id, edition),
    check (cardinality(rulings) = cardinality(weights) and cardinality(dimensions) = cardinality(weights))
);
comment on table tally_margin is 'Lists of one length, an entry a value: its ruling, its dimension (null: not known) and its weight.';

-- What a version of a case that names other forces comes to under an edition; who is counted is decided when they are
-- joined (semantics 29). line_to is that of its case version.
create table shared_version (
    force smallint not null,
    edition smallint not null,
    case_id uuid not null,
    line_from integer not null,
    line_to integer not null,
    shared_ref text not null,
    shared_with bigint,
    lead integer,
    ruling integer not null,
    stage integer,
    setting integer,
    year integer,
    primary key (force, edition, case_id, line_from)
);

-- The owner is subject to the policies of these four too, and would move nothing.
alter table tally_cell no force row level security;
alter table shared_row no force row level security;
alter table case_return no force row level security;
alter table case_version no force row level security;

insert into tally_margin (force, return_id, edition, margin, rulings, dimensions, weights)
    select force, return_id, edition, margin, array_agg(ruling order by ruling, dimension),
        array_agg(dimension order by ruling, dimension), array_agg(weight order by ruling, dimension)
    from tally_cell group by force, return_id, edition, margin;

-- A case stands once in each return that holds it: every one says the same of the version.
insert into shared_version (force, edition, case_id, line_from, line_to, shared_ref, shared_with, lead, ruling, stage,
        setting, year)
    select distinct on (s.force, s.edition, s.case_id, v.line_from) s.force, s.edition, s.case_id, v.line_from, v.line_to,
        s.shared_ref, s.shared_with, s.lead, s.ruling, s.stage, s.setting, s.year
    from shared_row s join case_return r on r.force = s.force and r.id = s.return_id
    join case_version v on v.force = s.force and v.case_id = s.case_id and v.line_from <= r.line and r.line < v.line_to
    order by s.force, s.edition, s.case_id, v.line_from;

drop table tally_cell;
drop table shared_row;
alter table case_return force row level security;
alter table case_version force row level security;

-- One row a margin and value. margin 0: verdict and stage (ruling folded to -1, 0, 1); 1: ruling and stage; 2: ruling and
-- setting; 3: ruling and year. dimension: the code's ordinal, or the year; null: not known.
create view tally_cell with (security_invoker = true) as
    select m.force, m.return_id, m.edition, m.margin, c.ruling, c.dimension, c.weight
    from tally_margin m cross join lateral unnest(m.rulings, m.dimensions, m.weights) c (ruling, dimension, weight);

-- The cases of a return that name other forces, in the years that its case part covers (semantics 27).
create view shared_row with (security_invoker = true) as
    select s.force, r.id as return_id, s.edition, s.case_id, s.shared_ref, s.shared_with, s.lead, s.ruling, s.stage,
        s.setting, s.year
    from case_return r join shared_version s on s.force = r.force and s.line_from <= r.line and r.line < s.line_to
    where case when r.case_years is null then true when s.year is null then r.case_year_unknown
        else s.year = any(r.case_years) end;

grant select, insert on tally_margin to case_returns_app;
grant select, insert, update (line_to) on shared_version to case_returns_app;
grant select on tally_margin, shared_version to case_returns_national, case_returns_judge;
grant select on tally_cell, shared_row to case_returns_app, case_returns_national, case_returns_judge;
