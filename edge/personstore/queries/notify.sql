-- Statements of notify.go.

-- name: news.tell
INSERT INTO news (id, person, channel, kind, state, told, until, due, ended, attempts, fault, sealed)
VALUES (?1, ?2, ?3, ?4, 'waiting', ?5, ?6, ?7, NULL, 0, '', ?8)
ON CONFLICT (id) DO NOTHING

-- name: news.waiting
SELECT id, person, channel, kind, state, told, until, due, ended, attempts, fault, sealed
FROM news WHERE due IS NOT NULL AND due <= ?1 ORDER BY due, seq LIMIT ?2

-- name: news.next
SELECT min(due) FROM news WHERE due IS NOT NULL AND due > ?1

-- name: news.begin
UPDATE news SET attempts = ?2, due = ?3, fault = '' WHERE id = ?1 AND ended IS NULL AND attempts = ?2 - 1

-- name: news.postpone
UPDATE news SET fault = ?2, due = ?3 WHERE id = ?1 AND ended IS NULL

-- name: news.end
UPDATE news SET state = ?2, fault = ?3, ended = ?4, due = NULL, sealed = NULL WHERE id = ?1 AND ended IS NULL

-- name: news.delivery
SELECT id, person, channel, kind, state, told, until, due, ended, attempts, fault, NULL
FROM news WHERE id = ?1

-- name: news.deliveries
SELECT id, person, channel, kind, state, told, until, due, ended, attempts, fault, NULL
FROM news WHERE person = ?1 AND told < ?2 ORDER BY told DESC, seq DESC LIMIT ?3

-- name: news.backlog
SELECT count(*), min(told) FROM news WHERE due IS NOT NULL

-- name: news.setContact
INSERT INTO news_contact (person, sealed, since) VALUES (?1, ?2, ?3)
ON CONFLICT (person) DO UPDATE SET sealed = excluded.sealed, since = excluded.since

-- name: news.forgetContact
DELETE FROM news_contact WHERE person = ?1

-- name: news.contact
SELECT sealed FROM news_contact WHERE person = ?1
