-- Who gave a decision in somebody else's name, and why somebody lets another decide.
ALTER TABLE approvals ADD COLUMN through TEXT COLLATE NOCASE;
ALTER TABLE refusals ADD COLUMN through TEXT;
ALTER TABLE delegations ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- Where the bot reaches an operator in Teams, and who that is there.
CREATE TABLE conversations (
    operator TEXT PRIMARY KEY REFERENCES operators (id),
    directory TEXT NOT NULL,
    object TEXT NOT NULL,
    service TEXT NOT NULL,
    conversation TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    UNIQUE (directory, object)
) STRICT, WITHOUT ROWID;

-- Presses of buttons that were acted on: a call that comes again does nothing.
CREATE TABLE presses (
    id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
