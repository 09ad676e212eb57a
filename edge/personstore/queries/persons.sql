-- Statements of persons.go.

-- name: person.claim
INSERT INTO person_number (token, person, at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING

-- name: person.named
SELECT person FROM person_number WHERE token = $1

-- name: person.know
INSERT INTO person_known (person, at) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: person.known
SELECT at FROM person_known WHERE person = $1

-- name: enrolment.add-link
INSERT INTO enrolment_link (id, application, bearer, shower, mail, made, until) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING

-- name: enrolment.link
SELECT id, application, bearer, shower, mail, made, until FROM enrolment_link WHERE id = $1

-- name: enrolment.bearer
SELECT id, application, bearer, shower, mail, made, until FROM enrolment_link WHERE bearer = $1 ORDER BY n LIMIT 1

-- name: enrolment.shower
SELECT id, application, bearer, shower, mail, made, until FROM enrolment_link WHERE application = $1 AND shower = 1 ORDER BY n LIMIT 1

-- name: enrolment.proofs
SELECT version, mail, code, until, sent, tries, sends, first, mobile, spent FROM enrolment_proof WHERE application = $1

-- name: enrolment.set-proofs
INSERT INTO enrolment_proof (application, version, mail, code, until, sent, tries, sends, first, mobile, spent)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (application) DO UPDATE SET version = excluded.version, mail = excluded.mail, code = excluded.code, until = excluded.until, sent = excluded.sent,
    tries = excluded.tries, sends = excluded.sends, first = excluded.first, mobile = excluded.mobile, spent = excluded.spent

-- name: enrolment.others
SELECT count(*) FROM enrolment_appointment WHERE office = $1 AND at = $2 AND application <> $3

-- name: enrolment.book
INSERT INTO enrolment_appointment (application, office, at, made) VALUES ($1, $2, $3, $4)
ON CONFLICT (application) DO UPDATE SET office = excluded.office, at = excluded.at, made = excluded.made

-- name: enrolment.cancel
DELETE FROM enrolment_appointment WHERE application = $1

-- name: enrolment.appointment
SELECT application, office, at, made FROM enrolment_appointment WHERE application = $1

-- name: enrolment.appointments
SELECT application, office, at, made FROM enrolment_appointment WHERE office = $1 AND at >= $2 AND at < $3 ORDER BY at, application

-- name: enrolment.add-profile
INSERT INTO enrolment_profile (account, application, kind, holder, shower, at, mobile, mail) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (account) DO NOTHING

-- name: enrolment.add-detail
INSERT INTO enrolment_detail (profile, number, name, value) VALUES ($1, $2, $3, $4)

-- name: enrolment.profile
SELECT n, account, application, kind, holder, shower, at, mobile, mail FROM enrolment_profile WHERE account = $1

-- name: enrolment.profiles-holder
SELECT n, account, application, kind, holder, shower, at, mobile, mail FROM enrolment_profile WHERE holder = $1 ORDER BY n LIMIT $2

-- name: enrolment.profiles-shower
SELECT n, account, application, kind, holder, shower, at, mobile, mail FROM enrolment_profile WHERE shower = $1 ORDER BY n LIMIT $2

-- name: enrolment.details
SELECT name, value FROM enrolment_detail WHERE profile = $1 ORDER BY number
