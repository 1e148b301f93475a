-- What the last look at the tenant said about a plan, beside it: nothing is decided by it, and a newer look takes its place.
CREATE TABLE looks (
    plan TEXT PRIMARY KEY REFERENCES plans (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    said TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
