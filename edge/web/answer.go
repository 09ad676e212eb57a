package web

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rem"
	"rem/person/login"
	"rem/privacy"
)

// Errors that a handler may return and the frame has a page for.
var (
	// ErrNotFound: it is not there, or is another's: a visitor does not learn which.
	ErrNotFound = errors.New("there is no such page")
	// ErrForm: what was sent is nothing that a page of ours sends.
	ErrForm = errors.New("what was sent cannot be read")
	// ErrTooLarge: what was sent is larger than it may be.
	ErrTooLarge = errors.New("what was sent is too large")
	// ErrBusy: too much is going on at once.
	ErrBusy = errors.New("too much is going on")
)

// Forbidden says that the principal may not, and why where he is told.
type Forbidden struct{ Why rem.Text }

func (f *Forbidden) Error() string { return "not allowed: " + f.Why.English }

// An Answer is what a handler gives.
type Answer interface{ send(*Request) error }

// A Page is a template of the handler's package inside the frame.
type Page struct {
	// View is the template ([Views.Page]).
	View View
	// Title is the page's heading and, with the provider's name, the window's.
	Title rem.Text
	// Lead is a sentence under the heading; it may be empty.
	Lead rem.Text
	// Data is what the template is given.
	Data any
	// Form, where the page has one: its problems stand at the top, each leading to
	// its field, and the window's title says that there are some.
	Form *Form
	// Notices stand above the content.
	Notices []Notice
	// Steps shows where the visitor stands in something of several pages.
	Steps []Step
	// Script is one that the page needs.
	Script Script
	// Refresh is after how many seconds a browser that runs no scripts asks for the page
	// again; 0: it does not. The page offers a way to stop it (WCAG 2.2.2).
	Refresh int
	// Frames lets the page hold a [Framed] of ours.
	Frames bool
	// Wide lets tables have the whole width.
	Wide bool
	// Status is 200 where it is 0; 422 where the form has problems.
	Status int
}

func (p Page) send(r *Request) error {
	body, err := r.site.render(r, &p)
	if err != nil {
		return err
	}
	status := p.Status
	if status == 0 {
		status = http.StatusOK
		if p.Form != nil && !p.Form.Good() {
			status = http.StatusUnprocessableEntity
		}
	}
	h := r.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", string(r.Language))
	h.Set("Content-Security-Policy", policy(p.Script, p.Frames))
	h.Set("Permissions-Policy", permissions(p.Script == Passkey))
	r.cache()
	return r.write(status, body)
}

// cache lets a page that is for everybody, and was asked for by nobody in
// particular, be asked for again; everything else is not kept.
func (r *Request) cache() {
	if r.route != nil && r.route.Who.Public() && !r.Posted() && len(r.http.Header["Cookie"]) == 0 && len(r.cookies) == 0 {
		r.w.Header().Set("Cache-Control", "no-cache")
		return
	}
	r.w.Header().Set("Cache-Control", "no-store")
}

func (r *Request) write(status int, body []byte) error {
	r.sendCookies()
	h := r.w.Header()
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.route == nil || !r.route.Who.Public() {
		h.Set("X-Robots-Tag", "noindex")
	}
	r.w.WriteHeader(status)
	if r.http.Method != http.MethodHead {
		// Who does not take the answer is gone; there is nobody to tell.
		_, _ = r.w.Write(body)
	}
	return nil
}

// A Redirect leads to another page of ours, by GET (303).
type Redirect struct {
	// To is a path, without language, or one that [Request.Next] returned. It
	// comes from the program, never from what was sent.
	To string
}

func (d Redirect) send(r *Request) error {
	to := d.To
	if !r.site.local(to) {
		to = r.Link(d.To)
	}
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsFunc(to, notPrintable) || u.Host != "" {
		return errors.New("a page leads to an address that is not ours")
	}
	r.w.Header().Set("Location", to)
	r.w.Header().Set("Cache-Control", "no-store")
	return r.write(http.StatusSeeOther, nil)
}

// A Download is a file, shown or kept by the browser.
type Download struct {
	// Name is what the file is called; "" shows it in the browser, for text alone.
	Name string
	// Type is its media type.
	Type string
	// Body is the whole.
	Body []byte
	// Forever marks what an address means for ever and everybody may read.
	Forever bool
}

