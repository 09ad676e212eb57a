package enrolment

import (
	"errors"

	"rem"
	"rem/person/application"
)

// What is denied beside what the rules deny: an answer to who asked, with its text
// (application.Denial).
var (
	// ErrNotice: the version shown is not the one in force, or none was shown.
	ErrNotice = application.ErrNotice
	// ErrLink: the link or session is of no application; also when it is over.
	ErrLink = deny("link", "Bağlantı geçersiz veya süresi dolmuş.", "The link is not valid, or its time is over.")
	// ErrTexts: the accepted versions are not those in force.
	ErrTexts = deny("texts", "Kabul edilen metinler değişti; lütfen yeni sürümleri okuyunuz.", "The texts that were accepted have changed; please read the new versions.")
	// ErrTaken: the address is not to be had.
	ErrTaken = deny("address-taken", "Bu KEP adresi alınmış; lütfen başka bir adres seçiniz.", "This address is taken; please choose another one.")

	// ErrTooLarge, ErrTooMany, ErrMedia, ErrInfected: a paper is not taken.
	ErrTooMany  = deny("papers-too-many", "Bu başvuruya daha fazla belge eklenemez.", "No further papers can be added to this application.")
	ErrTooLarge = deny("paper-too-large", "Belge çok büyük.", "The paper is too large.")
	ErrMedia    = deny("paper-kind", "Belge türü tanınmadı. PDF, JPEG, PNG veya imzalı (p7s, XML) dosya yükleyiniz.", "The kind of file was not recognised. Please upload PDF, JPEG, PNG or a signed file (p7s, XML).")
	ErrInfected = deny("paper-infected", "Belgede zararlı yazılım bulundu.", "The paper holds malware.")

	// ErrNotThis, ErrOver, ErrDeclined, ErrUnreadable: of what came back from
	// identification; nothing is recorded and the applicant begins again.
	ErrNotThis    = deny("not-this-visit", "Dönen yanıt bu doğrulamaya ait değil; lütfen yeniden başlatınız.", "What came back is not of this verification; please begin again.")
	ErrOver       = deny("visit-over", "Doğrulamanın süresi doldu; lütfen yeniden başlatınız.", "The time of the verification is over; please begin again.")
	ErrDeclined   = deny("declined", "Doğrulamayı tamamlamadınız; yeniden başlatabilir veya başka bir yöntem seçebilirsiniz.", "You did not complete the verification; you can begin again or choose another method.")
	ErrUnreadable = deny("unreadable", "Gönderilen dosya okunamadı.", "What was handed in cannot be read.")

	// ErrCode: a code is wrong, over, or was tried too often.
	ErrCode = deny("code", "Kod yanlış veya süresi dolmuş.", "The code is wrong, or its time is over.")
	// ErrCodes: no further code is sent now.
	ErrCodes = deny("codes", "Çok fazla kod istendi; lütfen daha sonra yeniden deneyiniz.", "Too many codes were asked for; please try again later.")
	// ErrFull: the appointment's time is not free any more.
	ErrFull = deny("slot", "Bu randevu saati dolu veya uygun değil.", "This time is taken, or is none.")
	// ErrAreas: a copy is not kept with areas that hold special categories.
	ErrAreas = deny("areas", "Belge kopyasında din ve kan grubu alanları kapatılmalıdır.", "Religion and blood group have to be covered in the copy of a document.")
	// ErrProofs: somebody has to show the channels again.
	ErrProofs = deny("channels", "Hesaba girmeden önce e-posta bağlantısı ve SMS kodu yeniden doğrulanmalıdır.", "The mail link and the text message's code have to be shown again first.")
)

// ErrLater is wrapped when somebody who has to be asked cannot be: the scanner, the
// registry, an adapter. Nothing was recorded, nothing is said about anybody.
var ErrLater = errors.New("somebody who has to be asked cannot be asked now")

// ErrNoScanner is what a scanner answers where there is none, on purpose: papers are
// taken then, and their record says that nobody scanned them.
var ErrNoScanner = errors.New("there is no scanner")

func deny(code, tr, en string) *application.Denial {
	return &application.Denial{Code: code, Text: rem.Text{Turkish: tr, English: en}}
}
