-- Statements of directory.go.

-- name: directory.add-version
INSERT INTO directory_version (id, account, number, address, holder, kind, state, open, at, by_account, by_holder, by_person, by_method, by_role, by_case, card)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)

-- name: directory.has-version
SELECT account, number FROM directory_version WHERE id = $1

-- name: directory.newest-number
SELECT v.number, v.at FROM directory_account a JOIN directory_version v ON v.n = a.newest WHERE a.account = $1

-- name: directory.others
SELECT count(*) FROM directory_account WHERE address = $1 AND account <> $2 AND (closed = 0 OR holder <> $3)

-- name: directory.set-account
INSERT INTO directory_account (account, newest, address, holder, closed) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account) DO UPDATE SET newest = excluded.newest, address = excluded.address, holder = excluded.holder, closed = excluded.closed

-- name: directory.drop-choices
DELETE FROM directory_choice WHERE account = $1

-- name: directory.drop-operators
DELETE FROM directory_operator WHERE account = $1

-- name: directory.add-choice
INSERT INTO directory_choice (account, place, field, value) VALUES ($1, $2, $3, $4)

-- name: directory.add-operator
INSERT INTO directory_operator (account, place, person, card) VALUES ($1, $2, $3, $4)

-- name: directory.newest
SELECT v.id, v.account, v.number, v.address, v.holder, v.kind, v.state, v.open, v.at, v.by_account, v.by_holder, v.by_person, v.by_method, v.by_role, v.by_case, v.card, 1
FROM directory_account a JOIN directory_version v ON v.n = a.newest WHERE a.account = $1

-- name: directory.version
SELECT v.id, v.account, v.number, v.address, v.holder, v.kind, v.state, v.open, v.at, v.by_account, v.by_holder, v.by_person, v.by_method, v.by_role, v.by_case, v.card, a.newest = v.n
FROM directory_version v JOIN directory_account a ON a.account = v.account WHERE v.id = $1

-- name: directory.at
SELECT v.id, v.account, v.number, v.address, v.holder, v.kind, v.state, v.open, v.at, v.by_account, v.by_holder, v.by_person, v.by_method, v.by_role, v.by_case, v.card, a.newest = v.n
FROM directory_version v JOIN directory_account a ON a.account = v.account WHERE v.address = $1 AND v.at <= $2 ORDER BY v.at DESC, v.n DESC LIMIT 1

-- name: directory.versions
SELECT v.id, v.account, v.number, v.address, v.holder, v.kind, v.state, v.open, v.at, v.by_account, v.by_holder, v.by_person, v.by_method, v.by_role, v.by_case, v.card, 1
FROM directory_account a JOIN directory_version v ON v.n = a.newest WHERE a.account > $1 ORDER BY a.account LIMIT $2

-- name: directory.choices
SELECT field, value FROM directory_choice WHERE account = $1 ORDER BY place

-- name: directory.operators
SELECT person, card FROM directory_operator WHERE account = $1 ORDER BY place

-- name: directory.old-listing
SELECT n, legal, name_key, tokens FROM directory_listing WHERE account = $1

-- name: directory.drop-listing
DELETE FROM directory_listing WHERE n = $1

