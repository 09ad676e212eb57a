package personstore_test

import (
	"bytes"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/personstore"
	"rem/internal/testkit"
	"rem/internal/testkit/personledgertest"
	"rem/person"
	"rem/person/application"
	"rem/privacy"
)

// leaves visits every field of a record, through pointers and lists, by its path.
func leaves(v reflect.Value, path string, visit func(path string, v reflect.Value)) {
	switch v.Interface().(type) {
	case privacy.SealedValue, rem.Address, rem.Digest, time.Time:
		visit(path, v)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			leaves(v.Field(i), path+"."+v.Type().Field(i).Name, visit)
		}
	case reflect.Pointer:
		if !v.IsNil() {
			leaves(v.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			leaves(v.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	default:
		visit(path, v)
	}
}

// grow makes what is behind pointers and in lists.
func grow(v reflect.Value, has func() bool, many func() int) {
	switch v.Interface().(type) {
	case privacy.SealedValue, rem.Address, rem.Digest, time.Time:
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			grow(v.Field(i), has, many)
		}
	case reflect.Pointer:
		if has() {
			v.Set(reflect.New(v.Type().Elem()))
			grow(v.Elem(), has, many)
		}
	case reflect.Slice:
		if n := many(); n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
			for i := range n {
				grow(v.Index(i), has, many)
			}
		}
	}
}

// fill gives every leaf that is wanted a value of its own.
func fill(t testing.TB, record any, sealed privacy.SealedValue, wanted func() bool) {
	n := 0
	leaves(reflect.ValueOf(record).Elem(), "", func(path string, v reflect.Value) {
		n++
		if !wanted() {
			return
		}
		switch v.Interface().(type) {
		case privacy.SealedValue:
			v.Set(reflect.ValueOf(sealed))
			return
		case rem.Address:
			v.Set(reflect.ValueOf(rem.MustAddress(fmt.Sprintf("a%d@hs90.kep.test", n))))
			return
		case rem.Digest:
			v.Set(reflect.ValueOf(rem.DigestOf([]byte(path))))
			return
		case time.Time:
			v.Set(reflect.ValueOf(personledgertest.At.Add(time.Duration(n) * 1_000_001)))
			return
		}
		switch v.Kind() {
		case reflect.String:
			v.SetString(fmt.Sprintf("ü%d", n))
		case reflect.Bool:
			v.SetBool(true)
		case reflect.Int, reflect.Int64:
			v.SetInt(int64(n * 1000 * (1 - n%2*2)))
		case reflect.Uint8:
			v.SetUint(uint64(n%255 + 1))
		default:
			t.Fatalf("%s is a %s: the form cannot keep it", path, v.Type())
		}
	})
}

