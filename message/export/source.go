package export

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"io/fs"
	"strings"
)

// An Archive is an export as somebody has it: a zip file or a folder.
type Archive interface {
	// Names are all files in it; a name that is there twice is there twice.
	Names() ([]string, error)
	// Open gives the first file of the name; fs.ErrNotExist without one.
	Open(name string) (io.ReadCloser, error)
}

// Zip is an export as it was made. An error wraps zip.ErrFormat when it is none.
func Zip(r io.ReaderAt, size int64) (Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, err
	}
	byName := make(map[string]*zip.File, len(z.File))
	for _, f := range z.File {
		if byName[f.Name] == nil {
			byName[f.Name] = f
		}
	}
	return &zipped{z, byName}, nil
}

// IsZip reports whether a file begins as a zip file does.
func IsZip(begin []byte) bool {
	return bytes.HasPrefix(begin, []byte("PK\x03\x04")) || bytes.HasPrefix(begin, []byte("PK\x05\x06"))
}

type zipped struct {
	z      *zip.Reader
	byName map[string]*zip.File
}

func (a *zipped) Names() (names []string, err error) {
	for _, f := range a.z.File {
		if !strings.HasSuffix(f.Name, "/") {
			names = append(names, f.Name)
		}
	}
	return names, nil
}

func (a *zipped) Open(name string) (io.ReadCloser, error) {
	f, ok := a.byName[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return f.Open()
}

// Folder is an export that was unpacked.
func Folder(fsys fs.FS) Archive { return folder{fsys} }

type folder struct{ fsys fs.FS }

func (a folder) Names() (names []string, err error) {
	err = fs.WalkDir(a.fsys, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	return names, err
}

func (a folder) Open(name string) (io.ReadCloser, error) { return a.fsys.Open(name) }
