package blobstore_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rem"
	"rem/edge/blobstore"
	"rem/internal/testkit"
	"rem/internal/testkit/broken"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// small keeps segments short, so that tests cross from one to the next.
var small = blobstore.Options{Segment: 256 << 10, MinFree: -1}

func open(t testing.TB, f blobstore.FS, o blobstore.Options) *blobstore.Store {
	t.Helper()
	s, err := blobstore.Open(f, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func onDisk(t testing.TB, o blobstore.Options) *blobstore.Store {
	t.Helper()
	f, err := blobstore.Disk(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return open(t, f, o)
}

// keep appends one content and returns its reference.
func keep(t testing.TB, s *blobstore.Store, b []byte) blobstore.Ref {
	t.Helper()
	a, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: b})
	if err != nil {
		t.Fatal(err)
	}
	return a.Refs[0]
}

// content makes bytes that no other n gives.
func content(n, size int) []byte {
	b := make([]byte, size)
	copy(b, fmt.Sprintf("content %d ", n))
	for i := 20; i < size; i++ {
		b[i] = byte(n*31 + i*7)
	}
	return b
}

func TestContentsComeBackByteForByte(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	sizes := []int{0, 1, 7, 8, 512, 4096, blobstore.SmallContent, blobstore.SmallContent + 1, 300 << 10}
	refs := map[int]blobstore.Ref{}
	for _, size := range sizes {
		refs[size] = keep(t, s, content(size, size))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, f, small)
	for _, size := range sizes {
		ref, err := blobstore.ParseRef(refs[size].String())
		if err != nil {
			t.Fatalf("%d octets: %v", size, err)
		}
		c, err := s.Open(ref)
		if err != nil {
			t.Errorf("%d octets: %v", size, err)
			continue
		}
		got, err := io.ReadAll(io.NewSectionReader(c, 0, c.Size()))
		if err != nil || !bytes.Equal(got, content(size, size)) {
			t.Errorf("%d octets: other bytes came back (%v)", size, err)
		}
		if c.Digest() != rem.DigestOf(got) {
			t.Errorf("%d octets: the digest is another", size)
		}
		if err := s.Check(ref); err != nil {
			t.Errorf("%d octets: Check: %v", size, err)
		}
	}
}

func TestPartIsReadAndCheckedWithItsWhole(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	for _, size := range []int{4096, 200 << 10} {
		whole := content(1, size)
		ref := keep(t, s, whole).Part(100, 1000)
		ref, err := blobstore.ParseRef(ref.String())
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Bytes(ref)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, whole[100:1100]) {
			t.Errorf("%d octets: the part has other bytes", size)
		}
		c, err := s.Open(ref)
		if err != nil {
			t.Fatal(err)
		}
		if c.Digest() != rem.DigestOf(got) || c.Size() != 1000 {
			t.Errorf("%d octets: digest or size is not the part's", size)
		}
	}
}

type read struct {
	kind    byte
	meta    string
	content string
}

func replay(t testing.TB, s *blobstore.Store, from blobstore.Position) []read {
	t.Helper()
	var all []read
	err := s.Replay(from, func(e blobstore.Entry) error {
		r := read{kind: e.Kind, meta: string(e.Meta)}
		if !e.Ref.IsZero() {
			b, err := s.Bytes(e.Ref)
			if err != nil {
				return err
			}
			r.content = string(b)
		}
		all = append(all, r)
		return nil
	})
	if err != nil {
		t.Fatalf("Replay: %v", err)
	}
	return all
}

