-- What lists show, in narrow rows apart from the documents, written in the transaction of what they show.
-- `pos` is the place in a list, ascending: minus the time, so that the newest comes first. `who` is what a person is looked up
-- by, in lower case. `about` and `seen_by` are held against the viewer: nobody sees what is about himself, and what belongs to a
-- confidential request is seen by the named alone (`seen_by`, a JSON array of addresses in lower case).

CREATE TABLE request_rows (
    id TEXT NOT NULL,
    draft INTEGER NOT NULL CHECK (draft IN (0, 1)),
    tenant TEXT NOT NULL REFERENCES tenants (name),
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('asks', 'new', 'planned')),
    upn TEXT,
    name TEXT,
    who TEXT NOT NULL,
    about TEXT,
    seen_by TEXT,
    requester TEXT NOT NULL,
    channel TEXT NOT NULL,
    reference TEXT,
    asks INTEGER NOT NULL,
    at_ms INTEGER NOT NULL,
    pos INTEGER NOT NULL,
    PRIMARY KEY (id, draft)
) STRICT;
CREATE INDEX request_rows_t ON request_rows (tenant, pos, id);
CREATE INDEX request_rows_a ON request_rows (pos, id);
CREATE INDEX request_rows_ts ON request_rows (tenant, state, pos, id);
CREATE INDEX request_rows_s ON request_rows (state, pos, id);
CREATE INDEX request_rows_tk ON request_rows (tenant, kind, pos, id);
CREATE INDEX request_rows_k ON request_rows (kind, pos, id);
CREATE INDEX request_rows_tks ON request_rows (tenant, kind, state, pos, id);
CREATE INDEX request_rows_ks ON request_rows (kind, state, pos, id);
CREATE INDEX request_rows_tw ON request_rows (tenant, who, pos, id, state, kind);
CREATE INDEX request_rows_w ON request_rows (who, pos, id, state, kind);

CREATE TABLE plan_rows (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    request TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'scheduled', 'running', 'ended', 'refused', 'replaced', 'void')),
    person TEXT NOT NULL,
    upn TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    about TEXT,
    seen_by TEXT,
    requester TEXT NOT NULL,
    digest TEXT NOT NULL,
    need INTEGER NOT NULL,
    have INTEGER NOT NULL,
    holds_ms INTEGER NOT NULL,
    until_ms INTEGER,
    start_ms INTEGER,
    steps INTEGER NOT NULL,
    apart INTEGER NOT NULL,
    run TEXT,
    made_ms INTEGER NOT NULL,
    pos INTEGER NOT NULL
) STRICT;
CREATE INDEX plan_rows_t ON plan_rows (tenant, pos, id);
CREATE INDEX plan_rows_a ON plan_rows (pos, id);
CREATE INDEX plan_rows_ts ON plan_rows (tenant, state, pos, id);
CREATE INDEX plan_rows_s ON plan_rows (state, pos, id);
CREATE INDEX plan_rows_tk ON plan_rows (tenant, kind, pos, id);
CREATE INDEX plan_rows_k ON plan_rows (kind, pos, id);
CREATE INDEX plan_rows_tks ON plan_rows (tenant, kind, state, pos, id);
CREATE INDEX plan_rows_ks ON plan_rows (kind, state, pos, id);
CREATE INDEX plan_rows_tw ON plan_rows (tenant, who, pos, id, state, kind);
CREATE INDEX plan_rows_w ON plan_rows (who, pos, id, state, kind);
CREATE INDEX plan_rows_person ON plan_rows (tenant, person, pos, id);
CREATE INDEX plan_rows_request ON plan_rows (request);
CREATE INDEX plan_rows_digest ON plan_rows (digest);
CREATE INDEX plan_rows_until ON plan_rows (until_ms) WHERE state IN ('waiting', 'approved') AND until_ms IS NOT NULL;

