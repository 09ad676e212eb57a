package pkcs11

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"strings"

	"rem"
)

// A Library is what the head of a library's file says.
type Library struct {
	System string   // "linux", "darwin", "windows"
	Archs  []string // as Go names them, such as "amd64"; others as the file does
}

// Inspect reads the head of a library: ELF, Mach-O for one architecture or many, or
// PE. Nothing of the file is run.
func Inspect(r io.ReaderAt) (Library, error) {
	magic := make([]byte, 4)
	if _, err := r.ReadAt(magic, 0); err != nil {
		return Library{}, errNoLibrary
	}
	switch {
	case string(magic) == elf.ELFMAG:
		f, err := elf.NewFile(r)
		if err != nil {
			return Library{}, errNoLibrary
		}
		return Library{"linux", []string{elfArch(f)}}, nil
	case string(magic[:2]) == "MZ":
		f, err := pe.NewFile(r)
		if err != nil {
			return Library{}, errNoLibrary
		}
		return Library{"windows", []string{peArch(f.Machine)}}, nil
	case slices.Contains([]string{"\xca\xfe\xba\xbe", "\xca\xfe\xba\xbf"}, string(magic)):
		f, err := macho.NewFatFile(r)
		if err != nil {
			return Library{}, errNoLibrary
		}
		l := Library{System: "darwin"}
		for _, a := range f.Arches {
			l.Archs = append(l.Archs, machoArch(a.Cpu))
		}
		return l, nil
	case slices.Contains([]string{"\xcf\xfa\xed\xfe", "\xce\xfa\xed\xfe"}, string(magic)):
		f, err := macho.NewFile(r)
		if err != nil {
			return Library{}, errNoLibrary
		}
		return Library{"darwin", []string{machoArch(f.Cpu)}}, nil
	}
	return Library{}, errNoLibrary
}

var errNoLibrary = errors.New("no library of a system that is known here")

func elfArch(f *elf.File) string {
	switch f.Machine {
	case elf.EM_X86_64:
		return "amd64"
	case elf.EM_AARCH64:
		return "arm64"
	case elf.EM_386:
		return "386"
	case elf.EM_ARM:
		return "arm"
	}
	return f.Machine.String()
}

func peArch(machine uint16) string {
	switch machine {
	case pe.IMAGE_FILE_MACHINE_AMD64:
		return "amd64"
	case pe.IMAGE_FILE_MACHINE_ARM64:
		return "arm64"
	case pe.IMAGE_FILE_MACHINE_I386:
		return "386"
	}
	return fmt.Sprintf("0x%x", machine)
}

func machoArch(c macho.Cpu) string {
	switch c {
	case macho.CpuAmd64:
		return "amd64"
	case macho.CpuArm64:
		return "arm64"
	case macho.Cpu386:
		return "386"
	}
	return c.String()
}

// names are what people call the architectures.
var names = map[string]string{
	"amd64": "64 bit Intel/AMD (x86-64)", "arm64": "64 bit ARM (Apple Silicon, arm64)", "386": "32 bit Intel (x86)", "arm": "32 bit ARM",
}

func nameOf(arch string) string {
	if n, ok := names[arch]; ok {
		return n
	}
	return arch
}

var systems = map[string]string{"linux": "Linux", "darwin": "macOS", "windows": "Windows"}

// Explain says, for the person before the screen, why a file cannot be loaded as a
// module by this program; ok where nothing speaks against it.
func Explain(path string) (why rem.Text, ok bool) {
	return explain(path, runtime.GOOS, runtime.GOARCH)
}

func explain(path, system, arch string) (why rem.Text, ok bool) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return text("Bu yolda dosya yok: "+path+". Kart üreticisinin programı kurulu mu?", "There is no file at "+path+". Is the program of the card's maker installed?"), false
	case errors.Is(err, fs.ErrPermission):
		return text("Dosyayı okuma izniniz yok: "+path, "You may not read the file "+path), false
	case err != nil:
		return text("Dosya açılamadı: "+path, "The file could not be opened: "+path), false
	}
	defer f.Close()
	l, err := Inspect(f)
	if err != nil {
		return text("Bu dosya bir kart sürücüsü (PKCS #11 kitaplığı) değil: "+path, "This file is no card module (library of PKCS #11): "+path), false
	}
	if l.System != system {
		return text(
			fmt.Sprintf("Bu sürücü %s için; bu bilgisayarda %s var. Kart üreticisinden %s sürümünü edinin.", systems[l.System], systems[system], systems[system]),
			fmt.Sprintf("This module is for %s, and this computer runs %s. Get the version for %s from the card's maker.", systems[l.System], systems[system], systems[system])), false
	}
	if !slices.Contains(l.Archs, arch) {
		var has []string
		for _, a := range l.Archs {
			has = append(has, nameOf(a))
		}
		list := strings.Join(has, ", ")
		hint := text(fmt.Sprintf("Kart üreticisinden %s sürümünü edinin", nameOf(arch)), fmt.Sprintf("Get the version for %s from the card's maker", nameOf(arch)))
		if slices.Contains(l.Archs, "amd64") && arch == "arm64" && system != "linux" {
			// macOS and Windows run programs of Intel on ARM, whole: module and program.
			hint.Turkish += "; yoksa remsign'ın Intel (amd64) sürümünü kullanın: bu sistem onu da çalıştırır"
			hint.English += ", or use the Intel (amd64) version of remsign, which this system runs too"
		}
		return text(
			fmt.Sprintf("Bu sürücü %s için derlenmiş; remsign ise %s olarak çalışıyor. %s.", list, nameOf(arch), hint.Turkish),
			fmt.Sprintf("This module was built for %s, and remsign runs as %s. %s.", list, nameOf(arch), hint.English)), false
	}
	return rem.Text{}, true
}

// Usual lists where makers put their modules on a system, for the search of a program
// that was told none. The names are those that the makers' documents give; most of them
// were not at hand to be tried.
func Usual(system string) []string {
	switch system {
	case "darwin":
		return []string{"/usr/local/lib/libakisp11.dylib", "/Library/OpenSC/lib/opensc-pkcs11.so", "/usr/local/lib/libeTPkcs11.dylib"}
	case "windows":
		return []string{`C:\Windows\System32\akisp11.dll`, `C:\Windows\System32\eTPKCS11.dll`, `C:\Program Files\OpenSC Project\OpenSC\pkcs11\opensc-pkcs11.dll`}
	}
	return []string{"/usr/lib/libakisp11.so", "/usr/local/lib/libakisp11.so", "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so", "/usr/lib/aarch64-linux-gnu/opensc-pkcs11.so", "/usr/lib/libeTPkcs11.so"}
}