func aSealed(t testing.TB) privacy.SealedValue {
	t.Helper()
	k := personledgertest.NewKit(t)
	s, err := k.Vault.Seal(t.Context(), "per-a", "application.StepData.Typed", privacy.NewValue("{}", privacy.ByDeclaration(personledgertest.At)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// One field that the form forgets, and the record comes back without it.
func TestEveryFieldOfAStepAndOfAViewIsKept(t *testing.T) {
	sealed, random := aSealed(t), testkit.Rand(t, 13)
	always := func() bool { return true }
	for i := range 300 {
		has, many := always, func() int { return 2 }
		wanted := always
		if i > 0 {
			has, many = func() bool { return random.IntN(2) == 0 }, func() int { return random.IntN(4) }
			wanted = func() bool { return random.IntN(3) > 0 }
		}
		var d, gotStep application.StepData
		grow(reflect.ValueOf(&d).Elem(), has, many)
		fill(t, &d, sealed, wanted)
		b, err := personstore.WriteStep(d)
		if err == nil {
			gotStep, err = personstore.ReadStep(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		personledgertest.Same(t, "a step", d, gotStep)

		var v, gotView application.View
		grow(reflect.ValueOf(&v).Elem(), has, many)
		fill(t, &v, sealed, wanted)
		if b, err = personstore.WriteView(v); err == nil {
			gotView, err = personstore.ReadView(b)
		}
		if err != nil {
			t.Fatal(err)
		}
		personledgertest.Same(t, "a view", v, gotView)
		if t.Failed() {
			return
		}
	}
}

func TestTimesKeepTheirNanosecondsAndTheirYears(t *testing.T) {
	for _, at := range []time.Time{
		{}, time.Unix(0, 0).UTC(), time.Date(9999, 12, 31, 23, 59, 59, 999_999_999, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC),
		time.Date(1900, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 23, 10, 0, 0, 123_456_789, time.FixedZone("", 3*3600)),
	} {
		b, err := personstore.WriteStep(application.StepData{At: at})
		if err != nil {
			t.Fatal(err)
		}
		d, err := personstore.ReadStep(b)
		if err != nil || !d.At.Equal(at) || d.At.IsZero() != at.IsZero() || d.At.Location() != time.UTC {
			t.Errorf("%s came back as %s, %v", at, d.At, err)
		}
	}
}

func TestWhatNobodyCouldReadIsNotWritten(t *testing.T) {
	for name, d := range map[string]application.StepData{
		"a list":  {Papers: make([]application.Paper, 10_001)},
		"a field": {Resolves: strings.Repeat("x", 17<<20)},
	} {
		if _, err := personstore.WriteStep(d); err == nil {
			t.Errorf("%s that is too long was written", name)
		}
	}
}

var release = flag.String("freeze", "", "write the sample of this release, such as v2; once")

// told writes a step line by line, as the sample has it.
func told(d application.StepData) string {
	var b strings.Builder
	leaves(reflect.ValueOf(d), "", func(path string, v reflect.Value) {
		if v.IsZero() {
			return
		}
		switch x := v.Interface().(type) {
		case privacy.SealedValue:
			fmt.Fprintf(&b, "%s: %x\n", path, x.Bytes())
		case rem.Address:
			fmt.Fprintf(&b, "%s: %s\n", path, x.String())
		case time.Time:
			fmt.Fprintf(&b, "%s: %s\n", path, x.UTC().Format(time.RFC3339Nano))
		default:
			fmt.Fprintf(&b, "%s: %v\n", path, x)
		}
	})
	return b.String()
}

// The steps of a journey as the first release wrote them, and what they say. The
// folder is never written again; a new version gets its own.
func TestStepsOfEveryReleaseAreRead(t *testing.T) {
	if *release != "" {
		freeze(t, filepath.Join("testdata", *release))
	}
	samples, err := filepath.Glob("testdata/v*/*.hex")
	if err != nil || len(samples) < 9 {
		t.Fatalf("%d frozen steps (%v)", len(samples), err)
	}
	for _, sample := range samples {
		d, err := personstore.ReadStep(unhex(t, sample))
		if err != nil {
			t.Errorf("%s: %v", sample, err)
			continue
		}
		want, err := os.ReadFile(strings.TrimSuffix(sample, ".hex") + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(sample, "/v1/") { // what is now a number was called clean
			want = bytes.ReplaceAll(want, []byte(".Clean: true"), []byte(".Scan: 1"))
		}
		personledgertest.Same(t, sample, string(want), told(d))
		if strings.Contains(sample, "/v2/") { // the newest version, which is also written
			if b, err := personstore.WriteStep(d); err != nil || !bytes.Equal(b, unhex(t, sample)) {
				t.Errorf("%s is written otherwise today (%v)", sample, err)
			}
		}
	}
}

func unhex(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func freeze(t *testing.T, dir string) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err) // also when it is there: it is never written again
	}
	k, l := personledgertest.NewKit(t), personledgertest.NewMemory()
	for n, kind := range person.Kinds() {
		k.Walk(t, l, n+1, kind, "activate")
		list, err := l.History(t.Context(), personledgertest.ID(n+1))
		if err != nil {
			t.Fatal(err)
		}
		if kind == person.Natural { // and what came with version 2
			s, err := k.Rules.BeginFor(application.ToOperate, "acc-1", personledgertest.ID(90), kind, personledgertest.Notice, personledgertest.Person, personledgertest.At)
			if err != nil {
				t.Fatal(err)
			}
			d := s.Data()
			d.Number, d.Papers = 90, []application.Paper{{Kind: application.Authorisation, Digest: rem.DigestOf([]byte("paper")), Size: 5, Media: "application/pdf", At: personledgertest.At, Scan: application.Unscanned}}
			list = append(list, d)
		}
		for _, d := range list {
			b, err := personstore.WriteStep(d)
			if err != nil {
				t.Fatal(err)
			}
			name := filepath.Join(dir, fmt.Sprintf("%s-%02d-%s", kind, d.Number, d.On))
			var lines strings.Builder
			for line := hex.EncodeToString(b); line != ""; line = line[min(120, len(line)):] {
				lines.WriteString(line[:min(120, len(line))] + "\n")
			}
			for suffix, text := range map[string]string{".hex": lines.String(), ".txt": told(d)} {
				if err := os.WriteFile(name+suffix, []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// Whatever is read as a step is written as the same bytes: there is one spelling.
func FuzzReadStep(f *testing.F) {
	samples, err := filepath.Glob("testdata/v*/*.hex")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples (%v)", err)
	}
	for _, sample := range samples {
		f.Add(unhex(f, sample))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := personstore.ReadStep(b)
		if err != nil {
			personledgertest.Same(t, "a step that is none", application.StepData{}, d)
			return
		}
		again, err := personstore.WriteStep(d)
		if err != nil {
			t.Fatal(err)
		}
		if b[0] == 1 { // of an earlier version: it comes back as this one writes it
			b = append([]byte{2}, append(b[1:len(b):len(b)], 0, 0, 0)...)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x", b, again)
		}
	})
}

func FuzzReadView(f *testing.F) {
	k := personledgertest.NewKit(f)
	for i, upTo := range []string{"begin", "save", "submit", "hand in", "identify", "approve", "activate"} {
		l := personledgertest.NewMemory()
		b, err := personstore.WriteView(k.Walk(f, l, i, person.Private, upTo))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := personstore.ReadView(b)
		if err != nil {
			return
		}
		if again, err := personstore.WriteView(v); err != nil || !bytes.Equal(again, b) {
			t.Errorf("%x is written as %x (%v)", b, again, err)
		}
	})
}
