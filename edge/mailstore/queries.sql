-- Statements of package mailstore. ?1 is mostly the account. The index item_about is
-- that of items which are not of kind 4, and SQLite uses it only where a statement
-- says so itself.

-- name: position
SELECT position FROM box_followed

-- name: setPosition
INSERT INTO box_followed (one, position) VALUES (1, ?1) ON CONFLICT (one) DO UPDATE SET position = excluded.position

-- name: account
SELECT n FROM box_account WHERE id = ?1

-- name: addAccount
INSERT INTO box_account (id, items, validity) VALUES (?1, 0, ?2) RETURNING n

-- name: nextItem
UPDATE box_account SET items = items + 1 WHERE n = ?1 RETURNING items

-- name: nextValidity
UPDATE box_account SET validity = max(validity + 1, ?2) WHERE n = ?1 RETURNING validity

-- name: addFolder
INSERT INTO box_folder (account, id, holder, name, token, next, validity, items, unopened, unseen, bytes) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, 0, 0, 0, 0)

-- name: folder
SELECT n FROM box_folder WHERE account = ?1 AND id = ?2

-- name: folderItems
SELECT n, items FROM box_folder WHERE account = ?1 AND id = ?2

-- name: folderLines
SELECT n, items, changed FROM box_folder WHERE account = ?1 AND id = ?2

-- name: folders
SELECT n, id, holder, name, next, validity, items, unopened, unseen, bytes FROM box_folder WHERE account = ?1

-- name: countFolders
SELECT count(*) FROM box_folder WHERE account = ?1 AND token IS NOT NULL

-- name: taken
SELECT id FROM box_folder WHERE account = ?1 AND token = ?2

-- name: renameFolder
UPDATE box_folder SET holder = ?2, name = ?3, token = ?4 WHERE n = ?1

-- name: removeFolder
DELETE FROM box_folder WHERE n = ?1

-- name: nextUID
UPDATE box_folder SET next = next + 1 WHERE n = ?1 RETURNING next - 1

-- name: count
UPDATE box_folder SET items = items + ?2, unopened = unopened + ?3, unseen = unseen + ?4, bytes = bytes + ?5 WHERE n = ?1

-- name: addItem
INSERT INTO box_item (account, id, kind, message, recipient, evidence, draft, folder, uid, flags, at, size, opened, person, progress, attachments, trashed, indexed)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, NULL, ?13, ?14, ?15, NULL, 0)

-- name: known
SELECT n FROM box_item WHERE account = ?1 AND message = ?2 AND kind = ?3 AND recipient = ?4 AND evidence = ?5 AND kind <> 4

-- name: setProgress
UPDATE box_item SET progress = ?3 WHERE account = ?1 AND message = ?2 AND kind = 2 AND kind <> 4 AND recipient = 0 AND evidence = '' AND progress <> ?3 AND folder IS NOT NULL

-- name: setOpened
UPDATE box_item SET opened = ?4, person = ?5 WHERE account = ?1 AND message = ?2 AND kind = 1 AND kind <> 4 AND recipient = ?3 AND evidence = '' AND opened IS NULL AND folder IS NOT NULL RETURNING folder

-- name: move
UPDATE box_item SET folder = ?2, uid = ?3, trashed = ?4 WHERE n = ?1

-- name: removeItem
UPDATE box_item SET folder = NULL, trashed = NULL, flags = 0, person = '', indexed = 0 WHERE n = ?1

-- name: removeDraftItem
DELETE FROM box_item WHERE n = ?1

-- name: flagCounts
SELECT folder, sum(CASE WHEN (flags & ~?4 | ?3) & 1 = 1 THEN -1 ELSE 1 END) FROM box_item
WHERE account = ?1 AND id IN (SELECT value FROM json_each(?2)) AND folder IS NOT NULL AND ((flags & ~?4 | ?3) & 1) <> (flags & 1) GROUP BY folder

-- name: flag
UPDATE box_item SET flags = flags & ~?4 | ?3 WHERE account = ?1 AND id IN (SELECT value FROM json_each(?2)) AND folder IS NOT NULL AND (flags & ~?4 | ?3) <> flags

-- name: trashed
SELECT a.id, i.id FROM box_item i JOIN box_account a ON a.n = i.account WHERE i.trashed < ?1 AND (i.kind <> 1 OR i.opened < ?1) ORDER BY i.trashed, i.n LIMIT ?2

-- name: lines
SELECT count(*), group_concat(format('%d %d %d %d %d', id, uid, flags, size, at), ' ')
FROM (SELECT id, uid, flags, size, at FROM box_item INDEXED BY item_line WHERE folder = ?1 AND uid > ?2 ORDER BY uid LIMIT ?3)

-- name: place
SELECT n, indexed FROM box_item WHERE account = ?1 AND id = ?2 AND kind <> 4 AND folder IS NOT NULL

-- name: dropWords
DELETE FROM box_word WHERE rowid = ?1

