package relay_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/base64"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"rem/internal/testkit/world"
	"rem/mail/archive"
	"rem/message"
)

// marked is a scanner that finds a mark, and remembers what it read.
type marked struct{ read *[]byte }

func (m marked) Scan(_ context.Context, r io.Reader, size int64) (string, error) {
	b, err := io.ReadAll(r)
	*m.read = b
	if err == nil && int64(len(b)) != size {
		err = io.ErrUnexpectedEOF
	}
	if bytes.Contains(b, []byte("ZARARLI")) {
		return "Deneme.Zararli", err
	}
	return "", err
}

// AT-09: what another REM-MD took and a scanner could not look through is taken over
// with everything else scanned: a bomb neither stops a message nor hides what stands
// beside it.
func TestABombIsTakenOverAndNothingBesideItIsHidden(t *testing.T) {
	var bomb bytes.Buffer
	z := zip.NewWriter(&bomb)
	f, err := z.Create("a")
	if err == nil {
		_, err = f.Write(make([]byte, 8<<20))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(bomb.Bytes())
	k := world.NewKit(t)
	for _, c := range []struct {
		name, beside string
		want         message.State
	}{
		{"a bomb", "temiz", message.Delivered},
		{"malware beside a bomb", "ZARARLI", message.NotRelayed},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := k.New(t, world.Options{})
			from, to := w.Providers[world.Domain(sender)], w.Providers[world.Domain(receiver)]
			from.Submitter.Archives = archive.Limits{Ratio: 1 << 40}
			var read []byte
			to.Relay.Scanner = marked{&read}
			var lines strings.Builder
			for part := range slices.Chunk([]byte(text), 76) {
				lines.WriteString(string(part) + "\r\n")
			}
			entity := "Content-Type: multipart/mixed; boundary=\"=_parca\"\r\n\r\n--=_parca\r\nContent-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n" + lines.String() +
				"--=_parca\r\nContent-Type: text/plain\r\n\r\n" + c.beside + "\r\n--=_parca--\r\n"
			r := w.Submit("ayse", sender, k.Sign(t, world.Letter{From: world.Address("ayse", sender), To: []string{bora}, Subject: "Arşiv", Entity: []byte(entity)}, 0), bora)
			if r.Refusal != nil {
				t.Fatal(r.Refusal)
			}
			w.Run(time.Hour)
			if !bytes.Contains(read, []byte(c.beside)) || bytes.Contains(read, []byte(text[:60])) {
				t.Errorf("the scanner read %d octets, with the bomb or without the text beside it", len(read))
			}
			view, err := from.Store.Message(t.Context(), r.Message)
			if err != nil || view.Standing(1).State != c.want {
				t.Errorf("the sender's provider has it as %s, %v, want %s", view.Standing(1).State, err, c.want)
			}
			if c.want == message.Delivered {
				got, err := to.Store.Message(t.Context(), r.Message)
				if err != nil || !slices.Equal(got.Record.Unscanned, []archive.Kind{archive.TooDense}) {
					t.Errorf("the record says %v, %v", got.Record.Unscanned, err)
				}
			}
			if told := strings.Join(to.Alarms(), "\n"); !strings.Contains(told, "beyond the limits") {
				t.Errorf("the alarms are %q", told)
			}
		})
	}
}
