-- What enrolment keeps beside the applications: edge/personstore/persons.go,
-- papers are files (edge/paperstore).

-- Which person a number names. A number is a token of a blind index.
CREATE TABLE person_number (
    token  BLOB    NOT NULL PRIMARY KEY,
    person TEXT    NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who was identified, and when first.
CREATE TABLE person_known (
    person TEXT    NOT NULL PRIMARY KEY,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Links that lead to an application, by the digest of their secret.
CREATE TABLE enrolment_link (
    n           INTEGER PRIMARY KEY,
    id          BLOB    NOT NULL UNIQUE,
    application TEXT    NOT NULL,
    bearer      TEXT    NOT NULL,
    shower      INTEGER NOT NULL, -- 1: of who has to show himself, and not of who applies
    mail        INTEGER NOT NULL, -- 1: it opens the account
    made        INTEGER NOT NULL,
    until       INTEGER           -- NULL: as long as the application
) STRICT;

CREATE INDEX enrolment_link_bearer ON enrolment_link (bearer, n);
CREATE INDEX enrolment_link_shower ON enrolment_link (application, n) WHERE shower = 1;

-- What applicants have shown of their channels. A code is a keyed digest.
CREATE TABLE enrolment_proof (
    application TEXT    NOT NULL PRIMARY KEY,
    version     INTEGER NOT NULL,
    mail        INTEGER, -- NULL: not yet
    code        BLOB,    -- NULL: none waits
    until       INTEGER,
    sent        INTEGER NOT NULL,
    tries       INTEGER NOT NULL,
    sends       INTEGER NOT NULL,
    first       INTEGER,
    mobile      INTEGER,
    spent       INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE enrolment_appointment (
    application TEXT    NOT NULL PRIMARY KEY,
    office      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    made        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX enrolment_appointment_time ON enrolment_appointment (office, at);

-- What accounts took over from their applications, sealed value by value.
CREATE TABLE enrolment_profile (
    n           INTEGER PRIMARY KEY,
    account     TEXT    NOT NULL UNIQUE,
    application TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    holder      TEXT    NOT NULL,
    shower      TEXT    NOT NULL,
    at          INTEGER NOT NULL,
    mobile      BLOB,
    mail        BLOB
) STRICT;

CREATE INDEX enrolment_profile_holder ON enrolment_profile (holder, n);
CREATE INDEX enrolment_profile_shower ON enrolment_profile (shower, n);

CREATE TABLE enrolment_detail (
    profile INTEGER NOT NULL,
    number  INTEGER NOT NULL, -- its place in the form
    name    TEXT    NOT NULL,
    value   BLOB    NOT NULL,
    PRIMARY KEY (profile, number)
) STRICT, WITHOUT ROWID;
