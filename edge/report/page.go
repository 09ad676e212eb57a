package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"rsc.io/qr"

	"rem"
	"rem/message/timeline"
	"rem/message/verification"
	"rem/trust/validation"
)

// Measures, in millimetres of an A4 page, and points of letters.
const (
	margin = 18.0
	width  = 210 - 2*margin
	bottom = 20.0
	label  = 48.0 // the column of names
	line   = 5.0
	small  = 4.2
	qrSide = 30.0
)

// A colour of letters, dark enough on white paper and in grey.
type colour struct{ r, g, b int }

var (
	ink    = colour{20, 24, 28}
	soft   = colour{80, 88, 96}
	good   = colour{16, 92, 40}
	bad    = colour{150, 16, 16}
	wait   = colour{110, 76, 0}
	strong = colour{10, 60, 120}
)

// A document is a report while it is drawn.
type document struct {
	Options
	pdf   *fpdf.Fpdf
	files []File
	font  *sfnt.Font
	mono  *sfnt.Font
	buf   sfnt.Buffer
}

func begin(o Options) (*document, error) {
	d := &document{Options: o, pdf: fpdf.New("P", "mm", "A4", "")}
	var err error
	if d.files, err = attach(&o); err != nil {
		return nil, err
	}
	if d.font, err = sfnt.Parse(goregular.TTF); err != nil {
		return nil, err
	}
	if d.mono, err = sfnt.Parse(gomono.TTF); err != nil {
		return nil, err
	}
	p := d.pdf
	p.SetCatalogSort(true) // the same bytes for the same input
	p.SetCreationDate(o.Made.UTC())
	p.SetModificationDate(o.Made.UTC())
	p.SetTitle(d.say("title")+" "+string(o.Message.ID), true)
	p.SetAuthor(d.pick(o.Provider), true)
	p.SetCreator("rem", true)
	p.SetProducer("rem", true)
	if p.SetLang("tr-TR"); o.English {
		p.SetLang("en-GB")
	}
	p.SetDisplayMode("fullwidth", "continuous")
	p.AddUTF8FontFromBytes("go", "", goregular.TTF)
	p.AddUTF8FontFromBytes("go", "B", gobold.TTF)
	p.AddUTF8FontFromBytes("mono", "", gomono.TTF)
	p.SetMargins(margin, margin, margin)
	p.SetAutoPageBreak(true, bottom)
	p.AliasNbPages("{n}")
	p.SetFooterFunc(func() {
		p.SetY(-14)
		d.style("", 8, soft)
		p.CellFormat(width*0.75, 5, d.clean(string(o.Message.ID), d.font), "", 0, "L", false, 0, "")
		p.CellFormat(width*0.25, 5, fmt.Sprintf("%s %d / {n}", d.say("page"), p.PageNo()), "", 0, "R", false, 0, "")
	})
	p.AddPage()
	return d, p.Error()
}

func (d *document) end(w io.Writer) error {
	attached := make([]fpdf.Attachment, len(d.files))
	for i, f := range d.files {
		attached[i] = fpdf.Attachment{Content: f.Content, Filename: f.Name, Description: f.Name}
	}
	d.pdf.SetAttachments(attached)
	return d.pdf.Output(w)
}

func (d *document) pick(t rem.Text) string {
	if d.English {
		return t.English
	}
	return t.Turkish
}

func (d *document) say(word string) string { return d.pick(words[word]) }

func (d *document) style(weight string, size float64, c colour) {
	d.pdf.SetFont("go", weight, size)
	d.pdf.SetTextColor(c.r, c.g, c.b)
}

