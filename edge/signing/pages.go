package signing

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/message/signing"
	"rem/privacy"
)

// access is how a session asks for a request.
func access(r *web.Request) signing.Access {
	s := r.Principal.Session
	return signing.Access{ID: signing.ID(r.Var("id")), Actor: rem.Actor{Account: s.Account, Person: s.Who.Person}}
}

// begin makes a request of the drafts that compose names.
func (p *pages) begin(r *web.Request) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	names := f.All("draft")
	if len(names) == 0 || len(names) > signing.MaxBatch {
		return nil, web.ErrForm
	}
	who, err := p.Login(r.Context(), r.Principal.Session)
	if err != nil {
		return nil, err
	}
	var drafts []signing.Draft
	for _, name := range names {
		d, err := p.Draft(r.Context(), who.Actor, name)
		if err != nil {
			for _, d := range drafts {
				err = errors.Join(err, d.Close())
			}
			return nil, err
		}
		drafts = append(drafts, d)
	}
	v, err := p.Desk.Begin(r.Context(), who, drafts)
	if err != nil {
		return nil, err
	}
	return web.Redirect{To: "/sign/" + string(v.ID)}, nil
}

// shown is one message as a page shows it.
type shown struct {
	Number int
	Title  string
	Facts  []web.Fact
	Path   string // of the request
	Outcome
	Upload web.Field
}

// An Outcome is what became of a message, in words.
type Outcome struct {
	Tone web.Tone
	Word rem.Text
	Why  rem.Text
}

type requestPage struct {
	Path   string
	Items  []shown
	Until  web.Cell
	Sign   string // JSON for signing.js
	Batch  bool
	OnePIN bool
	Phone  *way // nil: not offered
}

func (p *pages) request(r *web.Request) (web.Answer, error) {
	v, err := p.Desk.View(access(r))
	if err != nil {
		return nil, err
	}
	if v.Done() {
		return web.Redirect{To: "/sign/" + string(v.ID) + "/result"}, nil
	}
	if v.Mobile != nil && v.Mobile.Stage.Active() {
		return web.Redirect{To: "/sign/" + string(v.ID) + "/telephone"}, nil
	}
	page, err := p.page(r, v)
	if err != nil {
		return nil, err
	}
	return page, nil
}

func (p *pages) page(r *web.Request, v signing.View) (page web.Page, err error) {
	path := "/sign/" + string(v.ID)
	sign, err := p.forScript(r, v)
	if err != nil {
		return page, err
	}
	d := requestPage{Path: path, Until: web.Cell{Time: v.Until}, Sign: sign, Batch: len(v.Items) > 1, OnePIN: v.OnePIN}
	for n := range v.Items {
		d.Items = append(d.Items, p.item(r, v, n))
	}
	if d.Phone, err = p.byTelephone(r, v); err != nil {
		return page, err
	}
	return web.Page{
		View: views.Page("request"), Title: text("İmzala ve gönder", "Sign and send"), Script: web.Signing, Data: d,
		Lead: text("Aşağıdakini imzalarsanız ileti hemen, zamanladıysanız o zaman gönderilir; gönderilen ileti geri alınamaz.", "If you sign what is below, it is sent at once, or at the time that you chose; what was sent cannot be recalled."),
	}, nil
}

// untitled stands for a subject that is empty.
var untitled = text("(konusuz)", "(no subject)")

// item shows one message of a request.
func (p *pages) item(r *web.Request, v signing.View, n int) shown {
	i := v.Items[n]
	s := shown{
		Number: n + 1, Path: "/sign/" + string(v.ID) + "/" + strconv.Itoa(n), Title: i.Subject,
		Facts: []web.Fact{
			{Term: text("Gönderici", "From"), Value: web.Cell{Text: i.From}},
			{Term: text("Kime", "To"), Value: web.Cell{Text: strings.Join(i.To, ", ")}},
		},
		Upload: web.Field{Name: "signed", Type: web.FileInput, Accept: ".eml", Label: text("İmzalanmış ileti (.eml)", "The signed message (.eml)")},
	}
	if len(i.Cc) > 0 {
		s.Facts = append(s.Facts, web.Fact{Term: text("Bilgi", "Cc"), Value: web.Cell{Text: strings.Join(i.Cc, ", ")}})
	}
	s.Facts = append(s.Facts,
		web.Fact{Term: text("Boyut", "Size"), Value: web.Cell{Text: size(i.Size, r.Language)}},
		web.Fact{Term: text("İmzalanan bölümün özeti (SHA-256)", "Digest of the part that is signed (SHA-256)"), Value: web.Cell{Text: i.Digest.String(), Code: true}})
	if s.Title == "" {
		s.Title = r.Say(untitled)
	}
	if o := i.Outcome; o != nil {
		s.Outcome = Outcome{web.Good, text("Gönderildi", "Sent"), rem.Text{}}
		switch {
		case o.Refusal == nil && o.Message == "":
			s.Outcome = Outcome{web.Info, text("Zamanını bekliyor", "Waits for its time"), text("İmzalandı; seçilen zamanda gönderilecek. O zamana kadar taslaklarınızdan vazgeçebilirsiniz.", "It is signed and will be sent at the chosen time. Until then you can take it back from your drafts.")}
		case o.Refusal != nil:
			s.Outcome = Outcome{web.Bad, text("Kabul edilmedi", "Not accepted"), o.Refusal.Detail}
		}
	}
	return s
}

