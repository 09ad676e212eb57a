-- Mailboxes. docs/formats/mailbox.md. Times are microseconds of Unix.

-- Up to where the ledger was followed.
CREATE TABLE box_followed (one INTEGER PRIMARY KEY CHECK (one = 1), position TEXT NOT NULL) STRICT;

CREATE TABLE box_account (
  n        INTEGER PRIMARY KEY,
  id       TEXT NOT NULL UNIQUE,
  items    INTEGER NOT NULL, -- the last identifier given
  validity INTEGER NOT NULL  -- the last one given to a folder
) STRICT;

CREATE TABLE box_folder (
  n        INTEGER PRIMARY KEY,
  account  INTEGER NOT NULL,
  id       TEXT NOT NULL,
  holder   TEXT NOT NULL,  -- under whom the name is sealed
  name     BLOB,           -- NULL for the provider's
  token    BLOB,           -- of the folded name
  next     INTEGER NOT NULL,
  validity INTEGER NOT NULL,
  items    INTEGER NOT NULL,
  unopened INTEGER NOT NULL,
  unseen   INTEGER NOT NULL,
  bytes    INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX folder_id ON box_folder (account, id);
CREATE UNIQUE INDEX folder_token ON box_folder (account, token) WHERE token IS NOT NULL;

-- n grows with time over all accounts, and is the rowid of the words. An item that
-- was removed stays with folder NULL, so that it does not come again.
CREATE TABLE box_item (
  n           INTEGER PRIMARY KEY,
  account     INTEGER NOT NULL,
  id          INTEGER NOT NULL,
  kind        INTEGER NOT NULL,
  message     TEXT NOT NULL,
  recipient   INTEGER NOT NULL,
  evidence    TEXT NOT NULL,
  draft       TEXT NOT NULL,
  folder      INTEGER,
  uid         INTEGER NOT NULL,
  flags       INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  size        INTEGER NOT NULL,
  opened      INTEGER,
  person      TEXT NOT NULL,
  progress    INTEGER NOT NULL,
  attachments INTEGER NOT NULL,
  trashed     INTEGER,           -- since when it is in the trash
  indexed     INTEGER NOT NULL   -- 1: its words are kept
) STRICT;
CREATE UNIQUE INDEX item_id ON box_item (account, id);
CREATE UNIQUE INDEX item_about ON box_item (account, message, kind, recipient, evidence) WHERE kind <> 4;
CREATE UNIQUE INDEX item_draft ON box_item (account, draft) WHERE kind = 4;
CREATE INDEX item_line ON box_item (folder, uid, id, flags, size, at) WHERE folder IS NOT NULL;
CREATE INDEX item_folder ON box_item (folder, id) WHERE folder IS NOT NULL;
-- Everything that a filter asks: one that finds little reads this and no rows.
CREATE INDEX item_list ON box_item (account, id, folder, kind, at, progress, attachments, person) WHERE folder IS NOT NULL;
CREATE INDEX item_unopened ON box_item (account, id, folder, kind, opened) WHERE opened IS NULL AND kind = 1 AND folder IS NOT NULL;
CREATE INDEX item_marked ON box_item (account, id, folder, flags) WHERE flags & 4 = 4 AND folder IS NOT NULL;
CREATE INDEX item_trashed ON box_item (trashed, n) WHERE trashed IS NOT NULL;
CREATE INDEX item_unindexed ON box_item (n) WHERE indexed = 0 AND kind <> 4 AND folder IS NOT NULL;

-- The tokens of an item's words; the rowid is the item's n. No text is kept.
CREATE VIRTUAL TABLE box_word USING fts5 (text, content = '', contentless_delete = 1, detail = none, tokenize = 'ascii');

CREATE TABLE box_draft (
  account  INTEGER NOT NULL,
  id       TEXT NOT NULL,
  holder   TEXT NOT NULL,  -- under whom head and body are sealed
  version  INTEGER NOT NULL,
  step     TEXT NOT NULL,
  author   TEXT NOT NULL,
  signer   TEXT NOT NULL,
  saved    INTEGER NOT NULL,
  answers  TEXT NOT NULL,
  send_at  INTEGER,
  original BLOB,
  head     BLOB NOT NULL,
  body     BLOB NOT NULL,
  PRIMARY KEY (account, id)
) STRICT;
CREATE INDEX draft_due ON box_draft (send_at, account, id) WHERE step = 'scheduled' AND send_at IS NOT NULL;

-- A file of a draft is in the folder beside, under place; secret opens it.
CREATE TABLE box_file (
  account INTEGER NOT NULL,
  draft   TEXT NOT NULL,
  id      TEXT NOT NULL,
  place   TEXT NOT NULL UNIQUE,
  size    INTEGER NOT NULL,
  digest  BLOB NOT NULL,
  holder  TEXT NOT NULL,
  secret  BLOB NOT NULL,
  made    INTEGER NOT NULL,
  PRIMARY KEY (account, draft, id)
) STRICT;
CREATE INDEX file_made ON box_file (made);

CREATE TABLE box_keepsake (
  account INTEGER NOT NULL,
  id      TEXT NOT NULL,
  kind    TEXT NOT NULL,
  person  TEXT NOT NULL,
  holder  TEXT NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (account, id)
) STRICT;
CREATE INDEX keepsake_kind ON box_keepsake (account, kind);

CREATE TABLE box_preference (
  account     INTEGER NOT NULL,
  person      TEXT NOT NULL,
  ask_first   INTEGER NOT NULL,
  mail        INTEGER NOT NULL,
  sms         INTEGER NOT NULL,
  digest      INTEGER NOT NULL,
  quiet_from  INTEGER NOT NULL,
  quiet_until INTEGER NOT NULL,
  PRIMARY KEY (account, person)
) STRICT;
