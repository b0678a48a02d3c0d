CASE
WHEN (r.offence_code & 9223372036854344009) = 0 OR ((r.offence_code & 9223372036852678656) = 0 AND r.youngest_victim_age_hi < 18) THEN CASE
WHEN r.suspect_count_lo >= 2 THEN CASE
WHEN r.victim_count_lo >= 1 THEN CASE
WHEN (r.outcome & 9223372036853465327) = 0 AND (r.nfa_by & 9223372036854775804) = 0 THEN CASE
WHEN r.nfa_date_lo >= CAST('2010-11-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-10-31' AS DATE) THEN 0
WHEN r.nfa_date_hi < CAST('2010-11-01' AS DATE) OR r.nfa_date_lo > CAST('2025-10-31' AS DATE) THEN -5 ELSE 64 END
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -4
WHEN r.nfa_date_hi < CAST('2010-11-01' AS DATE) OR r.nfa_date_lo > CAST('2025-10-31' AS DATE) THEN -5 ELSE CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 16 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 32 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-11-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-10-31' AS DATE) THEN 0 ELSE 64 END END
WHEN r.victim_count_hi < 1 THEN -3
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -4
WHEN r.nfa_date_hi < CAST('2010-11-01' AS DATE) OR r.nfa_date_lo > CAST('2025-10-31' AS DATE) THEN -5 ELSE 8 | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 16 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 32 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-11-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-10-31' AS DATE) THEN 0 ELSE 64 END END
WHEN r.suspect_count_hi < 2 THEN -2
WHEN r.victim_count_hi < 1 THEN -3
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -4
WHEN r.nfa_date_hi < CAST('2010-11-01' AS DATE) OR r.nfa_date_lo > CAST('2025-10-31' AS DATE) THEN -5 ELSE 4 | CASE
WHEN r.victim_count_lo >= 1 THEN 0 ELSE 8 END | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 16 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 32 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-11-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-10-31' AS DATE) THEN 0 ELSE 64 END END
WHEN (r.offence_code & 431798) = 0 AND ((r.offence_code & 2097151) = 0 OR r.youngest_victim_age_lo >= 18) THEN -1
WHEN r.suspect_count_hi < 2 THEN -2
WHEN r.victim_count_hi < 1 THEN -3
WHEN (r.outcome & 1310480) = 0 OR (r.nfa_by & 3) = 0 THEN -4
WHEN r.nfa_date_hi < CAST('2010-11-01' AS DATE) OR r.nfa_date_lo > CAST('2025-10-31' AS DATE) THEN -5 ELSE CASE
WHEN (r.offence_code & 431798) = 0 THEN 0 ELSE 1 END | CASE
WHEN (r.offence_code & 2097151) = 0 OR r.youngest_victim_age_lo >= 18 THEN 0 ELSE CASE
WHEN (r.offence_code & 9223372036852678656) = 0 THEN 0 ELSE 1 END | CASE
WHEN r.youngest_victim_age_hi < 18 THEN 0 ELSE 2 END END | CASE
WHEN r.suspect_count_lo >= 2 THEN 0 ELSE 4 END | CASE
WHEN r.victim_count_lo >= 1 THEN 0 ELSE 8 END | CASE
WHEN (r.outcome & 9223372036853465327) = 0 THEN 0 ELSE 16 END | CASE
WHEN (r.nfa_by & 9223372036854775804) = 0 THEN 0 ELSE 32 END | CASE
WHEN r.nfa_date_lo >= CAST('2010-11-01' AS DATE) AND r.nfa_date_hi <= CAST('2025-10-31' AS DATE) THEN 0 ELSE 64 END END
