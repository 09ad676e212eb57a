package eyp

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"strings"
	"time"

	"rem"
	"rem/mail/archive"
	"rem/trust/strictxml"
)

// The parts that have a place of their own, folded.
const (
	partTypes     = "/[content_types].xml"
	partRelations = "/_rels/.rels"
	partMetadata  = "/ustveri/ustveri.xml"
	partFinal     = "/nihaiustveri/nihaiustveri.xml"
)

// schema begins every namespace of the format; a version follows the name.
const schema = "urn:dpt:eyazisma:schema:xsd:"

// summaries are the parts that hold digests of others, with the signature that
// stands for each.
var summaries = []struct {
	part       string
	signatures []string
	kind       rem.Text
}{
	{"/paketozeti/paketozeti.xml", []string{"/imzalar/imzacades.imz"}, rem.Text{Turkish: "İmza", English: "Signature"}},
	{"/nihaiozet/nihaiozet.xml", []string{"/muhur/muhurcades.imz", "/muhurler/muhurcades.imz"}, rem.Text{Turkish: "Mühür", English: "Seal"}},
	{"/parafozeti/parafozeti.xml", []string{"/paraflar/parafimzacades.imz"}, rem.Text{Turkish: "Paraf", English: "Initials"}},
}

// maxXML bounds one XML part where the options do not.
const maxXML = 4 << 20

// maxSignature bounds a signature: archived ones carry revocation lists.
const maxSignature = 16 << 20

// maxNames bounds the names that metadata lists.
const maxNames = 10000

// A part as it lies in the container.
type part struct {
	Part
	entry *archive.ZipEntry
	sums  map[crypto.Hash][]byte
}

type reader struct {
	o     Options
	p     *Package
	parts map[string]*part // by folded path
	order []string
	total int64
}

// Read reads a package of size bytes. The error wraps ErrForm, archive.ErrForm or
// archive.ErrLimit, or is that of the source.
func Read(src io.ReaderAt, size int64, o Options) (*Package, error) {
	if o.XML <= 0 {
		o.XML = maxXML
	}
	l := o.Archive
	if l.Total <= 0 {
		l.Total = archive.DefaultLimits.Total
	}
	if l.Entries <= 0 {
		l.Entries = archive.DefaultLimits.Entries
	}
	if l.Ratio <= 0 {
		l.Ratio = archive.DefaultLimits.Ratio
	}
	o.Archive = l
	z, err := archive.Zip(src, size, l.Entries)
	if err != nil {
		return nil, err
	}
	r := &reader{o: o, p: &Package{}, parts: map[string]*part{}}
	for _, e := range z.Entries {
		if e.Dir() {
			continue
		}
		path := "/" + strings.TrimLeft(e.Name, "/")
		key := fold(path)
		if r.parts[key] != nil {
			return nil, fmt.Errorf("%w: two parts of one name", ErrForm)
		}
		r.parts[key] = &part{Part: Part{Path: path, Name: name(path), Sum: NotSummed}, entry: e}
		r.order = append(r.order, key)
	}
	if r.parts[partTypes] == nil || r.parts[partMetadata] == nil && !r.encrypted() {
		return nil, fmt.Errorf("%w: it has no %s", ErrForm, "Ustveri.xml")
	}
	if err := r.types(); err != nil {
		return nil, err
	}
	for _, key := range r.order {
		if err := r.sum(r.parts[key]); err != nil {
			return nil, err
		}
	}
	letter, err := r.relations()
	if err != nil {
		return nil, err
	}
	if err := r.metadata(); err != nil {
		return nil, err
	}
	for _, s := range summaries {
		if err := r.summary(s.part); err != nil {
			return nil, err
		}
		for _, path := range s.signatures {
			if err := r.signature(path, s.part, s.kind); err != nil {
				return nil, err
			}
		}
	}
	r.finish(letter)
	return r.p, nil
}

// Looks reports whether a zip's entries look like those of a package.
func Looks(entries []archive.Entry) bool {
	for _, e := range entries {
		switch key := fold("/" + strings.TrimLeft(e.Name, "/")); {
		case key == partMetadata, strings.HasPrefix(key, "/sifreliicerik/"):
			return true
		}
	}
	return false
}

// fold makes paths of the container comparable: percent forms undone, ASCII case.
func fold(path string) string {
	if strings.Contains(path, "%") {
		var b strings.Builder
		for i := 0; i < len(path); i++ {
			if path[i] == '%' && i+2 < len(path) {
				if n := unhex(path[i+1])<<4 | unhex(path[i+2]); n > 0 {
					b.WriteByte(byte(n))
					i += 2
					continue
				}
			}
			b.WriteByte(path[i])
		}
		path = b.String()
	}
	return rem.FoldASCII(path)
}

func unhex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1 << 8
}

