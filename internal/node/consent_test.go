package node

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"rem/edge/control"
	"rem/internal/setup"
	"rem/message"
)

// REQ-73: who works for a provider has a message's content only with the
// password of somebody whose message it is, and a recipient's makes the evidence
// of opening (REQ-68).
func TestNoContentWithoutItsHoldersPassword(t *testing.T) {
	s := newStage(t, setup.Options{})
	s.start(here, there)
	const stranger = "kanarya.ayse@" + here
	from, ctx := s.holder(0, isil), t.Context()
	s.holder(1, stranger)
	s.holder(4, bora)
	raw := s.sign(from, letter{id: "1@ev", subject: "x", to: []string{bora}})
	if err := s.submit(from, []string{bora}, raw); err != nil {
		t.Fatal(err)
	}
	id := s.sent(isil)[0].Message
	s.reaches(here, id, message.Delivered)

	for name, try := range map[string]struct{ domain, user, password string }{
		"nobody's":                 {here, "", ""},
		"the sender's, guessed":    {here, isil, "kanarya yanlış parola"},
		"another holder's":         {here, stranger, password},
		"the recipient's, guessed": {there, bora, ""},
	} {
		var got bytes.Buffer
		err := s.control(try.domain).Dispatch(ctx, try.user, try.password, id, &got)
		if err == nil || !strings.Contains(err.Error(), control.ErrDenied.Error()) || got.Len() > 0 {
			t.Errorf("%s password: %v and %d octets", name, err, got.Len())
		}
	}
	life, err := s.control(here).Timeline(ctx, id)
	if err != nil || life.Recipients[0].State != message.Delivered.String() {
		t.Fatalf("the attempts left %+v, %v", life, err)
	}

	var sent, came bytes.Buffer
	if err := s.control(here).Dispatch(ctx, isil, password, id, &sent); err != nil {
		t.Fatal(err)
	}
	if life, err = s.control(there).Timeline(ctx, id); err != nil || life.Recipients[0].State != message.Delivered.String() {
		t.Errorf("the sender's reading left %+v, %v", life, err)
	}
	if err := s.control(there).Dispatch(ctx, bora, password, id, &came); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(sent.Bytes(), came.Bytes()) || !bytes.Contains(sent.Bytes(), raw) {
		t.Error("the dispatch is not one, with the original inside")
	}
	s.reaches(here, id, message.Retrieved)
	if err := s.control(here).SetState(ctx, isil, "suspended", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.control(here).Dispatch(ctx, isil, password, id, io.Discard); err == nil {
		t.Error("a suspended account reads its dispatch")
	}
}
