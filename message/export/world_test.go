package export_test

import (
	"bytes"
	"context"
	"encoding/pem"
	"iter"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rem"
	"rem/internal/testkit/world"
	"rem/message"
	"rem/message/export"
	"rem/message/retrieval"
	"rem/message/verification"
	"rem/privacy"
	"rem/provider"
	"rem/trust/tsp"
)

// stories are the messages of a world in which ayse's account has one of every
// kind.
type stories struct {
	t   testing.TB
	kit *world.Kit
	*world.World
	names map[string]rem.MessageID
	known map[string]*verification.Report
}

var kit *world.Kit

func tell(t testing.TB) *stories {
	t.Helper()
	if kit == nil {
		kit = world.NewKit(t)
	}
	w := kit.New(t, world.Options{Codes: []string{"hs90", "hs91", "hs92"}, Practice: func(p *provider.Practice) { p.RelayPeriod = time.Hour }})
	s := &stories{t: t, kit: kit, World: w, names: map[string]rem.MessageID{}}
	send := func(name, from, code string, person int, body string, to ...string) rem.MessageID {
		l := world.Letter{From: world.Address(from, code), To: to, Subject: "Şikâyet: " + name, Body: body}
		r := w.Submit(from, code, kit.Sign(t, l, person), to...)
		s.names[name] = r.Message
		return r.Message
	}
	ayse, bora, cem, derya := world.Address("ayse", "hs90"), world.Address("bora", "hs91"), world.Address("cem", "hs91"), world.Address("derya", "hs90")

	send("not relayed", "ayse", "hs90", 0, "Ulaşmaz.\r\n", world.Address("emre", "hs92"))
	w.Net.Fate = func(world.Packet, int) world.Fate { return world.Lose }
	w.Run(2 * time.Hour)
	// The third provider takes what it is given, and its answers never come.
	w.Net.Fate = func(p world.Packet, _ int) world.Fate {
		if p.From == world.Domain("hs92") {
			return world.Lose
		}
		return world.Pass
	}
	send("unread", "ayse", "hs90", 0, "Kimse açmadı.\r\n", derya)
	w.Now()
	w.Run(13 * time.Hour)
	send("overdue", "ayse", "hs90", 0, "Yanıt gelmez.\r\n", world.Address("emre", "hs92"))
	w.Now()
	w.Run(7 * time.Hour)

	read := send("three", "ayse", "hs90", 0, "From the beginning\r\n>From again\r\nŞöyle böyle\r\n", bora, cem, derya)
	w.Now()
	if _, err := w.Open("bora", "hs91", read, 1); err != nil {
		t.Fatal(err)
	}
	send("refused", "ayse", "hs90", 1, "İmza başkasının.\r\n", bora)
	send("unknown", "ayse", "hs90", 0, "Böyle biri yok.\r\n", world.Address("yok", "hs91"), world.Address("hic", "hs90"))
	opened := send("opened", "bora", "hs91", 1, "Açıldı.\r\n", ayse, derya)
	send("unopened", "derya", "hs90", 3, "Açılmadı.\r\n", ayse)
	w.Now()
	if _, err := w.Open("ayse", "hs90", opened, 1); err != nil {
		t.Fatal(err)
	}
	w.Net.Fate = func(world.Packet, int) world.Fate { return world.Lose }
	send("relaying", "ayse", "hs90", 0, "Yolda.\r\n", bora)
	w.Now()
	w.Net.Fate = func(world.Packet, int) world.Fate { return world.Hang }
	send("asked", "ayse", "hs90", 0, "Soruldu.\r\n", cem)
	w.Now()
	send("accepted", "ayse", "hs90", 0, "Kabul edildi.\r\n", derya)
	return s
}

func (s *stories) id(name string) rem.MessageID {
	s.t.Helper()
	id := s.names[name]
	if id == "" {
		s.t.Fatalf("there is no message %q", name)
	}
	return id
}

// source gives ayse's messages: sent ones, then received ones.
type source struct {
	*stories
	items []export.Item
	ledgerOf
}

type ledgerOf interface {
	Message(ctx context.Context, id rem.MessageID) (*message.View, error)
	EvidenceOf(ctx context.Context, id rem.MessageID) ([]message.Filed, error)
	Open(ctx context.Context, ref message.Ref) (message.Content, error)
}

func (s *source) Items(context.Context) iter.Seq2[export.Item, error] {
	return func(yield func(export.Item, error) bool) {
		for _, i := range s.items {
			if !yield(i, nil) {
				return
			}
		}
	}
}

func (s *source) Message(ctx context.Context, id rem.MessageID) (*message.View, error) {
	return s.ledgerOf.Message(ctx, id)
}

