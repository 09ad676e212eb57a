package account

import (
	"slices"
	"time"

	"rem"
	"rem/privacy"
)

// By is who changes an account: one of its own people, or staff of the provider.
// There is always a natural person (REQ-37).
type By struct {
	Actor rem.Actor
	Staff bool
}

// maxOperators bounds an account's operators: every use of the account walks them.
const maxOperators = 200

// Appoint adds an operator, or changes what one has, and returns the account as
// it is then. The rules, whoever asks (REQ-37 to REQ-40):
//
//   - An operator of the account needs the permission Operators, appoints under
//     himself alone, and gives no more, and for no longer, than he has. He changes
//     and removes those under him, directly or further down, and nobody else.
//   - Staff appoints and changes whoever stands on the holder's own papers.
//   - Everybody but the holder himself has a proof of authority.
//   - A legal person's account keeps somebody who can act now.
func (a *Account) Appoint(by By, o Operator, now time.Time) (Account, error) {
	was := a.Operator(o.Person)
	if was != nil {
		o.By = was.By // who appointed somebody is not rewritten
	} else if o.By = ""; !by.Staff {
		o.By = by.Actor.Person
	}
	switch {
	case by.Actor.Person == "" || o.Person == "":
		return Account{}, policy("İşlemi yapan gerçek kişi belli olmalıdır.", "The natural person who acts has to be known.")
	case !a.State.Allows(Appoint):
		return Account{}, a.notOpenFor(Appoint)
	case o.May == 0 || o.May&^Everything != 0:
		return Account{}, policy("En az bir yetki seçilmelidir.", "At least one permission has to be chosen.")
	case !o.Until.IsZero() && (!o.Until.After(now) || !o.Until.After(o.From)):
		return Account{}, policy("Yetkinin bitişi başlangıcından ve bugünden sonra olmalıdır.", "The authority has to end after it begins and after now.")
	case o.Person != a.Holder.Person && !proven(o.Proof):
		return Account{}, policy("Yetki belgesi gerekir.", "A proof of authority is needed.")
	case o.Identity != (privacy.IndexToken{}) && a.otherSignatory(&o):
		return Account{}, policy("Bu sertifika başka bir yetkiliye aittir.", "This certificate is another operator's.")
	case was == nil && len(a.Operators) >= maxOperators:
		return Account{}, policy("Hesabın yetkili sayısı sınırda.", "The account has as many operators as it may have.")
	case !a.Holder.Legal && o.By == "" && o.Person != a.Holder.Person:
		return Account{}, policy("Gerçek kişinin hesabında işlem yetkilisi kendisidir.", "On a natural person's account he is the operator himself.")
	}
	if refusal := a.mayGive(by, &o, was, now); refusal != nil {
		return Account{}, refusal
	}
	if was != nil && o.equal(was) {
		return *a, nil // the same again
	}
	b := a.Clone()
	if was != nil {
		*b.Operator(o.Person) = o
	} else {
		b.Operators = append(b.Operators, o)
	}
	b.notice(Notice{Kind: OperatorAppointed, At: now, Person: o.Person, Due: o.Until})
	return b, b.acts(a, now)
}

// mayGive says whether who asks may give what o says.
func (a *Account) mayGive(by By, o, was *Operator, now time.Time) *rem.Refusal {
	if by.Staff {
		if o.By != "" {
			return policy("Alt işlem yetkilisini kendisini atayan yetkili değiştirir.", "A sub-operator is changed by the operator who appointed him.")
		}
		return nil
	}
	own := a.Powers(by.Actor.Person, now)
	switch {
	case !own.Has(Operators):
		return policy("Bu kişinin yetkili atama yetkisi yok.", "This person may not appoint operators.")
	case was != nil && !a.under(by.Actor.Person, o.Person):
		return policy("Yalnızca kendi atadığınız yetkilileri değiştirebilirsiniz.", "You can change those alone whom you appointed.")
	case !own.Has(o.May):
		return policy("Kendinizde olmayan bir yetkiyi veremezsiniz.", "You cannot give a permission that you do not have.")
	}
	if end := a.lineEnd(by.Actor.Person); !end.IsZero() && (o.Until.IsZero() || o.Until.After(end)) {
		return policy("Kendi yetkinizden uzun süre veremezsiniz.", "You cannot give a permission for longer than you have it.")
	}
	return nil
}

