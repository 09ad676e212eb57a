-- Statements of hooks.go.

-- name: hook.count
SELECT count(*) FROM hook WHERE account = $1

-- name: hook.add
INSERT INTO hook (id, account, person, url, kinds, secret, made, state, cursor, upto, failing, attempts, due, fault, confirmed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, NULL, 0, $10, '', NULL) ON CONFLICT DO NOTHING

-- name: hook.all
SELECT id, account, person, url, kinds, made, state, cursor, upto, failing, attempts, due, fault, confirmed FROM hook WHERE account = $1 ORDER BY id

-- name: hook.one
SELECT id, account, person, url, kinds, made, state, cursor, upto, failing, attempts, due, fault, confirmed FROM hook WHERE account = $1 AND id = $2

-- name: hook.secret
SELECT secret FROM hook WHERE id = $1

-- name: hook.drop
DELETE FROM hook WHERE account = $1 AND id = $2

-- name: hook.set
UPDATE hook SET state = $3, cursor = CASE WHEN $4 < 0 THEN cursor ELSE $4 END, upto = CASE WHEN $4 < 0 THEN upto ELSE 0 END, failing = NULL, attempts = 0, due = $5, fault = '' WHERE account = $1 AND id = $2

-- name: hook.due
SELECT h.id, h.account, h.person, h.url, h.kinds, h.made, h.state, h.cursor, h.upto, h.failing, h.attempts, h.due, h.fault, h.confirmed
FROM hook h JOIN event_newest n ON n.account = h.account WHERE h.state = 'running' AND h.due <= $1 AND n.number > h.cursor ORDER BY h.due, h.id LIMIT $2

-- name: hook.confirm
UPDATE hook SET cursor = $3, upto = 0, failing = NULL, attempts = 0, due = $4, fault = '', confirmed = $4 WHERE id = $1 AND cursor = $2

-- name: hook.fail
UPDATE hook SET upto = $3, fault = $4, state = CASE WHEN state = 'running' THEN $5 ELSE state END, failing = $6, due = $7, attempts = attempts + 1 WHERE id = $1 AND cursor = $2

-- name: hook.kinds
UPDATE hook SET kinds = $3, upto = 0 WHERE account = $1 AND id = $2

-- name: hook.skip
UPDATE hook SET cursor = $3, upto = 0, failing = NULL, attempts = 0, due = $4, fault = '' WHERE id = $1 AND cursor = $2

-- name: hook.tried
INSERT INTO hook_delivery (hook, upto, after, events, tries, at, fault) SELECT id, $3, $2, $4, attempts + 1, $5, $6 FROM hook WHERE id = $1 AND cursor = $2
ON CONFLICT (hook, upto) DO UPDATE SET after = excluded.after, events = excluded.events, tries = excluded.tries, at = excluded.at, fault = excluded.fault

-- name: hook.trim
DELETE FROM hook_delivery WHERE hook = $1 AND upto NOT IN (SELECT upto FROM hook_delivery WHERE hook = $1 ORDER BY at DESC, upto DESC LIMIT $2)

-- name: hook.deliveries
SELECT after, upto, events, tries, at, fault FROM hook_delivery WHERE hook = $1 ORDER BY at DESC, upto DESC LIMIT $2

-- name: hook.delivery-drop
DELETE FROM hook_delivery WHERE hook = $1
