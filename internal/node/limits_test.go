package node

import (
	"testing"
	"time"

	"rem/internal/setup"
	"rem/message/mailbox"
)

// REQ-52: how large a message another provider takes is what it said when we last came
// to it, and is known after a stop too; of one that was never met it is the practice's.
func TestWhatAnotherProviderStatesIsKnownToWhoWrites(t *testing.T) {
	s := newStage(t, setup.Options{})
	s.start(here)
	s.start(there)
	from := s.holder(0, isil)
	bora := "bora.agaoglu@" + there
	s.holder(4, bora)
	n := s.nodes[here]
	if got := n.limit(there); got.Known != mailbox.Assumed || got.Octets != n.Practice.MaxPackage {
		t.Errorf("before they met: %+v", got)
	}
	if got := n.limit(here); got.Known != mailbox.Ours {
		t.Errorf("our own: %+v", got)
	}
	if err := s.submit(from, []string{bora}, s.sign(from, letter{id: "bir@ev", subject: "Bir", to: []string{bora}})); err != nil {
		t.Fatal(err)
	}
	want := 2 * s.nodes[there].Practice.MaxPackage // as its door says
	s.until("what it stated", func() (bool, error) { return n.limit(there).Known == mailbox.Stated, nil })
	met := n.limit(there)
	if met.Octets != want || time.Since(met.At) > time.Hour {
		t.Errorf("it stated %+v, want %d octets", met, want)
	}
	s.stop(here)
	s.start(here)
	if got := s.nodes[here].limit(there); got != met {
		t.Errorf("after a stop: %+v, want %+v", got, met)
	}
}
