-- changed grows whenever a line of the folder does, so that who read its lines knows
-- whether they still stand. Triggers, because nothing that changes a line may forget it.
ALTER TABLE box_folder ADD COLUMN changed INTEGER NOT NULL DEFAULT 0;

CREATE TRIGGER line_came AFTER INSERT ON box_item WHEN new.folder IS NOT NULL BEGIN
  UPDATE box_folder SET changed = changed + 1 WHERE n = new.folder;
END;
CREATE TRIGGER line_changed AFTER UPDATE OF folder, uid, flags, size, at ON box_item BEGIN
  UPDATE box_folder SET changed = changed + 1 WHERE n = old.folder OR n = new.folder;
END;
CREATE TRIGGER line_gone AFTER DELETE ON box_item WHEN old.folder IS NOT NULL BEGIN
  UPDATE box_folder SET changed = changed + 1 WHERE n = old.folder;
END;
