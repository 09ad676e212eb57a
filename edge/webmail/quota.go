package webmail

import (
	"fmt"
	"time"

	"rem"
	"rem/edge/web"
	"rem/message"
	"rem/message/mailbox"
)

// Bounds of the forecast.
const (
	// forecastDays are how far it looks back: a quarter of a year evens weeks out.
	forecastDays = 90
	// maxForecast bounds the messages that are counted; more are a rate as well.
	maxForecast = 20_000
)

type quotaPage struct {
	Facts    []web.Fact
	Percent  int // for the meter, at most 100
	Limited  bool
	Folders  web.Table
	Forecast rem.Text
}

// arrivals counts what arrived lately: how many octets, in how many days.
func (p *pages) arrivals(v *visit) (octets int64, days float64, err error) {
	now := v.Now()
	q := mailbox.Query{Kinds: []mailbox.Kind{mailbox.Received}, From: now.AddDate(0, 0, -forecastDays), Limit: mailbox.MaxPage}
	oldest, n := now, 0
	for n < maxForecast {
		items, err := p.Box.Items(v.Context(), v.who, q)
		if err != nil {
			return 0, 0, err
		}
		for i := range items {
			octets += items[i].Size
			oldest = items[i].At
		}
		if n += len(items); len(items) < q.Limit {
			break
		}
		q.Before = items[len(items)-1].ID
	}
	if n < maxForecast { // all of them are counted: the whole time is what they came in
		return octets, forecastDays, nil
	}
	return octets, max(1, now.Sub(oldest).Hours()/24), nil
}

// forecast says when the quota is reached when arrivals go on as lately.
func forecast(u message.Usage, arrived int64, days float64, now time.Time) rem.Text {
	switch left := u.Quota - u.Bytes; {
	case u.Quota <= 0:
		return text("Bu hesabın alan sınırı yok.", "This account's space has no bound.")
	case left <= 0:
		return text("Alan dolu. Yeni ileti gelmesi durmaz; fazlası ayrıca sayılır.", "The space is full. Messages go on arriving; what is over is counted apart.")
	case arrived <= 0:
		return text("Son 90 günde ileti gelmedi; bir tahmin yapılamıyor.", "Nothing arrived in the last 90 days; there is no forecast.")
	default:
		full := float64(left) / (float64(arrived) / days)
		if full > 3650 {
			return text("Son 90 günkü hızla alan on yıldan önce dolmaz.", "As in the last 90 days, the space lasts for more than ten years.")
		}
		at := now.Add(time.Duration(full*24) * time.Hour)
		return text(fmt.Sprintf("Son 90 günkü hızla alan yaklaşık %d gün sonra, %s dolar.", int(full), web.Day(at, "tr")),
			fmt.Sprintf("As in the last 90 days, the space is full in about %d days, on %s.", int(full), web.Day(at, "en")))
	}
}

func (p *pages) quota(v *visit) (web.Answer, error) {
	u, err := p.Box.Usage(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	folders, err := p.Box.Folders(v.Context(), v.who)
	if err != nil {
		return nil, err
	}
	arrived, days, err := p.arrivals(v)
	if err != nil {
		return nil, err
	}
	d := quotaPage{Limited: u.Quota > 0, Forecast: forecast(u, arrived, days, v.Now())}
	d.Facts = []web.Fact{
		{Term: text("Gelen ileti", "Messages that arrived"), Value: web.Cell{Text: fmt.Sprint(u.Messages)}},
		{Term: text("Kullanılan", "Used"), Value: web.Cell{Say: octets(u.Bytes)}},
	}
	if u.Quota > 0 {
		d.Percent = min(100, u.Percent())
		d.Facts = append(d.Facts, web.Fact{Term: text("Alan", "Space"), Value: web.Cell{Say: octets(u.Quota)}},
			web.Fact{Term: text("Doluluk", "Used part"), Value: web.Cell{Say: text(fmt.Sprintf("%% %d", u.Percent()), fmt.Sprintf("%d %%", u.Percent()))}})
	}
	d.Facts = append(d.Facts, web.Fact{Term: text("Son 90 günde gelen", "Arrived in the last 90 days"), Value: web.Cell{Say: octets(arrived)}})
	d.Folders = web.Table{Caption: text("Klasörler", "Folders"), Columns: []web.Column{{Head: text("Klasör", "Folder")}, {Head: text("Öge", "Items"), Right: true}, {Head: text("Boyut", "Size"), Right: true}}}
	for i := range folders {
		f := &folders[i]
		d.Folders.Rows = append(d.Folders.Rows, []web.Cell{{Say: folderName(f), Path: folderPath(f.ID)}, {Text: fmt.Sprint(f.Items)}, {Say: octets(f.Bytes)}})
	}
	return web.Page{
		View: p.views.Page("quota"), Title: text("Kutu doluluğu", "Space of the mailbox"), Data: d,
		Lead: text("Alan dolsa da size ileti gelmesi durmaz; hiçbir ileti bu yüzden geri çevrilmez.", "A full mailbox does not stop messages from arriving; none is turned away for it."),
	}, nil
}
