package export_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"rem"
	"rem/message"
	"rem/message/export"
	"rem/message/verification"
	"rem/trust/validation"
)

// many is a source of made-up messages, each of the same content.
type many struct {
	n    int
	body message.Content
}

func (m many) Items(context.Context) iter.Seq2[export.Item, error] {
	return func(yield func(export.Item, error) bool) {
		for i := range m.n {
			if !yield(export.Item{Message: rem.MessageID(fmt.Sprintf("m%d@hs90.kep.test", i))}, nil) {
				return
			}
		}
	}
}

func (m many) Message(_ context.Context, id rem.MessageID) (*message.View, error) {
	return &message.View{Record: message.Record{
		ID: id, Original: "x", Length: m.body.Size(), Size: m.body.Size(), Digest: m.body.Digest(), Subject: string(id),
		Recipients: []message.Recipient{{Party: message.Party{Raw: "x"}, Leg: message.Local}},
	}, Standings: []message.Standing{{Recipient: 1, State: message.Delivered}}}, nil
}

func (m many) EvidenceOf(_ context.Context, id rem.MessageID) ([]message.Filed, error) {
	xml := []byte("<x>" + id + "</x>")
	return []message.Filed{{ID: rem.EvidenceID(id), Kind: message.SubmissionAcceptanceRejection, Outcome: message.Positive, XML: xml, Digest: rem.DigestOf(xml)}}, nil
}

func (m many) Open(context.Context, message.Ref) (message.Content, error) { return m.body, nil }

// endless is a content that is nowhere.
type endless struct {
	size   int64
	digest rem.Digest
}

func noMemory(size int64) *endless {
	e := &endless{size: size}
	sum := sha256.New()
	io.Copy(sum, io.NewSectionReader(e, 0, size))
	sum.Sum(e.digest[:0])
	return e
}

func (e *endless) Size() int64        { return e.size }
func (e *endless) Digest() rem.Digest { return e.digest }

