-- What the navigation counts, without looking at the rows themselves.
CREATE INDEX plan_rows_waiting ON plan_rows (tenant, about, seen_by) WHERE state = 'waiting';
CREATE INDEX finding_rows_open ON finding_rows (tenant, about, seen_by) WHERE state = 'open';
