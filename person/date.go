package person

import (
	"fmt"
	"time"
)

// A Date is a day of the calendar that is about a person: of birth, or of a
// document.
type Date struct{ guarded }

// Ages.
const (
	ofAge  = 18  // Turkish Civil Code: majority begins when eighteen is completed
	oldest = 130 // nobody was ever older; a typing error is likelier
)

// istanbul is where the law counts days. Türkiye is three hours ahead of UTC all
// year since 2016.
var istanbul = time.FixedZone("Europe/Istanbul", 3*60*60)

// ParseDate reads 29.10.1990, 29/10/1990 or 1990-10-29.
func ParseDate(s string) (Date, error) {
	s, err := squeeze(s, 20)
	if err != nil {
		return Date{}, err
	}
	var y, m, d int
	switch {
	case len(s) == 10 && s[4] == '-' && s[7] == '-':
		y, m, d = number(s[:4]), number(s[5:7]), number(s[8:])
	case len(s) == 10 && s[2] == s[5] && (s[2] == '.' || s[2] == '/'):
		d, m, y = number(s[:2]), number(s[3:5]), number(s[6:])
	default:
		return Date{}, problem(NotADate)
	}
	if y < 0 || m < 0 || d < 0 {
		return Date{}, problem(NotADate)
	}
	day := time.Date(y, time.Month(m), d, 0, 0, 0, 0, istanbul)
	if day.Year() != y || int(day.Month()) != m || day.Day() != d {
		return Date{}, problem(NoSuchDate)
	}
	return dateOf(day), nil
}

func dateOf(day time.Time) Date {
	return Date{guard(day.Format(time.DateOnly), "****-**-**")}
}

// number reads ASCII digits, or gives -1.
func number(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return -1
		}
		n = n*10 + int(s[i]-'0')
	}
	return n
}

// Time is the beginning of the day in Türkiye; the zero time of the zero Date.
func (d Date) Time() time.Time {
	day, err := time.ParseInLocation(time.DateOnly, d.Reveal(), istanbul)
	if err != nil {
		return time.Time{} // of the zero Date alone: every other was made by dateOf
	}
	return day
}

// Page gives the date as people in Türkiye write it. It reveals it.
func (d Date) Page() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format("02.01.2006")
}

// ParseBirthDate reads a date of birth that somebody living at now can have.
func ParseBirthDate(s string, now time.Time) (Date, error) {
	d, err := ParseDate(s)
	if err != nil {
		return Date{}, err
	}
	switch age := d.Age(now); {
	case d.Time().After(now):
		return Date{}, problem(InTheFuture)
	case age > oldest:
		return Date{}, problem(TooLongAgo)
	}
	return d, nil
}

// Age is the number of years completed at now.
func (d Date) Age(now time.Time) int {
	born, today := d.Time(), now.In(istanbul)
	age := today.Year() - born.Year()
	// Who was born on 29 February completes a year on 1 March of other years.
	if today.Before(time.Date(today.Year(), born.Month(), born.Day(), 0, 0, 0, 0, istanbul)) {
		age--
	}
	return age
}

// Adult reports whether whoever was born then is of age at now (REQ-19). The
// zero Date is nobody's.
func (d Date) Adult(now time.Time) bool { return !d.IsZero() && d.Age(now) >= ofAge }

// ParseValidity reads until when a document is valid, and refuses one that no
// longer is: the day itself counts (REQ-10).
func ParseValidity(s string, now time.Time) (Date, error) {
	d, err := ParseDate(s)
	if err != nil {
		return Date{}, err
	}
	if !d.Covers(now) {
		return Date{}, problem(Expired)
	}
	return d, nil
}

// Covers reports whether a validity that ends with this day holds at now.
func (d Date) Covers(now time.Time) bool {
	return !d.IsZero() && now.Before(d.Time().AddDate(0, 0, 1))
}

// DateAt is the day in Türkiye at a time.
func DateAt(t time.Time) (Date, error) {
	day := t.In(istanbul)
	if day.Year() < 1 || day.Year() > 9999 {
		return Date{}, fmt.Errorf("year %d is none of the calendar's four digits", day.Year())
	}
	return dateOf(day), nil
}
