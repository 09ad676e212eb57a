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

// Longest returns how far ahead a stage puts a task at most: a period, or a pause
// between two attempts, whichever is longer.
func Longest(practice *provider.Practice, stage Stage) time.Duration {
	pause := max(practice.FirstRetry, practice.LastRetry)
	switch stage {
	case RelayStage:
		return max(pause, practice.AskAgain, practice.RelayPeriod, practice.AnswerPeriod)
	case RetrievalStage:
		return max(pause, practice.RetrievalPeriod)
	}
	return max(pause, AnswerLinger)
}
