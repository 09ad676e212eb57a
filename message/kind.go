package message

// A Kind is one of the nine evidences of REM. It is apart from any written
// form; package evidence writes it. The names are the schema elements of
// TS 102 640-2.
type Kind uint8

// The nine kinds, in the schema's order.
const (
	SubmissionAcceptanceRejection Kind = iota + 1
	RelayREMMDAcceptanceRejection
	RelayREMMDFailure
	DeliveryNonDeliveryToRecipient
	DownloadNonDownloadByRecipient
	RetrievalNonRetrievalByRecipient
	AcceptanceRejectionByRecipient
	RelayToNonREMSystem
	ReceivedFromNonREMSystem
)

// An Outcome says whether the event of a kind came about.
type Outcome uint8

// The two outcomes. RelayREMMDFailure knows only the negative one and
// ReceivedFromNonREMSystem only the positive one (rem-v2 schema, event table
// in docs/formats/evidence.md).
const (
	Positive Outcome = iota + 1
	Negative
)

var kinds = [...]struct{ name, positive, negative string }{
	SubmissionAcceptanceRejection:    {"SubmissionAcceptanceRejection", "10", "11"},
	RelayREMMDAcceptanceRejection:    {"RelayREMMDAcceptanceRejection", "20", "21"},
	RelayREMMDFailure:                {"RelayREMMDFailure", "", "31"},
	DeliveryNonDeliveryToRecipient:   {"DeliveryNonDeliveryToRecipient", "40", "41"},
	DownloadNonDownloadByRecipient:   {"DownloadNonDownloadByRecipient", "50", "51"},
	RetrievalNonRetrievalByRecipient: {"RetrievalNonRetrievalByRecipient", "60", "61"},
	AcceptanceRejectionByRecipient:   {"AcceptanceRejectionByRecipient", "70", "71"},
	RelayToNonREMSystem:              {"RelayToNonREMSystem", "80", "81"},
	ReceivedFromNonREMSystem:         {"ReceivedFromNonREMSystem", "90", ""},
}

// String returns the name of the schema element.
func (k Kind) String() string {
	if !k.Valid() {
		return "unknown kind"
	}
	return kinds[k].name
}

// Valid reports whether k is one of the nine.
func (k Kind) Valid() bool { return k >= 1 && int(k) < len(kinds) }

// Allows reports whether the kind knows the outcome.
func (k Kind) Allows(o Outcome) bool { return k.Valid() && k.Code(o) != "" }

// Code returns the two digits of kind and outcome, or "" where the kind does
// not know the outcome. 10 to 41 and 60 are those that a Turkish provider's
// clients know (REQ-59); the others continue them and are ours.
func (k Kind) Code(o Outcome) string {
	switch {
	case !k.Valid():
		return ""
	case o == Positive:
		return kinds[k].positive
	case o == Negative:
		return kinds[k].negative
	}
	return ""
}

// KindNamed finds a kind by its schema element; ok is false for another name.
func KindNamed(name string) (k Kind, ok bool) {
	for k := SubmissionAcceptanceRejection; k.Valid(); k++ {
		if kinds[k].name == name {
			return k, true
		}
	}
	return 0, false
}

// String returns "positive" or "negative".
func (o Outcome) String() string {
	switch o {
	case Positive:
		return "positive"
	case Negative:
		return "negative"
	}
	return "unknown outcome"
}
