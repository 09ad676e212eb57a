package notice

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rem"
	"rem/privacy"
)

// A Change is one difference between two versions of a notice.
type Change struct {
	// Section is where it is; "" for the notice's own title and dates.
	Section SectionID
	// Material changes are those of the facts: whoever was told the old version
	// was told something else. The others change words, and a person judges
	// whether they change what is said.
	Material bool
	What     rem.Text
}

// material are the sections whose facts matter to whoever was told.
var material = []SectionID{
	ControllerSection, ContactSection, CategorySection, CollectionSection, PurposeSection, RecipientSection, TransferSection,
	RetentionSection, RightsSection, ConsentSection, CookieSection,
}

// touchesConsent are those of them after which a consent that was given under
// the old version is asked for again (S46).
var touchesConsent = []SectionID{
	ControllerSection, CategorySection, CollectionSection, PurposeSection, RecipientSection, TransferSection, RetentionSection, ConsentSection,
}

// Diff tells what changed from one version to another, in the order of the
// sections, material changes of a section before those of its words.
func Diff(old, new *Notice) (list []Change) {
	if old.Title != new.Title {
		list = append(list, Change{"", false, said("başlık değişti", "the title changed")})
	}
	if old.Sample != new.Sample {
		list = append(list, Change{"", true, said("örnek olma işareti değişti", "the mark of a sample changed")})
	}
	for _, w := range Sections() {
		was, is := old.Section(w.ID), new.Section(w.ID)
		switch {
		case was == nil && is == nil:
		case was == nil:
			list = append(list, Change{w.ID, slices.Contains(material, w.ID), in(w.Name, "bölüm eklendi", "the section was added")})
		case is == nil:
			list = append(list, Change{w.ID, slices.Contains(material, w.ID), in(w.Name, "bölüm çıkarıldı", "the section was taken out")})
		default:
			list = append(list, section(w.Name, was, is)...)
		}
	}
	return list
}

