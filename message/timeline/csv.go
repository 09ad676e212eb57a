package timeline

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"rem"
)

// A Table is how a list is written as CSV: RFC 4180 with CRLF, all letters in
// UTF-8. The zero Table is Turkish, separated by ";" as spreadsheets in Türkiye
// expect, without a byte order mark.
type Table struct {
	English bool
	// Mark writes a byte order mark, by which some spreadsheets know UTF-8.
	Mark bool
	// Comma separates cells; 0 is ';'.
	Comma rune
}

// A CSV writes lines of one list; made by [Table.Status] and [Table.Box].
type CSV[R any] struct {
	w     *csv.Writer
	table Table
	cells func(words, R) []string
}

// words picks texts in the table's language.
type words struct{ english bool }

func (w words) say(t rem.Text) string {
	if w.english {
		return t.English
	}
	return t.Turkish
}

// Add writes a line. What begins as a formula does is written so that a
// spreadsheet shows it and does not compute it.
func (c *CSV[R]) Add(row R) error {
	cells := c.cells(words{c.table.English}, row)
	for i := range cells {
		cells[i] = Defused(cells[i])
	}
	if err := c.w.Write(cells); err != nil {
		return fmt.Errorf("writing a list: %w", err)
	}
	return nil
}

// Flush writes what is held back; the last call's error says whether all of it
// was written.
func (c *CSV[R]) Flush() error {
	c.w.Flush()
	if err := c.w.Error(); err != nil {
		return fmt.Errorf("writing a list: %w", err)
	}
	return nil
}

func begin[R any](w io.Writer, t Table, heads []rem.Text, cells func(words, R) []string) (*CSV[R], error) {
	if t.Mark {
		if _, err := io.WriteString(w, "\uFEFF"); err != nil {
			return nil, fmt.Errorf("writing a list: %w", err)
		}
	}
	c := &CSV[R]{csv.NewWriter(w), t, cells}
	c.w.UseCRLF = true
	if c.w.Comma = t.Comma; t.Comma == 0 {
		c.w.Comma = ';'
	}
	line := make([]string, len(heads))
	for i, h := range heads {
		line[i] = words{t.English}.say(h)
	}
	if err := c.w.Write(line); err != nil {
		return nil, fmt.Errorf("writing a list: %w", err)
	}
	return c, nil
}

// Status begins a message-status list.
func (t Table) Status(w io.Writer) (*CSV[Row], error) {
	return begin(w, t, []rem.Text{
		{Turkish: "İleti kimliği", English: "Message"}, {Turkish: "Gönderici", English: "Sender"}, {Turkish: "Alıcı", English: "Recipient"},
		{Turkish: "Konu", English: "Subject"}, {Turkish: "Durum", English: "State"}, {Turkish: "Durum açıklaması", English: "State in words"},
		{Turkish: "Gönderilme (TSİ)", English: "Submitted (UTC+3)"}, {Turkish: "Gönderilme (UTC)", English: "Submitted (UTC)"},
		{Turkish: "Devralınma (UTC)", English: "Taken over (UTC)"}, {Turkish: "Kutuya konma (UTC)", English: "In the mailbox (UTC)"},
		{Turkish: "Okunma (UTC)", English: "Read (UTC)"}, {Turkish: "Sonuçsuz kalma (UTC)", English: "Failed (UTC)"},
		{Turkish: "Gerekçe", English: "Reason"}, {Turkish: "Beklenen son an (UTC)", English: "Awaited until (UTC)"},
		{Turkish: "Delil sayısı", English: "Evidence"}, {Turkish: "Çelişen delil", English: "Conflict"},
	}, func(w words, r Row) []string {
		return []string{
			string(r.Message), r.Sender, r.Recipient, r.Subject, r.State.String(), w.say(r.Stands),
			local(r.Submitted), utc(r.Submitted), utc(r.TakenOver), utc(r.InMailbox), utc(r.Read), utc(r.Ended),
			w.reasons(r.Reasons), utc(r.Until), strconv.Itoa(r.Evidence), w.yes(r.Conflict),
		}
	})
}

// Box begins an evidence box.
func (t Table) Box(w io.Writer) (*CSV[BoxRow], error) {
	return begin(w, t, []rem.Text{
		{Turkish: "Delil kimliği", English: "Evidence"}, {Turkish: "Delil", English: "Name"}, {Turkish: "Kod", English: "Code"},
		{Turkish: "Tür", English: "Kind"}, {Turkish: "İleti kimliği", English: "Message"}, {Turkish: "İlgili alıcı", English: "Recipient concerned"},
		{Turkish: "Konu", English: "Subject"}, {Turkish: "Düzenleyen KEPHS", English: "Issuer"},
		{Turkish: "Zaman (TSİ)", English: "Time (UTC+3)"}, {Turkish: "Zaman (UTC)", English: "Time (UTC)"},
		{Turkish: "Gerekçe", English: "Reason"}, {Turkish: "Çelişiyor", English: "Conflict"}, {Turkish: "Geç geldi", English: "Late"},
		{Turkish: "SHA-256", English: "SHA-256"}, {Turkish: "Doğrulama", English: "Verdict"},
	}, func(w words, r BoxRow) []string {
		verdict := ""
		if r.Judgement != nil {
			verdict = r.Judgement.Verdict.String()
		}
		return []string{
			string(r.ID), w.say(r.Name), r.Code, r.Kind.String(), string(r.Message), r.About, r.Subject, r.Issuer,
			local(r.Time), utc(r.Time), w.reasons(r.Reasons), w.yes(r.Conflict), w.yes(r.Late), r.Digest.String(), verdict,
		}
	})
}

func (w words) reasons(all []Reason) string {
	said := make([]string, len(all))
	for i, r := range all {
		if said[i] = w.say(r.Text); said[i] == "" {
			said[i] = string(r.Code)
		}
	}
	return strings.Join(said, ", ")
}

func (w words) yes(b bool) string {
	if !b {
		return ""
	}
	return w.say(rem.Text{Turkish: "evet", English: "yes"})
}

func utc(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func local(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.In(Türkiye).Format("02.01.2006 15:04:05")
}

// Defused puts an apostrophe before a cell that a spreadsheet would take for a
// formula: one that begins, after blanks, with = + - @ or their full-width
// forms, or with a tabulator or line end.
func Defused(cell string) string {
	rest := strings.TrimLeft(cell, " \u00a0\u200b\ufeff")
	if rest != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", []rune(rest)[0]) {
		return "'" + cell
	}
	return cell
}