func (d Download) send(r *Request) error {
	h := r.w.Header()
	h.Set("Content-Type", d.Type)
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	if d.Name != "" {
		h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	} else if !strings.HasPrefix(d.Type, "text/plain") {
		return fmt.Errorf("a file of type %s has no name", d.Type)
	}
	r.cache()
	if d.Forever && r.route.Who.Public() {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	return r.write(http.StatusOK, d.Body)
}

// A Framed is a document that somebody else wrote and that was made safe, for a
// frame of a page of ours ([Page.Frames]). Its policy has to sandbox it: it is of
// no origin, holds no script and asks for nothing.
type Framed struct {
	Document string
	// Policy is its content security policy.
	Policy string
}

func (d Framed) send(r *Request) error {
	if !strings.HasPrefix(d.Policy, "sandbox") || strings.Contains(d.Policy, "allow-scripts") || strings.Contains(d.Policy, "allow-same-origin") {
		return errors.New("a document of somebody else is not in a sandbox")
	}
	h := r.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", d.Policy)
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cache-Control", "no-store")
	return r.write(http.StatusOK, []byte(d.Document))
}

// A JSON is an answer to a script of ours.
type JSON struct {
	Value any
	// Status is 200 where it is 0.
	Status int
}

func (d JSON) send(r *Request) error {
	body, err := json.Marshal(d.Value)
	if err != nil {
		return err
	}
	h := r.w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Cache-Control", "no-store")
	return r.write(max(d.Status, http.StatusOK), body)
}

// A Stream is a large file that is sent as it is read.
type Stream struct {
	Name string
	Type string
	Size int64 // -1 when it is not known
	io.ReadCloser
}

func (d Stream) send(r *Request) error {
	defer d.Close()
	r.sendCookies()
	h := r.w.Header()
	h.Set("Content-Type", d.Type)
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": d.Name}))
	h.Set("Cache-Control", "no-store")
	if d.Size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(d.Size, 10))
	}
	r.w.WriteHeader(http.StatusOK)
	if r.http.Method == http.MethodHead {
		return nil
	}
	control := http.NewResponseController(r.w)
	buffer := make([]byte, 64<<10)
	for {
		n, err := d.Read(buffer)
		if n > 0 {
			// Whoever takes a part each minute may take the whole.
			_ = control.SetWriteDeadline(time.Now().Add(time.Minute))
			if _, err := r.w.Write(buffer[:n]); err != nil {
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			// The answer has begun; only its end can tell that it is not whole.
			r.site.config.Log.Error("a file broke off", "request", r.ID, "route", r.routeName(), "err", err)
			panic(http.ErrAbortHandler)
		}
	}
}

var wrongOrigin = rem.Text{
	Turkish: "Bu işlem başka bir sitenin sayfasından gönderilmiş görünüyor. Sayfayı adres satırından açıp yeniden deneyin.",
	English: "This seems to have been sent from a page of another site. Open the page from the address bar and try again.",
}

// refuse answers an error of a handler.
func (s *Site) refuse(r *Request, err error) {
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		s.fail(r, http.StatusUnprocessableEntity, &refusal.Detail)
		return
	}
	if f, ok := errors.AsType[*Forbidden](err); ok {
		s.fail(r, http.StatusForbidden, &f.Why)
		return
	}
	if many, ok := errors.AsType[*login.TooMany](err); ok {
		r.w.Header().Set("Retry-After", strconv.Itoa(int(many.Wait/time.Second)+1))
		s.fail(r, http.StatusTooManyRequests, nil)
		return
	}
	for _, known := range []struct {
		err    error
		status int
	}{
		{ErrNotFound, http.StatusNotFound}, {ErrForm, http.StatusBadRequest}, {ErrTooLarge, http.StatusRequestEntityTooLarge}, {ErrBusy, http.StatusServiceUnavailable},
	} {
		if errors.Is(err, known.err) {
			s.fail(r, known.status, nil)
			return
		}
	}
	if r.http.Context().Err() == nil {
		s.config.Log.Error("a page failed", "request", r.ID, "route", r.routeName(), "err", err)
	}
	s.fail(r, http.StatusInternalServerError, nil)
}

