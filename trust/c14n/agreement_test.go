package c14n_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rem/internal/testkit"
	"rem/trust/c14n"
	"rem/trust/strictxml"
)

// documents is how many documents the comparisons with other programs use.
func documents() int {
	if testkit.Long() {
		return 2500
	}
	return 250
}

// corpus writes generated documents to files, all read by us.
func corpus(t *testing.T, seed uint64, signature func(*writer) string) (files []string, read []*strictxml.Document, ids [][]string) {
	t.Helper()
	w := &writer{r: testkit.Rand(t, seed)}
	dir := t.TempDir()
	for i := range documents() {
		src := w.document(signature(w))
		d, err := strictxml.Parse([]byte(src), strictxml.Limits{})
		if err != nil {
			t.Fatalf("document %d: %v\n%s", i, err, src)
		}
		file := filepath.Join(dir, fmt.Sprintf("%04d.xml", i))
		if err := os.WriteFile(file, []byte(src), 0o600); err != nil {
			t.Fatal(err)
		}
		files, read, ids = append(files, file), append(read, d), append(ids, w.ids)
	}
	return files, read, ids
}

// libxml2 keeps comments with each of its three methods.
func TestDocumentsAreCanonicalAsXmllintWritesThem(t *testing.T) {
	xmllint := testkit.Tool(t, "xmllint", "libxml2-utils")
	files, read, _ := corpus(t, 20261123, func(*writer) string { return "" })
	for _, m := range []struct {
		option string
		method c14n.Method
	}{
		{"--exc-c14n", c14n.ExclusiveWithComments},
		{"--c14n", c14n.InclusiveWithComments},
		{"--c14n11", c14n.Inclusive11WithComments},
	} {
		t.Run(m.option, func(t *testing.T) {
			run := func(files ...string) []byte {
				t.Helper()
				var failed bytes.Buffer
				cmd := exec.Command(xmllint, append([]string{"--nonet", m.option}, files...)...)
				cmd.Stderr = &failed
				out, err := cmd.Output()
				if err != nil {
					t.Fatalf("xmllint: %v\n%s", err, &failed)
				}
				return out
			}
			var all []byte
			forms := make([][]byte, len(read))
			for i, d := range read {
				form, err := c14n.AppendDocument(nil, d, m.method, c14n.Options{})
				if err != nil {
					t.Fatal(err)
				}
				forms[i] = form
				all = append(all, form...)
			}
			if bytes.Equal(run(files...), all) {
				return
			}
			for i, file := range files {
				if theirs := run(file); !bytes.Equal(theirs, forms[i]) {
					t.Fatalf("document %d: %s", i, difference(forms[i], theirs))
				}
			}
			t.Fatal("all documents agree one by one, and not together")
		})
	}
}

const (
	signatures  = "http://www.w3.org/2000/09/xmldsig#"
	placeholder = "<signature-goes-here/>"
)

// A reference is one digest that xmlsec1 is asked for.
type reference struct {
	uri      string // "" for the document, else an identifier
	method   c14n.Method
	prefixes string
}

// form is our side of it.
func (r reference) form(d *strictxml.Document) ([]byte, error) {
	o := c14n.Options{
		Prefixes: strings.Fields(r.prefixes),
		Omit:     func(e *strictxml.Element) bool { return e.Is(signatures, "Signature") },
	}
	if r.uri == "" {
		return c14n.AppendDocument(nil, d, r.method, o)
	}
	return c14n.Append(nil, d.ByID(r.uri), r.method, o)
}

// template is what xmlsec1 fills in. A reference with comments has to be an
// XPointer (XML Signature 1.1, 4.4.3.3).
func (r reference) template() string {
	uri := "#" + r.uri
	comments := strings.HasSuffix(string(r.method), "WithComments")
	switch {
	case r.uri == "" && comments:
		uri = "#xpointer(/)"
	case r.uri == "":
		uri = ""
	case comments:
		uri = "#xpointer(id('" + r.uri + "'))"
	}
	list := ""
	if r.prefixes != "" {
		list = `<ec:InclusiveNamespaces xmlns:ec="` + string(c14n.Exclusive) + `" PrefixList="` + r.prefixes + `"/>`
	}
	return `<ds:Reference URI="` + uri + `"><ds:Transforms><ds:Transform Algorithm="` + signatures + `enveloped-signature"/>` +
		`<ds:Transform Algorithm="` + string(r.method) + `">` + list + `</ds:Transform></ds:Transforms>` +
		`<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue/></ds:Reference>`
}