// Remove takes an operator off the account at once. Those whom he appointed come
// under who removes him, or stand on the holder's papers when staff does, cut down
// to what that person has; nobody stays in the line of somebody who is gone.
func (a *Account) Remove(by By, p rem.PersonID, now time.Time) (Account, error) {
	o := a.Operator(p)
	switch {
	case by.Actor.Person == "":
		return Account{}, policy("İşlemi yapan gerçek kişi belli olmalıdır.", "The natural person who acts has to be known.")
	case o == nil:
		return *a, nil // he is not there: as asked
	case !a.State.Allows(Appoint):
		return Account{}, a.notOpenFor(Appoint)
	case !by.Staff && !a.May(by.Actor.Person, Operators, now) && by.Actor.Person != p:
		return Account{}, policy("Bu kişinin yetkili çıkarma yetkisi yok.", "This person may not remove operators.")
	case !by.Staff && by.Actor.Person != p && !a.under(by.Actor.Person, p):
		return Account{}, policy("Yalnızca kendi atadığınız yetkilileri çıkarabilirsiniz.", "You can remove those alone whom you appointed.")
	case p == a.Holder.Person && !a.Holder.Legal:
		return Account{}, policy("Hesap sahibi kendi hesabından çıkarılamaz.", "The holder is not removed from his own account.")
	}
	heir, most := by.Actor.Person, a.Powers(by.Actor.Person, now)
	switch {
	case by.Staff:
		heir, most = o.By, Everything
	case heir == p: // he gives his authority up himself
		heir, most = o.By, Everything
	}
	b := a.Clone()
	b.Operators = slices.DeleteFunc(b.Operators, func(x Operator) bool { return x.Person == p })
	for i := range b.Operators {
		if sub := &b.Operators[i]; sub.By == p {
			sub.By = heir
			sub.May &= most & o.May // what the line allowed before, and no more
			if !o.Until.IsZero() && (sub.Until.IsZero() || sub.Until.After(o.Until)) {
				sub.Until = o.Until
			}
			if o.From.After(sub.From) {
				sub.From = o.From
			}
		}
	}
	b.Operators = slices.DeleteFunc(b.Operators, func(x Operator) bool { return x.May == 0 })
	b.notice(Notice{Kind: OperatorRemoved, At: now, Person: p})
	return b, b.acts(a, now)
}

// SetFourEyes asks for two persons from now on, or no longer (REQ-41).
func (a *Account) SetFourEyes(by By, on bool, now time.Time) (Account, error) {
	switch {
	case by.Actor.Person == "" || !by.Staff && !a.May(by.Actor.Person, Operators, now):
		return Account{}, policy("Bu kişinin bu ayarı değiştirme yetkisi yok.", "This person may not change this setting.")
	case !a.State.Allows(Appoint):
		return Account{}, a.notOpenFor(Appoint)
	}
	b := a.Clone()
	b.FourEyes = on
	return b, b.acts(a, now)
}

// acts refuses a change after which nobody could act, where somebody could before
// (REQ-40); or after which four eyes could not be found.
func (a *Account) acts(before *Account, now time.Time) error {
	if a.Holder.Legal && !a.Active(now) && before.Active(now) {
		return policy("Tüzel kişinin hesabında en az bir etkin işlem yetkilisi kalmalıdır.", "A legal person's account keeps at least one active operator.")
	}
	if a.FourEyes && !a.ReceiveOnly && !a.twoEyes(now) && (!before.FourEyes || before.twoEyes(now)) {
		return policy("Hazırlayan ve imzalayan için iki ayrı etkin yetkili gerekir.", "Two different active operators are needed, one who prepares and one who signs.")
	}
	return nil
}

// Active reports whether somebody can act on the account now.
func (a *Account) Active(now time.Time) bool {
	return slices.ContainsFunc(a.Operators, func(o Operator) bool { return a.Powers(o.Person, now) != 0 })
}

// twoEyes reports whether one can prepare and another one sign.
func (a *Account) twoEyes(now time.Time) bool {
	for i := range a.Operators {
		if !a.May(a.Operators[i].Person, Sending, now) || a.Operators[i].Identity == (privacy.IndexToken{}) {
			continue
		}
		for j := range a.Operators {
			if i != j && a.Powers(a.Operators[j].Person, now)&(Sending|Preparing) != 0 {
				return true
			}
		}
	}
	return false
}

// Under reports whether p was appointed by chief, or by somebody under him.
func (a *Account) Under(chief, p rem.PersonID) bool { return a.under(chief, p) }

// under reports whether p was appointed by chief, or by somebody under him.
func (a *Account) under(chief, p rem.PersonID) bool {
	for range a.Operators {
		o := a.Operator(p)
		if o == nil || o.By == "" {
			return false
		}
		if p = o.By; p == chief {
			return true
		}
	}
	return false
}

// lineEnd is when the person's authority ends, by his own term or that of anybody
// in the line that he stands in; zero: it does not.
func (a *Account) lineEnd(p rem.PersonID) (end time.Time) {
	for range a.Operators {
		o := a.Operator(p)
		if o == nil {
			break
		}
		if !o.Until.IsZero() && (end.IsZero() || o.Until.Before(end)) {
			end = o.Until
		}
		p = o.By
	}
	return end
}

func (a *Account) otherSignatory(o *Operator) bool {
	s := a.Signatory(o.Identity)
	return s != nil && s.Person != o.Person
}

func proven(p Proof) bool {
	return !p.Digest.IsZero() && slices.ContainsFunc(ProofKinds(), func(w Word[ProofKind]) bool { return w.Value == p.Kind })
}
