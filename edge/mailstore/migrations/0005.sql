-- Two parts of the index of words are enough to be brought together: a search asks
-- each part.
INSERT INTO box_word (box_word, rank) VALUES ('usermerge', 2);
