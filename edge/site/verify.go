package site

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"rem"
	"rem/edge/web"
	"rem/message/verification"
	"rem/trust/validation"
)

const (
	// maxUpload bounds what is verified at once: a package between providers, and
	// some evidence.
	maxUpload = 32 << 20
	// maxEvents bounds a timeline.
	maxEvents = 200
)

type verifyPage struct {
	Field web.Field
	Size  int
}

var filesField = web.Field{Name: "files", Type: web.FileInput, Multiple: true, Accept: ".xml,.eml,.p7m,.p7s,.tst,.tsr,.txt,.pdf",
	Label: text("Doğrulanacak dosyalar", "Files to verify"),
	Help:  text("Delil (.xml), KEP iletisi ya da orijinal ileti (.eml), zaman damgası (.tst, .tsr). Bir iletinin bütün dosyalarını birlikte seçerseniz birbirleriyle de karşılaştırılırlar.", "Evidence (.xml), a REM dispatch or an original message (.eml), a time-stamp token (.tst, .tsr). If you choose all files of a message together they are held against each other as well.")}

func (s *site) verifyForm(*web.Request) (web.Answer, error) {
	return s.askForFiles(web.NewForm(nil)), nil
}

func (s *site) askForFiles(f *web.Form) web.Page {
	return web.Page{View: views.Page("verify"), Title: text("Delil doğrulama", "Verify an evidence"), Form: f,
		Lead: text("Bir delilin ya da KEP iletisinin geçerli olup olmadığını, kimin ne zaman imzaladığını ve sırasını görün.", "See whether an evidence or a REM dispatch is valid, who signed it and when, and in which order."),
		Data: verifyPage{f.Field(filesField), maxUpload >> 20}}
}

