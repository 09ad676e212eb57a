package news

import (
	"strconv"
	"strings"
	"time"

	"rem"
)

// A Written is a message in words.
type Written struct {
	Subject string // of mail; "" for a text message
	Body    string
}

// A template holds the words of a kind. {provider}, {code}, {minutes}, {link} and
// {day} are filled; a sentence whose part is not given is left out whole, which
// is why sentences stand one by one.
type template struct {
	subject rem.Text
	short   []rem.Text // of a text message
	long    []rem.Text // of mail, each a paragraph
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

var (
	never  = text("Bu kodu kimseyle paylaşmayın; çalışanlarımız sizden istemez.", "Share this code with nobody; our staff never ask for it.")
	notYou = text("Bu işlemi siz yapmadıysanız bizi hemen arayın.", "If this was not you, call us at once.")
	see    = text("Ayrıntılar: {link}", "Details: {link}")
	ask    = text("Bu ileti otomatik gönderilmiştir; lütfen yanıtlamayın. Kimlik numaranızı, parolanızı veya kodunuzu e-posta ya da SMS ile hiçbir zaman istemeyiz.",
		"This message was sent automatically; please do not reply. We never ask for your identity number, password or code by mail or text message.")
)

// texts are the words. None of them names a sender, a recipient, a subject or
// anything of a message's content (REQ-67), nor why an application was decided as
// it was: that is read on the page, after log-in.
var texts = map[Kind]*template{
	Code: {
		subject: text("Tek kullanımlık kodunuz", "Your one-time code"),
		short:   []rem.Text{text("{provider}: tek kullanımlık kodunuz {code}. {minutes} dakika geçerlidir.", "{provider}: your one-time code is {code}. It is valid for {minutes} minutes."), never},
		long:    []rem.Text{text("Tek kullanımlık kodunuz: {code}", "Your one-time code: {code}"), text("Kod {minutes} dakika geçerlidir.", "The code is valid for {minutes} minutes."), never},
	},
	Activation: {
		subject: text("KEP hesabınızı etkinleştirin", "Activate your registered mail account"),
		short:   []rem.Text{text("{provider}: KEP hesabınızı etkinleştirmek için: {link}", "{provider}: to activate your registered mail account: {link}")},
		long: []rem.Text{
			text("KEP hesabı başvurunuz onaylandı. Hesabınızı etkinleştirmek için bu bağlantıyı açın ve cep telefonunuza gelecek kodu girin:\n{link}", "Your application for a registered mail account was approved. To activate the account, open this link and enter the code that your mobile phone will get:\n{link}"),
			text("Başvuru size ait değilse bu iletiyi silin ve bize bildirin.", "If you did not apply, delete this message and tell us."),
		},
	},
	Invited: {
		subject: text("Bir KEP hesabında işlem yetkilisi olmanız isteniyor", "You are asked to act on a registered mail account"),
		short:   []rem.Text{text("{provider}: bir KEP hesabında işlem yetkilisi olmanız isteniyor: {link}", "{provider}: you are asked to act on a registered mail account: {link}")},
		long: []rem.Text{
			text("Bir KEP hesabının yetkilisi, sizi işlem yetkilisi olarak atamak istiyor. Kabul ederseniz kimliğiniz doğrulanır ve kendi giriş bilgilerinizle işlem yaparsınız:\n{link}", "Somebody who may do so wants to appoint you as an operator of a registered mail account. If you accept, you are identified, and act with credentials of your own:\n{link}"),
			text("Böyle bir istek beklemiyorsanız bu iletiyi silin; hiçbir şey yapılmaz.", "If you expect no such thing, delete this message; nothing will be done."),
		},
	},
	Confirmed: {
		subject: text("Başvurunuz onaylandı; tamamlayın", "Your application was approved; please complete it"),
		short:   []rem.Text{text("{provider}: başvurunuzu tamamlamak için: {link}", "{provider}: to complete your application: {link}")},
		long: []rem.Text{
			text("Kimliğiniz doğrulandı ve başvurunuz onaylandı. Tamamlamak için bu bağlantıyı açın ve cep telefonunuza gelecek kodu girin:\n{link}", "You were identified and your application was approved. To complete it, open this link and enter the code that your mobile phone will get:\n{link}"),
			text("Başvuru size ait değilse bu iletiyi silin ve bize hemen bildirin.", "If you did not apply, delete this message and tell us at once."),
		},
	},
	NewDevice: {
		subject: text("Hesabınıza yeni bir cihazdan girildi", "A new device logged in to your account"),
		short:   []rem.Text{text("{provider}: hesabınıza yeni bir cihazdan girildi.", "{provider}: a new device logged in to your account."), notYou},
		long:    []rem.Text{text("Hesabınıza daha önce görmediğimiz bir cihazdan girildi.", "A device that we have not seen before logged in to your account."), notYou, see},
	},
	Application: {
		subject: text("Başvurunuzda gelişme var", "There is news of your application"),
		short:   []rem.Text{text("{provider}: KEP başvurunuzda gelişme var.", "{provider}: there is news of your application."), see},
		long:    []rem.Text{text("KEP hesabı başvurunuzun durumu değişti. Durumu ve varsa yapmanız gerekenleri başvuru sayfanızda görebilirsiniz.", "The state of your application for a registered mail account has changed. Your application's page shows it, and what you have to do, if anything."), see},
	},
	Reminder: {
		subject: text("Süresi yaklaşan bir işleminiz var", "Something of yours becomes due"),
		short:   []rem.Text{text("{provider}: süresi yaklaşan bir işleminiz var.", "{provider}: something of yours becomes due."), text("Son gün: {day}.", "Last day: {day}."), see},
		long:    []rem.Text{text("KEP başvurunuz veya hesabınızla ilgili, süresi yaklaşan bir işlem var.", "Something about your application or your account becomes due."), text("Son gün: {day}", "Last day: {day}"), see},
	},
	Arrived: {
		subject: text("KEP hesabınıza ileti geldi", "A message has arrived in your registered mail account"),
		short:   []rem.Text{text("{provider}: KEP hesabınıza yeni ileti geldi.", "{provider}: a new message has arrived in your registered mail account."), see},
		long: []rem.Text{
			text("KEP hesabınıza yeni bir ileti geldi. İletinin göndereni, konusu ve içeriği gizlilik nedeniyle burada yazılmaz; hesabınıza girerek okuyabilirsiniz.", "A new message has arrived in your registered mail account. For privacy its sender, subject and content are not given here; log in to read it."),
			see,
		},
	},
	Filling: {
		subject: text("KEP hesabınızın alanı doluyor", "Your registered mail account is filling"),
		short:   []rem.Text{text("{provider}: KEP hesabınızın alanı doluyor. İleti gelmesi durmaz.", "{provider}: your registered mail account is filling. Messages go on arriving."), see},
		long: []rem.Text{
			text("KEP hesabınızın alanı doluyor. Size ileti gelmesi durmaz; eski iletilerinizi dışa aktarıp kaldırabilir ya da alanınızı büyütebilirsiniz.", "The space of your registered mail account is filling. Messages go on arriving; you can export and remove old ones, or get more space."),
			see,
		},
	},
	Unsent: {
		subject: text("Zamanı gelen bir iletiniz gönderilemedi", "A message of yours could not be sent at its time"),
		short:   []rem.Text{text("{provider}: zamanı gelen bir KEP iletiniz gönderilemedi.", "{provider}: a registered message of yours could not be sent at its time."), see},
		long: []rem.Text{
			text("İmzaladığınız bir ileti zamanı geldiğinde gönderilemedi. Nedeni taslaklarınızda yazar; oradan düzeltip yeniden imzalayabilirsiniz.", "A message that you signed could not be sent at its time. Your drafts say why; you can put it right and sign it again there."),
			see,
		},
	},
	Security: {
		subject: text("Hesabınızın güvenlik bilgileri değişti", "Security settings of your account have changed"),
		short:   []rem.Text{text("{provider}: hesabınızın giriş veya güvenlik bilgileri değişti.", "{provider}: log-in or security settings of your account have changed."), notYou},
		long:    []rem.Text{text("Hesabınızın giriş veya güvenlik bilgileri değişti.", "Log-in or security settings of your account have changed."), notYou, see},
	},
}

// Write puts a checked message into words. provider is the name by which the
// person knows the sender; now is when it was told.
func (m *Message) Write(provider rem.Text, now time.Time) Written {
	t := texts[m.Kind]
	until := m.Until
	if until.IsZero() {
		until = later(now, m.After).Add(m.Kind.Worth())
	}
	one := func(l Language, parts []rem.Text, between string) string {
		var said []string
		for _, p := range parts {
			if s, ok := m.fill(in(l, p), in(l, provider), until.Sub(now)); ok {
				said = append(said, s)
			}
		}
		return strings.Join(said, between)
	}
	l := m.Language
	if l == "" {
		l = Turkish
	}
	if m.Channel() == SMS {
		return Written{Body: one(l, t.short, " ")}
	}
	other := English
	if l == English {
		other = Turkish
	}
	long := append(t.long[:len(t.long):len(t.long)], ask, text("{provider}", "{provider}"))
	return Written{
		Subject: in(l, t.subject) + " / " + in(other, t.subject),
		Body:    one(l, long, "\n\n") + "\n\n-- \n\n" + one(other, long, "\n\n") + "\n",
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func in(l Language, t rem.Text) string {
	if l == English {
		return t.English
	}
	return t.Turkish
}

// istanbul is where people's days are; UTC+3 all year since 2016.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

// fill fills one sentence; false: what it is about is not given. Values are
// filled once, so that a value that looks like a place is only a value.
func (m *Message) fill(sentence, provider string, left time.Duration) (string, bool) {
	day := ""
	if !m.Day.IsZero() {
		day = m.Day.In(istanbul).Format("02.01.2006")
	}
	for place, value := range map[string]string{"{link}": m.Link, "{day}": day, "{code}": m.Code} {
		if value == "" && strings.Contains(sentence, place) {
			return "", false
		}
	}
	minutes := max(1, int(left/time.Minute))
	return strings.NewReplacer("{provider}", provider, "{code}", m.Code, "{link}", m.Link, "{day}", day, "{minutes}", strconv.Itoa(minutes)).Replace(sentence), true
}
