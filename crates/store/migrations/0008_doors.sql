-- What was changed about an operator, by whom and when; `roles` is what they held afterwards, as JSON.
CREATE TABLE operator_changes (
    id INTEGER PRIMARY KEY,
    operator TEXT NOT NULL REFERENCES operators (id),
    what TEXT NOT NULL CHECK (what IN ('added', 'roles', 'disabled', 'enabled')),
    roles TEXT NOT NULL,
    by TEXT NOT NULL,
    at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX operator_changes_of ON operator_changes (operator, id);

-- Decisions are kept under a client's name: no two have the same, in whatever case, not even a revoked one.
-- Of clients that share a name already, all but the oldest get their id behind it.
UPDATE clients SET name = name || ' ' || id WHERE EXISTS (
    SELECT 1 FROM clients AS older WHERE lower(older.name) = lower(clients.name)
        AND (older.created_ms, older.id) < (clients.created_ms, clients.id));
ALTER TABLE clients ADD COLUMN folded TEXT;
UPDATE clients SET folded = lower(name);
CREATE UNIQUE INDEX clients_folded ON clients (folded);
