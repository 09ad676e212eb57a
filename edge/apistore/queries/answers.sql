-- Statements of answers.go.

-- name: answer.begin
INSERT INTO answer (key, request, at, status, body) VALUES ($1, $2, $3, 0, x'') ON CONFLICT DO NOTHING

-- name: answer.one
SELECT request, at, status, body FROM answer WHERE key = $1

-- name: answer.end
UPDATE answer SET status = $2, body = $3 WHERE key = $1 AND status = 0

-- name: answer.leave
DELETE FROM answer WHERE key = $1 AND status = 0

-- name: answer.forget
DELETE FROM answer WHERE at < $1
