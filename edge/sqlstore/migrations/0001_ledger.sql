-- The index over the journal. Times are microseconds since 1970 UTC, 0 for
-- none. Numbers of states, kinds and stages are those of package message's
-- written forms (docs/formats/journal.md). Keys grow with time, so that new
-- rows are written side by side.

-- How far the journal is applied, and where its oldest unresolved intention is.
CREATE TABLE progress (
    one            INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    segment        INTEGER  NOT NULL,
    position       INTEGER  NOT NULL,
    oldest_segment INTEGER  NOT NULL,
    oldest_position INTEGER NOT NULL,
    filed          INTEGER  NOT NULL
) STRICT;
INSERT INTO progress (one, segment, position, oldest_segment, oldest_position, filed) VALUES (1, 0, 0, 0, 0, 0);

-- Intentions that outlived their place in the journal's recent past.
CREATE TABLE intention (
    key     TEXT   NOT NULL PRIMARY KEY,
    stage   INTEGER NOT NULL,
    at      INTEGER NOT NULL,
    body    BLOB   NOT NULL,
    content TEXT   NOT NULL,
    segment  INTEGER NOT NULL,
    position INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    seq     INTEGER NOT NULL PRIMARY KEY,
    id      TEXT    NOT NULL UNIQUE,
    account TEXT    NOT NULL, -- of the sender who is ours, or ''
    card    BLOB    NOT NULL  -- the record, as the journal writes it
) STRICT;
CREATE INDEX message_account ON message (account, seq) WHERE account <> '';

CREATE TABLE recipient (
    message INTEGER NOT NULL,
    n       INTEGER NOT NULL,
    state   INTEGER NOT NULL,
    since   INTEGER NOT NULL,
    due     INTEGER NOT NULL,
    account TEXT   NOT NULL, -- the mailbox that it arrived in, or ''
    uid     INTEGER NOT NULL,
    PRIMARY KEY (message, n)
) STRICT, WITHOUT ROWID;

-- One evidence of a kind and an issuer for a recipient, by construction; one
-- that contradicts it is kept beside it.
CREATE TABLE evidence (
    message  INTEGER NOT NULL,
    n        INTEGER NOT NULL,
    kind     INTEGER NOT NULL,
    issuer   TEXT   NOT NULL,
    conflict INTEGER NOT NULL,
    filed    INTEGER NOT NULL, -- grows in the order of filing
    id       TEXT   NOT NULL,
    outcome  INTEGER NOT NULL,
    time     INTEGER NOT NULL,
    no_information INTEGER NOT NULL,
    reasons  TEXT   NOT NULL,
    digest   BLOB   NOT NULL,
    ref      TEXT   NOT NULL,
    PRIMARY KEY (message, n, kind, issuer, conflict)
) STRICT, WITHOUT ROWID;
CREATE INDEX evidence_id ON evidence (id);

CREATE TABLE envelope (
    message INTEGER NOT NULL PRIMARY KEY,
    head    TEXT    NOT NULL,
    tail    TEXT    NOT NULL
) STRICT;

CREATE TABLE submission (
    day         INTEGER NOT NULL,
    fingerprint BLOB   NOT NULL,
    message     TEXT   NOT NULL,
    PRIMARY KEY (day, fingerprint)
) STRICT, WITHOUT ROWID;

CREATE TABLE task (
    stage    INTEGER NOT NULL,
    message  TEXT   NOT NULL,
    target   TEXT   NOT NULL,
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (stage, message, target)
) STRICT, WITHOUT ROWID;
CREATE INDEX task_due ON task (stage, due);

CREATE TABLE mailbox (
    account  TEXT   NOT NULL PRIMARY KEY,
    uid      INTEGER NOT NULL,
    messages INTEGER NOT NULL,
    bytes    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE entry (
    account   TEXT   NOT NULL,
    uid       INTEGER NOT NULL,
    message   TEXT   NOT NULL,
    n         INTEGER NOT NULL,
    arrived   INTEGER NOT NULL,
    size      INTEGER NOT NULL,
    opened    INTEGER NOT NULL,
    opened_by TEXT   NOT NULL,
    PRIMARY KEY (account, uid)
) STRICT, WITHOUT ROWID;

-- What happened, for operators; without personal data.
CREATE TABLE note (
    seq     INTEGER NOT NULL PRIMARY KEY,
    message TEXT    NOT NULL,
    at      INTEGER  NOT NULL,
    note    TEXT    NOT NULL
) STRICT;
CREATE INDEX note_message ON note (message, seq);

CREATE TABLE account (
    id      TEXT NOT NULL PRIMARY KEY,
    address TEXT NOT NULL UNIQUE,
    quota   INTEGER NOT NULL,
    card    BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE password (
    account TEXT NOT NULL,
    person  TEXT NOT NULL,
    hash    TEXT NOT NULL,
    PRIMARY KEY (account, person)
) STRICT, WITHOUT ROWID;
