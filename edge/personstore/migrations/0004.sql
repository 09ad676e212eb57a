-- The directory of our accounts: docs/formats/directory.md.

-- Records never change. Only the newest of an account has optional fields and
-- operators; they are by account, and go with their consents.
CREATE TABLE directory_version (
    n          INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    account    TEXT    NOT NULL,
    number     INTEGER NOT NULL,
    address    TEXT    NOT NULL,
    holder     TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    open       INTEGER NOT NULL CHECK (open IN (0, 1)),
    at         INTEGER NOT NULL,
    by_account TEXT    NOT NULL,
    by_holder  TEXT    NOT NULL,
    by_person  TEXT    NOT NULL,
    by_method  TEXT    NOT NULL,
    by_role    TEXT    NOT NULL,
    by_case    TEXT    NOT NULL,
    card       BLOB    NOT NULL,
    UNIQUE (account, number)
) STRICT;

CREATE INDEX directory_version_address ON directory_version (address, at);

CREATE TABLE directory_account (
    account TEXT    PRIMARY KEY,
    newest  INTEGER NOT NULL, -- directory_version.n
    address TEXT    NOT NULL,
    holder  TEXT    NOT NULL,
    closed  INTEGER NOT NULL CHECK (closed IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX directory_account_address ON directory_account (address);

CREATE TABLE directory_choice (
    account TEXT    NOT NULL,
    place   INTEGER NOT NULL,
    field   TEXT    NOT NULL,
    value   BLOB    NOT NULL,
    PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_operator (
    account TEXT    NOT NULL,
    place   INTEGER NOT NULL,
    person  TEXT    NOT NULL,
    card    BLOB    NOT NULL,
    PRIMARY KEY (account, place)
) STRICT, WITHOUT ROWID;

-- What is published, in clear, while it is.
CREATE TABLE directory_listing (
    n        INTEGER PRIMARY KEY,
    account  TEXT    NOT NULL UNIQUE,
    version  TEXT    NOT NULL,
    holder   TEXT    NOT NULL,
    kind     TEXT    NOT NULL,
    legal    INTEGER NOT NULL CHECK (legal IN (0, 1)),
    consents INTEGER NOT NULL CHECK (consents IN (0, 1)), -- something of it rests on one
    address  TEXT    NOT NULL UNIQUE,
    name_key TEXT    NOT NULL,
    tokens   BLOB    NOT NULL, -- one behind the other
    body     BLOB    NOT NULL
) STRICT;

CREATE INDEX directory_listing_name ON directory_listing (name_key, legal);
CREATE INDEX directory_listing_consents ON directory_listing (account) WHERE consents = 1;

CREATE TABLE directory_token (
    token   BLOB    NOT NULL,
    listing INTEGER NOT NULL,
    PRIMARY KEY (token, listing)
) STRICT, WITHOUT ROWID;

-- Words of the titles of legal persons, and how many have each.
CREATE TABLE directory_word (
    word    TEXT    NOT NULL,
    listing INTEGER NOT NULL,
    PRIMARY KEY (word, listing)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_word_count (
    word TEXT    PRIMARY KEY,
    n    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who asked, in a chain, and whom he found.
CREATE TABLE directory_lookup (
    n     INTEGER PRIMARY KEY,
    entry BLOB    NOT NULL
) STRICT;

CREATE TABLE directory_found (
    account TEXT    NOT NULL,
    lookup  INTEGER NOT NULL,
    PRIMARY KEY (account, lookup)
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_quota (
    day     INTEGER NOT NULL,
    account TEXT    NOT NULL,
    n       INTEGER NOT NULL,
    PRIMARY KEY (day, account)
) STRICT, WITHOUT ROWID;

-- What the central directory was not told yet, what it was told, and every question
-- to it, in a chain.
CREATE TABLE directory_outbox (
    n        INTEGER PRIMARY KEY,
    version  TEXT    NOT NULL UNIQUE,
    account  TEXT    NOT NULL,
    at       INTEGER NOT NULL,
    due      INTEGER NOT NULL,
    attempts INTEGER NOT NULL
) STRICT;

CREATE INDEX directory_outbox_account ON directory_outbox (account, n);
CREATE INDEX directory_outbox_due ON directory_outbox (due, n);
CREATE INDEX directory_outbox_at ON directory_outbox (at);

CREATE TABLE directory_sent (
    account TEXT    PRIMARY KEY,
    version TEXT    NOT NULL,
    record  BLOB    NOT NULL,
    at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE directory_transaction (
    n     INTEGER PRIMARY KEY,
    entry BLOB    NOT NULL
) STRICT;
