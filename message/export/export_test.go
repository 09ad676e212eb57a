package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rem"
	"rem/message"
	"rem/message/export"
)

// An export of every state, checked by the program alone, with what it says of
// whom to believe and nothing else.
func TestRemverifyAcceptsAnExportOfEveryState(t *testing.T) {
	s := tell(t)
	verify := remverify(t)
	states := map[message.State]bool{}
	for _, item := range s.source().items {
		v, err := s.source().Message(t.Context(), item.Message)
		if err != nil {
			t.Fatal(err)
		}
		for _, standing := range v.Standings {
			states[standing.State] = true
		}
	}
	for _, want := range []message.State{
		message.Refused, message.Accepted, message.Relaying, message.Asked, message.NotRelayed, message.Overdue,
		message.Delivered, message.NotDelivered, message.Retrieved, message.NotRetrieved,
	} {
		if !states[want] {
			t.Errorf("no message is %s", want)
		}
	}
	for _, c := range []struct {
		name   string
		change func(*export.Options)
	}{
		{"eml, unopened left out", func(o *export.Options) { o.LeaveUnopened = true }},
		{"mbox, stamped", func(o *export.Options) { o.Mbox, o.LeaveUnopened, o.Authority = true, true, s.authority() }},
		{"everything opened", func(o *export.Options) { o.Verifier = s.verifier() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := s.options()
			c.change(&o)
			b, result := s.write(o)
			want := export.Result{Messages: 11, Originals: 10, Evidence: result.Evidence} // what was refused was not kept
			if o.LeaveUnopened {
				want.Originals, want.LeftOut = 9, 1
			}
			if result != want || result.Evidence < 12 {
				t.Errorf("written: %+v, want %+v", result, want)
			}
			dir := t.TempDir()
			put(t, filepath.Join(dir, "export.zip"), b)
			put(t, filepath.Join(dir, "anchors.pem"), s.anchors())
			at := "--at=" + s.Clock.Now().Format("2006-01-02T15:04:05Z07:00")
			out, status := verify(dir, "--trust", "anchors.pem", at, "export.zip")
			if status != 0 {
				t.Errorf("status %d:\n%s", status, out)
			}
			if o.Authority != nil && !strings.Contains(out, "zaman damgası doğrulandı") {
				t.Errorf("nothing is said of the stamp:\n%s", out)
			}
			if o.LeaveUnopened && !strings.Contains(out, "açılmamıştı") {
				t.Errorf("nothing is said of what was left out:\n%s", out)
			}
			if out, err := exec.Command("unzip", "-q", "-t", filepath.Join(dir, "export.zip")).CombinedOutput(); err != nil {
				t.Errorf("unzip -t: %v\n%s", err, out)
			}
			if out, err := exec.Command("unzip", "-q", filepath.Join(dir, "export.zip"), "-d", filepath.Join(dir, "x")).CombinedOutput(); err != nil {
				t.Fatalf("unzip: %v\n%s", err, out)
			}
			if out, status := verify(dir, "--trust", "anchors.pem", "--lang=en", at, "--proofs", "x"); status != 0 {
				t.Errorf("unpacked: status %d:\n%s", status, out)
			}
			sums := exec.Command("sh", "-c", "sha256sum --quiet -c proofs.txt part-*/proofs.txt")
			sums.Dir = filepath.Join(dir, "x")
			if out, err := sums.CombinedOutput(); err != nil {
				t.Errorf("sha256sum: %v\n%s", err, out)
			}
			if out, status := verify(dir, "export.zip"); status != 1 {
				t.Errorf("without anchors: status %d:\n%s", status, out)
			}
			for _, e := range unzip(t, b) {
				for _, r := range e.Name {
					if r > 0x7e || r <= ' ' {
						t.Errorf("the name %q is not ASCII", e.Name)
					}
				}
			}
		})
	}
	if v, err := s.source().Message(t.Context(), s.id("unopened")); err != nil || v.Standing(1).State != message.Retrieved {
		t.Errorf("exported with its content, and %v, %v", v.Standing(1).State, err)
	}
}

// REQ-68: what is left out is not opened, and has no evidence of retrieval.
func TestWhatIsLeftOutStaysUnopened(t *testing.T) {
	s := tell(t)
	o := s.options()
	o.LeaveUnopened, o.Opener = true, opened{opener{s}, s.id("opened")}
	b, _ := s.write(o)
	v, err := s.source().Message(t.Context(), s.id("unopened"))
	if err != nil || v.Standing(1).State != message.Delivered {
		t.Errorf("left out, and %v, %v", v.Standing(1).State, err)
	}
	if got := string(content(t, b, "part-0001/left-out.csv")); !strings.Contains(got, string(s.id("unopened"))) || strings.Contains(got, string(s.id("opened"))) {
		t.Errorf("the list of what was left out: %s", got)
	}
	for _, f := range unzip(t, b) {
		if got := content(t, b, f.Name); strings.HasSuffix(f.Name, ".eml") && bytes.Contains(got, []byte("Açılmadı.")) {
			t.Errorf("%s has the content that was left out", f.Name)
		}
	}
}

// opened gives one message alone.
type opened struct {
	opener
	id rem.MessageID
}

func (o opened) Open(ctx context.Context, id rem.MessageID, n int) (message.Content, error) {
	if id != o.id {
		return nil, errors.New("it was asked for " + string(id))
	}
	return o.opener.Open(ctx, id, n)
}

// The recipient of a message to several gets no evidence about the others.
func TestRecipientsGetTheirOwnEvidence(t *testing.T) {
	s := tell(t)
	o := s.options()
	src := s.source()
	src.items = []export.Item{{Message: s.id("opened"), Recipient: 1, Opened: true}}
	o.Source = src
	b, _ := s.write(o)
	v, err := src.Message(t.Context(), s.id("opened"))
	if err != nil {
		t.Fatal(err)
	}
	others := 0
	for _, f := range v.Filed {
		held := bytes.Contains(content(t, b, "part-0001/proofs.json"), []byte(f.ID))
		if held == (f.Recipient == 2) {
			t.Errorf("evidence %s about recipient %d: in the export %t", f.ID, f.Recipient, held)
		}
		if f.Recipient == 2 {
			others++
		}
	}
	if others == 0 {
		t.Error("there was no evidence about the other")
	}
	if page := content(t, b, "part-0001/index.html"); bytes.Contains(page, []byte("derya@")) {
		t.Error("the page tells of the other recipient")
	}
}

func unzip(t testing.TB, b []byte) []*zip.File {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return z.File
}

func content(t testing.TB, b []byte, name string) []byte {
	t.Helper()
	for _, f := range unzip(t, b) {
		if f.Name == name {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
	}
	t.Fatalf("there is no %s", name)
	return nil
}
