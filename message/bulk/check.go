package bulk

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"rem"
	"rem/mail/archive"
	"rem/mail/mime"
	"rem/message"
	"rem/message/mailbox"
)

// A Request is what somebody wants to send in bulk.
type Request struct {
	Kind Kind
	// Subject, Text and HTML are templates; HTML may be "".
	Subject, Text, HTML string
	// List is the CSV file of a Templated one.
	List []byte
	// Package is a ZIP: the signed messages of a Presigned one, or the files that the
	// list names. It is read until the job is made; nil: there is none.
	Package message.Content
}

// A Remark is something about one row.
type Remark struct {
	Row  int // from 1; 0: about the whole
	Text rem.Text
}

// A Report says what a request would do. Faults keep it from being sent; notes do
// not.
type Report struct {
	Rows          int
	Faults, Notes []Remark
	// More is how many remarks there are beyond [MaxRemarks].
	More int
	// Bytes is how large all letters are together, signed, in octets.
	Bytes int64
	// First is the first letter, to be looked at; nil: there is none.
	First *Sample
}

// A Sample is a letter as its recipient would get it.
type Sample struct{ To, Subject, Text, File string }

// MaxRemarks bounds the remarks of a report.
const MaxRemarks = 1000

func (r *Report) fault(row int, tr, en string) {
	r.add(&r.Faults, row, rem.Text{Turkish: tr, English: en})
}
func (r *Report) note(row int, tr, en string) {
	r.add(&r.Notes, row, rem.Text{Turkish: tr, English: en})
}

func (r *Report) add(to *[]Remark, row int, t rem.Text) {
	if len(r.Faults)+len(r.Notes) >= MaxRemarks && len(r.Faults) > 0 {
		r.More++
		return
	}
	*to = append(*to, Remark{row, t})
}

// A letter is what an item is made of.
type letter struct {
	address string
	draft   mailbox.Draft
	file    *archive.ZipEntry // attached, or the signed message itself
}

// Bounds of a package.
const (
	maxEntries = MaxRows + 100 // some programs write folders
	// maxUnpacked is how much may come out of a package, in octets.
	maxUnpacked = 4 << 30
	// maxRatio is how much larger a content may be than it is packed, beyond a
	// kilobyte: deflate reaches a thousand with nothing but zeros.
	maxRatio = 200
)

// Check reads a request whole and says what is wrong with it. Nothing is kept.
func (s *Service) Check(ctx context.Context, who mailbox.Visitor, q Request) (Report, error) {
	_, report, err := s.check(ctx, who, q)
	return report, err
}

func (s *Service) check(ctx context.Context, who mailbox.Visitor, q Request) ([]letter, Report, error) {
	if err := s.may(ctx, who.Actor); err != nil {
		return nil, Report{}, err
	}
	entries, err := unpack(q.Package, s.MaxSize)
	if err != nil {
		return nil, Report{}, err
	}
	var letters []letter
	var r Report
	switch q.Kind {
	case Templated:
		letters, r, err = s.templated(ctx, who, q, entries)
	case Presigned:
		letters, r, err = s.presigned(ctx, who, q, entries)
	default:
		err = refuse("Toplu gönderimin türü bilinmiyor.", "The kind of bulk sending is not known.")
	}
	if err != nil {
		return nil, Report{}, err
	}
	r.Rows = len(letters)
	if len(letters) > 0 {
		l := &letters[0]
		r.First = &Sample{To: strings.Join(l.draft.To, ""), Subject: l.draft.Subject, Text: l.draft.Text}
		if len(l.draft.Files) > 0 {
			r.First.File = l.draft.Files[0].Name
		}
	}
	if err := s.look(ctx, who, letters, &r); err != nil {
		return nil, Report{}, err
	}
	return letters, r, nil
}

// unpack reads the directory of a package, by names without folders (AT-09, AT-11).
func unpack(c message.Content, maxSize int64) (map[string]*archive.ZipEntry, error) {
	if c == nil {
		return nil, nil
	}
	bad := refuse("Paket okunabilen bir ZIP dosyası değil.", "The package is no ZIP file that can be read.")
	z, err := archive.Zip(c, c.Size(), maxEntries)
	if err != nil {
		return nil, bad
	}
	entries := map[string]*archive.ZipEntry{}
	var all int64
	for _, e := range z.Entries {
		if e.Dir() {
			continue
		}
		_, twice := entries[e.Name]
		all += e.Size
		switch {
		case e.Encrypted || e.Link:
			return nil, refuse("Pakette şifreli bir dosya veya bağlantı var.", "The package has an encrypted file or a link.")
		case twice:
			return nil, refuse("Pakette aynı adda iki dosya var.", "The package has two files of one name.")
		case e.Size > maxSize:
			return nil, refuse("Pakette bir ileti için çok büyük bir dosya var.", "The package has a file that is too large for a message.")
		case all > maxUnpacked || e.Size > 1<<10+e.Packed*maxRatio:
			return nil, refuse("Paketten çıkacak veri, paketin boyuna göre çok fazla.", "Too much would come out of the package for its size.")
		}
		entries[e.Name] = e
	}
	return entries, nil
}

