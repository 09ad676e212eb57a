-- What people are told outside of registered mail: edge/personstore/notify.go.
-- A row stays when it has ended; its sealed destination and text do not.
CREATE TABLE news (
	seq      INTEGER PRIMARY KEY,
	id       TEXT NOT NULL UNIQUE,
	person   TEXT NOT NULL,
	channel  TEXT NOT NULL,
	kind     TEXT NOT NULL,
	state    TEXT NOT NULL,
	told     INTEGER NOT NULL,
	until    INTEGER NOT NULL,
	due      INTEGER, -- NULL: it has ended
	ended    INTEGER, -- NULL: it waits
	attempts INTEGER NOT NULL,
	fault    TEXT NOT NULL,
	sealed   BLOB,    -- NULL: wiped, because it has ended
	CHECK ((due IS NULL) = (ended IS NOT NULL) AND (due IS NULL) = (sealed IS NULL))
) STRICT;

CREATE INDEX news_due ON news (due) WHERE due IS NOT NULL;
CREATE INDEX news_person ON news (person, told);

-- Where people are told, sealed for the program alone.
CREATE TABLE news_contact (
	person TEXT PRIMARY KEY NOT NULL,
	sealed BLOB NOT NULL,
	since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
