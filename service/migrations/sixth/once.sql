-- A national body has no force, and its requests carry an Idempotency-Key too: an answer is a force's or a body's.

alter table idempotent_answer
    drop constraint idempotent_answer_pkey,
    alter column force drop not null,
    add column national_body text,
    add constraint idempotent_answer_of_force unique (force, client, method, path, key),
    add constraint idempotent_answer_of_body unique (national_body, client, method, path, key),
    add check ((force is null) <> (national_body is null));
comment on column idempotent_answer.body is 'Null in JSON: the effect is there, and what is answered is not known yet.';

grant select, insert, update, delete on idempotent_answer to case_returns_national;