func name(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

func (r *reader) encrypted() bool {
	for _, key := range r.order {
		if strings.HasPrefix(key, "/sifreliicerik/") {
			return true
		}
	}
	return false
}

// open gives the content of a part within the limits of the whole package.
func (r *reader) open(p *part) (io.Reader, error) {
	content, err := p.entry.Open()
	if err != nil {
		return nil, err
	}
	return &bounded{r: r, in: content, packed: p.entry.Packed}, nil
}

type bounded struct {
	r           *reader
	in          io.Reader
	packed, out int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.in.Read(p)
	b.out += int64(n)
	if b.r.total += int64(n); b.r.total > b.r.o.Archive.Total || b.out > 64<<10 && b.out/b.r.o.Archive.Ratio > b.packed {
		return n, fmt.Errorf("%w: a part of an e-Yazışma package", archive.ErrLimit)
	}
	return n, err
}

// small reads a part whole.
func (r *reader) small(p *part, limit int) ([]byte, error) {
	in, err := r.open(p)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(in, int64(limit)+1))
	if err == nil && len(b) > limit {
		err = fmt.Errorf("%w: %s is larger than %d bytes", archive.ErrLimit, "a part of an e-Yazışma package", limit)
	}
	return b, err
}

// xml reads a part of XML; nil when it is not there.
func (r *reader) xml(key string) (*strictxml.Element, error) {
	p := r.parts[key]
	if p == nil {
		return nil, nil
	}
	b, err := r.small(p, r.o.XML)
	if err != nil {
		return nil, err
	}
	d, err := strictxml.Parse(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), strictxml.Limits{MaxBytes: r.o.XML})
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrForm, key, err)
	}
	return d.Root, nil
}

// types reads what the container says of the media types of its parts.
func (r *reader) types() error {
	root, err := r.xml(partTypes)
	if err != nil {
		return err
	}
	const space = "http://schemas.openxmlformats.org/package/2006/content-types"
	if !root.Is(space, "Types") {
		return fmt.Errorf("%w: it does not say the types of its parts", ErrForm)
	}
	defaults := map[string]string{}
	for e := range root.ChildElements() {
		media, _ := e.Attr("", "ContentType")
		media, _, _ = mime.ParseMediaType(media)
		switch {
		case e.Is(space, "Default"):
			ending, _ := e.Attr("", "Extension")
			defaults[rem.FoldASCII(ending)] = media
		case e.Is(space, "Override"):
			path, _ := e.Attr("", "PartName")
			if p := r.parts[fold(path)]; p != nil {
				p.Declared = media
			}
		}
	}
	for _, p := range r.parts {
		if p.Declared == "" {
			p.Declared = defaults[archive.Ending(p.Name)]
		}
	}
	return nil
}

// sum reads a part for its size, type and digests.
func (r *reader) sum(p *part) error {
	in, err := r.open(p)
	if err != nil {
		return fmt.Errorf("reading %q: %w", p.Path, err)
	}
	h256, h384, h512 := sha256.New(), sha512.New384(), sha512.New()
	head := make([]byte, archive.HeadBytes)
	n, err := io.ReadFull(in, head)
	head = head[:n]
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		err = nil
	}
	to := io.MultiWriter(h256, h384, h512)
	_, _ = to.Write(head)
	if err == nil {
		var rest int64
		rest, err = io.Copy(to, in)
		p.Size = int64(n) + rest
	}
	if err != nil {
		return fmt.Errorf("reading %q: %w", p.Path, err)
	}
	p.Type = archive.Sniff(head)
	h256.Sum(p.Digest[:0])
	p.sums = map[crypto.Hash][]byte{crypto.SHA256: p.Digest[:], crypto.SHA384: h384.Sum(nil), crypto.SHA512: h512.Sum(nil)}
	return nil
}

// relations reads which part is the letter; "" when it does not say.
func (r *reader) relations() (letter string, err error) {
	root, err := r.xml(partRelations)
	if root == nil || err != nil {
		return "", err
	}
	for e := range root.ChildElements() {
		kind, _ := e.Attr("", "Type")
		target, _ := e.Attr("", "Target")
		if mode, _ := e.Attr("", "TargetMode"); rem.FoldASCII(mode) == "external" {
			continue
		}
		key := fold("/" + strings.TrimLeft(target, "/"))
		switch rem.FoldASCII(kind) {
		case "http://eyazisma.dpt/iliskiler/ustyazi":
			if letter != "" && letter != key {
				return "", fmt.Errorf("%w: two letters", ErrForm)
			}
			letter = key
		case "http://eyazisma.dpt/iliskiler/sifreliicerik":
			r.p.Encrypted = true
		}
	}
	return letter, nil
}

