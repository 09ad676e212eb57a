package webmail

import (
	"rem"
	"rem/message/mailbox"
)

// A meter is how full the signed package is, against the smallest limit on its way:
// ours, and those of its destinations, each with where it comes from.
type meter struct {
	Size, Limit int64
	Says        rem.Text
	Limits      []meterLimit // of destinations, the smallest first
	Over        bool
	Percent     int
}

type meterLimit struct {
	Says rem.Text
	Over bool
}

// meterOf measures a draft whose signed package has the size.
func (p *pages) meterOf(size int64, d *mailbox.Draft) meter {
	m := meter{Size: size, Limit: p.limit()}
	for _, l := range p.Box.Limits(d) {
		m.Limits = append(m.Limits, meterLimit{l.Text(), size > l.Octets})
		m.Limit = min(m.Limit, l.Octets)
	}
	m.Over, m.Percent = size > m.Limit, int(min(100, size*100/max(1, m.Limit)))
	has, of := octets(size), octets(m.Limit)
	m.Says = text("İmzalı paket yaklaşık "+has.Turkish+"; sınır "+of.Turkish+".", "The signed package has about "+has.English+" of "+of.English+".")
	if m.Over {
		m.Says.Turkish += " Bu hâliyle gönderilemez; ek çıkarın ya da iletiyi bölün."
		m.Says.English += " It cannot be sent so; remove an attachment or send two messages."
	}
	return m
}