// failures are the pages for what goes wrong.
var failures = map[int]struct{ title, text rem.Text }{
	http.StatusBadRequest: {
		rem.Text{Turkish: "Gönderilen okunamadı", English: "What was sent cannot be read"},
		rem.Text{Turkish: "Tarayıcınızın gönderdiği bilgi bu sayfanın formuna uymuyor. Sayfayı yeniden açıp tekrar deneyin.", English: "What your browser sent does not fit this page's form. Open the page anew and try again."},
	},
	http.StatusForbidden: {
		rem.Text{Turkish: "Bu sayfa için yetkiniz yok", English: "You may not use this page"},
		rem.Text{Turkish: "Bu işlemi bu oturumla yapamazsınız.", English: "This cannot be done with this session."},
	},
	http.StatusNotFound: {
		rem.Text{Turkish: "Sayfa bulunamadı", English: "There is no such page"},
		rem.Text{Turkish: "Adres yanlış yazılmış ya da sayfa kaldırılmış olabilir. Ana sayfadan devam edebilirsiniz.", English: "The address may be misspelt, or the page is gone. You can go on from the first page."},
	},
	http.StatusMethodNotAllowed: {
		rem.Text{Turkish: "Bu adres böyle açılmaz", English: "This address is not opened so"},
		rem.Text{Turkish: "Sayfayı bağlantısından açın.", English: "Open the page from its link."},
	},
	http.StatusRequestEntityTooLarge: {
		rem.Text{Turkish: "Gönderilen çok büyük", English: "Too large"},
		rem.Text{Turkish: "Gönderdiğiniz dosya ya da metin izin verilenden büyük.", English: "The file or the text that you sent is larger than it may be."},
	},
	http.StatusRequestURITooLong: {
		rem.Text{Turkish: "Adres çok uzun", English: "The address is too long"},
		rem.Text{Turkish: "Bizim sayfalarımızın bu kadar uzun adresi yoktur.", English: "None of our pages has such a long address."},
	},
	http.StatusMisdirectedRequest: {
		rem.Text{Turkish: "Bu ad burada sunulmuyor", English: "This name is not served here"},
		rem.Text{Turkish: "Sayfalarımızı kendi adresinden açın.", English: "Open our pages at their own address."},
	},
	http.StatusUnprocessableEntity: {
		rem.Text{Turkish: "Bu işlem kabul edilmedi", English: "This was not accepted"},
		rem.Text{},
	},
	http.StatusTooManyRequests: {
		rem.Text{Turkish: "Çok fazla deneme yapıldı", English: "Too many attempts"},
		rem.Text{Turkish: "Ağınızdan kısa sürede çok fazla deneme geldi. Biraz bekleyip yeniden deneyin.", English: "Too many attempts came from your network in a short time. Wait a little and try again."},
	},
	http.StatusInternalServerError: {
		rem.Text{Turkish: "Bizden kaynaklanan bir sorun oldu", English: "Something went wrong on our side"},
		rem.Text{Turkish: "İşleminiz tamamlanmamış olabilir. Biraz sonra yeniden deneyin; sorun sürerse bize aşağıdaki numarayı bildirin.", English: "What you did may not be complete. Try again in a while; if it goes on, tell us the number below."},
	},
	http.StatusServiceUnavailable: {
		rem.Text{Turkish: "Şu anda çok yoğunuz", English: "We are very busy at the moment"},
		rem.Text{Turkish: "Biraz sonra yeniden deneyin.", English: "Please try again in a while."},
	},
}

// fail writes the page of a failure. why takes the place of its text.
func (s *Site) fail(r *Request, status int, why *rem.Text) {
	f, ok := failures[status]
	if !ok {
		f = failures[http.StatusInternalServerError]
	}
	text := f.text
	if why != nil && *why != (rem.Text{}) {
		text = *why
	}
	if status == http.StatusServiceUnavailable {
		r.w.Header().Set("Retry-After", "30")
	}
	// A form that was sent is not read any further, and the connection ends.
	if r.http.Method == http.MethodPost && r.route == nil {
		r.w.Header().Set("Connection", "close")
	}
	data := struct {
		Text   rem.Text
		Number string
	}{text, ""}
	if status >= 500 && status != http.StatusServiceUnavailable {
		data.Number = r.ID
	}
	body, err := s.render(r, &Page{View: ours.Page("failure"), Title: f.title, Data: data})
	if err != nil {
		s.config.Log.Error("the page of a failure failed", "request", r.ID, "err", err)
		body = []byte(privacy.Turkish.In(f.title) + " / " + privacy.English.In(f.title) + "\n" + r.ID + "\n")
		r.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	} else {
		r.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	}
	h := r.w.Header()
	h.Set("Content-Security-Policy", policy("", false))
	h.Set("Cache-Control", "no-store")
	h.Del("Content-Disposition")
	h.Set("X-Robots-Tag", "noindex")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	r.sendCookies()
	r.w.WriteHeader(status)
	if r.http.Method != http.MethodHead {
		_, _ = r.w.Write(body) // he may be gone
	}
}

// render makes the whole of a page before anything of it is sent.
func (s *Site) render(r *Request, p *Page) ([]byte, error) {
	if p.View.set == nil {
		return nil, errors.New("a page has no template")
	}
	t, err := p.View.set.page(r.Language, p.View.name)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	if err := t.ExecuteTemplate(&b, "layout", s.layout(r, p)); err != nil {
		return nil, fmt.Errorf("writing the page %s: %w", p.View.name, err)
	}
	return b.Bytes(), nil
}
