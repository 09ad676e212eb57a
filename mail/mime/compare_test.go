package mime

import (
	"testing"
)

func TestReadersAgreeOnOrdinaryMail(t *testing.T) {
	for name, in := range map[string]string{
		"plain":             "From: a@b\nSubject: x\n\nhello\n",
		"8-bit text":        "From: a@b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nİşte\n",
		"quoted-printable":  "From: a@b\nContent-Transfer-Encoding: quoted-printable\n\n=C4=B0=\nx =20\n.\n",
		"attachment":        "From: a@b\nContent-Type: multipart/mixed; boundary=\"=_b\"\n\n\n--=_b\nContent-Type: text/plain\n\nx\n--=_b\nContent-Type: application/pdf; name=\"f.pdf\"\nContent-Disposition: attachment; filename*=utf-8''%C4%B1.pdf\nContent-Transfer-Encoding: base64\n\nJVBERi0x\nLjQK\n\n--=_b--\n",
		"signed":            "From: a@b\nContent-Type: multipart/signed; boundary=s; protocol=\"application/pkcs7-signature\"; micalg=sha-256\n\n--s\nContent-Type: multipart/alternative; boundary=t\n\n--t\n\nx\n--t\nContent-Type: text/html\n\n<p>x\n--t--\n\n--s\nContent-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64\n\nMIIB\n--s--\n",
		"a forwarded one":   "From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nFrom: c@d\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c--\n\n--b--\n",
		"a last semicolon":  "From: a@b\nContent-Type: text/plain; charset=utf-8;\n\nx\n",
		"an RFC 2047 name":  "From: a@b\nContent-Type: application/pdf; name=\"=?iso-8859-9?Q?=FD.pdf?=\"\nContent-Transfer-Encoding: base64\n\nYQ==\n",
		"a long line":       "From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\n" + string(make([]byte, 0)) + longLine + "\n--b--\n",
		"no final line end": "From: a@b\n\nx",
	} {
		c, err := Compare(Memory(crlf(in)), Options{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if d := c.Difference(); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if len(c.Findings) > 0 {
			t.Errorf("%s: found %v", name, c.Findings)
		}
	}
}

var longLine = func() string {
	b := make([]byte, 3*windowSize+17)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return string(b)
}()

// AT-06: shapes in which readers see different parts or different attachments.
func TestAmbiguousMailIsFound(t *testing.T) {
	const mixed = "From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n"
	for name, in := range map[string]string{
		"two content types":              "From: a@b\nContent-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n",
		"two boundaries":                 "From: a@b\nContent-Type: multipart/mixed; boundary=b; boundary=c\n\n--b\n\nx\n--c\n\ny\n--c--\n--b--\n",
		"a plain and an extended one":    "From: a@b\nContent-Type: multipart/mixed; boundary=b; boundary*=us-ascii''c\n\n--b\n\nx\n--b--\n--c\n\ny\n--c--\n",
		"a boundary in a comment":        "From: a@b\nContent-Type: multipart/mixed (; boundary=c); boundary=b\n\n--b\n\nx\n--b--\n",
		"two encodings":                  "From: a@b\nContent-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nYQ==\n",
		"an unknown encoding":            "From: a@b\nContent-Transfer-Encoding: x-b64\n\nYQ==\n",
		"junk in base64":                 "From: a@b\nContent-Transfer-Encoding: base64\n\nY#Q==\n",
		"data after base64's padding":    "From: a@b\nContent-Transfer-Encoding: base64\n\nYQ==YQ==\n",
		"a loose sign in q-p":            "From: a@b\nContent-Transfer-Encoding: quoted-printable\n\na=zz\n",
		"an encoded multipart":           "From: a@b\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n--b\n\nx\n--b--\n",
		"a multipart that is not closed": mixed + "--b\n\nx\n",
		"a boundary that goes on":        mixed + "--b\n\nx\n--bc\n\ny\n--b--\n",
		"a closing line that goes on":    mixed + "--b\n\nx\n--b--c\n\ny\n--b--\n",
		"parts after the closing line":   mixed + "--b\n\nx\n--b--\n--b\n\ny\n--b--\n",
		"the outer boundary inside":      mixed + "--b\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--b--\n",
		"a boundary that is a beginning": mixed + "--b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n\nx\n--bb--\n--b--\n",
		"no boundary":                    "From: a@b\nContent-Type: multipart/mixed\n\n--b\n\nx\n--b--\n",
		"an empty boundary":              "From: a@b\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx\n----\n",
		"a part whose header is none":    mixed + "--b\nhello\n\nx\n--b--\n",
		"a boundary in a header":         mixed + "--b\nX: y\n--b--\n",
		"a space before the colon":       mixed + "--b\nContent-Type : text/html\n\nx\n--b--\n",
		"two file names":                 mixed + "--b\nContent-Disposition: attachment; filename=a.exe; filename=b.pdf\n\nx\n--b--\n",
		"a fold of white space":          "From: a@b\nContent-Type: multipart/mixed;\n \n boundary=b\n\n--b\n\nx\n--b--\n",
	} {
		c, err := Compare(Memory(crlf(in)), Options{})
		if err != nil {
			continue // refused is as good
		}
		if !c.Ambiguous() && len(c.Findings) == 0 {
			t.Errorf("%s: all agree on %+v", name, c.Views[0].Leaves)
		}
	}
}