func TestReplayGivesRecordsInOrderAcrossSegmentsAndStarts(t *testing.T) {
	f := broken.NewFS()
	var want []read
	var from blobstore.Position
	for start := range 3 {
		s := open(t, f, small)
		for i := range 40 {
			b := content(i, 9000+i)
			a, err := s.Append(t.Context(),
				blobstore.Record{Kind: 'I', Meta: fmt.Appendf(nil, "%d-%d", start, i), Content: b},
				blobstore.Record{Kind: 'S', Meta: fmt.Appendf(nil, "step %d", i)})
			if err != nil {
				t.Fatal(err)
			}
			want = append(want, read{'I', fmt.Sprintf("%d-%d", start, i), string(b)}, read{'S', fmt.Sprintf("step %d", i), ""})
			if start == 1 && i == 19 {
				from = a.To
			}
		}
		if diff := cmp.Diff(want, replay(t, s, blobstore.Position{}), cmp.AllowUnexported(read{})); diff != "" {
			t.Fatalf("start %d:\n%s", start, diff)
		}
		if start == 2 {
			if diff := cmp.Diff(want[120:], replay(t, s, from), cmp.AllowUnexported(read{})); diff != "" {
				t.Errorf("from a position:\n%s", diff)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestReferenceHasOneForm(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	good := keep(t, s, content(1, 100)).String()
	big := keep(t, s, content(1, 100<<10)).String()
	for _, s := range []string{good, big} {
		if _, err := blobstore.ParseRef(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for name, s := range map[string]string{
		"path":              "f../../etc/passwd00000000000" + big[27:],
		"absolute":          "/etc/passwd",
		"upper case token":  strings.ToUpper(big[:27]) + big[27:],
		"negative":          strings.Replace(good, ".", ".-", 1),
		"leading zero":      strings.Replace(good, "s", "s0", 1),
		"plus":              strings.Replace(good, "s", "s+", 1),
		"segment 0":         "s0" + good[2:],
		"offset in header":  "s1.8" + good[len("s1.144"):],
		"short digest":      good[:len(good)-1],
		"padded digest":     good + "=",
		"part out of range": good + ".90.11",
		"part overflow":     good + ".9223372036854775807.9223372036854775807",
		"half a part":       good + ".1",
		"more":              good + ".1.1.1",
		"nothing":           "s",
	} {
		if r, err := blobstore.ParseRef(s); !errors.Is(err, blobstore.ErrRef) {
			t.Errorf("%s: %q gives %v, %v", name, s, r, err)
		}
	}
}

// Every change of the scenario fails in every way; then the power goes, or the
// process is killed. What was answered is there, and nothing else is found
// than what was asked for. AT-36, AT-37; FailedButSaved.
func TestNothingAnsweredIsLostWhateverFails(t *testing.T) {
	random := testkit.Rand(t, 36)
	answered := map[string]blobstore.Ref{}
	asked := map[string]bool{}
	scenario := func(t *testing.T, f *broken.FS) {
		clear(answered)
		clear(asked)
		for start := range 2 {
			s, err := blobstore.Open(f, small)
			if err != nil {
				continue
			}
			for i, size := range []int{100, 60 << 10, 0, 80 << 10, 60 << 10, 60 << 10, 60 << 10, 60 << 10, 300} {
				meta := fmt.Sprintf("%d-%d", start, i)
				asked[meta] = true
				a, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Meta: []byte(meta), Content: content(start*100+i, size)})
				if err == nil {
					answered[meta] = a.Refs[0]
				}
			}
			s.Close()
		}
	}
	check := func(t *testing.T, f *broken.FS, p broken.Plan) {
		for crash, g := range map[string]*broken.FS{"power lost": f.PowerLost(random.Rand), "killed": f.Killed()} {
			var alarms []blobstore.Alarm
			o := small
			o.Alarm = func(a blobstore.Alarm) { alarms = append(alarms, a) }
			s, err := blobstore.Open(g, o)
			if err != nil {
				t.Errorf("%s: opening: %v", crash, err)
				return
			}
			found := map[string]int{}
			defer func() {
				if t.Failed() {
					t.Log(crash, p, f.Trace(), alarms, g)
				}
			}()
			for _, r := range replay(t, s, blobstore.Position{}) {
				found[r.meta]++
				if !asked[r.meta] {
					t.Errorf("%s: a record that nobody asked for: %q", crash, r.meta)
				}
			}
			for meta, ref := range answered {
				if found[meta] != 1 {
					t.Errorf("%s: %s was answered and is there %d times", crash, meta, found[meta])
				}
				if _, err := s.Open(ref); err != nil {
					t.Errorf("%s: %s was answered: %v", crash, meta, err)
				}
			}
			if len(alarms) > 0 {
				t.Errorf("%s: a crash looks like damage: %+v", crash, alarms)
			}
			if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: []byte("after")}); err != nil {
				t.Errorf("%s: appending after recovery: %v", crash, err)
			}
			if err := s.Close(); err != nil {
				t.Errorf("%s: closing: %v", crash, err)
			}
		}
	}
	t.Logf("%d recoveries", 2*broken.Each(t, scenario, check))
}

// Sectors of a torn commit reach the disk in any order; the records before it
// stay, and the torn ones are not taken for damage.
func TestTornEndIsCutAndNothingBeforeIt(t *testing.T) {
	random := testkit.Rand(t, 1)
	rounds := 300
	if testkit.Long() {
		rounds = 20_000
	}
	torn := 0
	for n := range rounds {
		// A test of its own, so that its disk is let go when it ends.
		t.Run(strconv.Itoa(n), func(t *testing.T) { torn += tornEnd(t, random) })
	}
	if torn == 0 {
		t.Error("no round had a torn end")
	}
	t.Logf("%d of %d rounds had a torn end", torn, rounds)
}

// tornEnd plays one torn end, and returns 1 when there was one to cut.
func tornEnd(t *testing.T, random *testkit.Random) (torn int) {
	f := broken.NewFS()
	s := open(t, f, small)
	kept := random.IntN(3)
	for i := range kept {
		keep(t, s, content(i, random.IntN(3000)))
	}
	// The next commit is written and never synced.
	changes := 1
	if kept == 0 {
		changes += 6 // those that begin the segment, reserve included
	}
	f.Break(broken.Plan{At: 1000})
	before := f.Changes()
	var records []blobstore.Record
	for i := range 1 + random.IntN(5) {
		records = append(records, blobstore.Record{Kind: 'T', Meta: []byte("torn"), Content: content(i, random.IntN(4000))})
	}
	f.Break(broken.Plan{At: before + changes, Way: broken.KillAfter})
	s.Append(t.Context(), records...)
	g := f.PowerLost(random.Rand)
	o := small
	o.Alarm = func(a blobstore.Alarm) { t.Errorf("a torn end raised an alarm: %+v", a) }
	s2 := open(t, g, o)
	found := 0
	for _, r := range replay(t, s2, blobstore.Position{}) {
		if r.kind == 'C' {
			found++
		}
	}
	if found != kept {
		t.Fatalf("%d records found of %d", found, kept)
	}
	if s2.Recovered().Torn > 0 {
		torn++
	}
	s2.Close()
	return torn
}

func TestDamageInTheMiddleIsSetAsideWithAnAlarm(t *testing.T) {
	for _, where := range []struct {
		name   string
		offset int64 // from the content of the damaged record
		field  string
	}{
		{"magic", -80, "header"},
		{"length", -72, "header"},
		{"content", 10, "content"},
		{"meaning", 1000, "header"},
	} {
		for _, after := range []string{"in the newest segment", "in an older one"} {
			t.Run(where.name+" "+after, func(t *testing.T) {
				f := broken.NewFS()
				s := open(t, f, small)
				var refs []blobstore.Ref
				for i := range 5 {
					a, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Meta: fmt.Appendf(nil, "meaning %d", i), Content: content(i, 1000)})
					if err != nil {
						t.Fatal(err)
					}
					refs = append(refs, a.Refs[0])
				}
				if after == "in an older one" {
					for i := range 5 {
						keep(t, s, content(i, 60<<10))
					}
				}
				s.Close()
				var number, offset int64
				fmt.Sscanf(refs[2].String(), "s%d.%d", &number, &offset)
				if err := f.Flip(fmt.Sprintf("segments/%010d", number), offset+where.offset, 3); err != nil {
					t.Fatal(err)
				}
				var alarms []blobstore.Alarm
				o := small
				o.Alarm = func(a blobstore.Alarm) { alarms = append(alarms, a) }
				s = open(t, f, o)
				var metas []string
				err := s.Replay(blobstore.Position{}, func(e blobstore.Entry) error {
					if len(e.Meta) > 0 {
						metas = append(metas, string(e.Meta))
					}
					return nil
				})
				want := []string{"meaning 0", "meaning 1", "meaning 3", "meaning 4"}
				if where.field == "content" {
					want = []string{"meaning 0", "meaning 1", "meaning 2", "meaning 3", "meaning 4"}
					if err != nil {
						t.Errorf("Replay reads no contents, and gave %v", err)
					}
					_, err = s.Open(refs[2])
				}
				if !errors.Is(err, blobstore.ErrCorrupt) {
					t.Errorf("got %v, want %v", err, blobstore.ErrCorrupt)
				}
				if diff := cmp.Diff(want, metas); diff != "" {
					t.Errorf("the records that are whole:\n%s", diff)
				}
				if len(alarms) == 0 || alarms[0].SetAside == "" || len(f.Bytes(alarms[0].SetAside)) == 0 {
					t.Errorf("no alarm with a copy: %+v", alarms)
				}
				for _, i := range []int{0, 1, 3, 4} {
					if _, err := s.Open(refs[i]); err != nil {
						t.Errorf("content %d: %v", i, err)
					}
				}
			})
		}
	}
}

