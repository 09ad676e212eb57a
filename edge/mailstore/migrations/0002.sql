-- What is due is also what was being sent when the program ended.
DROP INDEX draft_due;
CREATE INDEX draft_due ON box_draft (send_at, account, id) WHERE step IN ('scheduled', 'sending') AND send_at IS NOT NULL;
