package soap

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"rem"
	"rem/message"
	"rem/message/mailbox"
	"rem/message/submission"
	"rem/person/account"
	"rem/provider/directory"
)

// Whose fault it is, in the words of SOAP 1.2 5.4.6.
const (
	sender   = "Sender"
	receiver = "Receiver"
	must     = "MustUnderstand"
	version  = "VersionMismatch"
)

// A fault is why there is no answer. It holds nothing of the request.
type fault struct {
	code string
	text rem.Text
	// own: it is about what the mailbox has, and stands in the answer's own fields
	// where there are such; number is its durum.
	own    bool
	number int
}

// Error implements error.
func (f *fault) Error() string { return "soap " + f.code + ": " + f.text.English }

func (f *fault) status() string { return fmt.Sprint(f.number) }

// bad is a request that cannot be understood.
func bad(tr, en string) *fault { return &fault{code: sender, text: text(tr, en)} }

// Numbers of durum. 0 is done; the others are ours.
const (
	done     = 0
	refused  = 1
	notFound = 2
	conflict = 3
)

func own(number int, tr, en string) *fault {
	return &fault{code: sender, text: text(tr, en), own: true, number: number}
}

// told makes a fault of an error: what has a text for people keeps it, everything
// else is ours and goes to the log.
func (h *Handler) told(err error) *fault {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault](err); ok {
		return f
	}
	refusal, isRefusal := errors.AsType[*rem.Refusal](err)
	switch {
	case isRefusal:
		return own(refused, refusal.Detail.Turkish, refusal.Detail.English)
	case errors.Is(err, mailbox.ErrNotFound), errors.Is(err, message.ErrNotFound), errors.Is(err, account.ErrNotFound):
		return own(notFound, "Bu hesapta böyle bir kayıt yok.", "There is no such thing on this account.")
	case errors.Is(err, mailbox.ErrTooMany), errors.Is(err, directory.ErrQuota):
		return own(conflict, "Sınıra ulaşıldı.", "The limit is reached.")
	case errors.Is(err, mailbox.ErrTooLarge):
		return own(conflict, "Dosya çok büyük.", "The file is too large.")
	case errors.Is(err, mailbox.ErrChanged):
		return own(conflict, "Taslak bu sırada değiştirildi; yeniden deneyiniz.", "The draft was changed meanwhile; try again.")
	case errors.Is(err, submission.ErrUncertain):
		h.log.Error("soap", "err", err)
		return &fault{code: receiver, text: text("İletinin alınıp alınmadığı belli değil; aynı paketi yeniden gönderiniz, iki kez alınmaz.", "Whether the message was taken is not certain; send the same package again, it is not taken twice.")}
	case !errors.Is(err, context.Canceled):
		h.log.Error("soap", "err", err)
	}
	return &fault{code: receiver, text: text("Şu anda yanıt verilemiyor; daha sonra yeniden deneyiniz.", "No answer can be given now; please try again later.")}
}

// inLanguage is Turkish unless the request asks for English.
func inLanguage(r *http.Request, t rem.Text) string {
	if strings.HasPrefix(rem.FoldASCII(r.Header.Get("Accept-Language")), "en") {
		return t.English
	}
	return t.Turkish
}

// fault writes SOAP 1.1 4.4 or SOAP 1.2 5.4, by the form of the request.
func (h *Handler) fault(w http.ResponseWriter, r *http.Request, form *form, f *fault) {
	var b bytes.Buffer
	status := http.StatusInternalServerError // SOAP 1.1 6.2
	b.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n" + `<soap:Envelope xmlns:soap="` + form.space + `"><soap:Body><soap:Fault>`)
	if form == soap12 {
		if f.code == sender {
			status = http.StatusBadRequest
		}
		b.WriteString(`<soap:Code><soap:Value>soap:` + f.code + `</soap:Value></soap:Code><soap:Reason><soap:Text xml:lang="tr">`)
		escape(&b, f.text.Turkish)
		b.WriteString(`</soap:Text><soap:Text xml:lang="en">`)
		escape(&b, f.text.English)
		b.WriteString(`</soap:Text></soap:Reason>`)
	} else {
		code := map[string]string{sender: "Client", receiver: "Server"}[f.code]
		if code == "" {
			code = f.code
		}
		b.WriteString(`<faultcode>soap:` + code + `</faultcode><faultstring>`)
		escape(&b, inLanguage(r, f.text))
		b.WriteString(`</faultstring>`)
	}
	b.WriteString(`</soap:Fault></soap:Body></soap:Envelope>`)
	w.Header().Set("Content-Type", form.media+"; charset=utf-8")
	w.WriteHeader(status)
	h.put(w, b.Bytes())
}

// escape writes text; what XML cannot hold becomes U+FFFD.
func escape(w io.Writer, s string) { _ = xml.EscapeText(w, []byte(s)) } // fails only as w does, which the next write tells