// clean keeps what comes from others on its line and in its order: control and
// format characters, and letters that the typeface lacks, are shown as such.
func (d *document) clean(s string, f *sfnt.Font) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || r == '\r' {
			return ' '
		}
		if i, err := f.GlyphIndex(&d.buf, r); err != nil || i == 0 || !unicode.IsPrint(r) || r > 0xFFFF {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// room begins a new page unless so much is left on this one.
func (d *document) room(h float64) {
	if d.pdf.GetY()+h > 297-bottom {
		d.pdf.AddPage()
	}
}

func (d *document) heading(text string) {
	d.room(20)
	d.pdf.Ln(4)
	d.pdf.Bookmark(text, 0, -1)
	d.style("B", 13, strong)
	d.pdf.CellFormat(width, 7, text, "B", 1, "L", false, 0, "")
	d.pdf.Ln(1.5)
}

func (d *document) paragraph(text string, size float64, c colour) {
	d.style("", size, c)
	d.pdf.MultiCell(width, size*0.46, d.clean(text, d.font), "", "L", false)
}

// lines breaks a text, and long identifiers where a line ends: the library
// breaks at spaces alone.
func (d *document) lines(text string, w float64) []string {
	var lines []string
	current := ""
	for _, word := range strings.Split(text, " ") {
		next := word
		if current != "" {
			next = current + " " + word
		}
		if d.pdf.GetStringWidth(next) <= w {
			current = next
			continue
		}
		if current != "" {
			lines = append(lines, current)
			current = ""
		}
		for _, r := range word {
			if d.pdf.GetStringWidth(current+string(r)) > w {
				lines = append(lines, current)
				current = ""
			}
			current += string(r)
		}
	}
	return append(lines, current)
}

// fact writes a name and its value, which may take several lines.
func (d *document) fact(key, value string, w float64, mono bool) {
	if value == "" {
		return
	}
	x := d.pdf.GetX()
	d.style("", 9, soft)
	keys := d.lines(key, label-2)
	font := d.font
	if mono {
		font = d.mono
		d.pdf.SetFont("mono", "", 8.2)
	}
	values := d.lines(d.clean(value, font), w-label)
	d.room(float64(max(len(keys), len(values))) * small)
	for i := range max(len(keys), len(values)) {
		d.room(small)
		d.pdf.SetX(x)
		d.style("", 9, soft)
		d.pdf.CellFormat(label, small, at(keys, i), "", 0, "L", false, 0, "")
		d.style("", 9, ink)
		if mono {
			d.pdf.SetFont("mono", "", 8.2)
		}
		d.pdf.CellFormat(w-label, small, at(values, i), "", 1, "L", false, 0, "")
	}
	d.pdf.Ln(0.6)
	d.pdf.SetX(x)
}

func at(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return ""
}

func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(timeline.Türkiye).Format("02.01.2006 15:04:05")
}

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02 15:04:05") + " UTC"
}

func (d *document) both(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return local(t) + " (" + d.say("local") + ") · " + utc(t)
}

func party(p timeline.Party) string {
	if p.Name == "" {
		return p.Address
	}
	return p.Name + " <" + p.Address + ">"
}

// head is the first page's beginning: what and who.
func (d *document) head() {
	m := d.Message
	p := d.pdf
	d.style("B", 18, ink)
	p.CellFormat(width-qrSide-4, 9, d.say("title"), "", 1, "L", false, 0, "")
	top := p.GetY()
	w := width
	if d.CheckURL != "" && d.code(210-margin-qrSide, margin) {
		w = width - qrSide - 6
	}
	d.style("", 10, soft)
	p.MultiCell(w, line, d.clean(d.pick(d.Provider), d.font), "", "L", false)
	p.Ln(2)
	subject := m.Subject
	if subject == "" {
		subject = d.say("no subject")
	}
	d.fact(d.say("subject"), subject, w, false)
	d.fact(d.say("sender"), party(m.Sender), w, false)
	d.fact(d.say("submitted"), d.both(m.Submitted), w, false)
	d.fact(d.say("summary"), d.pick(m.Summary.Text()), w, false)
	if y := top + qrSide + 6; w < width && p.GetY() < y && p.PageNo() == 1 {
		p.SetY(y)
	}
	d.fact(d.say("origin"), m.Origin, width, false)
	d.fact(d.say("id"), string(m.ID), width, true)
	d.fact(d.say("digest"), m.Digest.String(), width, true)
	d.fact(d.say("size"), fmt.Sprintf("%d %s", m.Size, d.say("octets")), width, false)
	d.fact(d.say("made"), d.both(d.Made), width, false)
	if d.CheckURL != "" {
		d.fact(d.say("scan"), d.CheckURL, width, true)
	}
	if v, ok := m.Verdict(); ok {
		d.verdict(d.say("verdict")+": ", v, rem.Text{})
	}
}

// verdict writes one in its colour, which says nothing that the words do not.
func (d *document) verdict(before string, v validation.Verdict, sentence rem.Text) {
	c := wait
	switch v {
	case validation.TotalPassed:
		c = good
	case validation.TotalFailed:
		c = bad
	}
	d.style("B", 10, c)
	d.room(line)
	word, _ := verification.Word(v.String())
	d.pdf.CellFormat(width, line, before+v.String()+" ("+d.pick(word)+")", "", 1, "L", false, 0, "")
	if s := d.pick(sentence); s != "" {
		d.paragraph(s, 9, ink)
	}
}

// code draws the QR code of the public check, and reports whether there is one.
func (d *document) code(x, y float64) bool {
	c, err := qr.Encode(d.CheckURL, qr.M)
	if err != nil {
		return false // too long for a code; the address is written all the same
	}
	d.pdf.SetFillColor(0, 0, 0)
	side := qrSide / float64(c.Size)
	for row := range c.Size {
		for from := 0; from < c.Size; from++ {
			if !c.Black(from, row) {
				continue
			}
			end := from
			for end < c.Size && c.Black(end, row) {
				end++
			}
			d.pdf.Rect(x+float64(from)*side, y+float64(row)*side, float64(end-from)*side, side+0.02, "F")
			from = end
		}
	}
	d.pdf.LinkString(x, y, qrSide, qrSide, d.CheckURL)
	return true
}

