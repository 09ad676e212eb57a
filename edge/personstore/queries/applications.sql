-- Statements of applications.go, lists.go and addresses.go.

-- name: application.row
SELECT n, state, steps, view FROM application WHERE id = $1

-- name: application.add
INSERT INTO application (id, kind, applicant, state, since, due, steps, method, reviewer, view)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)

-- name: application.change
UPDATE application SET kind = $2, applicant = $3, state = $4, since = $5, due = $6, steps = $7, method = $8, reviewer = $9, view = $10 WHERE id = $1

-- name: application.step
SELECT body FROM application_step WHERE application = $1 AND number = $2

-- name: application.steps
SELECT body FROM application_step WHERE application = $1 ORDER BY number

-- name: application.history
SELECT s.body FROM application a JOIN application_step s ON s.application = a.n WHERE a.id = $1 ORDER BY s.number

-- name: application.add-step
INSERT INTO application_step (application, number, body) VALUES ($1, $2, $3)

-- name: application.count
INSERT INTO application_count (state, n) VALUES ($1, $2) ON CONFLICT (state) DO UPDATE SET n = n + excluded.n

-- name: application.counts
SELECT state, n FROM application_count WHERE n <> 0

-- name: application.add-person
INSERT INTO application_person (person, application) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: application.since
SELECT since FROM application WHERE id = $1

-- name: application.waiting
SELECT id FROM application WHERE state = $1 AND (since, id) > ($2, $3) ORDER BY since, id LIMIT $4

-- name: application.due
SELECT id, due FROM application WHERE due IS NOT NULL ORDER BY due, id LIMIT $1

-- name: application.list-state
SELECT id, kind, applicant, state, since, due, steps, method, reviewer FROM application
WHERE state = $1 AND (since, id) > ($2, $3) AND ($4 = '' OR kind = $4) ORDER BY since, id LIMIT $5

-- name: application.list-reviewer
SELECT id, kind, applicant, state, since, due, steps, method, reviewer FROM application
WHERE reviewer = $1 AND reviewer <> '' AND (since, id) > ($2, $3) AND ($4 = '' OR kind = $4) AND ($6 = '' OR state = $6) ORDER BY since, id LIMIT $5

-- name: application.find
SELECT id, kind, applicant, state, since, due, steps, method, reviewer FROM application
WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3

-- name: application.of
SELECT a.id, a.kind, a.applicant, a.state, a.since, a.due, a.steps, a.method, a.reviewer
FROM application_person p JOIN application a ON a.id = p.application WHERE p.person = $1 ORDER BY p.application LIMIT $2

-- name: application.untag
DELETE FROM application_token WHERE application = $1

-- name: application.tag
INSERT INTO application_token (token, application) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: application.tagged
SELECT a.id, a.kind, a.applicant, a.state, a.since, a.due, a.steps, a.method, a.reviewer
FROM application_token t JOIN application a ON a.id = t.application WHERE t.token = $1 ORDER BY t.application LIMIT $2

-- name: application.intend
INSERT INTO application_intention (key, application, at, body) VALUES ($1, $2, $3, $4) ON CONFLICT (key) DO NOTHING

-- name: application.intention
SELECT key, application, at, body FROM application_intention WHERE key = $1

-- name: application.resolve
DELETE FROM application_intention WHERE key = $1

-- name: application.unfinished
SELECT key, application, at, body FROM application_intention ORDER BY n

-- name: address.get
SELECT application, wanted_by, until, reserved, account, holder, closed, since FROM address WHERE address = $1

-- name: address.reserve
INSERT INTO address (address, application, wanted_by, until, reserved, account, holder, closed, since) VALUES ($1, $2, $3, $4, $5, '', '', 0, NULL)
ON CONFLICT (address) DO UPDATE SET application = excluded.application, wanted_by = excluded.wanted_by, until = excluded.until, reserved = excluded.reserved

-- name: address.forget
DELETE FROM address WHERE application = $1 AND address <> $2 AND account = ''

-- name: address.close-again
UPDATE address SET application = NULL, wanted_by = '', until = NULL, reserved = NULL WHERE application = $1 AND address <> $2

-- name: address.assign
INSERT INTO address (address, application, wanted_by, until, reserved, account, holder, closed, since) VALUES ($1, NULL, '', NULL, NULL, $2, $3, 0, $4)
ON CONFLICT (address) DO UPDATE SET application = NULL, wanted_by = '', until = NULL, reserved = NULL,
    account = excluded.account, holder = excluded.holder, closed = 0, since = excluded.since

-- name: address.retire
UPDATE address SET closed = 1, since = $2 WHERE address = $1
