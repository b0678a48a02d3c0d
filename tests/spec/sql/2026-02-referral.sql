CASE
WHEN (r.offence_code & 9223372036854344009) = 0 OR ((r.offence_code & 9223372036852678656) = 0 AND r.victim_age_youngest_hi < 18) THEN CASE
WHEN r.contact_offence = 1 THEN CASE
WHEN r.suspect_count_lo >= 2 THEN CASE
WHEN r.suspects_alive_lo >= 2 THEN CASE
WHEN r.victim_count_lo >= 2 THEN CASE
WHEN (r.outcome & 9223372036853465327) = 0 AND (r.nfa_by & 9223372036854775804) = 0 THEN CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN CASE
WHEN r.independently_reviewed = 2 THEN 0
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE 512 END
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE 256 | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -6
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 64 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 128 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN 0 ELSE 256 END | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
WHEN r.victim_count_hi < 2 THEN -5
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -6
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE 32 | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 64 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 128 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN 0 ELSE 256 END | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
WHEN r.suspects_alive_hi < 2 THEN -4
WHEN r.victim_count_hi < 2 THEN -5
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -6
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE 16 | CASE
WHEN r.victim_count_lo >= 2 THEN 0 ELSE 32 END | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 64 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 128 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN 0 ELSE 256 END | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
WHEN r.suspect_count_hi < 2 THEN -3
WHEN r.suspects_alive_hi < 2 THEN -4
WHEN r.victim_count_hi < 2 THEN -5
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -6
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE 8 | CASE
WHEN r.suspects_alive_lo >= 2 THEN 0 ELSE 16 END | CASE
WHEN r.victim_count_lo >= 2 THEN 0 ELSE 32 END | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 64 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 128 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN 0 ELSE 256 END | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
WHEN (r.contact_offence & 1) = 0 THEN -2
WHEN r.suspect_count_hi < 2 THEN -3
WHEN r.suspects_alive_hi < 2 THEN -4
WHEN r.victim_count_hi < 2 THEN -5
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -6
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE 4 | CASE
WHEN r.suspect_count_lo >= 2 THEN 0 ELSE 8 END | CASE
WHEN r.suspects_alive_lo >= 2 THEN 0 ELSE 16 END | CASE
WHEN r.victim_count_lo >= 2 THEN 0 ELSE 32 END | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 64 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 128 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN 0 ELSE 256 END | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
WHEN (r.offence_code & 431798) = 0 AND ((r.offence_code & 2097151) = 0 OR r.victim_age_youngest_lo >= 18) THEN -1
WHEN (r.contact_offence & 1) = 0 THEN -2
WHEN r.suspect_count_hi < 2 THEN -3
WHEN r.suspects_alive_hi < 2 THEN -4
WHEN r.victim_count_hi < 2 THEN -5
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -6
WHEN r.nfa_date_hi < CAST('2010-01-01' AS DATE) OR r.nfa_date_lo > CAST('2025-03-31' AS DATE) THEN -7
WHEN (r.independently_reviewed & 2) = 0 THEN -8 ELSE CASE
WHEN (r.offence_code & 431798) = 0 THEN 0 ELSE 1 END | CASE
WHEN (r.offence_code & 2097151) = 0 OR r.victim_age_youngest_lo >= 18 THEN 0 ELSE CASE
WHEN (r.offence_code & 9223372036852678656) = 0 THEN 0 ELSE 1 END | CASE
WHEN r.victim_age_youngest_hi < 18 THEN 0 ELSE 2 END END | CASE
WHEN r.contact_offence = 1 THEN 0 ELSE 4 END | CASE
WHEN r.suspect_count_lo >= 2 THEN 0 ELSE 8 END | CASE
WHEN r.suspects_alive_lo >= 2 THEN 0 ELSE 16 END | CASE
WHEN r.victim_count_lo >= 2 THEN 0 ELSE 32 END | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 64 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 128 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-01-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-03-31' AS DATE) THEN 0 ELSE 256 END | CASE
WHEN r.independently_reviewed = 2 THEN 0 ELSE 512 END END