CREATE TABLE run_rows (
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    plan TEXT NOT NULL,
    request TEXT NOT NULL,
    kind TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('scheduled', 'containing', 'running', 'paused', 'cancelling', 'completed', 'needs-review')),
    person TEXT NOT NULL,
    upn TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    about TEXT,
    seen_by TEXT,
    digest TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    -- From when its durations count: the approval, or the start that was planned for later.
    from_ms INTEGER NOT NULL,
    started_ms INTEGER,
    contained_ms INTEGER,
    ended_ms INTEGER,
    steps INTEGER NOT NULL,
    verified INTEGER NOT NULL,
    open_findings INTEGER NOT NULL,
    due_ms INTEGER,
    pos INTEGER NOT NULL
) STRICT;
CREATE INDEX run_rows_t ON run_rows (tenant, pos, id);
CREATE INDEX run_rows_a ON run_rows (pos, id);
CREATE INDEX run_rows_ts ON run_rows (tenant, state, pos, id);
CREATE INDEX run_rows_s ON run_rows (state, pos, id);
CREATE INDEX run_rows_tk ON run_rows (tenant, kind, pos, id);
CREATE INDEX run_rows_k ON run_rows (kind, pos, id);
CREATE INDEX run_rows_tks ON run_rows (tenant, kind, state, pos, id);
CREATE INDEX run_rows_ks ON run_rows (kind, state, pos, id);
CREATE INDEX run_rows_tw ON run_rows (tenant, who, pos, id, state, kind);
CREATE INDEX run_rows_w ON run_rows (who, pos, id, state, kind);
CREATE INDEX run_rows_person ON run_rows (tenant, person, pos, id);
CREATE INDEX run_rows_plan ON run_rows (plan);
CREATE INDEX run_rows_ended ON run_rows (ended_ms) WHERE ended_ms IS NOT NULL;

CREATE TABLE finding_rows (
    -- The run and the number.
    id TEXT PRIMARY KEY,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    run TEXT NOT NULL,
    number INTEGER NOT NULL,
    plan TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'handled')),
    -- The group under which it is listed; `kind` of the lists.
    kind TEXT NOT NULL,
    word TEXT NOT NULL,
    step TEXT,
    text TEXT NOT NULL,
    person TEXT NOT NULL,
    upn TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    about TEXT,
    seen_by TEXT,
    opened_ms INTEGER NOT NULL,
    closed_ms INTEGER,
    closed TEXT,
    -- Open ones: the worst group first, the newest of each first. Handled ones: the newest first.
    pos INTEGER NOT NULL
) STRICT;
CREATE INDEX finding_rows_t ON finding_rows (tenant, pos, id);
CREATE INDEX finding_rows_a ON finding_rows (pos, id);
CREATE INDEX finding_rows_ts ON finding_rows (tenant, state, pos, id);
CREATE INDEX finding_rows_s ON finding_rows (state, pos, id);
CREATE INDEX finding_rows_tk ON finding_rows (tenant, kind, pos, id);
CREATE INDEX finding_rows_k ON finding_rows (kind, pos, id);
CREATE INDEX finding_rows_tks ON finding_rows (tenant, kind, state, pos, id);
CREATE INDEX finding_rows_ks ON finding_rows (kind, state, pos, id);
CREATE INDEX finding_rows_tw ON finding_rows (tenant, who, pos, id, state, kind);
CREATE INDEX finding_rows_w ON finding_rows (who, pos, id, state, kind);
CREATE INDEX finding_rows_run ON finding_rows (run, number);

-- Everybody that a plan was ever made for.
CREATE TABLE people (
    id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    person TEXT NOT NULL,
    upn TEXT NOT NULL,
    name TEXT NOT NULL,
    who TEXT NOT NULL,
    pos INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, person)
) STRICT;
CREATE INDEX people_tw ON people (tenant, who, pos, id);
CREATE INDEX people_w ON people (who, pos, id);

CREATE TABLE ledger_rows (
    -- The tenant and the number, written so that the newest comes first.
    id TEXT NOT NULL,
    tenant TEXT NOT NULL REFERENCES tenants (name),
    seq INTEGER NOT NULL,
    kind TEXT NOT NULL,
    request TEXT,
    plan TEXT,
    run TEXT,
    upn TEXT,
    name TEXT,
    who TEXT NOT NULL,
    about TEXT,
    seen_by TEXT,
    digest TEXT,
    at_ms INTEGER NOT NULL,
    pos INTEGER NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT;
CREATE INDEX ledger_rows_t ON ledger_rows (tenant, pos, id);
CREATE INDEX ledger_rows_a ON ledger_rows (pos, id);
CREATE INDEX ledger_rows_tk ON ledger_rows (tenant, kind, pos, id);
CREATE INDEX ledger_rows_k ON ledger_rows (kind, pos, id);
CREATE INDEX ledger_rows_tw ON ledger_rows (tenant, who, pos, id, kind);
CREATE INDEX ledger_rows_w ON ledger_rows (who, pos, id, kind);
