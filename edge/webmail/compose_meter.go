package webmail

import (
	"rem"
)

// A meter is how full the signed package is.
type meter struct {
	Size, Limit int64
	Says        rem.Text
	Over        bool
	Percent     int
}

func (p *pages) meterOf(size int64, domains []string) meter {
	m := meter{Size: size, Limit: p.limit()}
	at := ""
	for _, d := range domains {
		if p.PeerLimit == nil {
			break
		}
		if n := p.PeerLimit(d); n > 0 && n < m.Limit {
			m.Limit, at = n, d
		}
	}
	m.Over, m.Percent = size > m.Limit, int(min(100, size*100/m.Limit))
	has, of := octets(size), octets(m.Limit)
	m.Says = text("İmzalı paket yaklaşık "+has.Turkish+"; sınır "+of.Turkish+".", "The signed package has about "+has.English+" of "+of.English+".")
	if at != "" {
		m.Says.Turkish += " Sınırı koyan alıcı sağlayıcı: " + at + "."
		m.Says.English += " The limit is that of the recipients' provider " + at + "."
	}
	if m.Over {
		m.Says.Turkish += " Bu hâliyle gönderilemez; ek çıkarın ya da iletiyi bölün."
		m.Says.English += " It cannot be sent so; remove an attachment or send two messages."
	}
	return m
}