func TestLargeContentIsCheckedAsAWhole(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	ref := keep(t, s, content(1, 200<<10))
	token := ref.String()[1:27]
	if err := f.Flip("large/"+token[:4]+"/"+token, 100_000, 0); err != nil {
		t.Fatal(err)
	}
	if err := s.Check(ref); !errors.Is(err, blobstore.ErrCorrupt) {
		t.Errorf("Check: %v, want %v", err, blobstore.ErrCorrupt)
	}
}

// A stranger who writes a record of ours into his message is not believed when
// the place before it is damaged.
func TestRecordInsideAContentIsNeverReplayed(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	keep(t, s, []byte("first"))
	ours := f.Bytes("segments/0000000001")[64:160] // a whole record, as any provider writes it
	hostile := bytes.Repeat(append(bytes.Clone(ours), 0, 0, 0, 0, 0, 0, 0, 0), 20)
	ref := keep(t, s, hostile)
	keep(t, s, []byte("last"))
	s.Close()
	var number, offset int64
	fmt.Sscanf(ref.String(), "s%d.%d", &number, &offset)
	if err := f.Flip("segments/0000000001", offset-80, 0); err != nil {
		t.Fatal(err)
	}
	s = open(t, f, small)
	var got []string
	s.Replay(blobstore.Position{}, func(e blobstore.Entry) error {
		b, err := s.Bytes(e.Ref)
		got = append(got, string(b))
		return err
	})
	if diff := cmp.Diff([]string{"first", "last"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestFullDiskRefusesNewContentsAndKeepsPromises(t *testing.T) {
	f := broken.NewFS()
	f.SetFree(1 << 20)
	s := open(t, f, small) // 256 KiB of it are the reserve
	var answered []blobstore.Ref
	var full error
	for i := range 100 {
		a, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: content(i, 50<<10)})
		if err != nil {
			full = err
			break
		}
		answered = append(answered, a.Refs[0])
	}
	if !errors.Is(full, blobstore.ErrFull) {
		t.Fatalf("a full disk gives %v, want %v", full, blobstore.ErrFull)
	}
	for i := range 7 { // three in the segment that was begun, the others in the reserve
		a, err := s.Append(t.Context(), blobstore.Record{Kind: 'E', Content: content(i, 50<<10), Promised: true})
		if err != nil {
			t.Fatalf("evidence %d of what was accepted: %v", i, err)
		}
		answered = append(answered, a.Refs[0])
	}
	if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: content(1, 100)}); !errors.Is(err, blobstore.ErrFull) {
		t.Errorf("a new content into the reserve: %v, want %v", err, blobstore.ErrFull)
	}
	for _, ref := range answered {
		if err := s.Check(ref); err != nil {
			t.Error(err)
		}
	}
	f.SetFree(1 << 30)
	o := small
	s.Close()
	s = open(t, f, o)
	keep(t, s, content(1, 60<<10))
	for _, ref := range answered {
		if err := s.Check(ref); err != nil {
			t.Error(err)
		}
	}
}

