package simulator

import (
	"slices"
	"strings"
	"time"
)

// A Citizen is what simulated registers and documents know of a synthetic person.
type Citizen struct {
	Subject
	Birth time.Time
	// Document and Passport are the numbers of his card and his passport.
	Document, Passport string
	Until              time.Time
}

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

// Citizens are the persons of [People], with days of birth and documents that no
// register has. The last one's number is a foreigner's.
var Citizens = []Citizen{
	{People[0], date(1984, 2, 29), "S00A00001", "U00000001", date(2033, 5, 19)},
	{People[1], date(1957, 10, 29), "S00A00002", "U00000002", date(2031, 4, 23)},
	{People[2], date(2001, 1, 1), "S00A00003", "U00000003", date(2035, 12, 31)},
	{People[3], date(1990, 8, 30), "S00A00004", "U00000004", date(2029, 10, 29)},
	{People[4], date(1975, 7, 15), "S00A00005", "U00000005", date(2030, 3, 1)},
}

// citizen finds one by number.
func citizen(number string) *Citizen {
	i := slices.IndexFunc(Citizens, func(c Citizen) bool { return c.IdentityNumber == number })
	if i < 0 {
		return nil
	}
	return &Citizens[i]
}

// Zone writes the machine-readable zone of the citizen's card, or of his passport:
// without ends of lines, as a chip has it.
func (c *Citizen) Zone(passport bool) string {
	names := zoneName(c.FamilyName) + "<<" + zoneName(c.GivenName)
	birth, until := c.Birth.Format("060102"), c.Until.Format("060102")
	birth, until = birth+digit(birth), until+digit(until)
	if passport {
		two := c.Passport + digit(c.Passport) + "TUR" + birth + "<" + until + pad(c.IdentityNumber, 14)
		two += digit(two[28:])
		return pad("P<TUR"+names, 44) + two + digit(two[:10]+two[13:20]+two[21:43])
	}
	one := pad("I<TUR"+c.Document+digit(c.Document)+"<"+c.IdentityNumber, 30)
	two := pad(birth+"<"+until+"TUR", 29)
	return one + two + digit(one[5:]+two[:7]+two[8:15]+two[18:29]) + pad(names, 30)
}

// zoneName writes a name in the letters of a zone.
func zoneName(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r
		case 'a' <= r && r <= 'z':
			return r - ('a' - 'A')
		case r == ' ' || r == '-':
			return '<'
		}
		for _, pair := range [][2]string{{"İIıî", "I"}, {"Şş", "S"}, {"Ğğ", "G"}, {"Çç", "C"}, {"Öö", "O"}, {"Üüû", "U"}, {"â", "A"}} {
			if strings.ContainsRune(pair[0], r) {
				return rune(pair[1][0])
			}
		}
		return -1
	}, s)
}

func pad(s string, n int) string {
	if len(s) > n {
		return s[:n]
	}
	return s + strings.Repeat("<", n-len(s))
}

// digit is the check digit of a zone's field.
func digit(s string) string {
	sum, weight := 0, [3]int{7, 3, 1}
	for i, c := range []byte(s) {
		v := 0
		if c >= '0' && c <= '9' {
			v = int(c - '0')
		} else if c != '<' {
			v = int(c-'A') + 10
		}
		sum += v * weight[i%3]
	}
	return string(rune('0' + sum%10))
}
