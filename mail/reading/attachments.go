package reading

import (
	"crypto/sha256"
	"errors"
	"io"
	"strings"

	"rem/mail/archive"
	"rem/mail/eyp"
	"rem/mail/mime"
)

func (r *reader) attach(p *mime.Part, path string) {
	a := Attachment{Path: path, Declared: p.Type.Type, CID: cid(p)}
	fallback := "ek-" + strings.ReplaceAll(path, ".", "-")
	if p.Type.Is("message/rfc822") {
		fallback += ".eml"
		if len(p.Parts) == 1 {
			h := headOf(p.Parts[0], r.o.Mail)
			a.Message = &h
			if name := oneLine(h.Subject, 60); name != "" && p.FileName() == "" {
				fallback = name + ".eml"
				fallback, _ = fileName(fallback, "ileti.eml")
			}
		}
	} else if p.Type.Is("text/calendar") {
		fallback += ".ics"
	}
	a.Name, a.Findings = fileName(p.FileName(), fallback)
	for i := range a.Findings {
		a.Findings[i].Path = path
	}
	r.d.Attachments = append(r.d.Attachments, a)
}

// look reads an attachment through: its size, digest, and what it is.
func (r *reader) look(a *Attachment) error {
	p := r.d.parts[a.Path]
	a.Type, a.Label = a.Declared, label(a.Declared)
	if a.Message != nil || p.Type.Is("message/rfc822") {
		a.Type, a.Label = "message/rfc822", label("message/rfc822")
	}
	if r.o.Quick {
		return nil
	}
	add := func(kind, detail string) { a.Findings = append(a.Findings, contentFinding(kind, detail, a.Path)) }
	d := p.Decode(r.m.Source)
	head := make([]byte, archive.HeadBytes)
	n, err := io.ReadFull(d, head)
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return err
	}
	head = head[:n]
	kind := archive.Sniff(head)
	search := &searcher{kind: kind}
	h := sha256.New()
	to := io.MultiWriter(h, search)
	_, _ = to.Write(head)
	rest, err := io.Copy(to, d)
	if err != nil {
		return err
	}
	a.Size = int64(n) + rest
	h.Sum(a.Digest[:0])
	if d.Odd() {
		add("odd", "")
	}
	if a.Type == "message/rfc822" {
		return nil
	}
	if err := r.container(a, p, kind, add); err != nil {
		return err
	}
	if a.Package != nil {
		kind = eyp.MediaType
	}
	kind = refine(kind, search.found, a.Archive)
	for _, g := range signs {
		if search.found[g.kind] {
			if _, ok := contentTexts[g.kind]; ok {
				add(g.kind, "")
				search.found[g.kind] = false
			}
		}
	}
	a.Type = kind
	if kind == "application/octet-stream" || kind == "text/plain" && strings.HasPrefix(a.Declared, "text/") {
		a.Type = a.Declared
		if archive.Program("", kind) {
			a.Type = kind
		}
	}
	a.Label = label(a.Type)
	switch {
	case archive.Program(a.Name, kind) || kind == "application/java-archive" || kind == "application/vnd.android.package-archive":
		add("program", a.Name)
	case kind == "text/html" && !a.Inline:
		add("page", "")
	}
	if differs(kind, a.Declared, a.Name) {
		add("differs", a.Declared+", "+a.Name+" → "+kind)
	}
	return nil
}

// holds reports whether content of this type holds other files.
func holds(kind string) bool {
	switch kind {
	case "application/zip", "application/gzip", "application/x-bzip2", "application/x-tar", "application/x-xz", "application/x-7z-compressed", "application/vnd.rar",
		"application/vnd.ms-cab-compressed", "application/zstd", "application/lzip", "application/x-arj", "application/x-iso9660-image":
		return true
	}
	return false
}

// container looks into an attachment that holds others.
func (r *reader) container(a *Attachment, p *mime.Part, kind string, add func(kind, detail string)) error {
	if !holds(kind) {
		return nil
	}
	if a.Size > r.o.Limits.Look {
		add("unlooked", "")
		return nil
	}
	at, err := contentAt(r.m.Source, p, a.Size)
	if errors.Is(err, errIrregular) {
		add("unlooked", "")
		return nil
	}
	if err != nil {
		return err
	}
	report, err := archive.Inspect(at, a.Size, r.o.Limits.Archive)
	if errors.Is(err, errIrregular) {
		add("unlooked", "")
		return nil
	}
	if err != nil {
		return err
	}
	a.Archive = report
	for _, f := range report.Findings {
		w := Warning
		switch f.Kind {
		case archive.Executable, archive.Macro, archive.TooDense, archive.Overlap, archive.TwoReadings, archive.NameOutside:
			w = Danger
		}
		a.Findings = append(a.Findings, Finding{Kind: "archive/" + string(f.Kind), Weight: w, Text: f.Text(), Detail: f.Name, Path: a.Path})
	}
	if kind == "application/zip" && (eyp.Looks(report.Entries) || archive.Ending(a.Name) == "eyp" || a.Declared == eyp.MediaType) {
		pkg, err := eyp.Read(at, a.Size, eyp.Options{Archive: r.o.Limits.Archive})
		switch {
		case err == nil:
			a.Package = pkg
			for _, f := range pkg.Findings {
				a.Findings = append(a.Findings, Finding{Kind: "eyp/" + f.Kind, Weight: Warning, Text: f.Text, Detail: oneLine(f.Path, 200), Path: a.Path})
			}
		case errors.Is(err, eyp.ErrForm), errors.Is(err, archive.ErrForm), errors.Is(err, archive.ErrLimit):
			add("bad-package", "")
		default:
			return err
		}
	}
	return nil
}
