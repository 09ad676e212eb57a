package notice

import (
	"fmt"

	"rem"
	"rem/privacy"
	"rem/privacy/canon"
	"rem/privacy/chain"
)

var deliveryKind = chain.Kind{Name: "rem-notice-delivery", Version: 1}

// An Act is how somebody came to know a notice.
type Act string

// The acts. None of them is consent (S02).
const (
	Shown        Act = "shown"        // it stood before him
	Acknowledged Act = "acknowledged" // he said that he read it
)

// Acts returns them with their names.
func Acts() []privacy.Word[Act] {
	return []privacy.Word[Act]{
		{ID: Shown, Name: rem.Text{Turkish: "gösterildi", English: "shown"}},
		{ID: Acknowledged, Name: rem.Text{Turkish: "okuduğu bildirildi", English: "acknowledged"}},
	}
}

// A Delivery is the record that somebody was told (KVKK 10, P-06): an entry of
// the chain of deliveries. It holds identifiers alone.
type Delivery struct {
	Link chain.Link
	// Person was told, or else Visitor: a random name of somebody we do not know.
	Person   rem.PersonID
	Visitor  string
	Version  uint64     // of the notice
	Digest   rem.Digest // of its bytes
	Language privacy.Language
	Channel  privacy.ChannelID
	Act      Act
	// By is the natural person who told him, where it was somebody else, such as
	// the officer at the desk; "" where he read it himself.
	By rem.PersonID
}

func (d *Delivery) write(w *canon.Writer) {
	if d.Visitor != "" {
		w.Word("visitor", d.Visitor)
	} else {
		w.Word("person", string(d.Person))
	}
	w.Number("version", d.Version)
	w.Digest("notice", d.Digest)
	w.Word("language", string(d.Language))
	w.Word("channel", string(d.Channel))
	w.Word("act", string(d.Act))
	if d.By != "" {
		w.Word("by", string(d.By))
	}
}

func readDelivery(link chain.Link, r *canon.Reader) (*Delivery, error) {
	d := &Delivery{Link: link}
	if r.Next() == "visitor" {
		d.Visitor = r.Word("visitor")
	} else {
		d.Person = rem.PersonID(r.Word("person"))
	}
	d.Version = r.Number("version")
	d.Digest = r.Digest("notice")
	d.Language = privacy.Language(r.Word("language"))
	d.Channel = privacy.ChannelID(r.Word("channel"))
	d.Act = Act(r.Word("act"))
	if r.Next() == "by" {
		d.By = rem.PersonID(r.Word("by"))
	}
	err := r.Done()
	if err == nil {
		err = d.check()
	}
	if err != nil {
		return nil, fmt.Errorf("reading a delivery: %w", err)
	}
	return d, nil
}

// check looks at what does not depend on the versions there are.
func (d *Delivery) check() error {
	switch {
	case (d.Person == "") == (d.Visitor == ""):
		return fmt.Errorf("%w: a delivery is to a person or to a visitor", canon.ErrForm)
	case d.Language.In(rem.Text{Turkish: "x", English: "x"}) == "":
		return fmt.Errorf("%w: %q is no language of a notice", canon.ErrForm, d.Language)
	case !d.Channel.Known():
		return fmt.Errorf("%w: %q is no channel", canon.ErrForm, d.Channel)
	case d.Act != Shown && d.Act != Acknowledged:
		return fmt.Errorf("%w: %q is no way of being told", canon.ErrForm, d.Act)
	case d.By != "" && d.By == d.Person:
		return fmt.Errorf("%w: who read it himself was told by nobody", canon.ErrForm)
	}
	return nil
}

// ParseDelivery reads the bytes of an entry of the chain of deliveries.
func ParseDelivery(entry []byte) (*Delivery, error) {
	r := canon.NewReader(entry, deliveryKind.Name, deliveryKind.Version)
	return readDelivery(chain.ReadLink(r), r)
}

// Bytes writes the entry.
func (d *Delivery) Bytes() ([]byte, error) {
	w := canon.NewWriter(deliveryKind.Name, deliveryKind.Version)
	d.Link.Write(w)
	d.write(w)
	return w.Bytes()
}
