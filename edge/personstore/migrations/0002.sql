-- Log-ins: edge/personstore/login.go. A secret is known by its digest alone, a
-- log-in name and the number of a certificate by tokens.
CREATE TABLE login_person (
  person    TEXT NOT NULL,
  kind      TEXT NOT NULL,
  epoch     INTEGER NOT NULL,
  locked    INTEGER NOT NULL,
  hash      TEXT NOT NULL,
  totp      BLOB,
  proposed  BLOB,
  step      INTEGER NOT NULL,
  sms       INTEGER NOT NULL,
  passkeys  INTEGER NOT NULL,
  signatory BLOB,
  PRIMARY KEY (person, kind)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX login_person_signatory ON login_person (signatory, kind) WHERE signatory IS NOT NULL;

CREATE TABLE login_name (
  token   BLOB NOT NULL,
  kind    TEXT NOT NULL,
  person  TEXT NOT NULL,
  account TEXT NOT NULL,
  PRIMARY KEY (token, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_name_person ON login_name (person, kind, account);

CREATE TABLE login_passkey (
  credential BLOB PRIMARY KEY,
  person     TEXT NOT NULL,
  kind       TEXT NOT NULL,
  key        BLOB NOT NULL,
  counter    INTEGER NOT NULL,
  eligible   INTEGER NOT NULL,
  backed     INTEGER NOT NULL,
  transports TEXT NOT NULL,
  name       BLOB,
  made       INTEGER NOT NULL,
  used       INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX login_passkey_person ON login_passkey (person, kind, made);

CREATE TABLE login_session (
  id      BLOB PRIMARY KEY,
  person  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  account TEXT NOT NULL,
  level   INTEGER NOT NULL,
  method  TEXT NOT NULL,
  created INTEGER NOT NULL,
  proved  INTEGER NOT NULL,
  seen    INTEGER NOT NULL,
  device  BLOB,
  event   BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX login_session_person ON login_session (person, kind, created);
CREATE INDEX login_session_created ON login_session (created);

CREATE TABLE login_attempt (
  id      BLOB PRIMARY KEY,
  person  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  account TEXT NOT NULL,
  epoch   INTEGER NOT NULL,
  made    INTEGER NOT NULL,
  raises  BLOB,
  code    BLOB,
  sent    INTEGER,
  sends   INTEGER NOT NULL,
  tries   INTEGER NOT NULL,
  known   INTEGER NOT NULL,
  phone   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_attempt_person ON login_attempt (person, kind, made);
CREATE INDEX login_attempt_made ON login_attempt (made);

CREATE TABLE login_device (
  person TEXT NOT NULL,
  kind   TEXT NOT NULL,
  id     BLOB NOT NULL,
  agent  BLOB,
  first  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  PRIMARY KEY (person, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_device_last ON login_device (last);

CREATE TABLE login_event (
  person  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  id      BLOB NOT NULL,
  at      INTEGER NOT NULL,
  what    TEXT NOT NULL,
  method  TEXT NOT NULL,
  outcome TEXT NOT NULL,
  place   BLOB,
  PRIMARY KEY (person, kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX login_event_at ON login_event (at);

CREATE TABLE login_notice (
  id     BLOB PRIMARY KEY,
  person TEXT NOT NULL,
  kind   TEXT NOT NULL,
  what   TEXT NOT NULL,
  at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_notice_person ON login_notice (person, kind);

CREATE TABLE login_grant (
  id      BLOB PRIMARY KEY,
  person  TEXT NOT NULL,
  kind    TEXT NOT NULL,
  account TEXT NOT NULL,
  until   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX login_grant_person ON login_grant (person, kind);
CREATE INDEX login_grant_until ON login_grant (until);

CREATE TABLE login_failure (
  key   BLOB PRIMARY KEY,
  count INTEGER NOT NULL,
  last  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_failure_last ON login_failure (last);

CREATE TABLE login_spent (
  id    BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX login_spent_until ON login_spent (until);
