package web

import (
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"
)

// A form is refused or is text within its bounds, and writing what was read gives
// the same again.
func FuzzForm(f *testing.F) {
	for _, s := range []string{"", "a=b", "a=%C5%9E&a=2", "a=%00", "=", "&&&", "a=b;c", "a=%ff", strings.Repeat("a=&", maxFields), "a=1%0D%0A2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		form, err := parseForm(body, 0)
		if err != nil {
			if !errors.Is(err, ErrForm) && !errors.Is(err, ErrTooLarge) {
				t.Fatalf("another error: %v", err)
			}
			return
		}
		n := 0
		for name, all := range form.values {
			for _, v := range all {
				if n++; len(name) > maxName || len(v) > maxValue || !utf8.ValidString(v) || strings.ContainsAny(name+v, "\x00\r\u202e") {
					t.Fatalf("%q: %q", name, v)
				}
			}
		}
		if n > maxFields {
			t.Fatalf("%d values", n)
		}
		again, err := parseForm(form.values.Encode(), 0)
		if err != nil || again.values.Encode() != form.values.Encode() {
			t.Fatalf("read again: %v %v", again, err)
		}
	})
}

// Whatever arrives as an upload ends, within its bounds, with files whose names can
// be shown and are no paths.
func FuzzUpload(f *testing.F) {
	part := func(head, body string) string { return "--b\r\n" + head + "\r\n\r\n" + body + "\r\n" }
	for _, s := range []string{
		"", "--b--\r\n", part(`Content-Disposition: form-data; name="a"`, "x") + "--b--\r\n",
		part(`Content-Disposition: form-data; name="f"; filename="../../etc/passwd"`, "x") + "--b--\r\n",
		part(`Content-Disposition: form-data; name="f"; filename*=UTF-8''%E2%80%AEx`, "x") + "--b--\r\n",
		part(`Content-Disposition: form-data; name="f"; filename=""`, "") + "--b--\r\n",
		strings.Repeat(part(`Content-Disposition: form-data; name="f"; filename="x"`, "x"), maxFiles+1) + "--b--\r\n",
		part("Content-Disposition: form-data; name=a\r\nX: "+strings.Repeat("y", partHeader), "x"), part(`Content-Disposition: form-data`, "x"),
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, body string) {
		files := 0
		form, err := readParts(strings.NewReader(body), "b", 0, func(_ *Form, file File) error {
			if files++; strings.ContainsAny(file.Name, "/\\\x00\r\n\u202e") || file.Name == "" || len([]rune(file.Name)) > maxFileName || len(file.Field) > maxName {
				t.Fatalf("a file called %q in %q", file.Name, file.Field)
			}
			_, err := io.Copy(io.Discard, file)
			return err
		})
		if err != nil && !errors.Is(err, ErrForm) && !errors.Is(err, ErrTooLarge) {
			t.Fatalf("another error: %v", err)
		}
		if files > maxFiles || err == nil && form == nil {
			t.Fatalf("%d files", files)
		}
	})
}

// The way back is a path of ours, whatever is asked for.
func FuzzNext(f *testing.F) {
	frame := newFrame(f, Route{Name: "own", Method: "GET", Pattern: "/own/{version}", Who: Holder})
	for _, s := range []string{"/tr/own/1", "//evil.example", "/\\evil", "https:/tr", "/tr/own/%2e%2e", "/tr/own/1?x=//y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, next string) {
		if !frame.local(next) {
			return
		}
		at, err := url.Parse(base)
		if err != nil {
			t.Fatal(err)
		}
		u, err := at.Parse(next)
		if err != nil || u.Host != at.Host || u.Scheme != "https" || u.User != nil || !strings.HasPrefix(u.Path, "/tr/own/") && !strings.HasPrefix(u.Path, "/en/own/") {
			t.Fatalf("%q leads to %v, %v", next, u, err)
		}
	})
}

// An upload keeps the order in which it comes, and what its reader says.
func TestAnUploadIsReadAsItComes(t *testing.T) {
	var body strings.Builder
	m := multipart.NewWriter(&body)
	write := func(w io.Writer, err error, s string) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, s)
	}
	w, err := m.CreateFormField("kind")
	write(w, err, "passport")
	w, err = m.CreateFormFile("paper", `C:\Belgeler\pasaport "ön".pdf`)
	write(w, err, "%PDF-")
	w, err = m.CreateFormFile("paper", "")
	write(w, err, "")
	if err := m.Close(); err != nil {
		t.Fatal(err)
	}
	var seen []string
	f, err := readParts(strings.NewReader(body.String()), m.Boundary(), 0, func(f *Form, file File) error {
		b, err := io.ReadAll(file)
		seen = append(seen, fmt.Sprint(f.Get("kind"), " ", file.Field, " ", file.Name, " ", string(b)))
		return err
	})
	if err != nil || len(seen) != 1 || f.Get("kind") != "passport" || !strings.HasSuffix(seen[0], "%PDF-") || !strings.HasPrefix(seen[0], "passport paper pasaport") {
		t.Errorf("%q, %v", seen, err)
	}
	ours := errors.New("the disk is full")
	if _, err := readParts(strings.NewReader(body.String()), m.Boundary(), 0, func(*Form, File) error { return ours }); !errors.Is(err, ours) || errors.Is(err, ErrForm) {
		t.Errorf("a fault of ours is told as the sender's: %v", err)
	}
	cut := body.String()[:body.Len()-len("f-\r\n--"+m.Boundary())-40]
	if _, err := readParts(strings.NewReader(cut), m.Boundary(), 0, func(_ *Form, file File) error { _, err := io.ReadAll(file); return err }); !errors.Is(err, ErrForm) {
		t.Errorf("an upload that broke off: %v", err)
	}
}