// verify reads the files into memory, which is all that becomes of them.
func (s *site) verify(r *web.Request) (web.Answer, error) {
	var inputs []verification.Input
	f, err := r.Upload(func(_ *web.Form, file web.File) error {
		if file.Field != filesField.Name {
			return web.ErrForm
		}
		b, err := io.ReadAll(file)
		if err != nil {
			return err
		}
		if len(b) > 0 {
			inputs = append(inputs, verification.Input{Name: file.Name, Source: bytes.NewReader(b)})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(inputs) == 0 {
		f.Fail(filesField.Name, text("Doğrulanacak en az bir dosya seçin; seçtiğiniz dosya boş da olabilir.", "Choose at least one file to verify; the one you chose may be empty."))
		return s.askForFiles(f), nil
	}
	report, err := s.Verifier.Verify(r.Context(), inputs...)
	if err != nil {
		return nil, err
	}
	return web.Page{View: views.Page("verdict"), Title: text("Doğrulama sonucu", "Result of the verification"), Data: verdictOf(report, r.Now())}, nil
}

// verdictPage is a report as the page shows it.
type verdictPage struct {
	Tone     web.Tone
	Word     rem.Text
	Code     string
	Means    rem.Text
	At       time.Time
	Files    []findingPage
	Timeline []web.Event
	Unknown  []string
}

type findingPage struct {
	Title   rem.Text
	Name    string
	Tone    web.Tone
	Verdict rem.Text
	Why     rem.Text
	Detail  string // in English, from the checks
	Facts   []web.Fact
	Checks  []checkPage
	Parts   []findingPage
	Open    bool
}

type checkPage struct {
	Name   rem.Text
	Passed bool
	Detail string
}

var meanings = map[validation.Verdict]rem.Text{
	validation.TotalPassed:   text("Verilen dosyaların imzaları, zaman damgaları ve özetleri tutuyor; içerik imzalandığı gibidir.", "Signatures, time stamps and digests of the files hold; the content is as it was signed."),
	validation.Indeterminate: text("Geçerli ya da geçersiz denemiyor: bir bilgi eksik. Neyin eksik olduğu aşağıdadır.", "It cannot be said to be valid or not: something is missing. What it is stands below."),
	validation.TotalFailed:   text("Bir imza, damga ya da özet tutmuyor. Dosya değişmiş, eksik ya da başka bir iletiye ait olabilir.", "A signature, a stamp or a digest does not hold. The file may be changed, incomplete, or of another message."),
}

func toneOf(v validation.Verdict) web.Tone {
	switch v {
	case validation.TotalPassed:
		return web.Good
	case validation.TotalFailed:
		return web.Bad
	}
	return web.Attention
}

// word gives the text of a fixed word; what the bytes say stays as it is.
func word(w string) rem.Text {
	if t, ok := verification.Word(w); ok {
		return t
	}
	w = printable(w)
	return rem.Text{Turkish: w, English: w}
}

func verdictOf(r *verification.Report, now time.Time) verdictPage {
	p := verdictPage{Tone: toneOf(r.Verdict), Word: capital(word(r.Verdict.String())), Code: r.Verdict.String(), Means: meanings[r.Verdict], At: now}
	for _, f := range r.Findings {
		p.Files = append(p.Files, findingOf(f))
		p.Timeline = events(f, p.Timeline)
	}
	for _, name := range r.Unreadable {
		p.Unknown = append(p.Unknown, printable(name))
	}
	// What has a proven time is in its order; of one evidence that came twice one
	// event is enough.
	slices.SortStableFunc(p.Timeline, func(a, b web.Event) int { return a.Time.Compare(b.Time) })
	p.Timeline = slices.CompactFunc(p.Timeline, func(a, b web.Event) bool {
		return a.Time.Equal(b.Time) && a.Title == b.Title && slices.Equal(a.Facts, b.Facts)
	})
	return p
}

func findingOf(f *verification.Finding) findingPage {
	p := findingPage{Title: word(string(f.Subject)), Tone: toneOf(f.Verdict), Verdict: word(f.Verdict.String()), Open: f.Verdict != validation.TotalPassed}
	if f.Name != "" {
		if t, ok := verification.Word(f.Name); ok {
			p.Title = rem.Text{Turkish: p.Title.Turkish + ": " + t.Turkish, English: p.Title.English + ": " + t.English}
		} else {
			p.Name = printable(f.Name)
		}
	}
	if len(f.Parts) == 0 && f.Sub != "" {
		p.Why, _ = verification.Word(string(f.Sub))
		if len(f.Checks) == 0 {
			p.Detail = printable(f.Detail)
		}
	}
	for _, x := range f.Facts {
		c := web.Cell{Text: printable(x.Value)}
		if t, ok := verification.Word(x.Value); ok {
			c = web.Cell{Say: t}
		} else if at, err := time.Parse(time.RFC3339, x.Value); err == nil {
			c = web.Cell{Time: at}
		}
		c.Code = c.Text != "" && len(c.Text) >= 40 && !strings.ContainsAny(c.Text, " ")
		p.Facts = append(p.Facts, web.Fact{Term: capital(word(x.Key)), Value: c})
	}
	for _, x := range f.Checks {
		p.Checks = append(p.Checks, checkPage{capital(word(x.Name)), x.Passed, printable(x.Detail)})
	}
	for _, x := range f.Parts {
		p.Parts = append(p.Parts, findingOf(x))
	}
	return p
}

// events collects the evidences of a report.
func events(f *verification.Finding, list []web.Event) []web.Event {
	if len(list) >= maxEvents {
		return list
	}
	if f.Subject == verification.Evidence {
		e := web.Event{Tone: toneOf(f.Verdict), State: word(f.Verdict.String())}
		for _, x := range f.Facts {
			switch x.Key {
			case "event time":
				e.Time, _ = time.Parse(time.RFC3339, x.Value)
			case "kind":
				e.Title = capital(word(x.Value))
			case "outcome":
				t := word(x.Value)
				e.Title = rem.Text{Turkish: e.Title.Turkish + ": " + t.Turkish, English: e.Title.English + ": " + t.English}
			case "sender", "recipient concerned", "acting person", "reason":
				e.Facts = append(e.Facts, web.Fact{Term: capital(word(x.Key)), Value: web.Cell{Text: printable(x.Value)}})
			}
		}
		if e.Title == (rem.Text{}) {
			e.Title = word(string(f.Subject))
		}
		list = append(list, e)
	}
	for _, part := range f.Parts {
		list = events(part, list)
	}
	return list
}

// capital begins a word of the catalogue as a line does: i becomes İ in Turkish.
func capital(t rem.Text) rem.Text {
	first := func(s string, upper func(rune) rune) string {
		for i, c := range s {
			return s[:i] + string(upper(c)) + s[i+len(string(c)):]
		}
		return s
	}
	plain := func(c rune) rune {
		if 'a' <= c && c <= 'z' {
			return c - 'a' + 'A'
		}
		if u, ok := capitals[c]; ok {
			return u
		}
		return c
	}
	return rem.Text{Turkish: first(t.Turkish, func(c rune) rune {
		if c == 'i' {
			return 'İ'
		}
		return plain(c)
	}), English: first(t.English, plain)}
}

var capitals = map[rune]rune{'ç': 'Ç', 'ğ': 'Ğ', 'ı': 'I', 'ö': 'Ö', 'ş': 'Ş', 'ü': 'Ü'}

// printable keeps what comes from others from turning the order of letters.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || c == '\n' || c == '\r' {
			return ' '
		}
		if !unicode.IsPrint(c) {
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