var methods = []c14n.Method{
	c14n.Exclusive, c14n.ExclusiveWithComments, c14n.Inclusive,
	c14n.InclusiveWithComments, c14n.Inclusive11, c14n.Inclusive11WithComments,
}

// The document less its signature, and elements of it by identifier, by every
// method and with lists of prefixes: each digest as xmlsec1 has it.
func TestDigestsAreThoseOfXmlsec(t *testing.T) {
	xmlsec1 := testkit.Tool(t, "xmlsec1", "xmlsec1")
	var asked [][]reference
	files, read, _ := corpus(t, 20261124, func(w *writer) string {
		var references []reference
		// The identifiers are not given yet. References to those that the
		// document will not have are taken out below.
		for _, m := range methods {
			references = append(references, reference{method: m})
			for range 2 {
				references = append(references, reference{uri: fmt.Sprintf("i%d", w.r.IntN(4)), method: m})
			}
		}
		for _, m := range methods[:2] {
			for _, uri := range []string{"", fmt.Sprintf("i%d", w.r.IntN(3))} {
				var list []string
				for _, i := range w.r.Perm(len(prefixes))[:1+w.r.IntN(4)] {
					if list = append(list, prefixes[i]); prefixes[i] == "" {
						list[len(list)-1] = "#default"
					}
				}
				references = append(references, reference{uri, m, strings.Join(list, " ")})
			}
		}
		asked = append(asked, references)
		return placeholder
	})

	// Put the templates in, and read again.
	want := 0
	for i, file := range files {
		var b strings.Builder
		b.WriteString(`<ds:Signature xmlns:ds="` + signatures + `"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="` + string(c14n.Exclusive) + `"/>` +
			`<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"/>`)
		known := asked[i][:0]
		for _, r := range asked[i] {
			if r.uri == "" || read[i].ByID(r.uri) != nil {
				known = append(known, r)
				b.WriteString(r.template())
			}
		}
		asked[i] = known
		want += len(known)
		b.WriteString(`</ds:SignedInfo><ds:SignatureValue/></ds:Signature>`)
		src := bytes.Replace(read[i].Source, []byte(placeholder), []byte(b.String()), 1)
		if err := os.WriteFile(file, src, 0o600); err != nil {
			t.Fatal(err)
		}
		read[i] = parse(t, string(src))
	}
	key := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(key, []byte("not a secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	var failed bytes.Buffer
	cmd := exec.Command(xmlsec1, append([]string{"--sign", "--hmackey", key}, files...)...)
	cmd.Stderr = &failed
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("xmlsec1: %v\n%s", err, &failed)
	}
	digests := regexp.MustCompile(`<ds:DigestValue>([^<]+)</ds:DigestValue>`).FindAllSubmatch(out, -1)
	if len(digests) != want {
		t.Fatalf("got %d digests, want %d", len(digests), want)
	}
	t.Logf("%d digests of %d documents", want, len(files))
	wrong := 0
	for i, d := range read {
		for j, r := range asked[i] {
			theirs := string(digests[0][1])
			digests = digests[1:]
			form, err := r.form(d)
			if err != nil {
				t.Fatal(err)
			}
			digest := sha256.Sum256(form)
			if ours := base64.StdEncoding.EncodeToString(digest[:]); ours == theirs {
				continue
			}
			if wrong++; wrong > 3 {
				t.FailNow()
			}
			debug, _ := exec.Command(xmlsec1, "--sign", "--hmackey", key, "--store-references", "--print-debug", files[i]).CombinedOutput()
			form2 := regexp.MustCompile(`(?s)== PreDigest data - start buffer:\n(.*?)\n== PreDigest data - end buffer`).FindAllSubmatch(debug, -1)
			theirForm := []byte("not printed")
			if j < len(form2) {
				theirForm = form2[j][1]
			}
			t.Errorf("document %d, reference %+v: %s", i, r, difference(form, theirForm))
		}
	}
}

// difference shows two forms from a little before the place where they part.
func difference(got, want []byte) string {
	i := 0
	for i < len(got) && i < len(want) && got[i] == want[i] {
		i++
	}
	around := func(b []byte) []byte { return b[max(0, i-80):min(len(b), i+80)] }
	return fmt.Sprintf("at byte %d\n got … %q\nwant … %q", i, around(got), around(want))
}
