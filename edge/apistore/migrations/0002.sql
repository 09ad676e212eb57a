-- What happened on accounts: edge/apistore/events.go. Numbers rise by one.
CREATE TABLE event (
  account   TEXT NOT NULL,
  number    INTEGER NOT NULL,
  at        INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  message   TEXT NOT NULL,
  recipient INTEGER NOT NULL,
  evidence  TEXT NOT NULL,
  of        INTEGER NOT NULL,
  outcome   INTEGER NOT NULL,
  PRIMARY KEY (account, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX event_at ON event (at);

-- The newest number that an account ever had.
CREATE TABLE event_newest (
  account TEXT PRIMARY KEY NOT NULL,
  number  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to where the journal was followed.
CREATE TABLE event_position (
  one      INTEGER PRIMARY KEY NOT NULL CHECK (one = 1),
  position TEXT NOT NULL
) STRICT;
INSERT INTO event_position (one, position) VALUES (1, '');

-- Addresses to which events are sent: edge/apistore/hooks.go. An id begins with the time.
CREATE TABLE hook (
  id        TEXT PRIMARY KEY NOT NULL,
  account   TEXT NOT NULL,
  person    TEXT NOT NULL,
  url       TEXT NOT NULL,
  secret    BLOB NOT NULL, -- sealed for the program
  made      INTEGER NOT NULL,
  state     TEXT NOT NULL,
  cursor    INTEGER NOT NULL,
  upto      INTEGER NOT NULL,
  failing   INTEGER,
  attempts  INTEGER NOT NULL,
  due       INTEGER NOT NULL,
  fault     TEXT NOT NULL,
  confirmed INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX hook_account ON hook (account, id);

-- Bulk sending: edge/apistore/bulk.go. An id begins with the time.
CREATE TABLE bulk_job (
  id        TEXT PRIMARY KEY NOT NULL,
  account   TEXT NOT NULL,
  holder    TEXT NOT NULL,
  person    TEXT NOT NULL,
  method    TEXT NOT NULL,
  proved    INTEGER NOT NULL,
  proof     TEXT NOT NULL,
  kind      TEXT NOT NULL,
  made      INTEGER NOT NULL,
  state     TEXT NOT NULL,
  cursor    INTEGER NOT NULL -- up to which event of the account it was brought
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_job_account ON bulk_job (account, id);
CREATE INDEX bulk_job_state ON bulk_job (state, id);

CREATE TABLE bulk_item (
  job     TEXT NOT NULL,
  row     INTEGER NOT NULL,
  address BLOB NOT NULL, -- sealed
  draft   TEXT NOT NULL,
  digest  BLOB, -- of what was signed beforehand
  step    TEXT NOT NULL,
  at      INTEGER NOT NULL,
  message TEXT NOT NULL,
  tr      TEXT NOT NULL, -- why it goes no further
  en      TEXT NOT NULL,
  PRIMARY KEY (job, row)
) STRICT, WITHOUT ROWID;
CREATE INDEX bulk_item_step ON bulk_item (job, step, row);
