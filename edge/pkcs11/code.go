package pkcs11

import (
	"fmt"

	"rem"
)

// A Code is a return value of Cryptoki that is not CKR_OK.
type Code uint64

// The codes that are told apart.
const (
	deviceError        Code = 0x30
	deviceRemoved      Code = 0x32
	functionCanceled   Code = 0x50
	notSupported       Code = 0x54
	attributeSensitive Code = 0x11
	attributeInvalid   Code = 0x12
	mechanismInvalid   Code = 0x70
	pinIncorrect       Code = 0xa0
	pinInvalid         Code = 0xa1
	pinLength          Code = 0xa2
	pinExpired         Code = 0xa3
	pinLocked          Code = 0xa4
	sessionHandle      Code = 0xb3
	tokenNotPresent    Code = 0xe0
	tokenNotRecognized Code = 0xe1
	alreadyLoggedIn    Code = 0x100
	notLoggedIn        Code = 0x101
	pinNotInitialized  Code = 0x102
	alreadyInitialized Code = 0x191
)

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

var codes = map[Code]rem.Text{
	deviceError:        text("Kart ya da okuyucu hata verdi. Kartı çıkarıp yeniden takın.", "The card or the reader failed. Take the card out and put it in again."),
	deviceRemoved:      text("Kart ya da jeton çıkarıldı.", "The card or token was taken out."),
	functionCanceled:   text("İşlem okuyucuda iptal edildi.", "It was cancelled on the reader."),
	notSupported:       text("Kartın sürücüsü bu işlemi desteklemiyor.", "The card's module does not support this."),
	mechanismInvalid:   text("Kart bu imza yöntemini desteklemiyor.", "The card does not support this kind of signature."),
	pinIncorrect:       text("PIN yanlış.", "The PIN is wrong."),
	pinInvalid:         text("PIN'de kartın kabul etmediği karakterler var.", "The PIN holds characters that the card does not take."),
	pinLength:          text("PIN çok kısa ya da çok uzun.", "The PIN is too short or too long."),
	pinExpired:         text("PIN'in süresi dolmuş; kart üreticisinin programıyla değiştirin.", "The PIN has expired; change it with the program of the card's maker."),
	pinLocked:          text("PIN kilitli. Kartı aldığınız sertifika sağlayıcısının PUK ile açma yolunu izleyin.", "The PIN is locked. Have it opened with the PUK, as your certificate provider describes."),
	sessionHandle:      text("Kartla bağlantı koptu. Kartı çıkarıp yeniden takın.", "The connection with the card broke. Take it out and put it in again."),
	tokenNotPresent:    text("Okuyucuda kart yok.", "There is no card in the reader."),
	tokenNotRecognized: text("Kart bu sürücünün kartı değil.", "The card is not one of this module's."),
	notLoggedIn:        text("Kart PIN istiyor.", "The card asks for its PIN."),
	pinNotInitialized:  text("Kartın PIN'i henüz belirlenmemiş.", "The card's PIN was never set."),
}

// Error names the code as the header file does not: in words, with its number.
func (c Code) Error() string {
	t := c.Text()
	return fmt.Sprintf("%s (CKR 0x%X)", t.English, uint64(c))
}

// Text is for the person before the screen.
func (c Code) Text() rem.Text {
	if t, ok := codes[c]; ok {
		return t
	}
	n := fmt.Sprintf(" (CKR 0x%X)", uint64(c))
	return text("Kartın sürücüsü hata verdi"+n+".", "The card's module failed"+n+".")
}

// WrongPIN reports whether a PIN was tried and was not the right one.
func (c Code) WrongPIN() bool { return c == pinIncorrect || c == pinInvalid || c == pinLength }

// Locked reports whether no PIN is taken any more.
func (c Code) Locked() bool { return c == pinLocked }
