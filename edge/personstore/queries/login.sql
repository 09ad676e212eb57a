-- Statements of login.go.

-- name: login.person
SELECT epoch, locked, hash, totp, proposed, step, sms, passkeys, signatory FROM login_person WHERE person = $1 AND kind = $2

-- name: login.person-add
INSERT INTO login_person (person, kind, epoch, locked, hash, step, sms, passkeys) VALUES ($1, $2, 0, 0, '', 0, 0, 0) ON CONFLICT DO NOTHING

-- name: login.person-sign
UPDATE login_person SET signatory = $3 WHERE person = $1 AND kind = $2

-- name: login.person-step
UPDATE login_person SET step = $3 WHERE person = $1 AND kind = $2

-- name: login.person-change
UPDATE login_person SET hash = $3, totp = $4, proposed = $5, step = $6, sms = $7,
  passkeys = (SELECT count(*) FROM login_passkey k WHERE k.person = $1 AND k.kind = $2)
WHERE person = $1 AND kind = $2

-- name: login.person-lock
UPDATE login_person SET locked = $3 WHERE person = $1 AND kind = $2

-- name: login.person-reset
UPDATE login_person SET hash = '', totp = NULL, proposed = NULL, step = 0, sms = 0, passkeys = 0 WHERE person = $1 AND kind = $2

-- name: login.epoch
UPDATE login_person SET epoch = epoch + 1 WHERE person = $1 AND kind = $2

-- name: login.epoch-all
UPDATE login_person SET epoch = epoch + 1 WHERE person = $1

-- name: login.named
SELECT person, account FROM login_name WHERE token = $1 AND kind = $2

-- name: login.name-add
INSERT INTO login_name (token, kind, person, account) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING

-- name: login.name-leave
DELETE FROM login_name WHERE person = $1 AND kind = $2 AND account = $3

-- name: login.signatory
SELECT person FROM login_person WHERE signatory = $1 AND kind = $2

-- name: login.accounts
SELECT DISTINCT account FROM login_name WHERE person = $1 AND kind = $2 AND account <> '' ORDER BY account

-- name: login.passkey
SELECT credential, person, kind, key, counter, eligible, backed, transports, name, made, used FROM login_passkey WHERE credential = $1

-- name: login.passkeys
SELECT credential, person, kind, key, counter, eligible, backed, transports, name, made, used FROM login_passkey WHERE person = $1 AND kind = $2 ORDER BY made, credential

-- name: login.passkey-add
INSERT INTO login_passkey (credential, person, kind, key, counter, eligible, backed, transports, name, made, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: login.passkey-use
UPDATE login_passkey SET counter = $2, backed = $3, used = $4 WHERE credential = $1

-- name: login.passkey-remove
DELETE FROM login_passkey WHERE credential = $1 AND person = $2 AND kind = $3

-- name: login.passkey-remove-all
DELETE FROM login_passkey WHERE person = $1 AND kind = $2

-- name: login.session
SELECT id, person, kind, account, level, method, created, proved, seen, device, event FROM login_session WHERE id = $1

-- name: login.sessions
SELECT id, person, kind, account, level, method, created, proved, seen, device, event FROM login_session WHERE person = $1 AND kind = $2 ORDER BY created DESC, id DESC

-- name: login.session-add
INSERT INTO login_session (id, person, kind, account, level, method, created, proved, seen, device, event) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)

-- name: login.session-crowd
DELETE FROM login_session WHERE id IN (SELECT id FROM login_session WHERE person = $1 AND kind = $2 ORDER BY created DESC, id DESC LIMIT -1 OFFSET $3)

-- name: login.session-touch
UPDATE login_session SET seen = $2 WHERE id = $1

-- name: login.session-end
DELETE FROM login_session WHERE id = $1 AND person = $2 AND kind = $3

-- name: login.session-end-kind
DELETE FROM login_session WHERE person = $1 AND kind = $2

-- name: login.session-end-all
DELETE FROM login_session WHERE person = $1

-- name: login.session-leave
DELETE FROM login_session WHERE person = $1 AND kind = $2 AND account = $3

-- name: login.attempt
SELECT person, kind, account, epoch, made, raises, code, sent, sends, tries, known, phone FROM login_attempt WHERE id = $1

-- name: login.attempt-add
INSERT INTO login_attempt (id, person, kind, account, epoch, made, raises, code, sent, sends, tries, known, phone) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)

-- name: login.attempt-crowd
DELETE FROM login_attempt WHERE id IN (SELECT id FROM login_attempt WHERE person = $1 AND kind = $2 ORDER BY made DESC, id DESC LIMIT -1 OFFSET $3)

-- name: login.attempt-send
UPDATE login_attempt SET code = $2, sent = $3, sends = sends + 1 WHERE id = $1 AND sends < $4

