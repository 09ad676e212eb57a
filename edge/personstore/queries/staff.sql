-- Statements of staff.go and partner.go.

-- name: staff.append
INSERT INTO staff_entry (number, body) SELECT coalesce(max(number), 0) + 1, $1 FROM staff_entry

-- name: staff.entry
SELECT body FROM staff_entry WHERE number = $1

-- name: staff.all
SELECT number, body FROM staff_entry ORDER BY number

-- name: partner.add
INSERT INTO partner_institution (id, name, contract, from_time, until_time, provinces, added, added_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING

-- name: partner.contract
SELECT count(*) FROM partner_institution WHERE contract = $1 AND id <> $2

-- name: partner.end
UPDATE partner_institution SET ended = $2, ended_by = $3 WHERE id = $1 AND ended IS NULL

-- name: partner.institution
SELECT id, name, contract, from_time, until_time, provinces, added, added_by, ended, coalesce(ended_by, '') FROM partner_institution WHERE id = $1

-- name: partner.institutions
SELECT id, name, contract, from_time, until_time, provinces, added, added_by, ended, coalesce(ended_by, '') FROM partner_institution ORDER BY id

-- name: partner.issue
INSERT INTO partner_order (id, application, institution, state, due, out, steps) VALUES ($1, $2, $3, $4, $5, 0, 1)

-- name: partner.place
SELECT n, steps FROM partner_order WHERE id = $1

-- name: partner.move
UPDATE partner_order SET state = $2, due = $3, out = $4, steps = $5 WHERE n = $1

-- name: partner.step
INSERT INTO partner_step (n, number, body) VALUES ($1, $2, $3)

-- name: partner.taken
SELECT body FROM partner_step WHERE n = $1 AND number = $2

-- name: partner.steps
SELECT body FROM partner_step WHERE n = $1 ORDER BY number

-- name: partner.of-application
SELECT n, id FROM partner_order WHERE application = $1 AND n > $2 AND ($3 = '' OR institution = $3) AND ($4 = '' OR state = $4) ORDER BY n LIMIT $5

-- name: partner.of-institution
SELECT n, id FROM partner_order WHERE institution = $1 AND n > $2 ORDER BY n LIMIT $3

-- name: partner.standing
SELECT n, id FROM partner_order WHERE institution = $1 AND state = $2 AND n > $3 ORDER BY n LIMIT $4

-- name: partner.of-state
SELECT n, id FROM partner_order WHERE state = $1 AND n > $2 ORDER BY n LIMIT $3

-- name: partner.due
SELECT id FROM partner_order WHERE due IS NOT NULL AND due <= $1 ORDER BY due, n LIMIT $2

-- name: partner.out
SELECT n, id FROM partner_order WHERE out = 1 AND n > $1 ORDER BY n LIMIT $2
