package report_test

import (
	"strings"
	"testing"

	"rem/message/timeline"
)

// A message to a thousand people is a long report, and a report all the same.
func TestReportOfAThousandRecipients(t *testing.T) {
	o, _ := sample(t)
	r := o.Message.Recipients[0]
	for len(o.Message.Recipients) < 1000 {
		r.Number = len(o.Message.Recipients) + 1
		o.Message.Recipients = append(o.Message.Recipients, r)
	}
	o.Message.Recipients[1].Name = strings.Repeat("Uzun Adlı Kişi ", 40)
	o.Message.Recipients[1].Address = strings.Repeat("x", 300) + "@hs91.kep.test"
	o.Message.Subject = strings.Repeat("Ğ", 5000)
	o.Message.Evidence[0].Judgement.Checks = append(o.Message.Evidence[0].Judgement.Checks, timeline.Check{Name: o.Message.Evidence[0].Name, Detail: strings.Repeat("why ", 200)})
	dir := saved(t, write(t, o))
	text := tool(t, dir, "pdftotext", "report.pdf", "-")
	if !strings.Contains(text, "1000. bora@hs91.kep.test") || !strings.Contains(text, "KALDI") || strings.Count(text, "Ğ") < 5000 {
		t.Error("not everything is in the report")
	}
}
