-- A scope edition that is drafted, proposed, confirmed and rejected here, and what a change of it moves.

alter table scope_edition
    add column version integer not null default 1,
    add column follows smallint references scope_edition (id),
    add column effective date;
comment on column scope_edition.version is 'Of a draft: how often it was written; its ETag.';
comment on column scope_edition.follows is
    'The edition that was in force when it was proposed: what it changes is counted against that one (semantics 33).';
comment on column scope_edition.effective is 'Not in force before this day, whoever has confirmed it.';

update scope_edition e set follows = f.id from scope_edition f where e.state = 'proposed' and f.state = 'in_force';

-- Who did what with an edition: nobody's word is ever taken back out, and a body says each thing once.
create table scope_step (
    edition smallint not null references scope_edition (id),
    step text not null check (step in ('drafted', 'proposed', 'confirmed', 'rejected')),
    body text not null,
    client text not null,
    at timestamptz not null,
    hash text not null,
    reason text,
    signature text,
    primary key (edition, step, body),
    check ((step = 'rejected') = (reason is not null)),
    check ((step = 'confirmed') = (signature is not null))
);
create unique index scope_step_confirmed_by_two on scope_step (edition, client) where step = 'confirmed';

-- Tallies that were sealed before transitions and flips were counted have none yet: that too is work that remains.
alter table tally
    add column has_moves boolean not null default false,
    add column judged_at timestamptz;
comment on column tally.judged_at is 'When it was judged; null: before that was noted.';
comment on column tally.has_moves is 'Whether its transitions, and its flips against the edition that is followed, stand.';

-- A force's chain that could not be judged under an edition: reported, and it holds the switch, until it can be.
create table judging_problem (
    force smallint not null,
    edition smallint not null references scope_edition (id),
    says text not null,
    at timestamptz not null,
    primary key (force, edition)
);

grant select on scope_step to case_returns_app, case_returns_national, case_returns_judge;
grant insert on scope_step, scope_in_force to case_returns_national;
grant insert (name, hash, title, vocabulary, state, document, version, follows, effective),
    update (hash, title, vocabulary, state, document, version, follows, effective)
    on scope_edition to case_returns_national;
alter table transition add column open_cells integer not null default 0;
grant update (has_moves, judged_at) on tally to case_returns_app;
grant select, insert, update, delete on judging_problem to case_returns_app;
grant select on judging_problem to case_returns_national;