func (s *source) Open(ctx context.Context, ref message.Ref) (message.Content, error) {
	return s.ledgerOf.Open(ctx, ref)
}

func (s *stories) source() *source {
	src := &source{stories: s, ledgerOf: s.Providers[world.Domain("hs90")].Store}
	for _, name := range []string{"unread", "overdue", "three", "refused", "unknown", "relaying", "not relayed", "asked", "accepted"} {
		if s.names[name] != "" {
			src.items = append(src.items, export.Item{Message: s.names[name], Folder: "Gönderilmiş"})
		}
	}
	for _, name := range []string{"opened", "unopened"} {
		src.items = append(src.items, export.Item{Message: s.id(name), Recipient: 1, Opened: name == "opened", Folder: "Gelen"})
	}
	return src
}

// opener opens as ayse.
type opener struct{ *stories }

func (o opener) Open(ctx context.Context, id rem.MessageID, n int) (message.Content, error) {
	p := o.Providers[world.Domain("hs90")]
	a := world.Account("ayse", p.Domain)
	actor := rem.Actor{Account: a.ID, Holder: a.Holder.Person, Person: a.Holder.Person, Method: "urn:rem:authentication:application-password"}
	return p.Retriever.Open(ctx, retrieval.Login{Actor: actor, Authentication: message.Authentication{Time: o.Clock.Now().UTC(), Method: actor.Method}, Name: privacy.NewValue("Ayşe Yılmaz", privacy.ByDeclaration(o.Clock.Now()))}, id, n)
}

func (s *stories) verifier() *remembering {
	s.t.Helper()
	v, err := verification.New(verification.Options{Policy: s.Policy(), Clock: s.Clock})
	if err != nil {
		s.t.Fatal(err)
	}
	if s.known == nil {
		s.known = map[string]*verification.Report{}
	}
	return &remembering{v, s.known}
}

// remembering verifies the same files once: hundreds of changed exports differ
// in one file each.
type remembering struct {
	*verification.Verifier
	known map[string]*verification.Report
}

func (v *remembering) Verify(ctx context.Context, files ...verification.Input) (*verification.Report, error) {
	key := ""
	for _, f := range files {
		b := make([]byte, f.Source.Size())
		if n, err := f.Source.ReadAt(b, 0); n < len(b) {
			return nil, err
		}
		key += f.Name + rem.DigestOf(b).String()
	}
	if r, ok := v.known[key]; ok {
		return r, nil
	}
	r, err := v.Verifier.Verify(ctx, files...)
	if err == nil {
		v.known[key] = r
	}
	return r, err
}

func (s *stories) anchors() []byte {
	var b []byte
	for _, c := range s.kit.Anchors() {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return b
}

func (s *stories) options() export.Options {
	return export.Options{
		Source: s.source(), Opener: opener{s}, Made: s.Clock.Now(), Account: world.Address("ayse", "hs90"),
		Provider: rem.Text{Turkish: "Örnek KEPHS", English: "Sample REM-MD"},
		Trust:    []export.File{{Name: "anchors.pem", Content: s.anchors()}},
	}
}

// authority is the kit's.
func (s *stories) authority() tsp.Authority {
	s.t.Helper()
	a, err := s.kit.Stamper(s.Clock)
	if err != nil {
		s.t.Fatal(err)
	}
	return a
}

func (s *stories) write(o export.Options) ([]byte, export.Result) {
	s.t.Helper()
	var b bytes.Buffer
	r, err := export.Write(s.t.Context(), &b, o)
	if err != nil {
		s.t.Fatal(err)
	}
	return b.Bytes(), r
}

// The program is built once, into a folder that goes with the tests.
var (
	programs string
	program  string
	built    sync.Once
)

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "export")
	if err != nil {
		panic(err)
	}
	programs = dir
	status := m.Run()
	os.RemoveAll(dir)
	os.Exit(status)
}

// remverify gives what runs the program in a folder.
func remverify(t *testing.T) func(dir string, args ...string) (string, int) {
	t.Helper()
	built.Do(func() {
		program = filepath.Join(programs, "remverify")
		if out, err := exec.Command("go", "build", "-o", program, "rem/cmd/remverify").CombinedOutput(); err != nil {
			program = ""
			t.Fatalf("building remverify: %v\n%s", err, out)
		}
	})
	return func(dir string, args ...string) (string, int) {
		t.Helper()
		c := exec.Command(program, args...)
		c.Dir = dir
		c.Env = []string{}
		out, err := c.CombinedOutput()
		if err != nil && c.ProcessState == nil {
			t.Fatal(err)
		}
		return string(out), c.ProcessState.ExitCode()
	}
}

func put(t *testing.T, name string, b []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
