package login

import (
	"errors"
	"fmt"
	"time"

	"rem"
)

// What a log-in is answered with. Text gives each a sentence.
var (
	// ErrWrong is the one answer for a name that nobody has, a password, code,
	// passkey or signature that is not his, somebody who has to wait, is locked,
	// or has a stronger way in.
	ErrWrong = errors.New("the log-in is not right")
	// ErrNoSession: the cookie is no session's, or it ended.
	ErrNoSession = errors.New("there is no session")
	// ErrOver: what was begun took too long, was used, or was overtaken.
	ErrOver = errors.New("the log-in that was begun is over")
	// ErrNotFresh: he has to show again who he is ([Service.Raise]).
	ErrNotFresh = errors.New("who it is has to be shown again")
	// ErrGrant: the grant is unknown, used or out of time.
	ErrGrant = errors.New("the grant cannot be used")
	// ErrNotForKind: people of this kind do not log in so.
	ErrNotForKind = errors.New("this way of logging in is not for them")
	// ErrStronger: he has a passkey, and gets no weaker way beside it.
	ErrStronger = errors.New("there is a stronger way already")
	// ErrLast: it is the last way in.
	ErrLast = errors.New("the last way in cannot be taken away")
	// ErrSends: no more codes are sent now.
	ErrSends = errors.New("no more codes are sent now")
	// ErrNoPhone: no phone of his is known, or nothing is sent to phones here.
	ErrNoPhone = errors.New("there is no phone to send a code to")
	// ErrReady: he has credentials of his own already.
	ErrReady = errors.New("there are credentials already")
	// ErrMany: there are as many as there may be.
	ErrMany = errors.New("there are as many as there may be")
)

// A TooMany answers a network from which too much was tried, whoever it was
// about. Nothing was looked up.
type TooMany struct{ Wait time.Duration }

func (t *TooMany) Error() string {
	return fmt.Sprintf("too many log-ins from this network: wait %s", t.Wait)
}

// texts are what people read.
var texts = []struct {
	err  error
	text rem.Text
}{
	{ErrWrong, rem.Text{Turkish: "Giriş bilgileri doğru değil ya da şu anda kabul edilmiyor. Geçiş anahtarınız veya e-imzanız varsa onunla girebilirsiniz.", English: "The log-in is not right, or is not taken now. If you have a passkey or an e-signature you can use that."}},
	{ErrNoSession, rem.Text{Turkish: "Oturumunuz kapandı. Lütfen yeniden giriniz.", English: "Your session has ended. Please log in again."}},
	{ErrOver, rem.Text{Turkish: "Giriş işlemi zaman aşımına uğradı. Lütfen baştan başlayınız.", English: "The log-in took too long. Please start again."}},
	{ErrNotFresh, rem.Text{Turkish: "Bu işlem için kimliğinizi yeniden doğrulamanız gerekir.", English: "For this you have to show again who you are."}},
	{ErrGrant, rem.Text{Turkish: "Bu bağlantı kullanılmış, süresi dolmuş veya geçersiz.", English: "This link was used, is out of time, or is not valid."}},
	{ErrNotForKind, rem.Text{Turkish: "Bu giriş yöntemi burada kullanılamaz.", English: "This way of logging in cannot be used here."}},
	{ErrStronger, rem.Text{Turkish: "Geçiş anahtarınız olduğu için daha zayıf bir yöntem eklenemez.", English: "You have a passkey, so no weaker way can be added."}},
	{ErrLast, rem.Text{Turkish: "Son giriş yöntemi kaldırılamaz.", English: "The last way to log in cannot be removed."}},
	{ErrSends, rem.Text{Turkish: "Şu anda yeni kod gönderilemez. Biraz bekleyiniz.", English: "No further code can be sent now. Please wait a little."}},
	{ErrNoPhone, rem.Text{Turkish: "Kod gönderilebilecek doğrulanmış bir cep telefonunuz yok.", English: "There is no confirmed mobile phone to send a code to."}},
	{ErrReady, rem.Text{Turkish: "Bu kişinin giriş bilgileri zaten var.", English: "There are credentials already."}},
	{ErrMany, rem.Text{Turkish: "Eklenebilecek en yüksek sayıya ulaşıldı.", English: "There are as many as there may be."}},
	{ErrTaken, rem.Text{Turkish: "Bu bilgi başka birine ait.", English: "It belongs to somebody else."}},
}

// Text is what the person reads for an error of this package. A refusal of the
// Gate, and a weak password, have their own; for a fault it reports false.
func Text(err error) (rem.Text, bool) {
	if r, ok := errors.AsType[*rem.Refusal](err); ok {
		return r.Detail, true
	}
	if t, ok := errors.AsType[*TooMany](err); ok {
		seconds := int(t.Wait.Round(time.Second).Seconds())
		return rem.Text{
			Turkish: fmt.Sprintf("Bu ağdan çok sayıda giriş denendi. %d saniye sonra yeniden deneyiniz.", seconds),
			English: fmt.Sprintf("Too many log-ins were tried from this network. Please try again in %d seconds.", seconds),
		}, true
	}
	if w, ok := errors.AsType[*Weak](err); ok {
		return w.Text(), true
	}
	for _, t := range texts {
		if errors.Is(err, t.err) {
			return t.text, true
		}
	}
	return rem.Text{}, false
}
