-- Who may do what, how they come in, and what goes out. Tokens are kept as SHA-256 hashes, secrets sealed with the store's key.

CREATE TABLE operators (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT NOT NULL COLLATE NOCASE UNIQUE,
    zone TEXT,
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    created_ms INTEGER NOT NULL,
    -- An argon2 hash in PHC form, for a local account.
    password TEXT
) STRICT;

CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    operator TEXT NOT NULL REFERENCES operators (id),
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX identities_operator ON identities (operator);

-- What operators and API clients may do. Without a tenant: in all of them.
CREATE TABLE grants (
    id INTEGER PRIMARY KEY,
    operator TEXT REFERENCES operators (id),
    client TEXT REFERENCES clients (id),
    tenant TEXT REFERENCES tenants (name),
    role TEXT NOT NULL CHECK (role IN ('viewer', 'requester', 'approver', 'admin')),
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    CHECK ((operator IS NULL) <> (client IS NULL))
) STRICT;
CREATE INDEX grants_operator ON grants (operator) WHERE operator IS NOT NULL;
CREATE INDEX grants_client ON grants (client) WHERE client IS NOT NULL;

CREATE TABLE settings (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    token BLOB PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    operator TEXT NOT NULL REFERENCES operators (id),
    csrf BLOB NOT NULL,
    created_ms INTEGER NOT NULL,
    seen_ms INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL,
    agent TEXT NOT NULL,
    network TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_operator ON sessions (operator);
CREATE INDEX sessions_expire ON sessions (expires_ms);

CREATE TABLE sign_ins (
    id INTEGER PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    operator TEXT REFERENCES operators (id),
    email TEXT,
    method TEXT NOT NULL,
    outcome TEXT NOT NULL,
    network TEXT NOT NULL
) STRICT;
CREATE INDEX sign_ins_operator ON sign_ins (operator, id);

CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    token BLOB NOT NULL UNIQUE,
    by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    used_ms INTEGER,
    revoked_ms INTEGER,
    revoked_by TEXT
) STRICT;

CREATE TABLE idempotency_keys (
    caller TEXT NOT NULL,
    key TEXT NOT NULL,
    request TEXT NOT NULL,
    status INTEGER,
    -- Sealed: an answer may hold what is shown once.
    body BLOB,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (caller, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_age ON idempotency_keys (at_ms);

CREATE TABLE links (
    id TEXT PRIMARY KEY,
    token BLOB NOT NULL UNIQUE,
    purpose TEXT NOT NULL CHECK (purpose IN ('set-up', 'approve', 'password')),
    tenant TEXT REFERENCES tenants (name),
    -- Erased when the last view is taken, and when the link ends in another way.
    payload BLOB,
    views INTEGER NOT NULL CHECK (views >= 0),
    expires_ms INTEGER NOT NULL,
    passphrase TEXT,
    attempts INTEGER NOT NULL CHECK (attempts >= 0),
    by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    opened_ms INTEGER,
    opened_network TEXT,
    revoked_ms INTEGER
) STRICT;
CREATE INDEX links_expire ON links (expires_ms) WHERE payload IS NOT NULL;
CREATE INDEX links_tenant ON links (tenant, created_ms);

CREATE TABLE endpoints (
    id TEXT PRIMARY KEY,
    -- None: told of all tenants.
    tenant TEXT REFERENCES tenants (name),
    url TEXT NOT NULL,
    secret BLOB NOT NULL,
    events TEXT NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    deleted_ms INTEGER
) STRICT;
CREATE INDEX endpoints_enabled ON endpoints (tenant) WHERE enabled = 1 AND deleted_ms IS NULL;

-- What is to be sent: webhooks, mails and cards.
CREATE TABLE deliveries (
    id TEXT PRIMARY KEY,
    channel TEXT NOT NULL CHECK (channel IN ('webhook', 'mail', 'card')),
    tenant TEXT REFERENCES tenants (name),
    endpoint TEXT REFERENCES endpoints (id),
    target TEXT NOT NULL,
    event TEXT NOT NULL,
    -- The ledger entry that it tells of, when it is told by the store itself.
    seq INTEGER,
    -- Sealed: a mail may carry a link that opens something.
    body BLOB,
    about TEXT,
    seen_by TEXT,
    created_ms INTEGER NOT NULL,
    -- When it is to be tried next; none when nothing more is to be done.
    due_ms INTEGER,
    attempts INTEGER NOT NULL DEFAULT 0,
    delivered_ms INTEGER,
    status INTEGER,
    error TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (channel, due_ms) WHERE due_ms IS NOT NULL;
CREATE INDEX deliveries_tenant ON deliveries (tenant, created_ms, id);
CREATE INDEX deliveries_newest ON deliveries (created_ms, id);

CREATE TABLE refusals (
    plan TEXT PRIMARY KEY REFERENCES plans (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    by TEXT NOT NULL,
    reason TEXT NOT NULL,
    digest TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE comments (
    id INTEGER PRIMARY KEY,
    plan TEXT NOT NULL REFERENCES plans (id),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    by TEXT NOT NULL,
    text TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX comments_plan ON comments (plan, id);

-- Somebody decides for somebody else for a while. Without a tenant: in all of them.
CREATE TABLE delegations (
    id TEXT PRIMARY KEY,
    from_operator TEXT NOT NULL REFERENCES operators (id),
    to_operator TEXT NOT NULL REFERENCES operators (id),
    tenant TEXT REFERENCES tenants (name),
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    by TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    ended_ms INTEGER
) STRICT;
CREATE INDEX delegations_to ON delegations (to_operator, until_ms);
