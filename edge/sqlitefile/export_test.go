package sqlitefile

// Waiting is how many steps the writer has not taken yet.
func (f *File) Waiting() int { return len(f.steps) }
