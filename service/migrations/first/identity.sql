-- Clients of the embedded issuer, and the client assertions that were used already.
-- Only public keys stand here; the issuer's own signing keys are in a file (docs/decisions/signing-keys.md).

create table client (
    client_id text primary key check (client_id ~ '^[a-z0-9][a-z0-9-]{2,99}$'),
    name text not null check (name <> ''),
    force_slug text,
    body text check (body in ('nca', 'npcc')),
    permissions text[] not null,
    public_key jsonb not null check (not public_key ? 'd'),
    created timestamptz not null,
    disabled timestamptz,
    constraint client_speaks_for_one check (num_nonnulls(force_slug, body) = 1)
);

create table assertion_used (
    client_id text not null,
    jti bytea not null check (octet_length(jti) = 32),
    expires timestamptz not null,
    primary key (client_id, jti)
);

create index assertion_used_expires on assertion_used (expires);

-- True exactly once for one assertion of one client, whoever asks at the same time. Prunes a few that are long past.
create function use_assertion(client text, assertion_jti bytea, until timestamptz, at timestamptz) returns boolean
language plpgsql security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    delete from assertion_used as gone using (
        select past.client_id, past.jti from assertion_used as past
        where past.expires < at - interval '5 minutes' order by past.expires limit 20 for update skip locked
    ) as old where (gone.client_id, gone.jti) = (old.client_id, old.jti);
    insert into assertion_used (client_id, jti, expires) values (client, assertion_jti, until) on conflict do nothing;
    return found;
end $$;

revoke all on client, assertion_used from public;
revoke all on function use_assertion(text, bytea, timestamptz, timestamptz) from public;
grant execute on function use_assertion(text, bytea, timestamptz, timestamptz) to case_returns_app;

-- The application finds a client; only the owner, by the command line, adds or disables one.
grant select on client to case_returns_app;
