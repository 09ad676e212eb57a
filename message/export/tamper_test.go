package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rem"
	"rem/message"
	"rem/message/export"
	"rem/trust/validation"
)

// check checks without the program, for many cases.
func (s *stories) check(b []byte) (*export.Conclusion, map[rem.MessageID]*export.Checked) {
	s.t.Helper()
	a, err := export.Zip(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		s.t.Fatal(err)
	}
	all := map[rem.MessageID]*export.Checked{}
	c, err := export.Check(s.t.Context(), a, s.verifier(), func(m *export.Checked) error { all[m.Message] = m; return nil })
	if err != nil {
		s.t.Fatal(err)
	}
	return c, all
}

type file struct {
	name string
	b    []byte
}

// rezip writes an export again after a change of its files.
func rezip(t testing.TB, b []byte, change func([]file) []file) []byte {
	t.Helper()
	var files []file
	for _, f := range unzip(t, b) {
		files = append(files, file{f.Name, content(t, b, f.Name)})
	}
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, f := range change(files) {
		w, err := z.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(f.b)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func troubles(c *export.Conclusion, all map[rem.MessageID]*export.Checked) map[string]export.Trouble {
	found := map[string]export.Trouble{}
	for _, p := range c.Problems {
		found[p.File] = p.Trouble
	}
	for _, m := range all {
		for _, p := range m.Problems {
			found[p.File] = p.Trouble
		}
	}
	return found
}

func TestEveryChangedByteIsFound(t *testing.T) {
	s := tell(t)
	for _, mbox := range []bool{false, true} {
		o := s.options()
		o.Mbox = mbox
		b, _ := s.write(o)
		if c, all := s.check(b); c.Verdict != validation.TotalPassed || len(all) != 11 {
			t.Fatalf("unchanged: %+v, %d messages", c, len(all))
		}
		for i, f := range unzip(t, b) {
			changed := rezip(t, b, func(files []file) []file {
				for i := range files {
					if files[i].name == f.Name {
						files[i].b = bytes.Clone(files[i].b)
						files[i].b[len(files[i].b)/2] ^= 1
					}
				}
				return files
			})
			if c, _ := s.check(changed); c.Verdict == validation.TotalPassed && f.Name != "proofs.json" {
				t.Errorf("%s was changed, and nobody sees it", f.Name)
			}
			if i%3 != 0 {
				continue // the names of the others tell nothing more
			}
			gone := rezip(t, b, func(files []file) []file {
				var rest []file
				for _, x := range files {
					if x.name != f.Name {
						rest = append(rest, x)
					}
				}
				return rest
			})
			c, all := s.check(gone)
			if got := troubles(c, all)[f.Name]; c.Verdict != validation.TotalFailed || got != export.Missing {
				t.Errorf("%s is gone: %s, %q", f.Name, c.Verdict, got)
			}
			added := rezip(t, b, func(files []file) []file {
				return append(files, file{strings.TrimSuffix(f.Name, ".xml") + ".bak", []byte("x")})
			})
			c, all = s.check(added)
			if got := troubles(c, all)[strings.TrimSuffix(f.Name, ".xml")+".bak"]; c.Verdict != validation.TotalFailed || got != export.Unlisted {
				t.Errorf("a file beside %s: %s, %q", f.Name, c.Verdict, got)
			}
		}
	}
}

func TestStrangeNamesAndDoublesAreFound(t *testing.T) {
	s := tell(t)
	b, _ := s.write(s.options())
	for name, want := range map[string]export.Trouble{"index.html": export.Twice, "../x": export.BadName, "a/b/c": export.BadName, "ş.xml": export.BadName, "/etc": export.BadName} {
		changed := rezip(t, b, func(files []file) []file { return append(files, file{name, []byte("x")}) })
		c, all := s.check(changed)
		if got := troubles(c, all)[name]; c.Verdict != validation.TotalFailed || got != want {
			t.Errorf("%s: %s, %q, want %q", name, c.Verdict, got, want)
		}
	}
}

// resum writes every digest of the lists anew, as somebody does who wants to
// hide what he changed.
func resum(t testing.TB, files []file) []file {
	t.Helper()
	sums := map[string]file{}
	for _, f := range files {
		sums[f.name] = f
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			if name, ok := v["file"].(string); ok && v["mbox"] == nil {
				v["sha256"] = rem.DigestOf(sums[name].b).String()
				v["size"] = len(sums[name].b)
			}
			for _, x := range v {
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	for _, list := range []string{"part-0001/proofs.json", "proofs.json"} {
		for i := range files {
			if files[i].name != list {
				continue
			}
			var v any
			if err := json.Unmarshal(files[i].b, &v); err != nil {
				t.Fatal(err)
			}
			walk(v)
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			files[i].b = b
			sums[list] = files[i]
		}
	}
	return files
}

// Who writes the lists anew still cannot swap evidence or change an original.
func TestListsWrittenAnewDoNotHideChanges(t *testing.T) {
	s := tell(t)
	o := s.options()
	stamped := s.options()
	stamped.Authority = s.authority()
	b, _ := s.write(o)
	signed, _ := s.write(stamped)
	find := func(files []file, suffix string, n int) *file {
		for i := range files {
			if strings.HasSuffix(files[i].name, suffix) {
				if n--; n == 0 {
					return &files[i]
				}
			}
		}
		t.Fatalf("there is no %s", suffix)
		return nil
	}
	for _, c := range []struct {
		name   string
		change func([]file) []file
		want   validation.Verdict
	}{
		{"nothing", func(f []file) []file { return f }, validation.TotalPassed},
		{"evidence of two messages swapped", func(f []file) []file {
			x, y := find(f, "-e01-10.xml", 1), find(f, "-e01-10.xml", 2)
			x.b, y.b = y.b, x.b
			return f
		}, validation.TotalFailed},
		{"two evidences of one message swapped", func(f []file) []file {
			x, y := find(f, "000003-e01-10.xml", 1), find(f, "000003-e02-40.xml", 1)
			x.b, y.b = y.b, x.b
			return f
		}, validation.TotalFailed},
		{"originals swapped", func(f []file) []file {
			x, y := find(f, "000001.eml", 1), find(f, "000002.eml", 1)
			x.b, y.b = y.b, x.b
			return f
		}, validation.TotalFailed},
		{"an original changed", func(f []file) []file {
			x := find(f, "000003.eml", 1)
			x.b = bytes.Replace(x.b, []byte("beginning"), []byte("Beginning"), 1)
			return f
		}, validation.TotalFailed},
		{"an evidence changed", func(f []file) []file {
			x := find(f, "000003-e02-40.xml", 1)
			x.b = bytes.Replace(x.b, []byte("derya@"), []byte("derka@"), 1)
			return f
		}, validation.TotalFailed},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := s.check(rezip(t, b, func(f []file) []file { return resum(t, c.change(f)) }))
			if got.Verdict != c.want {
				t.Errorf("%s, want %s", got.Verdict, c.want)
			}
			if !strings.HasPrefix(c.name, "nothing") {
				return
			}
			got, all := s.check(rezip(t, signed, func(f []file) []file { return resum(t, f) }))
			if got.Verdict != validation.TotalFailed || troubles(got, all)["proofs.tst"] != export.Unstamped {
				t.Errorf("a list written anew under its stamp: %+v", got)
			}
		})
	}
}

func TestRemverifyFindsWhatWasChanged(t *testing.T) {
	s := tell(t)
	verify := remverify(t)
	b, _ := s.write(s.options())
	dir := t.TempDir()
	put(t, filepath.Join(dir, "anchors.pem"), s.anchors())
	put(t, filepath.Join(dir, "cut.zip"), b[:len(b)/2])
	put(t, filepath.Join(dir, "other.zip"), rezip(t, b, func(f []file) []file { f[0].name = "trust/x.pem"; return f }))
	put(t, filepath.Join(dir, "noise.zip"), rezip(t, b, func(f []file) []file { return []file{{"readme.txt", []byte("x")}} }))
	at := "--at=" + s.Clock.Now().Format("2006-01-02T15:04:05Z07:00")
	for _, c := range []struct {
		args   []string
		status int
		say    string
	}{
		{[]string{"cut.zip"}, 3, "incomplete or broken"},
		{[]string{"other.zip"}, 2, "sonradan eklenmiş"},
		{[]string{"noise.zip"}, 2, "proofs.json"},
		{[]string{"other.zip", "anchors.pem"}, 3, "alone"},
		{[]string{"--proofs", "nowhere"}, 3, "unpacked"},
		{[]string{"--json", "other.zip"}, 2, `"trouble":"missing"`},
		{nil, 3, "no file"},
	} {
		out, status := verify(dir, append([]string{"--trust", "anchors.pem", at}, c.args...)...)
		if status != c.status || !strings.Contains(out, c.say) {
			t.Errorf("%v: status %d, want %d and %q:\n%s", c.args, status, c.status, c.say, out)
		}
		if len(c.args) > 0 && c.args[0] == "--json" && !json.Valid([]byte(out)) {
			t.Errorf("not JSON:\n%s", out)
		}
	}
}

// What contradicts the others is shown as such, and verified apart: it does not
// take the others' verdict away.
func TestConflictingEvidenceIsVerifiedApart(t *testing.T) {
	s := tell(t)
	id := s.id("three")
	o := s.options()
	mixed := &conflicting{s.source(), id, s.id("unread")}
	mixed.items = []export.Item{{Message: id}}
	o.Source, o.Verifier = mixed, s.verifier()
	b, _ := s.write(o)
	c, all := s.check(b)
	if c.Verdict != validation.TotalFailed || len(all[id].Problems) != 1 || all[id].Problems[0].Trouble != export.Foreign {
		t.Errorf("an evidence about another message: %+v %+v", c, all[id])
	}
	if !bytes.Contains(content(t, b, "part-0001/index.html"), []byte("çelişiyor")) {
		t.Error("the page does not say that an evidence conflicts")
	}
	marked := 0
	for _, e := range all[id].Evidence {
		if e.Conflict {
			marked++
		}
		if e.Verdict != validation.TotalPassed {
			t.Errorf("%s is judged %s by itself", e.File, e.Verdict)
		}
	}
	if marked != 1 {
		t.Errorf("%d are marked as conflicting", marked)
	}
}

// conflicting gives one message an evidence of another one, as what contradicts.
type conflicting struct {
	*source
	to, from rem.MessageID
}

func (c *conflicting) EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error) {
	filed, err := c.source.EvidenceOf(ctx, id)
	if err != nil || id != c.to {
		return filed, err
	}
	more, err := c.source.EvidenceOf(ctx, c.from)
	if err != nil {
		return nil, err
	}
	more[1].Conflict = true
	return append(filed, more[1]), nil
}

// A link in a folder leads nowhere outside of it.
func TestLinksOutOfTheFolderAreNotFollowed(t *testing.T) {
	s := tell(t)
	verify := remverify(t)
	b, _ := s.write(s.options())
	dir := t.TempDir()
	for _, f := range unzip(t, b) {
		put(t, filepath.Join(dir, "x", f.Name), content(t, b, f.Name))
	}
	put(t, filepath.Join(dir, "anchors.pem"), s.anchors())
	if err := os.Remove(filepath.Join(dir, "x/index.html")); err != nil {
		t.Fatal(err)
	}
	put(t, filepath.Join(dir, "index.html"), content(t, b, "index.html"))
	if err := os.Symlink("../index.html", filepath.Join(dir, "x/index.html")); err != nil {
		t.Fatal(err)
	}
	if out, status := verify(dir, "--trust", "anchors.pem", "--proofs", "x"); status != 3 {
		t.Errorf("status %d:\n%s", status, out)
	}
}

// Python's own module reads the mailbox file and finds the messages byte for
// byte, but for the quoting of mboxrd, which it leaves in.
func TestPythonReadsTheMailboxFile(t *testing.T) {
	s := tell(t)
	o := s.options()
	o.Mbox = true
	b, result := s.write(o)
	eml, _ := s.write(s.options())
	dir := t.TempDir()
	put(t, filepath.Join(dir, "mail.mbox"), content(t, b, "part-0001/mail.mbox"))
	want := map[rem.Digest]bool{}
	for _, f := range unzip(t, eml) {
		if strings.HasSuffix(f.Name, ".eml") {
			want[rem.DigestOf(content(t, eml, f.Name))] = true
		}
	}
	script := `
import mailbox, hashlib, re, sys
for key, _ in mailbox.mbox("mail.mbox", create=False).items():
    b = mailbox.mbox("mail.mbox", create=False).get_bytes(key)
    print(hashlib.sha256(re.sub(rb"(?m)^>(>*From )", rb"\1", b)).hexdigest())
`
	c := exec.Command("python3", "-c", script)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(out))
	if len(lines) != result.Originals {
		t.Errorf("it finds %d messages, want %d", len(lines), result.Originals)
	}
	for _, l := range lines {
		found := false
		for d := range want {
			found = found || d.String() == l
		}
		if !found {
			t.Errorf("a message of digest %s was not exported", l)
		}
	}
}

// A cancelled export ends, and leaves no zip file.
func TestCancelledExportIsNoZipFile(t *testing.T) {
	s := tell(t)
	for _, after := range []int{0, 1, 200, 5000} {
		ctx, cancel := context.WithCancel(t.Context())
		var b bytes.Buffer
		w := writerFunc(func(p []byte) (int, error) {
			if b.Len() >= after {
				cancel()
			}
			return b.Write(p)
		})
		if after == 0 {
			cancel()
		}
		_, err := export.Write(ctx, w, s.options())
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("after %d octets: %v", after, err)
		}
		if _, err := zip.NewReader(bytes.NewReader(b.Bytes()), int64(b.Len())); err == nil {
			t.Errorf("after %d octets it is a zip file", after)
		}
	}
	full := errors.New("disk full")
	if _, err := export.Write(t.Context(), writerFunc(func([]byte) (int, error) { return 0, full }), s.options()); !errors.Is(err, full) {
		t.Errorf("got %v, want the writer's error", err)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
