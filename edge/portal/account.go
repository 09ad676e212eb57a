package portal

import (
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"strings"

	"rem"
	"rem/edge/web"
	"rem/person/account"
	"rem/privacy"
)

var stateTexts = map[account.State]rem.Text{
	account.Open:        text("Açık", "Open"),
	account.SendBlocked: text("Gönderime kapalı", "Blocked for sending"),
	account.Suspended:   text("Askıda", "Suspended"),
	account.Closed:      text("Kapalı", "Closed"),
}

func stateCell(a *account.Account) web.Cell {
	c := web.Cell{Say: stateTexts[a.State], Badge: true, Tone: web.Good}
	if a.State != account.Open {
		c.Tone = web.Attention
	}
	return c
}

// overview is the first page of an account.
type overview struct {
	Facts   []web.Fact
	Actions []web.Card
	Restore *web.Action
}

// used says how full a mailbox is, as each language writes numbers; quota 0: nothing
// bounds it.
func used(bytes, quota int64, percent int) rem.Text {
	const mega = 1 << 20
	size := fmt.Sprintf("%.1f", float64(bytes)/mega)
	comma := strings.Replace(size, ".", ",", 1)
	if quota <= 0 {
		return text(comma+" MB", size+" MB")
	}
	return text(fmt.Sprintf("%%%d (%s / %.0f MB)", percent, comma, float64(quota)/mega), fmt.Sprintf("%d%% (%s / %.0f MB)", percent, size, float64(quota)/mega))
}

func (p *pages) account(v *visit) (web.Answer, error) {
	a := &v.account
	usage, err := p.Accounts.Usage(v.Context(), a.ID)
	if err != nil {
		return nil, err
	}
	full := web.Cell{Say: used(usage.Bytes, usage.Quota, usage.Percent())}
	o := overview{Facts: []web.Fact{
		{Term: text("KEP adresi", "Registered address"), Value: web.Cell{Text: a.Address.String(), Code: true}},
		{Term: text("Durum", "State"), Value: stateCell(a)},
		{Term: text("Hizmet", "Service"), Value: web.Cell{Say: service(a)}},
		{Term: text("Açılış", "Opened"), Value: web.Cell{Time: a.Created, Day: true}},
		{Term: text("Süre sonu", "End of the term"), Value: web.Cell{Time: a.Until, Day: true}},
		{Term: text("Posta kutusu", "Mailbox"), Value: full, Help: text("Kutu dolsa da ileti alımı durmaz.", "Messages are received even when the mailbox is full.")},
		{Term: text("İletiler", "Messages"), Value: web.Cell{Text: fmt.Sprint(usage.Messages)}},
	}}
	if v.may.Has(account.Contract) {
		o.Actions = append(o.Actions, web.Card{Title: text("Süreyi uzat", "Renew"), Text: text("Hesabın süresini bir dönem uzatır.", "Extends the term by another one."), Path: "/account/renew"})
		if a.State == account.Open {
			o.Actions = append(o.Actions, web.Card{Title: text("Gönderimi kapat", "Block sending"), Text: text("Alım sürer; yeniden açabilirsiniz.", "Receiving goes on; you can open it again."), Path: "/account/block"})
		}
		if a.State == account.SendBlocked && a.Standing.Reason == account.ByRequest {
			o.Restore = &web.Action{Path: "/account/restore", Button: text("Gönderimi yeniden aç", "Open sending again")}
		}
		o.Actions = append(o.Actions, web.Card{Title: text("Hesabı kapat", "Close the account"), Text: text("Geri alınamaz; deliller saklanmaya devam eder.", "Cannot be taken back; evidence is kept."), Path: "/account/close"})
	}
	if p.Switch != nil {
		all, err := p.accountsOf(v.Request)
		if err != nil {
			return nil, err
		}
		if len(all) > 1 {
			o.Actions = append(o.Actions, web.Card{Title: text("Başka hesaba geç", "Change to another account"), Text: text("Yetkili olduğunuz öteki hesaplar.", "The other accounts on which you can act."), Path: "/account/choose"})
		}
	}
	return web.Page{View: p.views.Page("account"), Title: text("Hesap", "Account"), Data: o}, nil
}