func size(n int64, l privacy.Language) string {
	comma := ","
	if l == privacy.English {
		comma = "."
	}
	if n < 1<<20 {
		return strings.Replace(fmt.Sprintf("%.1f KB", float64(n)/1024), ".", comma, 1)
	}
	return strings.Replace(fmt.Sprintf("%.1f MB", float64(n)/(1<<20)), ".", comma, 1)
}

// forScript is what signing.js is told.
func (p *pages) forScript(r *web.Request, v signing.View) (string, error) {
	path := r.Link("/sign/" + string(v.ID))
	texts := map[string]string{}
	for name, t := range said {
		texts[name] = r.Say(t)
	}
	b, err := json.Marshal(map[string]any{
		"request": v.ID, "language": r.Language, "texts": texts, "show": Show(v),
		"actions": map[string]string{"certificate": path + "/certificate", "signatures": path + "/signatures", "result": path + "/result"},
	})
	return string(b), err
}

// said are the sentences of signing.js.
var said = map[string]rem.Text{
	"seeking":   text("remsign aranıyor…", "Looking for remsign…"),
	"absent":    text("Bu bilgisayarda çalışan remsign bulunamadı. Başlatın (remsign serve) ve yeniden deneyin, ya da aşağıdaki “tek kullanımlık kod” yolunu kullanın.", "No remsign was found running on this computer. Start it (remsign serve) and try again, or use the way “one-time code” below."),
	"stranger":  text("Bu bilgisayarda yanıt veren program, eşleştiğiniz remsign değil. Devam edilmedi.", "The program that answers on this computer is not the remsign that you paired with. Nothing was done."),
	"server":    text("Sunucu beklenen yanıtı vermedi. Oturumunuz kapanmış olabilir; sayfayı yenileyin.", "The server did not answer as expected. You may be logged out; reload the page."),
	"failed":    text("İmzalama tamamlanamadı. remsign penceresine bakın ve yeniden deneyin.", "Signing could not be completed. Look at remsign's window and try again."),
	"pair":      text("remsign penceresinde görünen eşleştirme kodunu yazın. Bu, tarayıcı başına bir kez yapılır.", "Type the pairing code that remsign shows. This is done once for each browser."),
	"none":      text("Takılı kartta ya da jetonda imzalama sertifikası bulunamadı.", "No signing certificate was found on a card or token."),
	"choose":    text("Hangi sertifikayla imzalayacaksınız?", "With which certificate will you sign?"),
	"until":     text("son geçerlilik", "valid until"),
	"preparing": text("İmzalanacak veri hazırlanıyor…", "Preparing what is to be signed…"),
	"signing":   text("remsign penceresinde gösterileni okuyun, onaylayın ve PIN'inizi orada yazın.", "Read what remsign's window shows, confirm it, and type your PIN there."),
	"sending":   text("İmza doğrulanıyor ve ileti gönderiliyor…", "The signature is verified and the message sent…"),
}

// certificate answers signing.js with what a certificate would sign.
func (p *pages) certificate(r *web.Request) (web.Answer, error) {
	return p.toScript(r, "chain", func(chain [][]byte) (any, error) {
		c, err := p.Desk.Choose(r.Context(), access(r), chain)
		if err != nil {
			return nil, err
		}
		return ChoiceOf(c), nil
	})
}

// signatures takes what remsign made.
func (p *pages) signatures(r *web.Request) (web.Answer, error) {
	return p.toScript(r, "value", func(values [][]byte) (any, error) {
		v, err := p.Desk.Complete(r.Context(), access(r), values)
		if err != nil {
			return nil, err
		}
		return ResultsOf(v), nil
	})
}