var algorithms = map[string]crypto.Hash{
	"http://www.w3.org/2001/04/xmlenc#sha256":       crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

// summary compares the parts with the digests of one summary.
func (r *reader) summary(key string) error {
	root, err := r.xml(key)
	if root == nil || err != nil {
		return err
	}
	if !strings.HasPrefix(root.Space, schema) {
		return fmt.Errorf("%w: %s is of another schema", ErrForm, key)
	}
	for ref := range root.ChildElements() {
		if ref.Local != "Reference" {
			continue
		}
		uri, _ := ref.Attr("", "URI")
		if kind, _ := ref.Attr("", "Type"); strings.HasSuffix(kind, "#harici") {
			continue // it lies elsewhere
		}
		p := r.parts[fold("/"+strings.TrimLeft(uri, "/"))]
		if p == nil {
			r.find("missing-part", rem.Text{Turkish: "Özette adı geçen bir bileşen pakette yok.", English: "A part that a summary names is not in the package."}, uri)
			continue
		}
		outcome := SumUnknown
		for _, d := range digests(ref) {
			want := p.sums[d.hash]
			switch {
			case want == nil:
			case !bytes.Equal(want, d.value):
				outcome = SumDiffers
			case outcome != SumDiffers:
				outcome = SumAgrees
			}
		}
		if p.Sum == NotSummed || outcome == SumDiffers || p.Sum == SumUnknown && outcome == SumAgrees {
			p.Sum = outcome
		}
		if outcome == SumDiffers {
			r.find("digest-differs", rem.Text{Turkish: "Bir bileşenin özeti pakette yazılı özetle uyuşmuyor.", English: "The digest of a part is not the one that the package states."}, p.Path)
		}
	}
	return nil
}

type digest struct {
	hash  crypto.Hash
	value []byte
}

// digests reads those of one reference: directly in it (1.x) or in items (2.x).
func digests(e *strictxml.Element) (list []digest) {
	one := func(e *strictxml.Element) {
		var d digest
		for c := range e.ChildElements() {
			switch c.Local {
			case "DigestMethod":
				a, _ := c.Attr("", "Algorithm")
				d.hash = algorithms[a]
			case "DigestValue":
				text, _ := c.Text()
				d.value, _ = base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
			}
		}
		if d.value != nil {
			list = append(list, d)
		}
	}
	one(e)
	for c := range e.ChildElements() {
		if c.Local == "DigestItem" {
			one(c)
		}
	}
	return list
}

func (r *reader) find(kind string, text rem.Text, path string) {
	if len(r.p.Findings) < 100 {
		r.p.Findings = append(r.p.Findings, Finding{Kind: kind, Text: text, Path: path})
	}
}

// finish sorts the parts and says what nobody has checked.
func (r *reader) finish(letter string) {
	r.p.Encrypted = r.p.Encrypted || r.encrypted()
	if letter == "" {
		for _, key := range r.order {
			if strings.HasPrefix(key, "/ustyazi/") && !strings.Contains(key, "/_rels/") {
				letter = key
				break
			}
		}
	}
	unsummed := false
	for _, key := range r.order {
		p := r.parts[key]
		if key == letter {
			one := p.Part
			r.p.Letter = &one
		} else {
			r.p.Others = append(r.p.Others, p.Part)
		}
		if p.Sum != SumAgrees && (key == letter || strings.HasPrefix(key, "/ekler/") || strings.HasPrefix(key, "/imzasizekler/") || key == partMetadata) {
			unsummed = true
		}
	}
	if r.p.Letter == nil && !r.p.Encrypted {
		r.find("no-letter", rem.Text{Turkish: "Pakette üst yazı bulunamadı.", English: "There is no letter in the package."}, "")
	}
	if l := r.p.Letter; l != nil && l.Type != "application/pdf" {
		r.find("letter-type", rem.Text{Turkish: "Üst yazı bir PDF dosyası değil.", English: "The letter is not a PDF file."}, l.Path)
	}
	say := func(tr, en string) { r.p.Unverified = append(r.p.Unverified, rem.Text{Turkish: tr, English: en}) }
	if unsummed {
		say("Bazı bileşenlerin özeti doğrulanmadı.", "The digests of some parts were not verified.")
	}
	if len(r.p.Signatures) == 0 {
		say("Pakette imza bulunamadı.", "No signature was found in the package.")
	} else {
		say("İmza sahiplerinin sertifikaları değerlendirilmedi.", "The certificates of the signers were not judged.")
	}
	for _, s := range r.p.Signatures {
		if s.State == Present {
			say("Bir imza ya da mühür yalnızca bulundu, doğrulanmadı.", "A signature or seal was only found, and not verified.")
			break
		}
	}
	say("Üst verideki konu, sayı ve tarafların üst yazıdakilerle aynı olup olmadığına bakılmadı.", "Whether subject, number and parties in the metadata are those of the letter was not looked at.")
	if r.p.Encrypted {
		say("Şifreli içerik açılmadı.", "The encrypted content was not opened.")
	}
}

// parseTime reads a date as the format writes it; zero when it is none.
func parseTime(s string) time.Time {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02Z07:00", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
