package login

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"rem"
	"rem/privacy"
)

// The sealed fields, by their names in the inventory.
const (
	fieldTOTP        privacy.FieldID = "login.Person.TOTP"
	fieldProposed    privacy.FieldID = "login.Person.Proposed"
	fieldPasskeyName privacy.FieldID = "login.Passkey.Name"
	fieldAgent       privacy.FieldID = "login.Device.Agent"
	fieldWhere       privacy.FieldID = "login.Event.Where"
)

func (s *Service) seal(ctx context.Context, who Who, f privacy.FieldID, text string, from privacy.Provenance) (privacy.SealedValue, error) {
	v, err := s.Vault.Seal(ctx, who.Person, f, privacy.NewValue(text, from))
	if err != nil {
		return privacy.SealedValue{}, fmt.Errorf("sealing what a log-in keeps: %w", err)
	}
	return v, nil
}

// event makes an entry of the history, with where the visitor is.
func (s *Service) event(ctx context.Context, who Who, v Visitor, what News, m Method, o Outcome) (Event, error) {
	e := s.eventWithout(who, what)
	e.Method, e.Outcome = m, o
	address := ""
	if v.Address.IsValid() {
		address = v.Address.Unmap().WithZone("").String()
	}
	var err error
	e.Where, err = s.seal(ctx, who, fieldWhere, address+"\n"+agentOf(v.Agent), privacy.ByDerivation(e.At))
	return e, err
}

// eventWithout makes one that the person had no hand in.
func (s *Service) eventWithout(who Who, what News) Event {
	now := s.Clock.Now()
	return Event{ID: s.newEventID(now), Who: who, At: now, What: what, Outcome: Changed}
}

// agents and systems are what is kept of a browser's long name: enough to know
// one's own again, too little to tell one person of thousands from another. The
// first that is found counts; those that others pretend to be stand last.
var (
	agents = []struct{ sign, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"YaBrowser", "Yandex"}, {"SamsungBrowser", "Samsung Internet"},
		{"Firefox", "Firefox"}, {"FxiOS", "Firefox"}, {"CriOS", "Chrome"}, {"Chrome", "Chrome"}, {"Safari", "Safari"},
	}
	systems = []struct{ sign, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"CrOS", "ChromeOS"}, {"Linux", "Linux"},
	}
)

// agentOf makes "Firefox, Windows" of the header field User-Agent.
func agentOf(header string) string {
	const unknown = "?"
	agent, system := unknown, unknown
	for _, a := range agents {
		if strings.Contains(header, a.sign) {
			agent = a.name
			break
		}
	}
	for _, a := range systems {
		if strings.Contains(header, a.sign) {
			system = a.name
			break
		}
	}
	return agent + ", " + system
}

// An Entry is one of the history, opened for its person (REQ-45).
type Entry struct {
	Event
	Address string // of the network
	Agent   string // such as "Firefox, Windows"
}

// maxPage bounds what a page shows at once.
const maxPage = 100

// History opens the history of x's person before an entry, newest first; the zero
// EventID: from the newest. The access log gets its entry first.
func (s *Service) History(ctx context.Context, x Session, before EventID, limit int) ([]Entry, error) {
	if x.Level < TwoFactors {
		return nil, ErrNotForKind
	}
	events, err := s.Store.Events(ctx, x.Who, before, min(max(limit, 1), maxPage))
	if err != nil {
		return nil, fmt.Errorf("reading the history of log-ins: %w", err)
	}
	items := make([]privacy.Item, len(events))
	for i, e := range events {
		items[i] = privacy.Item{Person: x.Who.Person, Field: fieldWhere, Sealed: e.Where}
	}
	texts, err := s.openOwn(ctx, x, items)
	if err != nil {
		return nil, err
	}
	list := make([]Entry, len(events))
	for i, e := range events {
		list[i].Event = e
		list[i].Address, list[i].Agent, _ = strings.Cut(texts[i], "\n")
	}
	return list, nil
}

func (s *Service) openOwn(ctx context.Context, x Session, items []privacy.Item) ([]string, error) {
	values, err := s.Vault.OpenAll(ctx, own(x.Who, x.Account), items)
	if err != nil {
		return nil, fmt.Errorf("opening what a log-in keeps: %w", err)
	}
	texts := make([]string, len(items))
	for i := range values {
		texts[i] = values[i].Text()
	}
	return texts, nil
}

// A KnownDevice is a device, opened for its person.
type KnownDevice struct {
	Device
	Agent string
	This  bool // the session's own
}

// Devices opens the known devices of x's person, last used first.
func (s *Service) Devices(ctx context.Context, x Session) ([]KnownDevice, error) {
	if x.Level < TwoFactors {
		return nil, ErrNotForKind
	}
	devices, err := s.Store.Devices(ctx, x.Who)
	if err != nil {
		return nil, err
	}
	items := make([]privacy.Item, len(devices))
	for i, d := range devices {
		items[i] = privacy.Item{Person: x.Who.Person, Field: fieldAgent, Sealed: d.Agent}
	}
	texts, err := s.openOwn(ctx, x, items)
	if err != nil {
		return nil, err
	}
	list := make([]KnownDevice, len(devices))
	for i, d := range devices {
		list[i] = KnownDevice{d, texts[i], d.ID == x.Device}
	}
	return list, nil
}

