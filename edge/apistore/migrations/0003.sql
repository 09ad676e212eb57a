-- What a hook sends, parted by spaces; empty: everything.
ALTER TABLE hook ADD COLUMN kinds TEXT NOT NULL DEFAULT '';

-- The last deliveries of hooks: edge/apistore/hooks.go.
CREATE TABLE hook_delivery (
  hook   TEXT NOT NULL,
  upto   INTEGER NOT NULL,
  after  INTEGER NOT NULL,
  events INTEGER NOT NULL,
  tries  INTEGER NOT NULL,
  at     INTEGER NOT NULL,
  fault  TEXT NOT NULL,
  PRIMARY KEY (hook, upto)
) STRICT, WITHOUT ROWID;
