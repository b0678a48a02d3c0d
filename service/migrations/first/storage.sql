-- The one order of all changes (service/storage/position.py): a single counter row, and what each change was.

create table position (
    single boolean primary key default true check (single),
    value bigint not null,
    at timestamptz not null
);
comment on table position is 'One row: the number of the last change and the moment it counts as made.';
insert into position (value, at) values (0, '2000-01-01T00:00:00Z');

create table change (
    position bigint primary key,
    at timestamptz not null,
    kind text not null,
    force smallint,
    subject text
);
create index change_by_time on change (at, position);
comment on column change.force is 'The force that the change belongs to; null: it concerns everyone.';

-- The only way to move the counter on. Its row stays locked until the transaction ends, so numbers have no gaps and are
-- seen in order; the moment is never earlier than the one before it.
create function advance_position(p_kind text, p_at timestamptz, p_force smallint, p_subject text)
returns table ("position" bigint, at timestamptz)
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
#variable_conflict use_column
declare
    moved record;
begin
    update public.position p set value = p.value + 1, at = greatest(p.at, p_at) returning p.value, p.at into strict moved;
    insert into public.change (position, at, kind, force, subject)
    values (moved.value, moved.at, p_kind, p_force, p_subject);
    return query select moved.value, moved.at;
end $$;

-- The last change at or before a moment, for every role, whichever changes it may see itself.
create function position_at(p_moment timestamptz) returns table ("position" bigint, at timestamptz)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    with last as (
        select c.position, c.at from public.change c where c.at <= p_moment order by c.at desc, c.position desc limit 1
    )
    select * from last
    union all
    select 0::bigint, '2000-01-01T00:00:00Z'::timestamptz where not exists (select from last)
$$;

revoke all on function advance_position(text, timestamptz, smallint, text), position_at(timestamptz) from public;
grant execute on function advance_position(text, timestamptz, smallint, text), position_at(timestamptz)
    to case_returns_app, case_returns_national, case_returns_judge;
grant select on position, change to case_returns_app, case_returns_national, case_returns_judge;

-- A force sees its own changes and those that concern everyone; the two functions above run as the owner.
alter table change enable row level security;
alter table change force row level security;
create policy own_force on change for select to case_returns_app using (
    force is null or force = (select nullif(current_setting('app.force', true), '')::smallint)
);
create policy read_by_all_forces_roles on change for select to case_returns_national, case_returns_judge using (true);
create policy kept_by_owner on change to current_user using (true) with check (true);
