package mime

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMailboxes(t *testing.T) {
	for _, c := range []struct {
		name, in string
		want     []Mailbox
	}{
		{"bare", "a@b", []Mailbox{{Address: "a@b"}}},
		{"named", "Ali Veli <a@b.c>", []Mailbox{{Name: "Ali Veli", Address: "a@b.c"}}},
		{"quoted", `"Veli, Ali" <a@b>, c@d`, []Mailbox{{Name: "Veli, Ali", Address: "a@b"}, {Address: "c@d"}}},
		{"encoded", "=?utf-8?q?=C4=B0?= <a@b>", []Mailbox{{Name: "İ", Address: "a@b"}}},
		{"a dot in a name", "A. Veli <a@b>", []Mailbox{{Name: "A. Veli", Address: "a@b"}}},
		{"a name like an address", `"c@d" <a@b>`, []Mailbox{{Name: "c@d", Address: "a@b", Doubts: []Doubt{AddressInDisplayName}}}},
		{"an address as name", `c@d <a@b>`, []Mailbox{{Name: "c@d", Address: "a@b", Doubts: []Doubt{AddressInDisplayName}}}},
		{"encoded address as name", `=?utf-8?b?Y0Bk?= <a@b>`, []Mailbox{{Name: "c@d", Address: "a@b", Doubts: []Doubt{AddressInDisplayName}}}},
		{"a comment", "a@b (c@d)", []Mailbox{{Address: "a@b", Doubts: []Doubt{AddressComment}}}},
	} {
		got, err := ParseMailboxes(c.in, DefaultLimits)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// AT-05: the ways in which two readers of one From may see two senders.
func TestSenderDisguisesAreRefusedOrFlagged(t *testing.T) {
	for name, block := range map[string]string{
		"two From fields":              "From: a@b.test\r\nFrom: c@d.test\r\n",
		"From with a space":            "From : a@b.test\r\n",
		"From folded in its name":      "From\r\n : a@b.test\r\n",
		"two addresses":                "From: a@b.test, c@d.test\r\n",
		"two addresses in brackets":    "From: <a@b.test><c@d.test>\r\n",
		"two without comma":            "From: a@b.test c@d.test\r\n",
		"two at signs":                 "From: a@b.test@d.test\r\n",
		"a group":                      "From: us: a@b.test;\r\n",
		"an empty group":               "From: undisclosed:;\r\n",
		"a route":                      "From: <@c.test,@d.test:a@b.test>\r\n",
		"a comment around":             "From: (a@b.test) c@d.test\r\n",
		"a comment inside the address": "From: a@b.test(c@d.test)\r\n",
		"a quoted user part":           "From: \"a@b.test\"@d.test\r\n",
		"a quoted user part in <>":     "From: <\"a b\"@d.test>\r\n",
		"a display name as address":    "From: \"a@b.test\" <c@d.test>\r\n",
		"an encoded display name":      "From: =?utf-8?q?a=40b.test?= <c@d.test>\r\n",
		"a full-width at sign":         "From: a＠b.test <c@d.test>\r\n",
		"an encoded address":           "From: =?utf-8?q?a=40b.test?=\r\n",
		"an encoded word inside <>":    "From: <=?utf-8?q?a?=@b.test>\r\n",
		"a NUL":                        "From: a@b.test\x00c@d.test\r\n",
		"a backslash":                  "From: a\\@b.test <c@d.test>\r\n",
		"an empty element":             "From: , a@b.test\r\n",
		"nothing":                      "From:\r\n",
		"no From":                      "To: a@b.test\r\n",
		"an open bracket":              "From: <a@b.test\r\n",
		"text after the bracket":       "From: <a@b.test> c@d.test\r\n",
		"two senders":                  "From: a@b.test\r\nSender: c@d.test, e@f.test\r\n",
		"a dotless homograph":          "From: alı@b.test\r\n",
		"an address literal":           "From: a@[127.0.0.1]\r\n",
	} {
		h, err := ParseHeader([]byte(block), DefaultLimits)
		if err != nil {
			continue // refused
		}
		a, err := h.Addresses(DefaultLimits)
		if err == nil && len(a.From.Doubts) == 0 {
			t.Errorf("%s: read as %+v without a doubt", name, a.From)
		}
	}
}

func TestAddresses(t *testing.T) {
	h, err := ParseHeader([]byte("From: Ay\r\nX: y\r\n"), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Addresses(DefaultLimits); !errors.Is(err, ErrSyntax) {
		t.Errorf("From without an address: got %v", err)
	}
	h, err = ParseHeader([]byte("from: =?utf-8?q?Ay=C5=9Fe?= <ayse@hs90.kep.test>\r\nTo: bora@hs91.kep.test,\r\n cem@hs91.kep.test\r\n"+
		"Cc: d@hs91.kep.test\r\nSender: s@hs90.kep.test\r\nReply-To: r@hs90.kep.test\r\nBCC:\r\n"), DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.Addresses(DefaultLimits)
	if err != nil {
		t.Fatal(err)
	}
	want := Addresses{
		From:    Mailbox{Name: "Ayşe", Address: "ayse@hs90.kep.test"},
		Sender:  &Mailbox{Address: "s@hs90.kep.test"},
		ReplyTo: []Mailbox{{Address: "r@hs90.kep.test"}},
		To:      []Mailbox{{Address: "bora@hs91.kep.test"}, {Address: "cem@hs91.kep.test"}},
		Cc:      []Mailbox{{Address: "d@hs91.kep.test"}},
		Bcc:     true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestAddressesAreLimited(t *testing.T) {
	l := DefaultLimits
	l.Addresses = 3
	if _, err := ParseMailboxes("a@b,a@b,a@b", l); err != nil {
		t.Error(err)
	}
	if _, err := ParseMailboxes(strings.Repeat("a@b,", 4)+"a@b", l); !errors.Is(err, ErrLimit) {
		t.Errorf("got %v", err)
	}
}

func TestParseIDs(t *testing.T) {
	got := ParseIDs("(x) <a@b>\t<c@d> junk <e f> <> <<g@h> <open")
	if want := []string{"a@b", "c@d"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