-- name: directory.add-listing
INSERT INTO directory_listing (account, version, holder, kind, legal, consents, address, name_key, tokens, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: directory.drop-token
DELETE FROM directory_token WHERE token = $1 AND listing = $2

-- name: directory.add-token
INSERT INTO directory_token (token, listing) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: directory.drop-word
DELETE FROM directory_word WHERE word = $1 AND listing = $2

-- name: directory.add-word
INSERT INTO directory_word (word, listing) VALUES ($1, $2)

-- name: directory.count-word
INSERT INTO directory_word_count (word, n) VALUES ($1, $2) ON CONFLICT (word) DO UPDATE SET n = n + excluded.n

-- name: directory.drop-count
DELETE FROM directory_word_count WHERE word = $1 AND n <= 0

-- name: directory.listing-of
SELECT account, version, holder, kind, address, name_key, tokens, body FROM directory_listing WHERE account = $1

-- name: directory.listings
SELECT account, version, holder, kind, address, name_key, tokens, body FROM directory_listing WHERE consents = 1 AND account > $1 ORDER BY account LIMIT $2

-- name: directory.by-address
SELECT account, version, holder, kind, address, name_key, tokens, body FROM directory_listing WHERE address = $1

-- name: directory.by-token
SELECT l.account, l.version, l.holder, l.kind, l.address, l.name_key, l.tokens, l.body
FROM directory_token t JOIN directory_listing l ON l.n = t.listing WHERE t.token = $1 LIMIT $2

-- name: directory.by-name
SELECT account, version, holder, kind, address, name_key, tokens, body FROM directory_listing WHERE name_key = $1 AND legal = $2 LIMIT $3

-- name: directory.word
SELECT n FROM directory_word_count WHERE word = $1

-- name: directory.by-words
SELECT l.account, l.version, l.holder, l.kind, l.address, l.name_key, l.tokens, l.body
FROM directory_word w JOIN directory_listing l ON l.n = w.listing
WHERE w.word = $1 AND NOT EXISTS (SELECT 1 FROM json_each($2) j WHERE NOT EXISTS (SELECT 1 FROM directory_word x WHERE x.word = j.value AND x.listing = w.listing))
LIMIT $3

-- name: directory.asked
SELECT n FROM directory_quota WHERE day = $1 AND account = $2

-- name: directory.count-asked
INSERT INTO directory_quota (day, account, n) VALUES ($1, $2, $3) ON CONFLICT (day, account) DO UPDATE SET n = n + excluded.n

-- name: directory.forget-days
DELETE FROM directory_quota WHERE day < $1

-- name: directory.last-lookup
SELECT entry FROM directory_lookup ORDER BY n DESC LIMIT 1

-- name: directory.add-lookup
INSERT INTO directory_lookup (n, entry) VALUES ($1, $2)

-- name: directory.add-found
INSERT INTO directory_found (account, lookup) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: directory.lookups
SELECT l.entry FROM directory_found f JOIN directory_lookup l ON l.n = f.lookup WHERE f.account = $1 AND f.lookup < $2 ORDER BY f.lookup DESC LIMIT $3

-- name: directory.all-lookups
SELECT entry FROM directory_lookup ORDER BY n

-- name: directory.send
INSERT INTO directory_outbox (version, account, at, due, attempts) VALUES ($1, $2, $3, $3, 0) ON CONFLICT (version) DO NOTHING

-- name: directory.due
SELECT n, version, account, at, attempts FROM directory_outbox o
WHERE due <= $1 AND NOT EXISTS (SELECT 1 FROM directory_outbox p WHERE p.account = o.account AND p.n < o.n) ORDER BY due, n LIMIT $2

-- name: directory.told
DELETE FROM directory_outbox WHERE n = $1 AND version = $2

-- name: directory.untold
UPDATE directory_outbox SET due = $3, attempts = attempts + 1 WHERE n = $1 AND version = $2 AND due <> $3

-- name: directory.waiting-of
SELECT count(*) FROM directory_outbox WHERE account = $1

-- name: directory.backlog
SELECT count(*), min(at) FROM directory_outbox

-- name: directory.set-sent
INSERT INTO directory_sent (account, version, record, at) VALUES ($1, $2, $3, $4)
ON CONFLICT (account) DO UPDATE SET version = excluded.version, record = excluded.record, at = excluded.at

-- name: directory.sent
SELECT account, version, record, at FROM directory_sent WHERE account > $1 ORDER BY account LIMIT $2

-- name: directory.last-transaction
SELECT entry FROM directory_transaction ORDER BY n DESC LIMIT 1

-- name: directory.add-transaction
INSERT INTO directory_transaction (n, entry) VALUES ($1, $2)

-- name: directory.all-transactions
SELECT entry FROM directory_transaction ORDER BY n
