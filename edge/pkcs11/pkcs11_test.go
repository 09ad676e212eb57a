package pkcs11

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"rem/edge/simulator"
	"rem/internal/testkit/pki"
	"rem/internal/testkit/softhsm"
	"rem/trust/algorithm"
)

// keys are the kinds that people's certificates have.
var keys = []simulator.KeyKind{simulator.P256, simulator.RSA2048}

func open(t *testing.T, token *softhsm.Token) *Module {
	t.Helper()
	m, err := Open(token.Module)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// one returns the token, with a session on it.
func one(t *testing.T, m *Module) (Token, *Session) {
	t.Helper()
	tokens, err := m.Tokens()
	if err != nil || len(tokens) != 1 {
		t.Fatalf("tokens %v, %v", tokens, err)
	}
	s, err := m.Open(tokens[0])
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return tokens[0], s
}

func TestATokenSignsWithEachKindOfKey(t *testing.T) {
	w := pki.New(t, simulator.Options{})
	token := softhsm.New(t, "Deneme kartı")
	for n, kind := range keys {
		token.Put(t, w.Must(w.Person(simulator.People[n], "a@hs90.kep.test", kind)))
	}
	m := open(t, token)
	info, s := one(t, m)
	if info.Label != "Deneme kartı" || !info.LoginRequired || info.PINPad || info.Tries != Plenty {
		t.Errorf("token %+v", info)
	}
	list, err := s.Certificates()
	if err != nil || len(list) != len(keys) {
		t.Fatalf("%d certificates, %v", len(list), err)
	}
	if err := s.Login([]byte(softhsm.PIN)); err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256([]byte("signed attributes"))
	for _, c := range list {
		k, err := s.Key(c, nil)
		if err != nil {
			t.Fatal(err)
		}
		_, isRSA := c.PublicKey.(*rsa.PublicKey)
		for _, pss := range []bool{false, true} {
			if pss && !isRSA {
				continue
			}
			method, err := algorithm.For(k.Public(), crypto.SHA256, pss)
			if err != nil {
				t.Fatal(err)
			}
			value, err := method.Sign(k, digest[:])
			if err != nil {
				t.Fatalf("%v: %v", method, err)
			}
			if err := method.Verify(c.PublicKey, digest[:], value); err != nil {
				t.Errorf("%v: %v", method, err)
			}
		}
		if _, err := k.Sign(rand.Reader, digest[:5], crypto.SHA256); err == nil {
			t.Error("something that is no digest was signed")
		}
	}
}

func TestAWrongPINIsToldAndLocks(t *testing.T) {
	token := softhsm.New(t, "k")
	token.Put(t, pki.New(t, simulator.Options{}).Signatory(0, "a@hs90.kep.test"))
	m := open(t, token)
	info, s := one(t, m)
	err := s.Login([]byte("9999"))
	code, ok := errors.AsType[Code](err)
	if !ok || !code.WrongPIN() || code.Text().Turkish != "PIN yanlış." {
		t.Fatalf("a wrong PIN: %v", err)
	}
	if strings.Contains(err.Error(), "9999") {
		t.Error("the PIN stands in the error")
	}
	// SoftHSM warns from the first wrong one on, and never locks.
	if again, err := m.Token(info.Slot); err != nil || again.Tries != Few {
		t.Errorf("after a wrong PIN: %+v, %v", again, err)
	}
	if err := s.Login([]byte("1")); err == nil {
		t.Error("a PIN of one digit was taken")
	}
	if err := s.Login([]byte(softhsm.PIN)); err != nil {
		t.Fatal(err)
	}
	if again, err := m.Token(info.Slot); err != nil || again.Tries != Plenty {
		t.Errorf("after the right PIN: %+v, %v", again, err)
	}
}

func TestWhatTokensTellOfTriesIsRead(t *testing.T) {
	if !pinLocked.Locked() || pinLocked.WrongPIN() || pinIncorrect.Locked() {
		t.Error("a locked PIN is not told from a wrong one")
	}
	for _, l := range []layout{unixLayout, windowsLayout} {
		b := bytes.Repeat([]byte(" "), infoSize)
		copy(b, "Kart \x1b[2J")
		copy(b[96:], l.appendULong(nil, flagFinalTry|flagCountLow))
		got := l.tokenInfo(b)
		if got.label != "Kart [2J" || got.flags != flagFinalTry|flagCountLow {
			t.Errorf("%+v: %+v", l, got)
		}
	}
}

// PKCS #11: on Windows structures are packed, and CK_ULONG has 32 bits.
func TestStructuresLieAsEachSystemHasThem(t *testing.T) {
	var x byte
	at := unsafe.Pointer(&x)
	unix := unixLayout.triple(nil, 7, at, 5)
	if len(unix) != 24 || unixLayout.tripleSize() != 24 || unix[0] != 7 || binary.LittleEndian.Uint64(unix[8:]) != uint64(uintptr(at)) || unix[16] != 5 {
		t.Errorf("unix: %x", unix)
	}
	windows := windowsLayout.triple(nil, 7, at, 5)
	if len(windows) != 16 || windowsLayout.tripleSize() != 16 || windows[0] != 7 || binary.LittleEndian.Uint64(windows[4:]) != uint64(uintptr(at)) || windows[12] != 5 {
		t.Errorf("windows: %x", windows)
	}
	if got := windowsLayout.uLong([]byte{0xff, 0xff, 0xff, 0xff}); got != unavailable {
		t.Errorf("unavailable information on Windows is %x", got)
	}
	if layoutOf("windows") != windowsLayout || layoutOf("darwin") != unixLayout {
		t.Error("a system has the layout of another")
	}
	if windowsLayout.function != 2 || unixLayout.function != 8 {
		t.Error("the first function stands elsewhere")
	}
}

func TestAModuleThatCannotBeLoadedIsExplained(t *testing.T) {
	token := softhsm.New(t, "k")
	if why, ok := Explain(token.Module); !ok {
		t.Errorf("a good module: %v", why)
	}
	for _, c := range []struct{ path, system, arch, want string }{
		{token.Module, runtime.GOOS, "arm64", "64 bit ARM"},
		{token.Module, "windows", "amd64", "Windows sürümünü edinin"},
		{"/nowhere/akisp11.so", "linux", "amd64", "dosya yok"},
		{"/etc/passwd", "linux", "amd64", "bir kart sürücüsü"},
	} {
		why, ok := explain(c.path, c.system, c.arch)
		if ok || !strings.Contains(why.Turkish, c.want) || why.English == "" {
			t.Errorf("%s on %s/%s: %v, %v", c.path, c.system, c.arch, why, ok)
		}
	}
	if _, err := Open("libsofthsm2.so"); err == nil {
		t.Error("a bare name was looked for")
	}
	if _, err := Open("/etc/passwd"); err == nil {
		t.Error("a text was loaded")
	}
	libc := "/lib/x86_64-linux-gnu/libm.so.6"
	if _, err := os.Stat(libc); err == nil {
		if _, err := Open(libc); !errors.Is(err, errNoModule) {
			t.Errorf("a library that is no module: %v", err)
		}
	}
}

// heads are the beginnings of libraries of other systems, as their formats have them.
func TestLibrariesOfOtherSystemsAreRead(t *testing.T) {
	elf32 := make([]byte, 64)
	copy(elf32, "\x7fELF\x01\x01\x01")
	binary.LittleEndian.PutUint16(elf32[16:], uint16(elf.ET_DYN))
	binary.LittleEndian.PutUint16(elf32[18:], uint16(elf.EM_386))
	binary.LittleEndian.PutUint32(elf32[20:], 1)
	binary.LittleEndian.PutUint16(elf32[40:], 52)
	binary.LittleEndian.PutUint16(elf32[42:], 32)
	binary.LittleEndian.PutUint16(elf32[46:], 40)

	arm := binary.LittleEndian.AppendUint32(nil, 0xfeedfacf)
	arm = binary.LittleEndian.AppendUint32(arm, 0x0100000c) // CPU_TYPE_ARM64
	arm = append(arm, make([]byte, 24)...)

	dll := make([]byte, 0x80+24)
	copy(dll, "MZ")
	dll[0x3c] = 0x80
	copy(dll[0x80:], "PE\x00\x00")
	binary.LittleEndian.PutUint16(dll[0x84:], 0x14c) // IMAGE_FILE_MACHINE_I386

	for _, c := range []struct {
		name, system, arch string
		file               []byte
	}{
		{"ELF of 32 bits", "linux", "386", elf32}, {"Mach-O for ARM", "darwin", "arm64", arm}, {"PE of 32 bits", "windows", "386", dll},
	} {
		l, err := Inspect(bytes.NewReader(c.file))
		if err != nil || l.System != c.system || len(l.Archs) != 1 || l.Archs[0] != c.arch {
			t.Errorf("%s: %+v, %v", c.name, l, err)
		}
	}
	file := filepath.Join(t.TempDir(), "akisp11.dll")
	if err := os.WriteFile(file, dll, 0o600); err != nil {
		t.Fatal(err)
	}
	if why, _ := explain(file, "windows", "amd64"); !strings.Contains(why.Turkish, "32 bit Intel (x86) için derlenmiş") {
		t.Errorf("an old module: %v", why)
	}
}

func FuzzInspect(f *testing.F) {
	f.Add([]byte("\x7fELF\x02\x01\x01"))
	f.Add([]byte("\xca\xfe\xba\xbe\x00\x00\x00\x02"))
	f.Add([]byte("MZ"))
	f.Fuzz(func(t *testing.T, b []byte) {
		l, err := Inspect(bytes.NewReader(b))
		if err == nil && (l.System == "" || len(l.Archs) == 0) {
			t.Errorf("a library of nothing: %+v", l)
		}
	})
}
