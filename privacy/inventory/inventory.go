package inventory

import (
	"fmt"
	"slices"

	"rem"
	"rem/privacy"
)

// Today returns the inventory of the program as it is.
func Today() *privacy.Register {
	return &privacy.Register{
		Purposes:   privacy.Purposes(),
		Retentions: privacy.Retentions(),
		Collected:  privacy.CollectedKinds(),
		Data:       slices.Concat(data(), applicants(), choices(), employees(), logins(), notices(), directoryData(), enrolled(), programs(), happeningData(), mailboxData()),
		Holdings:   slices.Concat(columns(), records(), applications(), applicationColumns(), choiceRecords(), staffRecords(), loginRecords(), blobs(), settings(), logKeys(), metrics(), controlFields(), files(), outgoing(), wire(), toldColumns(), asked(), outsideSettings(), toldLog(), cookies(), pageLog(), pageAddresses(), deskAddresses(), directoryHoldings(), enrolment(), enrolmentColumns(), programRecords(), happeningRecords(), mailboxHoldings(), mailAddresses(), imapHoldings(), signingHoldings()),
	}
}

// Check is what a provider asks before it works on its data: whether the
// inventory is whole, and has every column ("table.column") of the live schema.
// Columns that the inventory has and the schema not yet are no fault, because a
// program runs on the schema before its migration too. The error names every
// fault; each column wraps [privacy.ErrUnregistered].
func Check(columns []string) error {
	r := Today()
	if err := r.Check(); err != nil {
		return fmt.Errorf("the inventory of personal data is not whole: %w", err)
	}
	if err := r.Unregistered(privacy.Column, columns); err != nil {
		return fmt.Errorf("the schema holds what nobody classified: %w", err)
	}
	return nil
}

// A manner is how the holdings of one sort are kept, so that an entry says only
// what it holds.
type manner struct {
	kind      privacy.Kind
	form      privacy.FormID
	place     privacy.PlaceID
	retention privacy.RetentionID
	to        []privacy.RecipientID
}

// as returns the manner with another form.
func (m manner) as(f privacy.FormID) manner { m.form = f; return m }

// keep returns the manner with another retention rule.
func (m manner) keep(t privacy.RetentionID) manner { m.retention = t; return m }

// holds makes one entry.
func (m manner) holds(name string, data ...privacy.DatumID) privacy.Holding {
	return privacy.Holding{Kind: m.kind, Name: name, Data: data, Form: m.form, Place: m.place, Retention: m.retention, Recipients: m.to}
}

// technical makes entries that hold nothing about people, and says why.
func technical(kind privacy.Kind, why rem.Text, names ...string) (list []privacy.Holding) {
	for _, name := range names {
		list = append(list, privacy.Holding{Kind: kind, Name: name, Technical: why})
	}
	return list
}

// Reasons why a holding is not personal.
var (
	position   = text("işlem günlüğündeki yer", "a place in the journal")
	order      = text("sıra veya tür numarası", "a number of order or kind")
	ofSystem   = text("sistemin kendi ayarı veya durumu", "a setting or state of the system itself")
	ofPeer     = text("bir sağlayıcının (tüzel kişi) bilgisi", "about a provider, which is a legal person")
	ofCode     = text("kapalı bir listeden kod", "a code of a closed list")
	counted    = text("kişiye bağlanmayan sayı", "a number that points at nobody")
	ofFault    = text("arıza metni; adres ve ad taşımaz (AT-34)", "text of a fault; holds no address and no name (AT-34)")
	ofSentence = text("kişiye yazılan, adres ve ad taşımayan cümle", "a sentence for people that holds no address and no name")
	random     = text("rastgele veya yalnız zamandan türeyen değer", "random, or made from the time alone")
	byParts    = text("parçaları ayrı ayrı sınıflandırılmıştır", "its parts are classified one by one")
)