// recipients tells each one's timeline.
func (d *document) recipients() {
	d.heading(d.say("recipients"))
	for i := range d.Message.Recipients {
		d.recipient(&d.Message.Recipients[i])
	}
}

func (d *document) recipient(r *timeline.Recipient) {
	p := d.pdf
	d.room(40)
	title := fmt.Sprintf("%d. %s", r.Number, party(r.Party))
	if r.Copy {
		title += " (" + d.say("copy") + ")"
	}
	d.style("B", 10.5, ink)
	for _, l := range d.lines(d.clean(title, d.font), width) {
		p.CellFormat(width, line, l, "", 1, "L", false, 0, "")
	}
	d.paragraph(d.pick(r.Stands), 9.5, ink)
	if r.Conflict {
		d.paragraph(d.say("conflict"), 9.5, bad)
	}
	p.Ln(1)
	columns := []float64{40, 30, 40, 64}
	d.style("B", 8.5, soft)
	for i, h := range []string{"step", "state", "local", "by evidence"} {
		text := d.say(h)
		if h == "local" {
			text += " / UTC"
		}
		p.CellFormat(columns[i], small, text, "B", 0, "L", false, 0, "")
	}
	p.Ln(small + 0.5)
	for i := range r.Steps {
		d.step(&r.Steps[i], columns)
	}
	for i := range r.Others {
		e := &r.Others[i]
		d.paragraph(d.pick(e.Name)+" · "+e.Issuer+" · "+d.both(e.Time), 8.5, ink)
	}
	p.Ln(3)
}

func (d *document) step(s *timeline.Step, columns []float64) {
	c := ink
	switch s.Progress {
	case timeline.Done:
		c = good
	case timeline.Failed:
		c = bad
	case timeline.Awaited, timeline.Unknown:
		c = wait
	}
	d.style("", 8.5, ink)
	times := []string{}
	if !s.Time.IsZero() {
		times = append(times, local(s.Time), utc(s.Time))
	} else if !s.Until.IsZero() {
		times = append(times, d.say("until")+" "+local(s.Until), d.say("until")+" "+utc(s.Until))
	}
	var by []string
	for i := range s.Evidence {
		e := &s.Evidence[i]
		text := d.pick(e.Name) + ", " + e.Issuer
		if e.Late {
			text += " (" + d.say("late") + ")"
		}
		if e.Conflict {
			text += " (" + d.say("conflicts") + ")"
		}
		by = append(by, d.lines(d.clean(text, d.font), columns[3]-1)...)
	}
	cells := [][]string{
		d.lines(d.pick(s.Place.Name()), columns[0]-1), d.lines(d.pick(s.Progress.Name()), columns[1]-1), times, by,
	}
	rows := 0
	for _, cell := range cells {
		rows = max(rows, len(cell))
	}
	d.room(float64(rows)*small + 8)
	for i := range rows {
		for j, cell := range cells {
			d.style("", 8.5, ink)
			if j == 1 {
				d.style("B", 8.5, c)
			}
			d.pdf.CellFormat(columns[j], small, at(cell, i), "", 0, "L", false, 0, "")
		}
		d.pdf.Ln(small)
	}
	sentence := d.pick(s.Sentence)
	for _, r := range s.Reasons {
		sentence += " " + d.say("reason") + ": " + d.pick(r.Text) + "."
	}
	d.paragraph(sentence, 8, soft)
	x, y := d.pdf.GetXY()
	d.pdf.SetDrawColor(205, 210, 215)
	d.pdf.Line(x, y+0.6, x+width, y+0.6)
	d.pdf.SetDrawColor(0, 0, 0)
	d.pdf.Ln(1.4)
}

