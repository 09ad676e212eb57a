-- name: begin
BEGIN IMMEDIATE;
-- name: commit
COMMIT;
-- name: savepoint
SAVEPOINT one;
-- name: release
RELEASE one;
-- name: undo
ROLLBACK TO one;

-- name: progress
SELECT segment, position, oldest_segment, oldest_position, filed FROM progress WHERE one = 1;
-- name: advance
UPDATE progress SET segment = $1, position = $2, oldest_segment = $3, oldest_position = $4, filed = $5 WHERE one = 1;

-- name: keepIntention
INSERT INTO intention (key, stage, at, body, content, segment, position) VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (key) DO NOTHING;
-- name: dropIntention
DELETE FROM intention WHERE key = $1;
-- name: intentions
SELECT key, stage, at, body, content, segment, position FROM intention ORDER BY segment, position;

-- name: addMessage
INSERT INTO message (seq, id, account, card) VALUES ($1, $2, $3, $4);
-- name: newest
SELECT max(m.id) FROM message m WHERE m.id >= $1 AND m.id < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 0 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 1 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 2 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 3 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 4 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 5 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 6 AND t.message >= $1 AND t.message < $2
UNION ALL
SELECT max(t.message) FROM task t WHERE t.stage = 7 AND t.message >= $1 AND t.message < $2;
-- name: lastMessage
SELECT coalesce(max(seq), 0) FROM message;
-- name: findMessage
SELECT m.seq, m.card FROM message m WHERE m.id = $1
UNION ALL
SELECT 0, NULL WHERE EXISTS (SELECT 1 FROM task t WHERE t.stage IN (0, 1, 2, 3, 4, 5, 6, 7) AND t.message = $1)
LIMIT 1;
-- name: addRecipient
INSERT INTO recipient (message, n, state, since, due, account, uid) VALUES ($1, $2, $3, $4, $5, $6, $7);
-- name: move
UPDATE recipient SET state = $1, since = $2, due = $3 WHERE message = $4 AND n = $5;

-- name: file
INSERT INTO evidence (message, n, kind, issuer, conflict, filed, id, outcome, time, no_information, reasons, digest, ref)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
ON CONFLICT (message, n, kind, issuer, conflict) DO NOTHING;
-- name: evidence
SELECT id, kind, outcome, n, issuer, time, reasons, no_information, conflict, digest, ref
FROM evidence WHERE id = $1 ORDER BY filed LIMIT 1;

-- name: keepEnvelope
INSERT INTO envelope (message, head, tail) VALUES ($1, $2, $3) ON CONFLICT (message) DO NOTHING;
-- name: view
SELECT 0 AS part, r.n AS place, r.n AS n, r.state AS state, r.since AS since, r.due AS due,
    '' AS id, r.uid AS kind, 0 AS outcome, '' AS issuer, '' AS reasons, 0 AS no_information, 0 AS conflict, NULL AS digest, '' AS ref, r.account AS account
FROM recipient r WHERE r.message = $1
UNION ALL
SELECT 1, e.filed, e.n, 0, e.time, 0, e.id, e.kind, e.outcome, e.issuer, e.reasons, e.no_information, e.conflict, e.digest, e.ref, ''
FROM evidence e WHERE e.message = $1
UNION ALL
SELECT 2, 0, 0, 0, 0, 0, v.head, 0, 0, '', '', 0, 0, NULL, v.tail, ''
FROM envelope v WHERE v.message = $1
UNION ALL
SELECT 3, 0, t.attempts, 0, 0, t.due, '', t.stage, 0, t.target, '', 0, 0, NULL, '', ''
FROM task t WHERE t.stage IN (0, 1, 2, 3, 4, 5, 6, 7) AND t.message = $2
ORDER BY part, place;

-- name: addSubmission
INSERT INTO submission (day, fingerprint, message) VALUES ($1, $2, $3) ON CONFLICT (day, fingerprint) DO NOTHING;
-- name: forgetSubmissions
DELETE FROM submission WHERE (day, fingerprint) IN (
    SELECT s.day, s.fingerprint FROM submission s
    WHERE s.day < (SELECT max(n.day) FROM submission n) - 7 ORDER BY s.day LIMIT 512);
-- name: submitted
SELECT message, day FROM submission WHERE day IN ($1, $2, $3) AND fingerprint = $4 ORDER BY day DESC LIMIT 1;
-- name: prints
SELECT day, fingerprint FROM submission WHERE day > (SELECT max(n.day) FROM submission n) - $1 ORDER BY day;

-- name: strangerTasks
SELECT stage, target, due, attempts FROM task WHERE stage IN (0, 1, 2, 3, 4, 5, 6, 7) AND message = $1;
-- name: dropTask
DELETE FROM task WHERE stage = $1 AND message = $2 AND target = $3;
-- name: putTask
INSERT INTO task (stage, message, target, due, attempts) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (stage, message, target) DO UPDATE SET due = excluded.due, attempts = excluded.attempts;
-- name: due
SELECT message, target, due, attempts FROM task WHERE stage = $1 ORDER BY due, message, target LIMIT $2;

-- name: counters
SELECT uid, messages, bytes FROM mailbox WHERE account = $1;
-- name: setMailbox
INSERT INTO mailbox (account, uid, messages, bytes) VALUES ($1, $2, $3, $4)
ON CONFLICT (account) DO UPDATE SET uid = excluded.uid, messages = excluded.messages, bytes = excluded.bytes;
-- name: putPlace
UPDATE recipient SET account = $1, uid = $2 WHERE message = $3 AND n = $4;
-- name: addEntry
INSERT INTO entry (account, uid, message, n, arrived, size, opened, opened_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: open
UPDATE entry SET opened = $1, opened_by = $2 WHERE account = $3 AND uid = $4 AND opened = 0;
-- name: mailbox
SELECT uid, message, n, arrived, size, opened, opened_by FROM entry WHERE account = $1 AND uid > $2 ORDER BY uid LIMIT $3;

-- name: addNote
INSERT INTO note (message, at, note) VALUES ($1, $2, $3);

-- name: sent
SELECT m.id FROM message m WHERE m.account = $1 AND m.account <> '' AND m.seq < $2 ORDER BY m.seq DESC LIMIT $3;
-- name: messages
SELECT m.seq, m.id FROM message m WHERE m.seq > $1 ORDER BY m.seq LIMIT $2;

-- name: addAccount
INSERT INTO account (id, address, quota, card) VALUES ($1, $2, $3, $4);
-- name: addressOwner
SELECT id FROM account WHERE address = $1;
-- name: leaveAddress
UPDATE account SET address = id WHERE id = $1;
-- name: setAccount
UPDATE account SET quota = $1, card = $2 WHERE id = $3;
-- name: account
SELECT card FROM account WHERE id = $1;
-- name: accountByAddress
SELECT card FROM account WHERE address = $1;
-- name: accounts
SELECT card FROM account WHERE id > $1 ORDER BY id LIMIT $2;
-- name: setPassword
INSERT INTO password (account, person, hash) VALUES ($1, $2, $3)
ON CONFLICT (account, person) DO UPDATE SET hash = excluded.hash;
-- name: dropPassword
DELETE FROM password WHERE account = $1 AND person = $2;
-- name: passwords
SELECT person, hash FROM password WHERE account = $1;

-- name: columns
SELECT m.name, c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c
WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite\_%' ESCAPE '\' ORDER BY m.name, c.cid;
