-- Why a version of a policy was applied, in the words of whoever applied it.
ALTER TABLE policies ADD COLUMN comment TEXT;

-- Requests are found by their number in the foreign system.
CREATE INDEX request_rows_reference ON request_rows (reference) WHERE reference IS NOT NULL;