func service(a *account.Account) rem.Text {
	if a.ReceiveOnly {
		return text("yalnız alıcı", "receive-only")
	}
	return text("gönderici ve alıcı", "send and receive")
}

// contract lets only those to a page who decide on the contract.
func contract(v *visit) error {
	if !v.may.Has(account.Contract) {
		return &web.Forbidden{Why: text("Bu işlem için sözleşme yetkisi gerekir.", "This needs the permission to decide on the contract.")}
	}
	return nil
}

func (p *pages) renewing(v *visit) (web.Answer, error) { return p.renewPage(v, web.NewForm(nil)) }

func (p *pages) renewPage(v *visit, f *web.Form) (web.Answer, error) {
	if err := contract(v); err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Süreyi uzat", "Renew"), Text: text("Hesabın süresi, şimdiki sürenin bitiminden başlayarak bir dönem uzar.", "The account gets a further term, which begins where this one ends."),
		Facts: []web.Fact{{Term: text("Şimdiki süre sonu", "Present end"), Value: web.Cell{Time: v.account.Until, Day: true}}},
		Form:  f, Path: "/account/renew", Button: text("Uzat", "Renew"), Back: "/account",
	}.Page(), nil
}

func (p *pages) renew(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err == nil {
		err = p.Keeper.Renew(v.Context(), v.by(), v.account.ID)
	}
	if err == nil {
		return web.Redirect{To: "/account"}, nil
	}
	if f == nil {
		return nil, err
	}
	if err := told(f, "", err); err != nil {
		return nil, err
	}
	return p.renewPage(v, f)
}

func (p *pages) blocking(v *visit) (web.Answer, error) { return p.blockPage(v, web.NewForm(nil)) }

func (p *pages) blockPage(v *visit, f *web.Form) (web.Answer, error) {
	if err := contract(v); err != nil {
		return nil, err
	}
	return web.Confirm{
		Title: text("Gönderimi kapat", "Block sending"), Text: text("Bu hesaptan kimse ileti gönderemez; gelen iletiler alınır ve okunur. İstediğinizde yeniden açarsınız.", "Nobody can send from this account; messages are received and read. You open it again when you want."),
		Form: f, Path: "/account/block", Button: text("Gönderimi kapat", "Block sending"), Back: "/account",
	}.Page(), nil
}

func (p *pages) block(v *visit) (web.Answer, error) {
	return p.move(v, account.Block, p.blockPage)
}

func (p *pages) restore(v *visit) (web.Answer, error) {
	return p.move(v, account.Restore, p.blockPage)
}

// move carries an event out at the holder's request.
func (p *pages) move(v *visit, e account.Event, again func(*visit, *web.Form) (web.Answer, error)) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	err = p.Keeper.Move(v.Context(), v.by(), v.account.ID, e, account.ByRequest)
	if err == nil {
		return web.Redirect{To: "/account"}, nil
	}
	if err := told(f, "", err); err != nil {
		return nil, err
	}
	return again(v, f)
}

func (p *pages) closing(v *visit) (web.Answer, error) { return p.closePage(v, web.NewForm(nil)) }

func (p *pages) closePage(v *visit, f *web.Form) (web.Answer, error) {
	if err := contract(v); err != nil {
		return nil, err
	}
	c := web.Confirm{
		Title: text("Hesabı kapat", "Close the account"),
		Text:  text("Hesap kapanınca kimse giriş yapamaz, ileti alınmaz ve gönderilmez; adres başkasına verilmez. Deliller ve kanuni kayıtlar en az yirmi yıl saklanır. Saklamak istediğiniz iletileri önce posta programınızla alın. Bu işlem geri alınamaz.", "Once it is closed nobody can log in, nothing is received or sent, and the address is given to nobody else. Evidence and the records that the law asks for are kept for at least twenty years. Take the messages that you want to keep with your mail program first. This cannot be taken back."),
		Facts: []web.Fact{{Term: text("KEP adresi", "Registered address"), Value: web.Cell{Text: v.account.Address.String(), Code: true}}},
		Fields: []web.Field{f.Field(web.Field{
			Name: "address", Label: text("Kapatmak için adresi yazın", "To close it, type the address"), Max: 254,
		})},
		Form: f, Path: "/account/close", Button: text("Hesabı kapat", "Close the account"), Danger: true, Back: "/account",
	}
	if p.Export != "" {
		c.Facts = append(c.Facts, web.Fact{Term: text("Her şeyi yanınıza alın", "Take everything along"), Value: web.Cell{Say: text("İletileri ve delilleri dışa aktarma sayfası", "The page that exports messages and evidence"), Path: p.Export},
			Help: text("Hesap kapandıktan sonra bu sayfa açılmaz; önce dışa aktarın.", "Once the account is closed this page does not open any more; export first.")})
	}
	return c.Page(), nil
}