-- name: login.attempt-try
UPDATE login_attempt SET tries = tries + 1 WHERE id = $1

-- name: login.attempt-tried
DELETE FROM login_attempt WHERE id = $1 AND tries >= $2

-- name: login.attempt-end
DELETE FROM login_attempt WHERE id = $1

-- name: login.attempt-end-kind
DELETE FROM login_attempt WHERE person = $1 AND kind = $2

-- name: login.attempt-end-all
DELETE FROM login_attempt WHERE person = $1

-- name: login.device
SELECT id, agent, first, last FROM login_device WHERE person = $1 AND kind = $2 AND id = $3

-- name: login.devices
SELECT id, agent, first, last FROM login_device WHERE person = $1 AND kind = $2 ORDER BY last DESC, id DESC

-- name: login.device-put
INSERT INTO login_device (person, kind, id, agent, first, last) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (person, kind, id) DO UPDATE SET last = excluded.last

-- name: login.device-crowd
DELETE FROM login_device WHERE (person, kind, id) IN (SELECT person, kind, id FROM login_device WHERE person = $1 AND kind = $2 ORDER BY last DESC, id DESC LIMIT -1 OFFSET $3)

-- name: login.device-forget
DELETE FROM login_device WHERE person = $1 AND kind = $2 AND id = $3

-- name: login.device-forget-all
DELETE FROM login_device WHERE person = $1 AND kind = $2

-- name: login.events
SELECT id, at, what, method, outcome, place FROM login_event WHERE person = $1 AND kind = $2 AND id < $3 ORDER BY id DESC LIMIT $4

-- name: login.event-add
INSERT INTO login_event (person, kind, id, at, what, method, outcome, place) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING

-- name: login.event-crowd
DELETE FROM login_event WHERE (person, kind, id) IN (SELECT person, kind, id FROM login_event WHERE person = $1 AND kind = $2 ORDER BY id DESC LIMIT -1 OFFSET $3)

-- name: login.notices
SELECT id, person, kind, what, at FROM login_notice ORDER BY id LIMIT $1

-- name: login.notice-add
INSERT INTO login_notice (id, person, kind, what, at) SELECT $1, $2, $3, $4, $5
WHERE (SELECT count(*) FROM login_notice WHERE person = $2 AND kind = $3) < $6 ON CONFLICT DO NOTHING

-- name: login.notice-told
DELETE FROM login_notice WHERE id = $1

-- name: login.grant
SELECT person, kind, account, until FROM login_grant WHERE id = $1

-- name: login.grant-add
INSERT INTO login_grant (id, person, kind, account, until) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (person, kind) DO UPDATE SET id = excluded.id, account = excluded.account, until = excluded.until

-- name: login.grant-end
DELETE FROM login_grant WHERE id = $1

-- name: login.grant-end-kind
DELETE FROM login_grant WHERE person = $1 AND kind = $2

-- name: login.failure
SELECT count, last FROM login_failure WHERE key = $1

-- name: login.failure-count
INSERT INTO login_failure (key, count, last) VALUES ($1, 1, $2)
ON CONFLICT (key) DO UPDATE SET count = iif(excluded.last - last >= $3, 1, count + 1), last = excluded.last

-- name: login.failure-hold
UPDATE login_failure SET count = count WHERE key = $1

-- name: login.failure-clear
DELETE FROM login_failure WHERE key = $1

-- name: login.spent
SELECT 1 FROM login_spent WHERE id = $1

-- name: login.spend
INSERT INTO login_spent (id, until) VALUES ($1, $2) ON CONFLICT DO NOTHING

-- name: login.sweep-grant
DELETE FROM login_grant WHERE id IN (SELECT id FROM login_grant WHERE until < $1 LIMIT $2)

-- name: login.sweep-spent
DELETE FROM login_spent WHERE id IN (SELECT id FROM login_spent WHERE until < $1 LIMIT $2)

-- name: login.sweep-attempt
DELETE FROM login_attempt WHERE id IN (SELECT id FROM login_attempt WHERE made < $1 LIMIT $2)

-- name: login.sweep-session
DELETE FROM login_session WHERE id IN (SELECT id FROM login_session WHERE created < $1 LIMIT $2)

-- name: login.sweep-failure
DELETE FROM login_failure WHERE key IN (SELECT key FROM login_failure WHERE last < $1 LIMIT $2)

-- name: login.sweep-event
DELETE FROM login_event WHERE (person, kind, id) IN (SELECT person, kind, id FROM login_event WHERE at < $1 LIMIT $2)

-- name: login.sweep-device
DELETE FROM login_device WHERE (person, kind, id) IN (SELECT person, kind, id FROM login_device WHERE last < $1 LIMIT $2)