func (e *endless) ReadAt(p []byte, off int64) (int, error) {
	n := int(max(min(int64(len(p)), e.size-off), 0))
	for i := range p[:n] {
		p[i] = "From x\r\n"[(off+int64(i))%8]
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Memory does not grow with a message: sixteen megabytes take what sixteen
// kilobytes do.
func TestMemoryIsFlat(t *testing.T) {
	for _, mbox := range []bool{false, true} {
		measure := func(size int64) uint64 {
			src := many{1, noMemory(size)}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if _, err := export.Write(t.Context(), io.Discard, export.Options{Source: src, Mbox: mbox}); err != nil {
				t.Fatal(err)
			}
			runtime.ReadMemStats(&after)
			return after.TotalAlloc - before.TotalAlloc
		}
		measure(16 << 10)
		small, large := measure(16<<10), measure(16<<20)
		if large > small+1<<20 {
			t.Errorf("mbox %t: 16 kB take %d octets of memory, 16 MB %d", mbox, small, large)
		}
	}
}

// More messages than a part holds lie in several, and every one is checked.
func TestExportInParts(t *testing.T) {
	n := 2*export.PartSize + 1
	var b bytes.Buffer
	result, err := export.Write(t.Context(), &b, export.Options{Source: many{n, message.InMemory([]byte("x"))}, Made: time.Unix(0, 0)})
	if err != nil || result.Messages != n {
		t.Fatal(result, err)
	}
	if got := string(content(t, b.Bytes(), "index.html")); strings.Count(got, "<li><a href=\"part-") != 3 {
		t.Errorf("the index names %d parts", strings.Count(got, "<li><a href=\"part-"))
	}
	a, err := export.Zip(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	c, err := export.Check(t.Context(), a, nobody{}, func(*export.Checked) error { seen++; return nil })
	if err != nil || seen != n || c.Messages != n || len(c.Problems) > 0 {
		t.Errorf("%d messages checked of %d: %+v, %v", seen, n, c, err)
	}
}

// FuzzCheck: whatever an archive holds, checking it ends with a conclusion or an
// error.
func FuzzCheck(f *testing.F) {
	for _, mbox := range []bool{false, true} {
		f.Add(small(f, mbox))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, err := export.Zip(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		c, err := export.Check(t.Context(), a, nobody{}, func(*export.Checked) error { return nil })
		if err == nil && c.Verdict == validation.TotalPassed && c.Messages > 0 {
			t.Error("what nobody verified passes")
		}
	})
}

// FuzzProofs is FuzzCheck past the zip file: the lists alone.
func FuzzProofs(f *testing.F) {
	b := small(f, true)
	files := map[string][]byte{}
	for _, x := range unzip(f, b) {
		files[x.Name] = content(f, b, x.Name)
	}
	f.Add(files["proofs.json"], files["part-0001/proofs.json"], files["part-0001/mail.mbox"])
	f.Fuzz(func(t *testing.T, top, part, box []byte) {
		dir := fstest.MapFS{}
		for name, b := range files {
			dir[name] = &fstest.MapFile{Data: b}
		}
		dir["proofs.json"], dir["part-0001/proofs.json"], dir["part-0001/mail.mbox"] = &fstest.MapFile{Data: top}, &fstest.MapFile{Data: part}, &fstest.MapFile{Data: box}
		c, err := export.Check(t.Context(), export.Folder(dir), nobody{}, func(*export.Checked) error { return nil })
		if err == nil && c.Verdict == validation.TotalPassed && c.Messages > 0 {
			t.Error("what nobody verified passes")
		}
	})
}

// Changed at random, in the zip file or in the lists, an export never passes
// unverified and never breaks the program. The fuzzers do the same by coverage,
// slowly, since this package's tests hold whole providers.
func TestChangedAtRandom(t *testing.T) {
	for _, mbox := range []bool{false, true} {
		b := small(t, mbox)
		files := map[string][]byte{}
		var names []string
		for _, f := range unzip(t, b) {
			files[f.Name] = content(t, b, f.Name)
			if strings.HasSuffix(f.Name, ".json") || strings.HasSuffix(f.Name, ".mbox") {
				names = append(names, f.Name)
			}
		}
		rapid.Check(t, func(t *rapid.T) {
			change := func(b []byte) []byte {
				b = bytes.Clone(b)
				for range rapid.IntRange(1, 3).Draw(t, "changes") {
					at := rapid.IntRange(0, len(b)-1).Draw(t, "at")
					switch rapid.IntRange(0, 3).Draw(t, "how") {
					case 0:
						b[at] = rapid.Byte().Draw(t, "byte")
					case 1:
						b = b[:at+1]
					case 2:
						b = slices.Insert(b, at, []byte(rapid.SampledFrom([]string{"-", "9", "0", "null", "{}", "[]", `"`, "From ", ">", "\n"}).Draw(t, "word"))...)
					case 3:
						b = slices.Delete(b, at, min(at+rapid.IntRange(1, 9).Draw(t, "less"), len(b)))
					}
					if len(b) == 0 {
						break
					}
				}
				return b
			}
			dir := fstest.MapFS{}
			for name, b := range files {
				dir[name] = &fstest.MapFile{Data: b}
			}
			name := rapid.SampledFrom(names).Draw(t, "file")
			dir[name] = &fstest.MapFile{Data: change(files[name])}
			archives := []export.Archive{export.Folder(dir)}
			whole := change(b)
			if a, err := export.Zip(bytes.NewReader(whole), int64(len(whole))); err == nil {
				archives = append(archives, a)
			}
			for _, a := range archives {
				c, err := export.Check(context.Background(), a, nobody{}, func(*export.Checked) error { return nil })
				if err == nil && c.Verdict == validation.TotalPassed && c.Messages > 0 {
					t.Error("what nobody verified passes")
				}
			}
		})
	}
}

// small is an export that a fuzzer can change quickly.
func small(t testing.TB, mbox bool) []byte {
	t.Helper()
	var b bytes.Buffer
	if _, err := export.Write(t.Context(), &b, export.Options{Source: many{2, message.InMemory([]byte("From x\n"))}, Mbox: mbox, Made: time.Unix(0, 0)}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// nobody verifies nothing.
type nobody struct{}

func (nobody) Verify(context.Context, ...verification.Input) (*verification.Report, error) {
	return &verification.Report{}, nil
}

// Nothing to export is an export of nothing.
func TestEmptyExport(t *testing.T) {
	var b bytes.Buffer
	if _, err := export.Write(t.Context(), &b, export.Options{Source: many{0, message.InMemory(nil)}}); err != nil {
		t.Fatal(err)
	}
	a, err := export.Zip(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := export.Check(t.Context(), a, nobody{}, nil); err != nil || len(c.Problems) > 0 || c.Messages != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

// A content that is not the one of its record is not given out.
func TestDamagedContentEndsTheExport(t *testing.T) {
	damaged := &endless{size: 9, digest: rem.DigestOf([]byte("other"))}
	var b bytes.Buffer
	if _, err := export.Write(t.Context(), &b, export.Options{Source: many{1, damaged}}); err == nil || !strings.Contains(err.Error(), export.ErrDamaged.Error()) {
		t.Errorf("got %v", err)
	}
}
