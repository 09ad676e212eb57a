-- Statements of events.go.

-- name: event.position
SELECT position FROM event_position WHERE one = 1

-- name: event.move
UPDATE event_position SET position = $2 WHERE one = 1 AND position = $1

-- name: event.number
INSERT INTO event_newest (account, number) VALUES ($1, 1) ON CONFLICT (account) DO UPDATE SET number = number + 1 RETURNING number

-- name: event.add
INSERT INTO event (account, number, at, kind, message, recipient, evidence, of, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)

-- name: event.newest
SELECT number FROM event_newest WHERE account = $1

-- name: event.after
SELECT number, at, kind, message, recipient, evidence, of, outcome FROM event WHERE account = $1 AND number > $2 ORDER BY number LIMIT $3

-- name: event.forget
DELETE FROM event WHERE at < $1