// Forget takes a known device from x's person. Its sessions go on until they end.
func (s *Service) Forget(ctx context.Context, x Session, device ID) error {
	return s.Store.Forget(ctx, x.Who, device)
}

// A KnownPasskey is a passkey, with the name that its person gave it.
type KnownPasskey struct {
	Passkey
	Name string
}

// Factors is how x's person can log in, for the page of his security.
type Factors struct {
	Password, TOTP, SMS, Signature bool
	Passkeys                       []KnownPasskey
}

// FactorsOf opens how x's person can log in.
func (s *Service) FactorsOf(ctx context.Context, x Session) (Factors, error) {
	if x.Level < Enrolling {
		return Factors{}, ErrNotForKind
	}
	p, err := s.Store.Person(ctx, x.Who)
	if err != nil {
		return Factors{}, err
	}
	f := Factors{Password: p.Hash != "", TOTP: !p.TOTP.IsZero(), SMS: p.SMS, Signature: p.Signatory != privacy.IndexToken{}}
	keys, err := s.Store.Passkeys(ctx, x.Who)
	if err != nil {
		return Factors{}, err
	}
	items := make([]privacy.Item, len(keys))
	for i, k := range keys {
		items[i] = privacy.Item{Person: x.Who.Person, Field: fieldPasskeyName, Sealed: k.Name}
	}
	texts, err := s.openOwn(ctx, x, items)
	if err != nil {
		return Factors{}, err
	}
	for i, k := range keys {
		f.Passkeys = append(f.Passkeys, KnownPasskey{k, texts[i]})
	}
	return f, nil
}

// newsTexts are what people read of news.
var newsTexts = map[News]rem.Text{
	LoggedIn:        {Turkish: "Giriş", English: "Log-in"},
	NewDevice:       {Turkish: "Hesabınıza tanımadığımız bir cihazdan girildi. Siz değilseniz hemen bize bildiriniz.", English: "Somebody logged in from a device that we do not know. If it was not you, tell us at once."},
	PasswordChanged: {Turkish: "Parolanız değişti.", English: "Your password was changed."},
	CodeAppChanged:  {Turkish: "Doğrulama uygulamanız değişti.", English: "Your authenticator app was changed."},
	PhoneConfirmed:  {Turkish: "SMS ile kod alma açıldı.", English: "Codes by SMS were switched on."},
	PasskeyAdded:    {Turkish: "Geçiş anahtarı eklendi; parola ve kodla giriş kapandı.", English: "A passkey was added; password and codes no longer log in."},
	PasskeyRemoved:  {Turkish: "Bir geçiş anahtarı kaldırıldı.", English: "A passkey was removed."},
	WasReset:        {Turkish: "Giriş bilgileriniz, kimliğiniz yeniden doğrulanarak sıfırlandı.", English: "How you log in was reset after your identity was verified anew."},
	WasLocked:       {Turkish: "Girişiniz kapatıldı.", English: "You can no longer log in."},
	WasUnlocked:     {Turkish: "Girişiniz yeniden açıldı.", English: "You can log in again."},
	ManyFailures:    {Turkish: "Hesabınıza birçok kez yanlış parola veya kodla girilmeye çalışıldı.", English: "Somebody tried many times to log in to your account with a wrong password or code."},
	PasskeyCopied:   {Turkish: "Geçiş anahtarınızın bir kopyası kullanılmış olabilir; giriş kabul edilmedi.", English: "A copy of your passkey may have been used; the log-in was not taken."},
	SessionsEnded:   {Turkish: "Diğer oturumlarınız kapatıldı.", English: "Your other sessions were ended."},
}

// Text is what people read of it.
func (n News) Text() rem.Text { return newsTexts[n] }

// Deliver tells people what waits to be told, up to limit, and returns how many
// were. What cannot be told now waits on; the error names it. One caller at a
// time.
func (s *Service) Deliver(ctx context.Context, limit int) (int, error) {
	if s.Messenger == nil {
		return 0, nil
	}
	list, err := s.Store.Notices(ctx, limit)
	if err != nil {
		return 0, fmt.Errorf("reading the notices that wait: %w", err)
	}
	told := 0
	var faults []error
	for _, n := range list {
		err := s.Messenger.Tell(ctx, n)
		if err == nil {
			err = s.Store.Told(ctx, n.ID)
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("telling news of a log-in (%s): %w", n.What, err))
			continue
		}
		told++
	}
	return told, errors.Join(faults...)
}

// deviceTerm is how long a device that nobody used stays known.
const deviceTerm = 365 * 24 * time.Hour

// Sweep deletes what is over, some of it; it is called again while it returns
// more than nothing.
func (s *Service) Sweep(ctx context.Context) (int, error) {
	now := s.Clock.Now()
	longest := s.Settings.Enrol
	for _, d := range s.Settings.Whole {
		longest = max(longest, d)
	}
	return s.Store.Sweep(ctx, Over{
		Now: now, Attempts: now.Add(-s.Settings.Attempt), Sessions: now.Add(-longest), Failures: now.Add(-codeWaiting.window),
		Events: now.Add(-s.Settings.History), Devices: now.Add(-deviceTerm),
	}, 1000)
}
