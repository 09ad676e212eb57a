-- Statements of bulk.go.

-- name: bulk.add
INSERT INTO bulk_job (id, account, holder, person, method, proved, proof, kind, made, state, cursor) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING

-- name: bulk.add-item
INSERT INTO bulk_item (job, row, address, draft, digest, step, at, message, tr, en) VALUES ($1, $2, $3, $4, $5, $6, $7, '', '', '') ON CONFLICT DO NOTHING

-- name: bulk.one
SELECT id, account, holder, person, method, proved, proof, kind, made, state, cursor FROM bulk_job WHERE account = $1 AND id = $2

-- name: bulk.all
SELECT id, account, holder, person, method, proved, proof, kind, made, state, cursor FROM bulk_job WHERE account = $1 ORDER BY id DESC LIMIT $2

-- name: bulk.in
SELECT id, account, holder, person, method, proved, proof, kind, made, state, cursor FROM bulk_job WHERE state IN (SELECT value FROM json_each($1)) ORDER BY id LIMIT $2

-- name: bulk.counts
SELECT step, count(*) FROM bulk_item WHERE job = $1 GROUP BY step

-- name: bulk.state
UPDATE bulk_job SET state = $3 WHERE id = $1 AND state IN (SELECT value FROM json_each($2))

-- name: bulk.items
SELECT row, address, draft, digest, step, at, message, tr, en FROM bulk_item WHERE job = $1 AND row > $3 AND ($2 = '[]' OR step IN (SELECT value FROM json_each($2))) ORDER BY row LIMIT $4

-- name: bulk.item-of
SELECT row, address, draft, digest, step, at, message, tr, en FROM bulk_item WHERE job = $1 AND (draft = $2 OR digest = $3) AND step <> 'submitted' ORDER BY row LIMIT 1

-- name: bulk.change
UPDATE bulk_item SET step = $4, at = $5, message = CASE WHEN $6 = '' THEN message ELSE $6 END, tr = $7, en = $8 WHERE job = $1 AND row = $2 AND step IN (SELECT value FROM json_each($3))

-- name: bulk.cursor
UPDATE bulk_job SET cursor = $2 WHERE id = $1 AND cursor < $2