func TestRoomThatComesBackEndsTheUseOfTheReserve(t *testing.T) {
	f := broken.NewFS()
	o := small
	o.MinFree = 64 << 10
	f.SetFree(300 << 10)
	s := open(t, f, o)
	f.SetFree(0)
	if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'E', Content: []byte("owed"), Promised: true}); err != nil {
		t.Log(err)
	}
	if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: []byte("new")}); !errors.Is(err, blobstore.ErrFull) {
		t.Errorf("without room: %v, want %v", err, blobstore.ErrFull)
	}
	f.SetFree(10 << 20)
	if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: []byte("new")}); err != nil {
		t.Errorf("with room: %v", err)
	}
	if f.Bytes("reserve") == nil {
		t.Error("no reserve is held again")
	}
}

func TestReadOnlyDiskIsReportedAndStillRead(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	ref := keep(t, s, content(1, 1000))
	f.Break(broken.Plan{At: 1, After: true, Err: syscall.EROFS})
	for range 3 {
		if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: []byte("x"), Promised: true}); !errors.Is(err, syscall.EROFS) {
			t.Errorf("appending: %v, want %v", err, syscall.EROFS)
		}
	}
	if _, err := s.Open(ref); err != nil {
		t.Errorf("reading: %v", err)
	}
	f.Break(broken.Plan{})
	keep(t, s, content(2, 1000))
	if n := len(replay(t, s, blobstore.Position{})); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
}

