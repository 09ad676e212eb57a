-- Applications as they stand. The view can be made again from the steps; it is
-- last, so that a list does not read it.
CREATE TABLE application (
    n         INTEGER PRIMARY KEY, -- in the order in which they began
    id        TEXT    NOT NULL UNIQUE,
    kind      TEXT    NOT NULL,
    applicant TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    since     INTEGER NOT NULL,
    due       INTEGER,             -- rounded up; NULL: nothing is due
    steps     INTEGER NOT NULL,
    method    TEXT    NOT NULL,
    reviewer  TEXT    NOT NULL,
    view      BLOB    NOT NULL
) STRICT;

CREATE INDEX application_state ON application (state, since, id, kind);
CREATE INDEX application_reviewer ON application (reviewer, since, id) WHERE reviewer <> '';
CREATE INDEX application_due ON application (due, id) WHERE due IS NOT NULL;

-- How many are in each state: counting a million takes too long for a page.
CREATE TABLE application_count (
    state TEXT    PRIMARY KEY,
    n     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The history: docs/formats/application-step.md.
CREATE TABLE application_step (
    application INTEGER NOT NULL,
    number      INTEGER NOT NULL,
    body        BLOB    NOT NULL,
    PRIMARY KEY (application, number)
) STRICT;

-- Who is named by an application or by a form of it, by identifiers alone.
CREATE TABLE application_person (
    person      TEXT NOT NULL,
    application TEXT NOT NULL,
    PRIMARY KEY (person, application)
) STRICT, WITHOUT ROWID;

-- Tokens of blind indexes under which an application is found.
CREATE TABLE application_token (
    token       BLOB NOT NULL,
    application TEXT NOT NULL,
    PRIMARY KEY (token, application)
) STRICT, WITHOUT ROWID;

CREATE INDEX application_token_application ON application_token (application);

-- Questions to somebody outside that have no step yet.
CREATE TABLE application_intention (
    n           INTEGER PRIMARY KEY, -- the oldest first
    key         TEXT    NOT NULL UNIQUE,
    application TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    body        BLOB    NOT NULL
) STRICT;

-- Addresses that are not free. A closed one can be reserved again, and keeps
-- account and holder meanwhile; an assigned one cannot.
CREATE TABLE address (
    address     TEXT    PRIMARY KEY,
    application TEXT,              -- that has it reserved
    wanted_by   TEXT    NOT NULL,  -- who will have the account, where it is known
    until       INTEGER,           -- NULL: until it is released
    reserved    INTEGER,
    account     TEXT    NOT NULL,  -- whose it is or was
    holder      TEXT    NOT NULL,
    closed      INTEGER NOT NULL CHECK (closed IN (0, 1)),
    since       INTEGER,           -- assigned, or closed
    CHECK (application IS NULL OR account = '' OR closed = 1),
    CHECK (application IS NOT NULL OR account <> '')
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX address_application ON address (application) WHERE application IS NOT NULL;
