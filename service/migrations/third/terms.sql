-- Editions of the terms that are drafted, proposed, confirmed and rejected here. What was adopted stands in
-- terms_edition as before, from its position on: a draft stands nowhere that the release before this one reads.

create table terms_draft (
    id smallint generated always as identity primary key,
    name text not null unique,
    hash text not null,
    title text not null,
    state text not null check (state in ('draft', 'proposed', 'in_force', 'rejected')),
    version integer not null default 1,
    document jsonb not null,
    content jsonb not null,
    follows text references terms_edition (name),
    effective date,
    check (state not in ('proposed', 'in_force') or follows is not null)
);
comment on column terms_draft.state is 'in_force: it was adopted; whether it still holds says terms_edition.';
comment on column terms_draft.document is 'As it was written.';
comment on column terms_draft.content is 'As it was read: what its hash is over, and what is adopted.';
comment on column terms_draft.follows is 'The edition that was in force when it was proposed: it comes after no other.';
comment on column terms_draft.effective is 'Not in force before this day, whoever has confirmed it.';

-- Who did what with an edition: nobody's word is ever taken back out, and a body says each thing once.
create table terms_step (
    edition smallint not null references terms_draft (id),
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
create unique index terms_step_confirmed_by_two on terms_step (edition, client) where step = 'confirmed';

grant select on terms_draft, terms_step to case_returns_app, case_returns_national, case_returns_judge;
grant insert on terms_step, terms_edition, participation to case_returns_national;
grant insert (name, hash, title, state, document, content),
    update (hash, title, state, version, document, content, follows, effective)
    on terms_draft to case_returns_national;