func TestManyWritersShareCommitsAndNothingIsMixedUp(t *testing.T) {
	o := blobstore.Options{MinFree: -1, Window: 2 * time.Millisecond}
	s := onDisk(t, o)
	const writers, each = 64, 20
	refs := make([][each]blobstore.Ref, writers)
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range each {
				a, err := s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: content(w*each+i, 500+w)})
				if err != nil {
					t.Error(err)
					return
				}
				refs[w][i] = a.Refs[0]
			}
		})
	}
	wg.Wait()
	for w := range writers {
		for i := range each {
			if b, err := s.Bytes(refs[w][i]); err != nil || !bytes.Equal(b, content(w*each+i, 500+w)) {
				t.Errorf("writer %d, content %d: %v", w, i, err)
			}
		}
	}
	if st := s.Stats(); st.Commits*4 > st.Records {
		t.Errorf("%d commits for %d records: they are not shared", st.Commits, st.Records)
	}
}

func TestSubmittedRecordsAreAnsweredInTheirOrder(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	var mu sync.Mutex
	var last blobstore.Position
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			for i := range 50 {
				done := make(chan struct{})
				err := s.Submit(t.Context(), []blobstore.Record{{Kind: 'S', Meta: content(i, 300)}}, blobstore.Watch{Then: func(a blobstore.Appended, err error) {
					mu.Lock()
					defer mu.Unlock()
					if err != nil || a.From.Before(last) || !a.From.Before(a.To) {
						t.Errorf("after %v comes %v to %v (%v)", last, a.From, a.To, err)
					}
					last = a.To
					close(done)
				}})
				if err != nil {
					t.Error(err)
					return
				}
				<-done
			}
		})
	}
	wg.Wait()
}

func TestLazyRecordsKeepTheirOrderAndShareALaterSync(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	keep(t, s, []byte("first"))
	before := s.Stats().Syncs
	for range 5 {
		if _, err := s.Append(t.Context(), blobstore.Record{Kind: 'L', Lazy: true, Promised: true}); err != nil {
			t.Fatal(err)
		}
	}
	if n := s.Stats().Syncs - before; n > 1 { // one when the delay has passed
		t.Errorf("lazy records were synced %d times", n)
	}
	keep(t, s, []byte("last"))
	if n := s.Stats().Syncs - before; n > 2 {
		t.Errorf("%d syncs", n)
	}
	var kinds []byte
	for _, r := range replay(t, s, blobstore.Position{}) {
		kinds = append(kinds, r.kind)
	}
	if got, want := string(kinds), "CLLLLLC"; got != want {
		t.Errorf("records %s, want %s", got, want)
	}
}

