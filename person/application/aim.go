package application

import (
	"slices"

	"rem"
	"rem/person"
)

// An Aim is what an application is for. It is written, so the list is only added
// to.
type Aim string

// The aims. The last two open no account and reserve no address: who makes them is
// identified as an applicant is, and approved by a second officer.
const (
	// ToOpen an account of the holder's own.
	ToOpen Aim = ""
	// ToOperate on an account that somebody else has, who asked him to (REQ-18, REQ-39).
	ToOperate Aim = "operate"
	// ToReturn to accounts whose ways in are lost (REQ-44).
	ToReturn Aim = "return"
)

// Aims lists them.
func Aims() []Aim { return []Aim{ToOpen, ToOperate, ToReturn} }

var aimNames = map[Aim]rem.Text{
	ToOpen:    text("KEP hesabı açmak", "To open an account"),
	ToOperate: text("Bir hesapta işlem yetkilisi olmak", "To become an operator of an account"),
	ToReturn:  text("Kaybedilen giriş bilgilerini yenilemek", "To get back in after losing the ways to log in"),
}

// Name is what pages call it.
func (a Aim) Name() rem.Text { return aimNames[a] }

// Valid reports whether it is of the list.
func (a Aim) Valid() bool { return slices.Contains(Aims(), a) }

// Fields lists what is asked for the aim, as [Fields] does for an account. Who opens
// none is asked who he is, where he can be reached, and where somebody could call on
// him: no wished address, no service, no title for the directory.
func (a Aim) Fields(k person.Kind, represented bool) []Field {
	list := Fields(k, represented)
	if a == ToOpen {
		return list
	}
	return slices.DeleteFunc(list, func(f Field) bool { return f.Part == PartAccount || f.Name == "profession" })
}

// Agreements lists the texts that an application for the aim accepts (REQ-23). Who
// opens no account enters into no contract of his own.
func (a Aim) Agreements() []AgreementKind {
	if a == ToOpen {
		return Agreements()
	}
	return nil
}

// Papers lists what has to be handed in for the aim.
func (a Aim) Papers(k person.Kind, represented bool) []PaperKind {
	switch a {
	case ToOperate: // what his authority rests on, from who appoints him
		return []PaperKind{Authorisation}
	case ToReturn:
		return nil
	}
	return Papers(k, represented)
}

// Wanted lists what has to be handed in for this application.
func (v *View) Wanted() []PaperKind {
	return v.Aim.Papers(v.Kind, v.Submitted != nil && v.Submitted.Represented)
}

// A Scan is what is known about malware in a paper. It is written as a number, 0
// and 1 of which were "no" and "yes" before there were three.
type Scan uint8

// The scans.
const (
	// NotYet: nobody can say. The paper does not count.
	NotYet Scan = iota
	// Scanned: nothing was found. Records from before Unscanned was there say so also
	// where no scanner was.
	Scanned
	// Unscanned: there is no scanner, on purpose. Production takes no such paper.
	Unscanned
)

var scanNames = map[Scan]rem.Text{
	NotYet:    text("sonuç yok", "no result"),
	Scanned:   text("temiz", "clean"),
	Unscanned: text("taranmadı", "not scanned"),
}

// Name is what the desk reads.
func (s Scan) Name() rem.Text { return scanNames[s] }

// Usable reports whether the paper can be looked at, and counts where production's
// rules do not forbid it.
func (p *Paper) Usable() bool { return p.Scan == Scanned || p.Scan == Unscanned }