func (p *pages) toScript(r *web.Request, field string, do func([][]byte) (any, error)) (web.Answer, error) {
	f, err := r.Form()
	if err != nil {
		return nil, err
	}
	values, err := decode(f.All(field))
	if err != nil {
		return nil, web.ErrForm
	}
	answer, err := do(values)
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		return web.JSON{Status: 422, Value: Problem{Code: string(refusal.Reason), Text: Words(refusal.Detail)}}, nil
	}
	if err != nil {
		return nil, err
	}
	return web.JSON{Value: answer}, nil
}

func decode(list []string) ([][]byte, error) {
	if len(list) > signing.MaxBatch {
		return nil, errors.New("too many values")
	}
	out := make([][]byte, len(list))
	for i, s := range list {
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return nil, err
		}
		out[i] = b
	}
	return out, nil
}

type codePage struct {
	Code, Command, Path string
	Until               web.Cell
}

// code shows a code, on this page and never again.
func (p *pages) code(r *web.Request) (web.Answer, error) {
	code, err := p.Desk.Code(access(r))
	if err != nil {
		return nil, err
	}
	v, err := p.Desk.View(access(r))
	if err != nil {
		return nil, err
	}
	return web.Page{
		View: views.Page("code"), Title: text("Tek kullanımlık kod", "One-time code"),
		Data: codePage{Code: code, Command: "remsign sign --at " + p.Base + " --code " + code, Path: "/sign/" + string(v.ID), Until: web.Cell{Time: v.Until}},
	}, nil
}

type resultPage struct {
	Items      []shown
	Waiting    bool
	Path, Sent string
}

func (p *pages) result(r *web.Request) (web.Answer, error) {
	v, err := p.Desk.View(access(r))
	if err != nil {
		return nil, err
	}
	d := resultPage{Path: "/sign/" + string(v.ID), Sent: p.Sent, Waiting: !v.Done()}
	for n := range v.Items {
		d.Items = append(d.Items, p.item(r, v, n))
	}
	return web.Page{View: views.Page("result"), Title: text("İmzalama sonucu", "Result of signing"), Data: d}, nil
}

func (p *pages) cancel(r *web.Request) (web.Answer, error) {
	if err := p.Desk.Cancel(access(r)); err != nil {
		return nil, err
	}
	return web.Redirect{To: p.Back}, nil
}

func number(r *web.Request) (int, error) {
	n, err := strconv.Atoi(r.Var("n"))
	if err != nil || n < 0 || n > signing.MaxBatch || strconv.Itoa(n) != r.Var("n") {
		return 0, web.ErrNotFound
	}
	return n, nil
}

// unsigned gives a message for signing in another program.
func (p *pages) unsigned(r *web.Request) (web.Answer, error) {
	n, err := number(r)
	if err != nil {
		return nil, err
	}
	src, err := p.Desk.Unsigned(access(r), n)
	if err != nil {
		return nil, err
	}
	return web.Stream{Name: fmt.Sprintf("imzasiz-%d.eml", n+1), Type: "message/rfc822", Size: src.Size(), ReadCloser: struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(src, 0, src.Size()), src}}, nil
}

// upload takes a message that was signed in another program. It lies in a file
// without a name until the answer is written.
func (p *pages) upload(r *web.Request) (web.Answer, error) {
	n, err := number(r)
	if err != nil {
		return nil, err
	}
	if _, err := p.Desk.View(access(r)); err != nil {
		return nil, err
	}
	file, err := os.CreateTemp("", "signed-*.eml")
	if err != nil {
		return nil, fmt.Errorf("keeping an upload: %w", err)
	}
	defer file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return nil, fmt.Errorf("keeping an upload: %w", err)
	}
	var length int64
	_, err = r.Upload(func(_ *web.Form, part web.File) (err error) {
		if part.Field != "signed" || length > 0 {
			return web.ErrForm
		}
		length, err = io.Copy(file, part)
		return err
	})
	if err != nil {
		return nil, err
	}
	if length == 0 {
		return nil, rem.Refuse(rem.InvalidMessageFormat, "İmzalanmış iletiyi seçin; dosya boş olabilir.", "Choose the signed message; the file may be empty.")
	}
	v, err := p.Desk.Upload(r.Context(), access(r), n, io.NewSectionReader(file, 0, length))
	if err != nil {
		return nil, err
	}
	if v.Done() {
		return web.Redirect{To: "/sign/" + string(v.ID) + "/result"}, nil
	}
	return web.Redirect{To: "/sign/" + string(v.ID)}, nil
}
