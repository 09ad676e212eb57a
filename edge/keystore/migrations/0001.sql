-- A data key of a person and purpose class; wrapped is NULL once it was destroyed.
CREATE TABLE datakey (
    person  TEXT    NOT NULL,
    class   TEXT    NOT NULL,
    serial  INTEGER NOT NULL,
    number  INTEGER NOT NULL,
    wrapped BLOB,
    PRIMARY KEY (person, class, serial)
) STRICT, WITHOUT ROWID;

CREATE INDEX datakey_number ON datakey (number) WHERE wrapped IS NOT NULL;

-- What the list of destroyed keys says, by person.
CREATE TABLE destroyed (
    person TEXT    NOT NULL,
    class  TEXT    NOT NULL,
    serial INTEGER NOT NULL,
    at     INTEGER NOT NULL,
    by     TEXT    NOT NULL,
    reason TEXT    NOT NULL,
    PRIMARY KEY (person, class, serial)
) STRICT, WITHOUT ROWID;

-- How far the list was applied.
CREATE TABLE applied (
    one     INTEGER PRIMARY KEY CHECK (one = 1),
    segment INTEGER NOT NULL,
    offset  INTEGER NOT NULL
) STRICT;

INSERT INTO applied (one, segment, offset) VALUES (1, 0, 0);
