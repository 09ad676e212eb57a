-- The chain of staff, an entry a row: docs/formats/staff.md. Nothing here is
-- changed or deleted; names are erased by destroying their keys.
CREATE TABLE staff_entry (
    number INTEGER PRIMARY KEY,
    body   BLOB NOT NULL
) STRICT;

CREATE TRIGGER staff_entry_stays BEFORE UPDATE ON staff_entry BEGIN SELECT RAISE(ABORT, 'an entry of staff is not changed'); END;
CREATE TRIGGER staff_entry_remains BEFORE DELETE ON staff_entry BEGIN SELECT RAISE(ABORT, 'an entry of staff is not deleted'); END;

-- Contracted institutions. They are legal persons.
CREATE TABLE partner_institution (
    id         TEXT    NOT NULL PRIMARY KEY,
    name       TEXT    NOT NULL,
    contract   TEXT    NOT NULL UNIQUE,
    from_time  INTEGER NOT NULL,
    until_time INTEGER NOT NULL,
    provinces  TEXT    NOT NULL, -- their digits, spaces between
    added      INTEGER NOT NULL,
    added_by   TEXT    NOT NULL,
    ended      INTEGER,
    ended_by   TEXT
) STRICT, WITHOUT ROWID;

-- Work orders as they stand; what they are is in their steps.
CREATE TABLE partner_order (
    n           INTEGER PRIMARY KEY, -- in the order in which they were issued
    id          TEXT    NOT NULL UNIQUE,
    application TEXT    NOT NULL,
    institution TEXT    NOT NULL,
    state       TEXT    NOT NULL,
    due         INTEGER,             -- when an order that nobody visited expires
    out         INTEGER NOT NULL,    -- 1: papers are with somebody of the institution
    steps       INTEGER NOT NULL
) STRICT;

CREATE INDEX partner_order_application ON partner_order (application, n);
CREATE INDEX partner_order_institution ON partner_order (institution, n);
CREATE INDEX partner_order_standing ON partner_order (institution, state, n);
CREATE INDEX partner_order_state ON partner_order (state, n);
CREATE INDEX partner_order_due ON partner_order (due, n) WHERE due IS NOT NULL;
CREATE INDEX partner_order_out ON partner_order (n) WHERE out = 1;

-- Their history: docs/formats/work-order.md.
CREATE TABLE partner_step (
    n      INTEGER NOT NULL,
    number INTEGER NOT NULL,
    body   BLOB    NOT NULL,
    PRIMARY KEY (n, number)
) STRICT, WITHOUT ROWID;