-- name: addWords
INSERT INTO box_word (rowid, text) VALUES (?1, ?2)

-- name: setIndexed
UPDATE box_item SET indexed = 1, attachments = ?2 WHERE n = ?1

-- name: draft
SELECT id, holder, version, step, author, signer, saved, answers, send_at, original, head, body FROM box_draft WHERE account = ?1 AND id = ?2

-- name: draftHeads
SELECT id, holder, version, step, author, signer, saved, answers, send_at, original, head, NULL FROM box_draft WHERE account = ?1 AND id IN (SELECT value FROM json_each(?2))

-- name: draftVersion
SELECT version FROM box_draft WHERE account = ?1 AND id = ?2

-- name: countDrafts
SELECT count(*) FROM box_draft WHERE account = ?1

-- name: saveDraft
INSERT INTO box_draft (account, id, holder, version, step, author, signer, saved, answers, send_at, original, head, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
ON CONFLICT (account, id) DO UPDATE SET holder = excluded.holder, version = excluded.version, step = excluded.step, author = excluded.author, signer = excluded.signer,
  saved = excluded.saved, answers = excluded.answers, send_at = excluded.send_at, original = excluded.original, head = excluded.head, body = excluded.body

-- name: draftItem
SELECT n, folder, size FROM box_item WHERE account = ?1 AND draft = ?2 AND kind = 4

-- name: draftItemID
SELECT id FROM box_item WHERE account = ?1 AND draft = ?2 AND kind = 4

-- name: saveDraftItem
UPDATE box_item SET uid = ?2, at = ?3, size = ?4, attachments = ?5, person = ?6 WHERE n = ?1

-- name: dropDraft
DELETE FROM box_draft WHERE account = ?1 AND id = ?2

-- name: dropFiles
DELETE FROM box_file WHERE account = ?1 AND draft = ?2 RETURNING place

-- name: due
SELECT a.id, d.id, d.signer FROM box_draft d JOIN box_account a ON a.n = d.account WHERE d.step IN ('scheduled', 'sending') AND d.send_at <= ?1 ORDER BY d.send_at, d.account, d.id LIMIT ?2

-- name: filePlace
SELECT place FROM box_file WHERE account = ?1 AND draft = ?2 AND id = ?3

-- name: putFile
INSERT INTO box_file (account, draft, id, place, size, digest, holder, secret, made) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
ON CONFLICT (account, draft, id) DO UPDATE SET place = excluded.place, size = excluded.size, digest = excluded.digest, holder = excluded.holder, secret = excluded.secret, made = excluded.made

-- name: file
SELECT place, size, digest, holder, secret FROM box_file WHERE account = ?1 AND draft = ?2 AND id = ?3

-- name: dropFile
DELETE FROM box_file WHERE account = ?1 AND draft = ?2 AND id = ?3 RETURNING place

-- name: places
SELECT place FROM box_file

-- name: sweep
DELETE FROM box_file WHERE rowid IN (SELECT rowid FROM box_file f WHERE made < ?1 AND NOT EXISTS (SELECT 1 FROM box_draft d WHERE d.account = f.account AND d.id = f.draft) LIMIT ?2) RETURNING place

-- name: keepsakes
SELECT id, person, holder, content FROM box_keepsake WHERE account = ?1 AND kind = ?2 AND person IN ('', ?3)

-- name: keepsakeOf
SELECT person FROM box_keepsake WHERE account = ?1 AND id = ?2

-- name: countKeepsakes
SELECT count(*) FROM box_keepsake WHERE account = ?1

-- name: keep
INSERT INTO box_keepsake (account, id, kind, person, holder, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
ON CONFLICT (account, id) DO UPDATE SET kind = excluded.kind, person = excluded.person, holder = excluded.holder, content = excluded.content

-- name: dropKeepsake
DELETE FROM box_keepsake WHERE account = ?1 AND id = ?2

-- name: preference
SELECT ask_first, mail, sms, digest, quiet_from, quiet_until FROM box_preference WHERE account = ?1 AND person = ?2

-- name: setPreference
INSERT INTO box_preference (account, person, ask_first, mail, sms, digest, quiet_from, quiet_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
ON CONFLICT (account, person) DO UPDATE SET ask_first = excluded.ask_first, mail = excluded.mail, sms = excluded.sms, digest = excluded.digest,
  quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until

-- name: statedLimits
SELECT domain, octets, at FROM peer_limit ORDER BY domain

-- name: keepStatedLimit
INSERT INTO peer_limit (domain, octets, at) VALUES (?1, ?2, ?3) ON CONFLICT (domain) DO UPDATE SET octets = excluded.octets, at = excluded.at WHERE excluded.at >= peer_limit.at

-- name: mergeWords
INSERT INTO box_word (box_word, rank) VALUES ('merge', ?1)

-- name: changes
SELECT total_changes()

-- name: newestItem
SELECT COALESCE(MAX(n), 0) FROM box_item
