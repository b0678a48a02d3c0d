-- The audit log: rows that are only ever added, and the head of the Merkle tree over them (RFC 6962, section 2.1).
-- `entry` is the truth; the columns beside it are read out of it when it is written, for people who search.
-- `root` is the head of the log after this entry: it lets verification name the first row that was tampered with.

create table audit_entry (
    index bigint primary key,
    at timestamptz not null,
    position bigint,
    actor text not null,
    action text not null,
    force smallint,
    subject text,
    details jsonb not null,
    entry bytea not null,
    leaf bytea not null check (octet_length(leaf) = 32),
    root bytea not null check (octet_length(root) = 32)
);

create index audit_entry_force on audit_entry (force, index) where force is not null;

create table audit_head (
    single boolean primary key default true check (single),
    size bigint not null,
    frontier bytea[] not null,
    root bytea not null
);

insert into audit_head (size, frontier, root) values (0, '{}', sha256(''));

-- A second lock on the door, for the owner's own mistakes; a superuser can open it, and is found by verification.
create function audit_entry_is_append_only() returns trigger
language plpgsql set search_path = pg_catalog as $$
begin
    raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;

create trigger audit_entry_append_only before update or delete or truncate on audit_entry
    for each statement execute function audit_entry_is_append_only();

-- The only way in. Takes the canonical bytes of one entry, locks the head, and answers where it stands, the new head
-- and the path from the entry to that head (the frontier before it, nearest first).
create function audit_append(entry_bytes bytea, out entry_index bigint, out head bytea, out path bytea[])
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
declare
    fields jsonb := convert_from(entry_bytes, 'UTF8')::jsonb;
    new_leaf bytea := sha256('\x00'::bytea || entry_bytes);
    merged bytea := new_leaf;
    rest bytea[];
    bits bigint;
    subtrees int;
begin
    select audit_head.size, audit_head.frontier into strict entry_index, rest from audit_head for update;
    subtrees := coalesce(array_length(rest, 1), 0);
    path := '{}';
    for item in reverse subtrees..1 loop
        path := array_append(path, rest[item]);
    end loop;
    bits := entry_index;
    while bits % 2 = 1 loop
        merged := sha256('\x01'::bytea || rest[subtrees] || merged);
        subtrees := subtrees - 1;
        bits := bits / 2;
    end loop;
    rest := array_append(rest[1:subtrees], merged);
    head := rest[subtrees + 1];
    for item in reverse subtrees..1 loop
        head := sha256('\x01'::bytea || rest[item] || head);
    end loop;
    insert into audit_entry (index, at, position, actor, action, force, subject, details, entry, leaf, root)
    values (entry_index, (fields ->> 'at')::timestamptz, (fields ->> 'position')::bigint, fields ->> 'actor',
            fields ->> 'action', (fields ->> 'force')::smallint, fields ->> 'subject', fields -> 'details',
            entry_bytes, new_leaf, head);
    update audit_head set size = entry_index + 1, frontier = rest, root = head;
end $$;

-- The head is public within the service: every receipt carries it.
create function audit_size_and_root(out size bigint, out root bytea)
language sql stable security definer set search_path = pg_catalog, public, pg_temp as $$
    select size, root from audit_head
$$;

revoke all on audit_entry, audit_head from public;
revoke all on function audit_append(bytea), audit_size_and_root(), audit_entry_is_append_only() from public;
grant execute on function audit_append(bytea), audit_size_and_root()
    to case_returns_app, case_returns_national, case_returns_judge;

-- No role reads an entry of another force: the application none at all, the national role the hashes that a proof needs.
grant select (index, leaf, root) on audit_entry to case_returns_national;
alter table audit_entry enable row level security;
alter table audit_entry force row level security;
create policy hashes_for_proofs on audit_entry for select to case_returns_national using (true);
create policy kept_by_owner on audit_entry to current_user using (true) with check (true);
