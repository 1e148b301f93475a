-- What an approved plan will take, so that no other plan is approved for it: a sign-in name, a seat of a licence.
CREATE TABLE reservations (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    plan TEXT NOT NULL REFERENCES plans (id),
    -- `name` or `seat`.
    kind TEXT NOT NULL CHECK (kind IN ('name', 'seat')),
    -- The sign-in name in lower case, or the licence's id.
    key TEXT NOT NULL,
    -- The step that takes it: once that is verified, the tenant itself shows it.
    step TEXT NOT NULL,
    -- When it was made: who came first is not held up by who came later.
    at_ms INTEGER NOT NULL,
    -- Without a run it lapses with the approval.
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (plan, kind, key)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX reservations_one_name ON reservations (tenant, key) WHERE kind = 'name';
CREATE INDEX reservations_seats ON reservations (tenant, kind, key);
