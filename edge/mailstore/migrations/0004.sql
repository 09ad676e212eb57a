-- What other providers last said of how large a message they take: octets is 0 where
-- they named no bound.
CREATE TABLE peer_limit (
  domain TEXT NOT NULL PRIMARY KEY,
  octets INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