// templated makes the letters of a list.
func (s *Service) templated(ctx context.Context, who mailbox.Visitor, q Request, entries map[string]*archive.ZipEntry) ([]letter, Report, error) {
	var r Report
	list, err := ReadList(q.List)
	if err != nil {
		return nil, r, err
	}
	to, name, file := list.Column(addressColumns...), list.Column(nameColumns...), list.Column(fileColumns...)
	if to < 0 {
		return nil, r, refuse("Listede “adres” sütunu yok.", "The list has no column “address”.")
	}
	var subject, text, html *Template
	for _, t := range []struct {
		into **Template
		from string
	}{{&subject, q.Subject}, {&text, q.Text}, {&html, q.HTML}} {
		if *t.into, err = ParseTemplate(t.from); err != nil {
			return nil, r, err
		}
		for _, c := range (*t.into).Columns() {
			if list.Column(c) < 0 {
				r.fault(0, "Şablondaki {{"+c+"}} listede sütun değil.", "{{"+c+"}} of the template is no column of the list.")
			}
		}
	}
	if strings.ContainsAny(q.Subject, "\r\n") || strings.TrimSpace(q.Subject) == "" {
		r.fault(0, "Konu tek satır olmalıdır ve boş olamaz.", "The subject has to be one line, and cannot be empty.")
	}
	if q.Text == "" && q.HTML == "" {
		r.fault(0, "Metin boş.", "The text is empty.")
	}
	if len(r.Faults) > 0 {
		return nil, r, nil
	}
	used := append(append(subject.Columns(), text.Columns()...), html.Columns()...)
	var letters []letter
	named := map[string]bool{}
	for i, row := range list.Rows {
		n := i + 1
		cell := func(c string) string { return strings.TrimSpace(row[list.Column(c)]) }
		for j, c := range used {
			if cell(c) == "" && !slices.Contains(used[:j], c) {
				r.fault(n, "“"+c+"” boş.", "“"+c+"” is empty.")
			}
		}
		l := letter{address: strings.TrimSpace(row[to]), draft: mailbox.Draft{Subject: subject.Text(cell), Text: text.Text(cell), HTML: html.HTML(cell)}}
		l.draft.To = []string{l.address}
		if name >= 0 {
			if full := strings.TrimSpace(row[name]); full != "" && !strings.ContainsAny(full, "\r\n\"<>\\") {
				l.draft.To = []string{`"` + full + `" <` + l.address + ">"}
			}
		}
		switch {
		case strings.ContainsFunc(l.draft.Subject, func(c rune) bool { return c < ' ' || c == 0x7f || c == 0x2028 || c == 0x2029 }):
			r.fault(n, "Konuya satır sonu giriyor.", "A line end would come into the subject.")
		case utf8.RuneCountInString(l.draft.Subject) > mailbox.MaxSubject:
			r.fault(n, "Konu çok uzun.", "The subject is too long.")
		case len(l.draft.Text) > mailbox.MaxText || len(l.draft.HTML) > mailbox.MaxText:
			r.fault(n, "Metin çok uzun.", "The text is too long.")
		}
		if file >= 0 && strings.TrimSpace(row[file]) != "" {
			want := strings.TrimSpace(row[file])
			if l.file = entries[want]; l.file == nil {
				r.fault(n, "“"+want+"” pakette yok.", "“"+want+"” is not in the package.")
			} else {
				l.draft.Files = []mailbox.File{{Name: base(want), Type: "application/octet-stream", Size: l.file.Size}}
				named[want] = true
			}
		}
		letters = append(letters, l)
	}
	if len(entries) > len(named) {
		r.note(0, "Pakette listede adı geçmeyen "+number(len(entries)-len(named))+" dosya var.", number(len(entries)-len(named))+" files of the package are not named in the list.")
	}
	for i := range letters {
		l := &letters[i]
		size, err := s.Box.Measure(ctx, who, l.draft)
		if err != nil {
			return nil, r, err
		}
		if r.Bytes += size; size > s.MaxSize {
			r.fault(i+1, "İleti, sınırdan büyük oluyor.", "The message would be larger than allowed.")
		} else if refusal := mailbox.TooLarge(size, s.Box.Limits(&l.draft)); refusal != nil {
			r.fault(i+1, refusal.Detail.Turkish, refusal.Detail.English)
		}
	}
	return letters, r, nil
}

