-- Statements of tokens.go.

-- name: token.holding
SELECT count(*) FROM token_key WHERE account = $1 AND person = $2 AND revoked IS NULL AND until > $3

-- name: token.add
INSERT INTO token_key (id, kind, account, person, label, secret, scopes, made, until, used, revoked, by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL, '') ON CONFLICT DO NOTHING

-- name: token.keys
SELECT id, kind, account, person, label, secret, scopes, made, until, used, revoked, by FROM token_key WHERE account = $1 AND ($2 = '' OR person = $2) ORDER BY id DESC

-- name: token.key
SELECT id, kind, account, person, label, secret, scopes, made, until, used, revoked, by FROM token_key WHERE id = $1

-- name: token.by-secret
SELECT id, kind, account, person, label, secret, scopes, made, until, used, revoked, by FROM token_key WHERE secret = $1

-- name: token.revoke
UPDATE token_key SET revoked = $3, by = $4 WHERE id = $1 AND account = $2 AND revoked IS NULL

-- name: token.of-account
SELECT count(*) FROM token_key WHERE id = $1 AND account = $2

-- name: token.access-drop
DELETE FROM token_access WHERE key = $1

-- name: token.use
UPDATE token_key SET used = $2 WHERE id = $1 AND (used IS NULL OR used < $2)

-- name: token.access-add
INSERT INTO token_access (secret, key, scopes, made, until) SELECT $1, $2, $3, $4, $5 WHERE EXISTS (SELECT 1 FROM token_key k WHERE k.id = $2 AND k.revoked IS NULL) ON CONFLICT DO NOTHING

-- name: token.access
SELECT x.secret, x.key, x.scopes, x.made, x.until, k.id, k.kind, k.account, k.person, k.label, k.secret, k.scopes, k.made, k.until, k.used, k.revoked, k.by
FROM token_access x JOIN token_key k ON k.id = x.key WHERE x.secret = $1

-- name: token.forget
DELETE FROM token_access WHERE until < $1
