package person

// Key gives the form under which a title is compared and searched: folded by
// Turkish rules, without punctuation, the usual abbreviations written out. It
// tells as much as the title does.
func (t Title) Key() string { return titleKey(t.Reveal()) }

// Key gives the form under which a name is compared and searched. It tells as
// much as the name does.
func (n Name) Key() string { return nameKey(n.Reveal()) }
