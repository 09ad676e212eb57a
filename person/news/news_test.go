package news

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/person"
)

var (
	now      = time.Date(2026, 11, 23, 7, 0, 0, 0, time.UTC)
	provider = rem.Text{Turkish: "Örnek KEP", English: "Example REM"}
)

func mobile(t testing.TB) person.Phone {
	p, err := person.ParseMobile("0532 123 45 67")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mail(t testing.TB) person.MailAddress {
	a, err := person.ParseMailAddress("ayse@posta.test")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func whole(t testing.TB, k Kind, c Channel) Message {
	m := Message{ID: "m-1", Person: "p-1", Kind: k}
	if c == SMS {
		m.Mobile = mobile(t)
	} else {
		m.Mail = mail(t)
	}
	switch k {
	case Code:
		m.Code = "123456"
	case Activation, Invited, Confirmed:
		m.Link = "https://hs90.kep.test/a?s=x"
	}
	return m
}

// Every kind has words in both languages for both channels, Turkish first.
func TestEveryKindHasItsWords(t *testing.T) {
	for _, k := range Kinds() {
		if k.Worth() <= 0 || k.Pause(1) <= 0 {
			t.Errorf("%s is worth nothing", k)
		}
		for _, c := range []Channel{SMS, Mail} {
			m := whole(t, k, c)
			if err := m.Check(); err != nil {
				t.Fatalf("%s by %s: %v", k, c, err)
			}
			tr := m.Write(provider, now)
			m.Language = English
			en := m.Write(provider, now)
			if strings.ContainsAny(tr.Body+tr.Subject+en.Body, "{}") || tr.Body == en.Body {
				t.Errorf("%s by %s: %q, %q", k, c, tr.Body, en.Body)
			}
			if c == SMS && (tr.Subject != "" || !strings.HasPrefix(tr.Body, provider.Turkish) || !strings.HasPrefix(en.Body, provider.English) || len([]rune(tr.Body)) > 201) {
				t.Errorf("%s: %d letters: %q", k, len([]rune(tr.Body)), tr.Body)
			}
			if c == Mail && (tr.Subject == "" || strings.Contains(tr.Subject, "\n") || strings.Index(tr.Body, provider.Turkish) > strings.Index(tr.Body, provider.English) ||
				strings.Index(en.Body, provider.Turkish) < strings.Index(en.Body, provider.English)) {
				t.Errorf("%s: %q", k, tr)
			}
		}
	}
	if len(texts) != len(Kinds()) {
		t.Error("a kind is not listed")
	}
}

func TestASentenceWithoutItsPartIsLeftOut(t *testing.T) {
	m := whole(t, Reminder, SMS)
	if got := m.Write(provider, now).Body; got != "Örnek KEP: süresi yaklaşan bir işleminiz var." {
		t.Error(got)
	}
	m.Day, m.Link = time.Date(2026, 12, 31, 22, 0, 0, 0, time.UTC), "https://hs90.kep.test/"
	if got := m.Write(provider, now).Body; got != "Örnek KEP: süresi yaklaşan bir işleminiz var. Son gün: 01.01.2027. Ayrıntılar: https://hs90.kep.test/" {
		t.Error(got)
	}
	m = whole(t, Code, SMS)
	if got := m.Write(provider, now).Body; got != "Örnek KEP: tek kullanımlık kodunuz 123456. 5 dakika geçerlidir. Bu kodu kimseyle paylaşmayın; çalışanlarımız sizden istemez." {
		t.Error(got)
	}
	m.Until = now.Add(90 * time.Second)
	if got := m.Write(provider, now).Body; !strings.Contains(got, " 1 dakika ") {
		t.Error(got)
	}
}

func TestWhatCannotBeToldIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Message){
		"no identifier":            func(m *Message) { m.ID = "" },
		"an identifier of a value": func(m *Message) { m.ID = "Ayşe" },
		"a long identifier":        func(m *Message) { m.ID = ID(strings.Repeat("x", MaxID+1)) },
		"nobody":                   func(m *Message) { m.Person = "" },
		"no destination":           func(m *Message) { m.Mobile = person.Phone{} },
		"two destinations":         func(m *Message) { m.Mail = mail(t) },
		"no kind":                  func(m *Message) { m.Kind = "sale" },
		"another language":         func(m *Message) { m.Language = "de" },
		"no code":                  func(m *Message) { m.Code = "" },
		"a code of letters":        func(m *Message) { m.Code = "12345a" },
		"a short code":             func(m *Message) { m.Code = "123" },
		"a link beside the code":   func(m *Message) { m.Link = "https://hs90.kep.test/" },
		"a code of another kind":   func(m *Message) { m.Kind = Arrived },
	} {
		m := whole(t, Code, SMS)
		change(&m)
		if err := m.Check(); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, link := range []string{"", "http://hs90.kep.test/", "javascript:alert(1)", "https:///x", "https://u@x.test/", "https://x.test/#a", "https://x.test/a b", "https://x.test/\r\nX: y", "https://x.test/<b>", "https://x.test/" + strings.Repeat("a", 300)} {
		m := whole(t, Activation, Mail)
		m.Link = link
		if err := m.Check(); !errors.Is(err, ErrMessage) {
			t.Errorf("the link %q: %v", link, err)
		}
	}
}

// REQ-67, P-27: whatever the values are, a message that passes its check has the
// words of its kind, one line in a text message, and no error quotes a value.
func TestNobodysInputBecomesASentence(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Message{ID: "m-1", Person: "p-1", Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind"),
			Code: rapid.OneOf(rapid.Just(""), rapid.Just("123456"), rapid.String()).Draw(t, "code"),
			Link: rapid.OneOf(rapid.Just(""), rapid.Just("https://a.test/{code}{provider}"), rapid.Map(rapid.String(), func(s string) string { return "https://a.test/" + s })).Draw(t, "link")}
		p, err := person.ParseMobile("05321234567")
		if err != nil {
			t.Fatal(err)
		}
		m.Mobile = p
		if err := m.Check(); err != nil {
			if m.Code != "" && len(m.Code) > 8 && strings.Contains(err.Error(), m.Code) {
				t.Error("the error quotes the code")
			}
			return
		}
		got := m.Write(provider, now).Body
		if strings.ContainsAny(got, "\r\n") || strings.Count(got, provider.Turkish) != 1 {
			t.Errorf("%q", got)
		}
	})
}

func TestPausesGrowToABound(t *testing.T) {
	for _, k := range Kinds() {
		last := time.Duration(0)
		for n := 1; n < 100; n++ {
			p := k.Pause(n)
			if p < last || p > longest {
				t.Errorf("%s, attempt %d: %s after %s", k, n, p, last)
			}
			last = p
		}
	}
}
