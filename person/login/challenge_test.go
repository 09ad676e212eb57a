package login

import (
	"os"
	"testing"
)

// REQ-43, docs/formats/login-challenge.md: what is signed does not change within a
// version.
func TestWhatIsSignedIsTheFrozenText(t *testing.T) {
	challenge := make([]byte, challengeOctets)
	copy(challenge, []byte{0x00, 0x06, 0x60, 0xEC, 0x24, 0x6D, 0xFC, 0x00})
	for i := 8; i < challengeOctets; i++ {
		challenge[i] = byte(i)
	}
	s := &Service{Config: Config{Origin: "https://kep.example"}}
	want, err := os.ReadFile("testdata/v1/challenge.txt")
	if err != nil {
		t.Fatal(err)
	}
	got := string(s.signedText(challenge, Start{kind: Holder})) + string(s.signedText(challenge, Start{kind: Staff, raise: &Session{}}))
	if got != string(want) {
		t.Errorf("what is signed is\n%s\nwant\n%s", got, want)
	}
}
