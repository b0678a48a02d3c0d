-- What NCA and NPCC published, as this service took it in. The files are the truth; these rows pin what was taken in
-- by its hash, so that the same name with other content is noticed, and say since which position it holds.

create table contract_version (
    version text primary key,
    hash text not null,
    state text not null check (state in ('draft', 'published', 'deprecated', 'retired'))
);

create table scope_edition (
    id smallint generated always as identity primary key,
    name text not null unique,
    hash text not null,
    title text not null,
    vocabulary text not null references contract_version (version),
    state text not null check (state in ('draft', 'proposed', 'in_force', 'superseded', 'rejected')),
    document jsonb not null,
    tallied_until date
);
comment on column scope_edition.tallied_until is 'A superseded edition is tallied on until this day (semantics 32).';

-- Which edition was in force from which position on: the answer to "no scope was named" at any as_of (semantics 24).
create table scope_in_force (
    position bigint primary key,
    edition smallint not null references scope_edition (id)
);

create table terms_edition (
    name text primary key,
    hash text not null,
    title text not null,
    adopted date not null,
    document jsonb not null,
    position bigint not null
);

-- Who is expected, by interval: first and last period (both included; no last: still taking part).
create table participation (
    terms text not null references terms_edition (name),
    force smallint not null,
    first_period date not null,
    last_period date,
    successor smallint,
    primary key (terms, force, first_period)
);

grant select on contract_version, scope_edition, scope_in_force, terms_edition, participation
    to case_returns_app, case_returns_national, case_returns_judge;