func base(name string) string { return name[strings.LastIndexAny(name, `/\`)+1:] }

// presigned reads the header of each signed message.
func (s *Service) presigned(ctx context.Context, who mailbox.Visitor, q Request, entries map[string]*archive.ZipEntry) ([]letter, Report, error) {
	var r Report
	if len(q.List) > 0 || q.Subject != "" || q.Text != "" || q.HTML != "" {
		return nil, r, refuse("İmzalı iletilerle birlikte liste veya şablon gönderilmez.", "There is no list and no template with signed messages.")
	}
	names := []string{}
	for name := range entries {
		if !strings.HasSuffix(rem.FoldASCII(name), ".eml") {
			return nil, r, refuse("Pakette yalnız .eml dosyaları olabilir.", "The package can have .eml files alone.")
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if len(names) == 0 || len(names) > MaxRows {
		return nil, r, refuse("Pakette en az bir, en çok "+number(MaxRows)+" imzalı ileti olmalıdır.", "The package has to have one signed message at least, and "+number(MaxRows)+" at most.")
	}
	var letters []letter
	for i, name := range names {
		if ctx.Err() != nil {
			return nil, r, ctx.Err()
		}
		e := entries[name]
		l := letter{file: e}
		letters = append(letters, l)
		if r.Bytes += e.Size; e.Size > s.MaxSize {
			r.fault(i+1, "“"+name+"” sınırdan büyük.", "“"+name+"” is larger than allowed.")
			continue
		}
		header, ok := s.header(e)
		if !ok {
			r.fault(i+1, "“"+name+"” bir ileti olarak okunamıyor.", "“"+name+"” cannot be read as a message.")
			continue
		}
		all, err := header.Addresses(mime.DefaultLimits)
		if to := slices.Concat(all.To, all.Cc); err != nil || len(to) != 1 {
			r.fault(i+1, "“"+name+"” tek alıcılı değil.", "“"+name+"” has not one recipient.")
			continue
		} else {
			letters[i].address = to[0].Address
		}
		subject, _ := mime.DecodeText(header.Get("Subject"))
		if media := rem.FoldASCII(header.Get("Content-Type")); !strings.Contains(media, "pkcs7") && !strings.Contains(media, "multipart/signed") {
			r.fault(i+1, "“"+name+"” imzalı değil.", "“"+name+"” is not signed.")
		}
		if utf8.RuneCountInString(subject) > mailbox.MaxSubject {
			subject = string([]rune(subject)[:mailbox.MaxSubject])
		}
		letters[i].draft = mailbox.Draft{To: []string{letters[i].address}, Subject: subject}
	}
	return letters, r, nil
}

// header reads that of a message in a package; all of it is read, so that what is not
// whole is found before anything is kept.
func (s *Service) header(e *archive.ZipEntry) (*mime.Header, bool) {
	in, err := e.Open()
	if err != nil {
		return nil, false
	}
	var head bytes.Buffer
	if _, err := io.CopyN(&head, in, 256<<10); err != nil && !errors.Is(err, io.EOF) {
		return nil, false
	}
	if _, err := io.Copy(io.Discard, in); err != nil {
		return nil, false
	}
	header, err := mime.ReadHeader(mime.Memory(head.Bytes()), mime.DefaultLimits)
	return header, err == nil
}

// look judges the addresses: by their form, whether one stands twice, and by the
// directory.
func (s *Service) look(ctx context.Context, who mailbox.Visitor, letters []letter, r *Report) error {
	first := map[rem.Address]int{}
	rows := map[rem.Address]int{}
	var all []rem.Address
	for i := range letters {
		if letters[i].address == "" && len(r.Faults) > 0 {
			continue // what is wrong with it was said
		}
		a, err := rem.ParseAddress(letters[i].address)
		if err != nil {
			r.fault(i+1, "“"+letters[i].address+"” bir KEP adresi değil.", "“"+letters[i].address+"” is no address of registered mail.")
			continue
		}
		if n, twice := first[a]; twice {
			r.note(i+1, "Adres "+number(n)+". satırda da var.", "The address stands in row "+number(n)+" too.")
			continue
		}
		first[a], rows[a] = i+1, i+1
		all = append(all, a)
	}
	if s.Directory == nil {
		return nil
	}
	for part := range slices.Chunk(all, 500) {
		known, err := s.Directory(ctx, who, part)
		if refusal, refused := errors.AsType[*rem.Refusal](err); refused {
			r.note(0, "Adresler rehberde denetlenemedi: "+refusal.Detail.Turkish, "The addresses could not be looked up in the directory: "+refusal.Detail.English)
			return nil
		}
		if err != nil {
			return fmt.Errorf("looking in the directory: %w", err)
		}
		for _, a := range part {
			if !known[a] {
				r.note(rows[a], "Adres rehberde bulunmuyor; rehberde yer almak istememiş bir hesap da olabilir.", "The address is not in the directory; it may be of somebody who is not listed.")
			}
		}
	}
	return nil
}
