alter table case_version add column begin_reason text;
comment on column case_version.begin_reason is 'Why it begins, where that is not that the case is new or changed: held_elsewhere.';