func (p *pages) close(v *visit) (web.Answer, error) {
	f, err := v.Form()
	if err != nil {
		return nil, err
	}
	if typed, err := rem.ParseAddress(strings.TrimSpace(f.Get("address"))); err != nil || typed != v.account.Address {
		f.Fail("address", text("Adres bu hesabın adresi değil.", "This is not the account's address."))
		return p.closePage(v, f)
	}
	if err := p.Keeper.Move(v.Context(), v.by(), v.account.ID, account.Close, account.ByRequest); err != nil {
		if err := told(f, "", err); err != nil {
			return nil, err
		}
		return p.closePage(v, f)
	}
	v.Close()
	return web.Redirect{To: "/logged-out"}, nil
}

// program is the page for mail programs.
type program struct {
	Facts    []web.Fact
	Password string // a new one, shown once
	May      bool
}

func (p *pages) mailPage(v *visit, password string) (web.Answer, error) {
	m := program{Password: password, May: v.account.State.Allows(account.Read) && v.may&(account.Reading|account.Sending|account.Preparing) != 0}
	m.Facts = []web.Fact{
		{Term: text("Gönderme sunucusu (SMTP, TLS)", "Server for sending (SMTP, TLS)"), Value: web.Cell{Text: p.Server, Code: true}},
		{Term: text("Kullanıcı adı", "User name"), Value: web.Cell{Text: v.account.Address.String(), Code: true}},
		{Term: text("Parola", "Password"), Value: web.Cell{Say: text("aşağıda üretilen uygulama parolası; web parolanız burada geçmez", "the application password made below; your web password does not work here")}},
	}
	if p.Reader != "" {
		m.Facts = append(m.Facts, web.Fact{
			Term: text("Okuma sunucusu (IMAP, TLS)", "Server for reading (IMAP, TLS)"), Value: web.Cell{Text: p.Reader, Code: true},
			Help: text("Gövdesi alınan ileti okunmuş sayılır ve okundu delili oluşur.", "A message whose body is fetched is opened, which makes evidence of retrieval."),
		})
	}
	return web.Page{
		View: p.views.Page("mail"), Title: text("Posta programı", "Mail program"), Data: m,
		Lead: text("İmzalı iletilerinizi alıştığınız posta programından gönderin.", "Send your signed messages from the mail program that you are used to."),
	}, nil
}

func (p *pages) mail(v *visit) (web.Answer, error) { return p.mailPage(v, "") }

// newPassword makes an application password of the person who asks. It is shown
// once; an earlier one ends.
func (p *pages) newPassword(v *visit) (web.Answer, error) {
	if _, err := v.Form(); err != nil {
		return nil, err
	}
	b := make([]byte, 20)
	rand.Read(b)
	password := base32.NewEncoding("abcdefghijkmnpqrstuvwxyz23456789").WithPadding(base32.NoPadding).EncodeToString(b)
	hash, err := p.Hasher.Hash(v.Context(), password)
	if err != nil {
		return nil, err
	}
	if err := p.Accounts.SetPassword(v.Context(), v.account.ID, v.Principal.Person(), hash); err != nil {
		return nil, err
	}
	return p.mailPage(v, password)
}

// open opens values of the account's people for who looks; a zero one is "".
func (p *pages) open(v *visit, items []privacy.Item) ([]string, error) {
	values, err := p.Vault.OpenAll(v.Context(), v.access(privacy.AccountUse), items)
	if err != nil {
		return nil, err
	}
	list := make([]string, len(values))
	for i := range values {
		list[i] = values[i].Text()
	}
	return list, nil
}
