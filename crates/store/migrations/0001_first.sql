-- Times are epoch milliseconds. Rows of a tenant carry its name, so that every statement can be held to it.

CREATE TABLE provider (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    canary BLOB NOT NULL,
    ledger_public BLOB NOT NULL,
    ledger_seed BLOB NOT NULL
) STRICT;

CREATE TABLE lease (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    driver TEXT NOT NULL,
    epoch INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE tenants (
    name TEXT PRIMARY KEY,
    directory TEXT NOT NULL,
    cloud TEXT NOT NULL,
    client TEXT NOT NULL,
    credential_kind TEXT NOT NULL,
    credential BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    UNIQUE (cloud, directory)
) STRICT;

CREATE TABLE secrets (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    name TEXT NOT NULL,
    sealed BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE policies (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    version INTEGER NOT NULL,
    text TEXT NOT NULL,
    digest TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, version)
) STRICT;

CREATE TABLE drafts (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    body TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX drafts_tenant ON drafts (tenant, at_ms);

CREATE TABLE requests (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX requests_tenant ON requests (tenant, at_ms);

CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    request TEXT NOT NULL REFERENCES requests (id),
    person TEXT NOT NULL,
    upn TEXT NOT NULL,
    bytes BLOB NOT NULL,
    digest TEXT NOT NULL,
    made_ms INTEGER NOT NULL,
    read_ms INTEGER NOT NULL,
    superseded_by TEXT REFERENCES plans (id)
) STRICT;
CREATE INDEX plans_tenant ON plans (tenant, made_ms);
CREATE INDEX plans_request ON plans (request);

CREATE TABLE approvals (
    id INTEGER PRIMARY KEY,
    plan TEXT NOT NULL REFERENCES plans (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    by TEXT NOT NULL COLLATE NOCASE,
    digest TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    apart TEXT NOT NULL,
    taken_back_ms INTEGER,
    taken_back_by TEXT
) STRICT;
CREATE UNIQUE INDEX approvals_one_each ON approvals (plan, by) WHERE taken_back_ms IS NULL;

CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    plan TEXT NOT NULL UNIQUE REFERENCES plans (id),
    person TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    state TEXT NOT NULL,
    started INTEGER NOT NULL CHECK (started IN (0, 1)),
    ended INTEGER NOT NULL CHECK (ended IN (0, 1)),
    -- An approval was taken back before the run began: it must not begin any more.
    void INTEGER NOT NULL DEFAULT 0 CHECK (void IN (0, 1))
) STRICT;
-- The person's lock.
CREATE UNIQUE INDEX runs_one_for_a_person ON runs (tenant, person) WHERE ended = 0;
CREATE INDEX runs_tenant ON runs (tenant, created_ms);

CREATE TABLE run_events (
    run TEXT NOT NULL REFERENCES runs (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    seq INTEGER NOT NULL,
    event TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER run_events_stay BEFORE UPDATE ON run_events
BEGIN SELECT RAISE (ABORT, 'events of a run are never changed'); END;
CREATE TRIGGER run_events_remain BEFORE DELETE ON run_events
BEGIN SELECT RAISE (ABORT, 'events of a run are never deleted'); END;

CREATE TABLE commands (
    run TEXT NOT NULL REFERENCES runs (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    id INTEGER NOT NULL,
    command TEXT NOT NULL,
    due_ms INTEGER,
    PRIMARY KEY (run, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE inbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    run TEXT NOT NULL REFERENCES runs (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    event TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    taken_seq INTEGER
) STRICT;
CREATE INDEX inbox_waiting ON inbox (run, id) WHERE taken_seq IS NULL;

CREATE TABLE findings (
    run TEXT NOT NULL REFERENCES runs (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    PRIMARY KEY (run, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX findings_open ON findings (tenant, opened_ms) WHERE closed_ms IS NULL;

CREATE TABLE receipts (
    run TEXT NOT NULL REFERENCES runs (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    position INTEGER NOT NULL,
    step TEXT NOT NULL,
    status TEXT NOT NULL,
    receipt TEXT NOT NULL,
    PRIMARY KEY (run, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE ledgers (
    tenant TEXT PRIMARY KEY REFERENCES tenants (name),
    size INTEGER NOT NULL,
    peaks BLOB NOT NULL
) STRICT;

CREATE TABLE ledger_entries (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    seq INTEGER NOT NULL,
    entry TEXT NOT NULL,
    leaf BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER ledger_entries_stay BEFORE UPDATE ON ledger_entries
BEGIN SELECT RAISE (ABORT, 'ledger entries are never changed'); END;
CREATE TRIGGER ledger_entries_remain BEFORE DELETE ON ledger_entries
BEGIN SELECT RAISE (ABORT, 'ledger entries are never deleted'); END;

-- Apart from the entries, so that a payload can be erased.
CREATE TABLE ledger_payloads (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    seq INTEGER NOT NULL,
    salt BLOB NOT NULL,
    payload TEXT NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT;

CREATE TABLE ledger_heads (
    tenant TEXT NOT NULL REFERENCES tenants (name),
    number INTEGER NOT NULL,
    size INTEGER NOT NULL,
    note TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, size)
) STRICT;
