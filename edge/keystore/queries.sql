-- name: newest
SELECT serial, number, wrapped FROM datakey WHERE person = $1 AND class = $2 ORDER BY serial DESC LIMIT 1

-- name: get
SELECT number, wrapped FROM datakey WHERE person = $1 AND class = $2 AND serial = $3

-- name: add
INSERT INTO datakey (person, class, serial, number, wrapped) VALUES ($1, $2, $3, $4, $5)

-- name: replace
UPDATE datakey SET number = $6, wrapped = $7 WHERE person = $1 AND class = $2 AND serial = $3 AND number = $4 AND wrapped = $5

-- name: behind
SELECT person, class, serial, number, wrapped FROM datakey WHERE wrapped IS NOT NULL AND number <> $1 LIMIT $2

-- name: destroy
INSERT INTO datakey (person, class, serial, number, wrapped) VALUES ($1, $2, $3, 0, NULL)
ON CONFLICT (person, class, serial) DO UPDATE SET number = 0, wrapped = NULL

-- name: record
INSERT INTO destroyed (person, class, serial, at, by, reason) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (person, class, serial) DO NOTHING

-- name: records
SELECT class, serial, at, by, reason FROM destroyed WHERE person = $1 ORDER BY at, class, serial

-- name: applied
SELECT segment, offset FROM applied WHERE one = 1

-- name: apply
UPDATE applied SET segment = $1, offset = $2 WHERE one = 1
