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

-- Rule notices: what NCA and NPCC say together about one rule, beside the contract that stays as it was published.
create table rule_notice (
    id text primary key,
    content jsonb not null,
    hash text not null,
    state text not null check (state in ('proposed', 'in_force', 'rejected')),
    proposed_at timestamptz not null,
    proposed_by text not null,
    proposed_body text not null,
    decided_at timestamptz,
    decided_by text,
    decided_body text,
    reason text,
    position bigint unique,
    signature text,
    check ((state = 'proposed') = (decided_at is null)),
    check ((state = 'in_force') = (position is not null and signature is not null)),
    check (state <> 'in_force' or decided_body <> proposed_body)
);
comment on table rule_notice is 'What it says never changes once it is proposed; a decision is made once.';
grant select, insert, update (state, decided_at, decided_by, decided_body, reason, position, signature)
    on rule_notice to case_returns_national;

grant select on contract_version, scope_edition, scope_in_force, terms_edition, participation, rule_notice
    to case_returns_app, case_returns_national, case_returns_judge;
