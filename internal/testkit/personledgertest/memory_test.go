package personledgertest

import (
	"errors"
	"testing"

	"rem/person"
	"rem/person/application"
)

func TestMemoryKeepsWhatLedgersPromise(t *testing.T) {
	Run(t, func(*testing.T) application.Ledger { return NewMemory() })
	RunLists(t, func(*testing.T) Listing { return NewMemory() })
}

// Every write of a journey fails, once before it was done and once after; the
// journey then begins again and comes to the same end (REQ-9).
func TestAJourneySurvivesEveryFailingWrite(t *testing.T) {
	k, crash := NewKit(t), errors.New("crash")
	for _, kind := range person.Kinds() {
		writes := 0
		count := NewMemory()
		count.Fail = func(_ string, done bool) error {
			if done {
				writes++
			}
			return nil
		}
		k.Walk(t, count, 1, kind, "activate")
		if writes < 9 {
			t.Fatalf("%s: only %d writes", kind, writes)
		}
		for at := range writes {
			for _, applied := range []bool{false, true} {
				l, n := NewMemory(), 0
				l.Fail = func(_ string, done bool) error {
					if done != applied {
						return nil
					}
					if n++; n == at+1 {
						return crash
					}
					return nil
				}
				crashes := 0
				for range 2 {
					for _, m := range k.Journey(1, kind, false) {
						if err := m.Do(t.Context(), l); errors.Is(err, crash) {
							crashes++
							break // the process ends here
						} else if err != nil {
							t.Fatalf("%s, write %d, applied %t: %s: %v", kind, at, applied, m.Name, err)
						}
					}
				}
				v := view(t, l, 1)
				left, err := l.Unfinished(t.Context())
				if v.State != application.Activated || crashes != 1 || len(left) > 0 || err != nil {
					t.Errorf("%s, write %d, applied %t: %s after %d crashes, %d unfinished", kind, at, applied, v.State, crashes, len(left))
				}
				if _, err := application.OpeningOf(v); err != nil {
					t.Errorf("%s, write %d, applied %t: %v", kind, at, applied, err)
				}
				addressState(t, l, v, person.AddressAssigned)
			}
		}
	}
}

func TestOfManyWhoWantAnAddressInMemoryOnePersonEverHasIt(t *testing.T) {
	RaceAddresses(t, 14, 2000, func(*testing.T) person.Addresses { return NewMemory() })
}
