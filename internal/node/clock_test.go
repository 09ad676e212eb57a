package node

import (
	"crypto"
	"errors"
	"strings"
	"testing"
	"time"

	"rem"
	"rem/edge/tsa"
	"rem/internal/setup"
	"rem/internal/testkit"
	"rem/trust/tsp"
)

// REQ-66: a clock that the authority does not agree with raises an alarm, once a
// minute, and nothing is stamped.
func TestAClockThatPartsFromTheAuthorityIsAlarmed(t *testing.T) {
	s := newStage(t, setup.Options{Domains: []string{here}})
	s.start(here)
	n := s.nodes[here]
	a := n.Config.Timestamp[0]
	certs, err := readCertificates(a.Certificates)
	if err != nil {
		t.Fatal(err)
	}
	imprint := rem.DigestOf([]byte("damga"))
	for name, off := range map[string]time.Duration{"an hour ahead": time.Hour, "a minute behind": -time.Minute, "right": 0} {
		t.Run(name, func(t *testing.T) {
			client, err := tsa.NewClient(tsa.ClientOptions{
				Clock: testkit.NewClock(time.Now().Add(off)), Endpoints: []tsa.Endpoint{{URL: a.URL, Certificates: certs}},
			})
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			before := strings.Count(s.logs[here].String(), alarmClock)
			w := &clockWatch{Authority: client, node: n}
			wrong := 0
			for range 2 {
				if _, err := w.Stamp(t.Context(), crypto.SHA256, imprint[:]); errors.Is(err, tsp.ErrTime) {
					wrong++
				} else if err != nil {
					t.Fatal(err)
				}
			}
			wantWrong, wantAlarms := 2, 1
			if off == 0 {
				wantWrong, wantAlarms = 0, 0
			}
			if alarms := strings.Count(s.logs[here].String(), alarmClock) - before; wrong != wantWrong || alarms != wantAlarms {
				t.Errorf("%d refused and %d alarms, want %d and %d", wrong, alarms, wantWrong, wantAlarms)
			}
		})
	}
	if _, metrics := s.get(here, "/metrics"); !strings.Contains(metrics, `rem_alarms_total{what="`+alarmClock+`"} 2`) {
		t.Error("the alarms are not counted")
	}
}