// evidence tells each evidence with what was checked.
func (d *document) evidence() {
	d.heading(d.say("evidences"))
	if len(d.Message.Evidence) == 0 {
		d.paragraph(d.say("none"), 9.5, ink)
	}
	for i := range d.Message.Evidence {
		e := &d.Message.Evidence[i]
		d.room(62)
		d.style("B", 10.5, ink)
		title := fmt.Sprintf("%d. %s (%s)", i+1, d.pick(e.Name), e.Code)
		d.pdf.Bookmark(title, 1, -1)
		d.pdf.CellFormat(width, line+0.5, title, "", 1, "L", false, 0, "")
		if e.Judgement != nil {
			d.verdict("", e.Judgement.Verdict, e.Judgement.Sentence)
		} else {
			d.paragraph(d.say("unverified"), 9, wait)
		}
		if e.Conflict {
			d.paragraph(d.say("conflicts"), 9, bad)
		}
		d.pdf.Ln(1)
		d.fact(d.say("evidence id"), string(e.ID), width, true)
		d.fact(d.say("kind"), e.Kind.String()+", "+d.say(e.Outcome.String()), width, false)
		about := d.say("everybody")
		if r := d.Message.Find(e.Recipient); r != nil {
			about = party(r.Party)
		}
		d.fact(d.say("about"), about, width, false)
		d.fact(d.say("issuer"), e.Issuer, width, false)
		d.fact(d.say("event time"), d.both(e.Time), width, false)
		for _, r := range e.Reasons {
			d.fact(d.say("reason"), d.pick(r.Text)+" ("+string(r.Code)+")", width, false)
		}
		if j := e.Judgement; j != nil {
			d.fact(d.say("proven"), d.both(j.Proven), width, false)
			d.fact(d.say("signer"), j.Signer, width, false)
		}
		d.fact(d.say("sha"), e.Digest.String(), width, true)
		d.fact(d.say("file"), name(i, e), width, true)
		if j := e.Judgement; j != nil && len(j.Checks) > 0 {
			d.checks(j.Checks)
		}
		d.pdf.Ln(3)
	}
}

// checks writes what failed first, each on its line with its reason, and then what
// passed, in two columns; a check that was made of several certificates once.
func (d *document) checks(checks []timeline.Check) {
	d.room(small * 3)
	d.style("B", 8.5, soft)
	d.pdf.CellFormat(width, small, d.say("checks"), "", 1, "L", false, 0, "")
	var passed []string
	for _, c := range checks {
		text := d.pick(c.Name)
		if c.Passed {
			if !slices.Contains(passed, text) {
				passed = append(passed, text)
			}
			continue
		}
		if c.Detail != "" {
			text += " (" + c.Detail + ")"
		}
		d.style("", 8, ink)
		for i, l := range d.lines(d.clean(text, d.font), width-18) {
			d.room(small)
			d.style("B", 8, bad)
			word := ""
			if i == 0 {
				word = d.say("failed")
			}
			d.pdf.CellFormat(18, small, word, "", 0, "L", false, 0, "")
			d.style("", 8, ink)
			d.pdf.CellFormat(width-18, small, l, "", 1, "L", false, 0, "")
		}
	}
	rows := (len(passed) + 1) / 2
	for i := range rows {
		d.room(small)
		for _, j := range []int{i, i + rows} {
			if j >= len(passed) {
				continue
			}
			d.style("B", 7.5, good)
			d.pdf.CellFormat(12, small, d.say("passed"), "", 0, "L", false, 0, "")
			d.style("", 7.5, ink)
			d.pdf.CellFormat(width/2-12, small, d.clean(passed[j], d.font), "", 0, "L", false, 0, "")
		}
		d.pdf.Ln(small)
	}
}

// command writes what is typed.
func (d *document) command(text string) {
	d.pdf.SetFont("mono", "", 8)
	d.pdf.SetTextColor(ink.r, ink.g, ink.b)
	d.pdf.SetFillColor(240, 243, 246)
	lines := d.lines(text, width-4)
	d.room(float64(len(lines)) * small)
	for _, l := range lines {
		d.pdf.CellFormat(width, small, " "+l, "", 1, "L", true, 0, "")
	}
	d.pdf.Ln(2)
}

func (d *document) verifying() {
	d.heading(d.say("verifying"))
	first := "e01-10.xml"
	for _, f := range d.files {
		first = f.Name
		break
	}
	d.paragraph(d.say("verify 1"), 9.5, ink)
	d.command("pdfdetach -saveall report.pdf")
	d.paragraph(d.say("verify 2"), 9.5, ink)
	d.command("remverify --trust anchors.pem e*.xml")
	d.paragraph(d.say("verify 3"), 9.5, ink)
	d.command("xmlsec1 --verify --enabled-key-data x509 --trusted-pem anchors.pem --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties " + first)
	d.command("xmllint --xpath \"string((//*[local-name()='X509Certificate'])[1])\" " + first + " | base64 -di | openssl x509 -inform DER -noout -subject -dates")
	d.paragraph(d.say("verify 4"), 9.5, ink)
	d.command("openssl dgst -sha256 original.eml")
	d.style("B", 9.5, ink)
	d.room(12)
	d.pdf.CellFormat(width, line, d.say("attachments"), "", 1, "L", false, 0, "")
	for _, f := range d.files {
		d.fact(f.Name, rem.DigestOf(f.Content).String(), width, true)
	}
}

func (d *document) limits() {
	d.heading(d.say("limits"))
	for _, l := range []string{"limit 1", "limit 2", "limit 3", "limit 4"} {
		d.paragraph(d.say(l), 9, ink)
		d.pdf.Ln(1)
	}
}