func TestWhoIsAloneForAWhileCommitsHimself(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	submit := func() (within bool) {
		done := make(chan error, 1)
		err := s.Submit(t.Context(), []blobstore.Record{{Kind: 'C', Content: []byte("content")}}, blobstore.Watch{
			Within: func() { within = true },
			Then:   func(_ blobstore.Appended, err error) { done <- err },
		})
		if err != nil {
			t.Fatal(err)
		}
		if within {
			select {
			case err = <-done:
			default:
				t.Fatal("he was not told before Submit returned")
			}
		} else {
			err = <-done
		}
		if err != nil {
			t.Fatal(err)
		}
		return within
	}
	if submit() {
		t.Error("the first one who comes may have others behind him")
	}
	own := 0
	for range 1000 {
		if submit() {
			own++
		}
	}
	if own == 0 {
		t.Error("nobody else came, and each commit was another's")
	}
}

// What one goroutine submits without waiting keeps its order, whoever commits.
func TestNobodyWhoCommitsHimselfOvertakesWhatIsQueued(t *testing.T) {
	s := open(t, broken.NewFS(), small)
	var group sync.WaitGroup
	for g := range 3 {
		group.Go(func() {
			for n := range 400 {
				done := make(chan error, 1)
				err := s.Submit(t.Context(), []blobstore.Record{{Kind: 'C', Meta: []byte{byte(g), byte(n >> 8), byte(n)}, Lazy: n%3 == 0}}, blobstore.Watch{Then: func(_ blobstore.Appended, err error) { done <- err }})
				if err != nil {
					t.Error(err)
				}
				if n%7 == 0 && n%3 != 0 {
					if err := <-done; err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
	keep(t, s, []byte("last"))
	var next [3]int
	err := s.Replay(blobstore.Position{}, func(e blobstore.Entry) error {
		if len(e.Meta) == 3 {
			if n := int(e.Meta[1])<<8 | int(e.Meta[2]); n != next[e.Meta[0]] {
				t.Errorf("record %d of %d comes in place of %d", n, e.Meta[0], next[e.Meta[0]])
			}
			next[e.Meta[0]]++
		}
		return nil
	})
	if err != nil || next != [3]int{400, 400, 400} {
		t.Errorf("%v: %v", next, err)
	}
}

// Each lazy record waits for 50 ms at most, and not until none has come for so long.
func TestLazyRecordsDoNotKeepOneAnotherFromTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := blobstore.Open(broken.NewFS(), small)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var synced atomic.Int64
		for n := range 20 {
			err := s.Submit(t.Context(), []blobstore.Record{{Kind: 'L', Meta: []byte{byte(n)}, Lazy: true, Promised: true}}, blobstore.Watch{Then: func(_ blobstore.Appended, err error) {
				if err == nil {
					synced.Add(1)
				}
			}})
			if err != nil {
				t.Fatal(err)
			}
			time.Sleep(20 * time.Millisecond)
			synctest.Wait()
			if have := int(synced.Load()); n-have > 3 {
				t.Fatalf("%d of %d lazy records are durable", have, n+1)
			}
		}
		time.Sleep(51 * time.Millisecond)
		synctest.Wait()
		if have := synced.Load(); have != 20 {
			t.Errorf("%d of 20 lazy records are durable", have)
		}
	})
}

// Lazy records belong to the commit that is synced after them: when the power
// cuts them, that is no damage.
func TestTornLazyRecordsAreNoDamage(t *testing.T) {
	random := testkit.Rand(t, 2)
	for range 100 {
		f := broken.NewFS()
		s := open(t, f, small)
		keep(t, s, []byte("first"))
		f.Break(broken.Plan{At: 4, Way: broken.Kill}) // the sync
		for i := range 2 {
			s.Append(t.Context(), blobstore.Record{Kind: 'L', Meta: content(i, 700), Lazy: true})
		}
		s.Append(t.Context(), blobstore.Record{Kind: 'C', Content: content(1, 700)})
		o := small
		o.Alarm = func(a blobstore.Alarm) { t.Errorf("alarm: %+v", a) }
		s2 := open(t, f.PowerLost(random.Rand), o)
		if got := replay(t, s2, blobstore.Position{}); got[0].content != "first" {
			t.Errorf("the synced record is gone: %v", got)
		}
	}
}

func TestSpoolHoldsLargeMessagesInFixedMemory(t *testing.T) {
	s := onDisk(t, blobstore.Options{MinFree: -1})
	const sessions, size = 16, 25 << 20
	piece := content(1, 32<<10)
	keep(t, s, piece) // the pools and the segment are there
	runtime.GC()
	var before, now runtime.MemStats
	runtime.ReadMemStats(&before)
	total := size
	if !testkit.Long() {
		total = 4 << 20
	}
	spools := make([]*blobstore.Spool, sessions)
	var wg sync.WaitGroup
	for i := range sessions {
		spools[i] = s.Spool()
		wg.Go(func() {
			for n := 0; n < total; n += len(piece) {
				if _, err := spools[i].Write(piece); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	runtime.ReadMemStats(&now)
	grown := int64(now.HeapInuse) - int64(before.HeapInuse)
	t.Logf("%d spools of %d MiB hold %d KiB", sessions, total>>20, grown>>10)
	if grown > 24<<20 {
		t.Errorf("the heap grew by %d MiB, want at most 24 (G13)", grown>>20)
	}
	want := spoolDigest(piece, total/len(piece))
	for i, p := range spools {
		a, err := s.Append(t.Context(), blobstore.Record{Kind: 'I', Spool: p})
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if i == 0 {
			if err := s.Check(a.Refs[0]); err != nil {
				t.Error(err)
			}
		}
		if got := p.Digest(); got != want {
			t.Errorf("spool %d: digest %s, want %s", i, got, want)
		}
	}
}

func spoolDigest(piece []byte, times int) rem.Digest {
	return rem.DigestOf(bytes.Repeat(piece, times))
}

func TestSpoolReadsBackBeforeItIsKept(t *testing.T) {
	f := broken.NewFS()
	s := open(t, f, small)
	for _, size := range []int{0, 100, 64 << 10, 64<<10 + 1, 200 << 10} {
		want := content(size, size)
		p := s.Spool()
		for b := want; len(b) > 0; b = b[min(len(b), 777):] {
			if _, err := p.Write(b[:min(len(b), 777)]); err != nil {
				t.Fatal(err)
			}
		}
		if err := p.Seal(); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.NewSectionReader(p, 0, p.Size()))
		if err != nil || !bytes.Equal(got, want) || p.Digest() != rem.DigestOf(want) {
			t.Errorf("%d octets: read back other bytes (%v)", size, err)
		}
		if _, err := p.Write([]byte("x")); err == nil {
			t.Error("a sealed spool takes more")
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	if names, _ := f.List("tmp"); len(names) > 0 {
		t.Errorf("dropped spools left %v", names)
	}
}

func TestDestroyedContentIsGoneAndIsNoDamage(t *testing.T) {
	f := broken.NewFS()
	var alarms int
	o := small
	o.Alarm = func(blobstore.Alarm) { alarms++ }
	s := open(t, f, o)
	a, err := s.Append(t.Context(), blobstore.Record{Kind: 'I', Meta: []byte("canary-meaning"), Content: []byte("canary-content")},
		blobstore.Record{Kind: 'I', Meta: []byte("neighbour"), Content: []byte("stays")})
	if err != nil {
		t.Fatal(err)
	}
	big := keep(t, s, content(1, 100<<10))
	for range 2 {
		for _, ref := range []blobstore.Ref{a.Refs[0], big} {
			if err := s.Erase(t.Context(), ref); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := s.Open(a.Refs[0]); !errors.Is(err, blobstore.ErrErased) {
		t.Errorf("opening it: %v, want %v", err, blobstore.ErrErased)
	}
	if b := f.Bytes("segments/0000000001"); bytes.Contains(b, []byte("canary")) {
		t.Error("its bytes are still in the segment")
	}
	token := big.String()[1:27]
	if f.Bytes("large/"+token[:4]+"/"+token) != nil {
		t.Error("its file is still there")
	}
	s.Close()
	alarms = 0
	s = open(t, f, o)
	var metas []string
	if err := s.Replay(blobstore.Position{}, func(e blobstore.Entry) error { metas = append(metas, string(e.Meta)); return nil }); err != nil {
		t.Errorf("Replay: %v", err)
	}
	if diff := cmp.Diff([]string{"neighbour", ""}, metas); diff != "" {
		t.Error(diff)
	}
	if alarms > 0 {
		t.Errorf("destruction raised %d alarms", alarms)
	}
}

func TestFolderBelongsToOneProcess(t *testing.T) {
	dir := t.TempDir()
	f, err := blobstore.Disk(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := blobstore.Disk(dir); !errors.Is(err, blobstore.ErrLocked) {
		t.Errorf("a second one: %v, want %v", err, blobstore.ErrLocked)
	}
}

func TestAuditReadsBesideTheWriter(t *testing.T) {
	dir := t.TempDir()
	f, err := blobstore.Disk(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, f, small)
	keep(t, s, []byte("one"))
	keep(t, s, []byte("two"))
	g, err := blobstore.DiskForReading(dir)
	if err != nil {
		t.Fatal(err)
	}
	o := small
	o.ReadOnly = true
	audit := open(t, g, o)
	if n := len(replay(t, audit, blobstore.Position{})); n != 2 {
		t.Errorf("%d records, want 2", n)
	}
	if _, err := audit.Append(t.Context(), blobstore.Record{Kind: 'C'}); !errors.Is(err, blobstore.ErrClosed) {
		t.Errorf("appending: %v, want %v", err, blobstore.ErrClosed)
	}
}

func TestContentsAreForTheirOwnerAlone(t *testing.T) {
	dir := t.TempDir()
	f, err := blobstore.Disk(filepath.Join(dir, "contents"))
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, f, small)
	keep(t, s, content(1, 100))
	keep(t, s, content(1, 100<<10))
	err = filepath.WalkDir(dir, func(name string, e os.DirEntry, err error) error {
		if err != nil || name == dir {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, size := range []int{512, 8 << 10} {
		b.Run(fmt.Sprintf("raw-%d", size), func(b *testing.B) {
			f, err := os.Create(filepath.Join(b.TempDir(), "raw"))
			if err != nil {
				b.Fatal(err)
			}
			defer f.Close()
			p := content(1, size)
			for b.Loop() {
				if _, err := f.Write(p); err != nil {
					b.Fatal(err)
				}
				if err := syscall.Fdatasync(int(f.Fd())); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, c := range []struct {
			writers int
			window  time.Duration
		}{{1, 0}, {8, 0}, {64, 0}, {8, 2 * time.Millisecond}, {64, 2 * time.Millisecond}} {
			b.Run(fmt.Sprintf("writers=%d/window=%s/%d", c.writers, c.window, size), func(b *testing.B) {
				s := onDisk(b, blobstore.Options{MinFree: -1, Window: c.window})
				benchmarkWriters(b, c.writers, func() error {
					_, err := s.Append(b.Context(), blobstore.Record{Kind: 'C', Content: content(1, size)})
					return err
				})
				b.ReportMetric(float64(s.Stats().Syncs)/float64(b.N), "fsyncs/op")
			})
		}
	}
}

// cpu is what this process took of the cores so far.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSessions has writers that work between their commits, as sessions
// do: half a millisecond of one core each.
func BenchmarkSessions(b *testing.B) {
	for _, writers := range []int{1, 16, 64} {
		for _, window := range []time.Duration{0, 2 * time.Millisecond} {
			b.Run(fmt.Sprintf("writers=%d/window=%s", writers, window), func(b *testing.B) {
				s := onDisk(b, blobstore.Options{MinFree: -1, Window: window})
				p := content(1, 8<<10)
				before := cpu(b)
				benchmarkWriters(b, writers, func() error {
					for range 110 { // 4.5 µs each
						sha256.Sum256(p)
					}
					_, err := s.Append(b.Context(), blobstore.Record{Kind: 'C', Content: p})
					return err
				})
				b.ReportMetric(float64(s.Stats().Syncs)/float64(b.N), "fsyncs/op")
				b.ReportMetric(float64((cpu(b)-before).Microseconds())/float64(b.N), "cpu-µs/op")
			})
		}
	}
}

// benchmarkWriters runs b.N operations from so many goroutines.
func benchmarkWriters(b *testing.B, writers int, op func() error) {
	var wg sync.WaitGroup
	work := make(chan struct{}, writers)
	for range writers {
		wg.Go(func() {
			for range work {
				if err := op(); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for b.Loop() {
		work <- struct{}{}
	}
	close(work)
	wg.Wait()
}
