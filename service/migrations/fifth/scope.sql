-- Until when a superseded edition is tallied is what the edition says, so whoever drafts it writes it.

grant insert (tallied_until), update (tallied_until) on scope_edition to case_returns_national;

-- Until now it was kept as it was written and not acted on, and no hash was over it: nobody has confirmed it. It is taken
-- out, and whoever proposes such a draft reads it anew.
update scope_edition
    set document = document - 'tallied_until', version = version + (case when state = 'draft' then 1 else 0 end)
    where document ? 'tallied_until';
