-- Tokens and clients: edge/apistore/tokens.go. An id begins with the time.
CREATE TABLE token_key (
  id      TEXT PRIMARY KEY NOT NULL,
  kind    TEXT NOT NULL,
  account TEXT NOT NULL,
  person  TEXT NOT NULL,
  label   BLOB NOT NULL,
  secret  BLOB NOT NULL,
  scopes  TEXT NOT NULL,
  made    INTEGER NOT NULL,
  until   INTEGER NOT NULL,
  used    INTEGER,
  revoked INTEGER,
  by      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX token_key_secret ON token_key (secret);
CREATE INDEX token_key_account ON token_key (account, id);

CREATE TABLE token_access (
  secret BLOB PRIMARY KEY NOT NULL,
  key    TEXT NOT NULL,
  scopes TEXT NOT NULL,
  made   INTEGER NOT NULL,
  until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_access_key ON token_access (key);
CREATE INDEX token_access_until ON token_access (until);

-- Answers to requests that name an idempotency key: edge/apistore/answers.go.
CREATE TABLE answer (
  key     BLOB PRIMARY KEY NOT NULL, -- digest of who asks and of the key
  request BLOB NOT NULL,             -- digest of what was asked
  at      INTEGER NOT NULL,
  status  INTEGER NOT NULL,          -- 0: it is being answered
  body    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answer_at ON answer (at);
