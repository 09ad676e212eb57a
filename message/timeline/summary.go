package timeline

import (
	"fmt"
	"strings"

	"rem"
	"rem/message"
)

// A Summary counts recipients. Each is in one of the first six; Read and NotRead
// are among InMailbox.
type Summary struct {
	Recipients int
	UnderWay   int // something is awaited, and it is not in the mailbox
	InMailbox  int
	Unknown    int // no information came in time
	Failed     int // refused, not relayed, not delivered

	Read     int
	NotRead  int // not opened in time
	Conflict int // with evidence that contradicts another
}

func summarise(m *Message) (s Summary) {
	s.Recipients = len(m.Recipients)
	for _, r := range m.Recipients {
		if r.Conflict {
			s.Conflict++
		}
		switch r.State {
		case message.Delivered:
			s.InMailbox++
		case message.Retrieved:
			s.InMailbox++
			s.Read++
		case message.NotRetrieved:
			s.InMailbox++
			s.NotRead++
		case message.Overdue, message.None:
			s.Unknown++
		case message.Refused, message.NotRelayed, message.RelayRefused, message.NotDelivered:
			s.Failed++
		default:
			s.UnderWay++
		}
	}
	return s
}

// Text says the counts that are not zero: "3 alıcı: 2 kutuda (1 okundu), 1
// gerçekleşmedi".
func (s Summary) Text() rem.Text {
	turkish := []string{}
	english := []string{}
	add := func(n int, tr, en string) {
		if n > 0 {
			turkish = append(turkish, fmt.Sprintf("%d %s", n, tr))
			english = append(english, fmt.Sprintf("%d %s", n, en))
		}
	}
	inTurkish, inEnglish := "kutuda", "in the mailbox"
	var of, en []string
	if s.Read > 0 {
		of, en = append(of, fmt.Sprintf("%d okundu", s.Read)), append(en, fmt.Sprintf("%d read", s.Read))
	}
	if s.NotRead > 0 {
		of, en = append(of, fmt.Sprintf("%d süresinde okunmadı", s.NotRead)), append(en, fmt.Sprintf("%d not read in time", s.NotRead))
	}
	if len(of) > 0 {
		inTurkish += " (" + strings.Join(of, ", ") + ")"
		inEnglish += " (" + strings.Join(en, ", ") + ")"
	}
	add(s.InMailbox, inTurkish, inEnglish)
	add(s.UnderWay, "yolda", "under way")
	add(s.Unknown, "bilgi gelmedi", "without information")
	add(s.Failed, "ulaşmadı", "failed")
	add(s.Conflict, "çelişen delil", "with conflicting evidence")
	people := "recipients"
	if s.Recipients == 1 {
		people = "recipient"
	}
	return rem.Text{
		Turkish: fmt.Sprintf("%d alıcı: %s", s.Recipients, strings.Join(turkish, ", ")),
		English: fmt.Sprintf("%d %s: %s", s.Recipients, people, strings.Join(english, ", ")),
	}
}
