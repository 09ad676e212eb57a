package message

import (
	"time"

	"rem/provider"
)

// Due returns when a period of the table that begins at now is over, by the
// practice statement; zero for no period.
func Due(practice *provider.Practice, p Period, now time.Time) time.Time {
	var d time.Duration
	switch p {
	case RelayPeriod:
		d = practice.RelayPeriod
	case AnswerPeriod:
		d = practice.AnswerPeriod
	case RetrievalPeriod:
		if d = practice.RetrievalPeriod; practice.DeemedRead > 0 {
			d = min(d, practice.DeemedRead)
		}
	}
	if d <= 0 {
		return time.Time{}
	}
	return now.Add(d)
}