func said(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// in puts the name of a section in front.
func in(name rem.Text, tr, en string) rem.Text {
	return said(name.Turkish+": "+tr, name.English+": "+en)
}

func section(name rem.Text, was, is *Section) (list []Change) {
	matters := slices.Contains(material, is.ID)
	add := func(material bool, tr, en string) {
		list = append(list, Change{is.ID, material, in(name, tr, en)})
	}
	factChanges(was.Facts, is.Facts, func(tr, en string) { add(matters, tr, en) })
	for _, it := range was.Items {
		if is.Item(it.ID) == nil {
			t := nameOfItem(is.ID, it.ID)
			add(matters, fmt.Sprintf("“%s” çıkarıldı", t.Turkish), fmt.Sprintf("“%s” was taken out", t.English))
		}
	}
	for i := range is.Items {
		it := &is.Items[i]
		t := nameOfItem(is.ID, it.ID)
		before := was.Item(it.ID)
		if before == nil {
			add(matters, fmt.Sprintf("“%s” eklendi", t.Turkish), fmt.Sprintf("“%s” was added", t.English))
			continue
		}
		factChanges(before.Facts, it.Facts, func(tr, en string) {
			add(matters, fmt.Sprintf("“%s”: %s", t.Turkish, tr), fmt.Sprintf("“%s”: %s", t.English, en))
		})
	}
	if was.Title != is.Title || !slices.Equal(was.Text, is.Text) {
		add(false, "bölümün sözleri değişti", "the section's words changed")
	}
	for i := range is.Items {
		it := &is.Items[i]
		if before := was.Item(it.ID); before != nil && !slices.Equal(before.Text, it.Text) {
			t := nameOfItem(is.ID, it.ID)
			add(false, fmt.Sprintf("“%s” için sözler değişti", t.Turkish), fmt.Sprintf("the words about “%s” changed", t.English))
		}
	}
	order := func(s, other *Section) (ids []string) {
		for _, it := range s.Items {
			if other.Item(it.ID) != nil {
				ids = append(ids, it.ID)
			}
		}
		return ids
	}
	if !slices.Equal(order(was, is), order(is, was)) {
		add(false, "sıra değişti", "the order changed")
	}
	return list
}

// factNames are the facts as people read them.
var factNames = map[string]rem.Text{
	factNameTR:         {Turkish: "Türkçe unvan", English: "name in Turkish"},
	factNameEN:         {Turkish: "İngilizce unvan", English: "name in English"},
	factAddress:        {Turkish: "adres", English: "address"},
	factRepresentative: {Turkish: "temsilci", English: "representative"},
	factKEP:            {Turkish: "KEP adresi", English: "registered address"},
	factMail:           {Turkish: "e-posta adresi", English: "mail address"},
	factPhone:          {Turkish: "telefon", English: "telephone"},
	factMeans:          {Turkish: "toplama yöntemi", English: "means of collection"},
	factGrounds:        {Turkish: "hukuki sebep", English: "legal ground"},
	factPurposes:       {Turkish: "aktarım amacı", English: "purpose of the transfer"},
	factAbroad:         {Turkish: "yurt dışı", English: "abroad"},
	factClock:          {Turkish: "sürenin başlangıcı", English: "beginning of the period"},
	factAtLeast:        {Turkish: "en az süre", English: "period at least"},
	factAtMost:         {Turkish: "en çok süre", English: "period at most"},
	factAsked:          {Turkish: "istenen rızalar", English: "consents asked for"},
	factUsed:           {Turkish: "kullanılanlar", English: "what is used"},
}

// factChanges tells each fact that one of two lists has otherwise.
func factChanges(was, is []Fact, tell func(tr, en string)) {
	show := func(name, value string, l privacy.Language) string {
		if value == "" || value == none {
			return l.In(rem.Text{Turkish: "yok", English: "none"})
		}
		return "“" + valueIn(name, value, l) + "”"
	}
	changed := func(name, before, after string) {
		if before == after {
			return
		}
		t, ok := factNames[name]
		if !ok {
			t = rem.Text{Turkish: name, English: name}
		}
		tell(fmt.Sprintf("%s %s iken %s oldu", t.Turkish, show(name, before, privacy.Turkish), show(name, after, privacy.Turkish)),
			fmt.Sprintf("%s was %s and is %s", t.English, show(name, before, privacy.English), show(name, after, privacy.English)))
	}
	for _, f := range was {
		changed(f.Name, f.Value, fact(is, f.Name))
	}
	for _, f := range is {
		if fact(was, f.Name) == "" {
			changed(f.Name, "", f.Value)
		}
	}
}

// valueIn gives a fact's value as people read it.
func valueIn(name, value string, l privacy.Language) string {
	var each func(word string) rem.Text
	switch name {
	case factGrounds:
		each = func(word string) rem.Text { return privacy.GroundNames[privacy.Ground(word)] }
	case factPurposes:
		each = func(word string) rem.Text { return nameOfItem(PurposeSection, word) }
	case factClock:
		each = func(word string) rem.Text { return privacy.ClockNames[privacy.ClockID(word)] }
	case factMeans:
		each = func(word string) rem.Text { return meansNames[word] }
	case factAtLeast, factAtMost:
		each = period
	default:
		return value
	}
	var words []string
	for word := range strings.FieldsSeq(value) {
		t := each(word)
		if t == (rem.Text{}) {
			t = rem.Text{Turkish: word, English: word}
		}
		words = append(words, l.In(t))
	}
	return strings.Join(words, "; ")
}

// meansNames are the values of the fact means, KVKK 10/1-ç.
var meansNames = map[string]rem.Text{
	"automated":        {Turkish: "otomatik yolla", English: "by automated means"},
	"partly-automated": {Turkish: "kısmen otomatik yolla", English: "partly by automated means"},
	"not-automated":    {Turkish: "otomatik olmayan yolla", English: "by means that are not automated"},
}

// isoPeriod has the durations of ISO 8601 that retention rules are written in.
var isoPeriod = regexp.MustCompile(`^P(?:([0-9]{1,4})Y)?(?:([0-9]{1,4})M)?(?:([0-9]{1,4})D)?$`)

// period gives a duration in words; the zero Text for one that is none of a rule.
func period(iso string) rem.Text {
	if iso == privacy.AtOnce.ISO() {
		return privacy.AtOnce.Text()
	}
	m := isoPeriod.FindStringSubmatch(iso)
	if m == nil || iso == "P" {
		return rem.Text{}
	}
	var n [3]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1]) // at most four digits, or none for 0
	}
	return privacy.Length{Years: n[0], Months: n[1], Days: n[2]}.Text()
}

// AnyMaterial reports whether one of the changes is material.
func AnyMaterial(list []Change) bool {
	return slices.ContainsFunc(list, func(c Change) bool { return c.Material })
}

// TouchesConsent reports whether a consent that was given under the old version
// has to be asked for again.
func TouchesConsent(list []Change) bool {
	return slices.ContainsFunc(list, func(c Change) bool { return c.Material && slices.Contains(touchesConsent, c.Section) })
}
