package evidence

import (
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rem"
	"rem/trust/strictxml"
)

const spaceTSL = "http://uri.etsi.org/02231/v2#"

// entity reads EntityDetailsType: the first name, and the mail address. Two
// different mail addresses leave open who is meant and are refused (AT-14),
// except of an issuer, whose certificate says who it is.
func entity(c *strictxml.Element, issuer bool) (p Party, err error) {
	if err := whiteBetween(c); err != nil {
		return p, err
	}
	for child := range c.ChildElements() {
		var scheme, value string
		switch {
		case child.Is(c.Space, "NamesPostalAddresses"):
			if p.Name, err = firstName(child); err != nil {
				return p, err
			}
			continue
		case child.Is(c.Space, "AttributedElectronicAddress"):
			scheme = attribute(child, "scheme")
			value, err = child.Text()
		case child.Is(spaceTSL, "ElectronicAddress"):
			if u := child.Child(spaceTSL, "URI"); u != nil {
				value, err = u.Text()
			}
		case child.Is(c.Space, "CertificateDetails"), child.Is("http://uri.etsi.org/01903/v1.3.2#", "Any"):
			continue
		default:
			return p, fmt.Errorf("%s holds %s of %q, which it does not know", c.Local, child.Local, child.Space)
		}
		if err != nil {
			return p, fmt.Errorf("reading %s: %w", c.Local, err)
		}
		if err := p.take(scheme, value, issuer); err != nil {
			return p, fmt.Errorf("reading %s: %w", c.Local, err)
		}
	}
	return p, nil
}

// take adds one address to a party.
func (p *Party) take(scheme, value string, issuer bool) error {
	value = strings.TrimSpace(value)
	if scheme == personScheme {
		p.Person = rem.PersonID(value)
		return nil
	}
	if scheme != "" && rem.FoldASCII(scheme) != "mailto" {
		return nil
	}
	if len(value) > 7 && rem.FoldASCII(value[:7]) == "mailto:" {
		value = value[7:]
	}
	switch {
	case value == "" || len(value) > maxText:
		return errors.New("an address is empty or too long")
	case !strings.Contains(value, "@") && strings.Contains(value, ":"):
		return nil // a web address, as tsl:ElectronicAddress often is
	}
	var taken Party
	if a, err := rem.ParseAddress(value); err == nil {
		taken.Address = a
	} else {
		taken.Foreign = value
	}
	switch had := p.String(); {
	case had == "":
		p.Address, p.Foreign = taken.Address, taken.Foreign
	case had != taken.String() && !issuer:
		return fmt.Errorf("two addresses for one party (AT-14)")
	}
	return nil
}

// firstName finds the first Name below NamesPostalAddresses.
func firstName(c *strictxml.Element) (string, error) {
	for entry := range c.ChildElements() {
		if name := entry.Child(c.Space, "EntityName"); name != nil {
			if n := name.Child(c.Space, "Name"); n != nil {
				s, err := n.Text()
				if err != nil || len(s) > maxText {
					return "", fmt.Errorf("reading a name: %w", errors.Join(err, tooLong(s)))
				}
				return s, nil
			}
		}
	}
	return "", nil
}

func tooLong(s string) error {
	if len(s) > maxText {
		return fmt.Errorf("longer than %d octets", maxText)
	}
	return nil
}

// authentication reads time and method wherever they stand below c; an
// assertion in their place is covered by the signature and not read.
func authentication(c *strictxml.Element) (a Authentication, err error) {
	if c == nil {
		return a, nil
	}
	for child := range c.ChildElements() {
		if child.Space != c.Space && child.Space != "" {
			continue
		}
		switch child.Local {
		case "AuthenticationTime":
			s, err := child.Text()
			if err != nil {
				return a, fmt.Errorf("reading AuthenticationTime: %w", err)
			}
			if a.Time, err = dateTime("AuthenticationTime", s); err != nil {
				return a, err
			}
		case "AuthenticationMethod":
			if a.Method, err = child.Text(); err != nil {
				return a, fmt.Errorf("reading AuthenticationMethod: %w", err)
			}
		}
	}
	return a, tooLong(a.Method)
}

func messageDetails(c *strictxml.Element, ns []string) (m MessageDetails, h crypto.Hash, value []byte, err error) {
	f, err := fieldsOf(c, append([]string{spaceDS}, ns...), "MessageSubject", "UAMessageIdentifier", "MessageIdentifierByREMMD", "DigestMethod", "DigestValue")
	if err != nil {
		return m, 0, nil, err
	}
	if m.Subject, err = f.text("MessageSubject"); err != nil {
		return m, 0, nil, err
	}
	if m.UAMessageID, err = f.text("UAMessageIdentifier"); err != nil {
		return m, 0, nil, err
	}
	id, err := f.text("MessageIdentifierByREMMD")
	if err != nil {
		return m, 0, nil, err
	}
	m.ID = messageID(id)
	h, value, err = digest(f["DigestMethod"], f["DigestValue"])
	if h == crypto.SHA256 {
		copy(m.Digest[:], value)
	}
	return m, h, value, err
}

// messageID takes the identifier with or without its angle brackets.
func messageID(s string) rem.MessageID {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, "<"); ok && strings.HasSuffix(rest, ">") {
		s = rest[:len(rest)-1]
	}
	return rem.MessageID(s)
}

// hashes are the digests that count. Some writers name theirs by other words
// or by broken ones: then the evidence has no digest that we know.
var hashes = map[string]crypto.Hash{
	uriSHA256: crypto.SHA256,
	"http://www.w3.org/2001/04/xmldsig-more#sha384": crypto.SHA384,
	"http://www.w3.org/2001/04/xmlenc#sha512":       crypto.SHA512,
}

func digest(method, value *strictxml.Element) (crypto.Hash, []byte, error) {
	if method == nil || value == nil {
		return 0, nil, nil
	}
	h, ok := hashes[attribute(method, "Algorithm")]
	if !ok {
		return 0, nil, nil
	}
	s, err := value.Text()
	if err != nil {
		return 0, nil, fmt.Errorf("reading DigestValue: %w", err)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil || len(b) != h.Size() {
		return 0, nil, errors.New("DigestValue is not a digest of its method")
	}
	return h, b, nil
}

// readReasons reads EventReasons of either standard; find maps a reason.
func (e *Evidence) readReasons(list *strictxml.Element, ns []string, find func(string, []string) rem.Reason) error {
	if list == nil {
		return nil
	}
	if err := whiteBetween(list); err != nil {
		return err
	}
	for c := range list.ChildElements() {
		if c.Local != "EventReason" || !has(ns, c.Space) {
			return fmt.Errorf("EventReasons holds %s", c.Local)
		}
		if len(e.Codes) == maxReasons {
			return fmt.Errorf("more than %d reasons", maxReasons)
		}
		var code Code
		for d := range c.ChildElements() {
			s, err := d.Text()
			switch {
			case err != nil:
				return fmt.Errorf("reading a reason: %w", err)
			case len(s) > maxText:
				return errors.New("reading a reason: too long")
			case d.Local == "Code" && code.Code == "" && has(ns, d.Space):
				code.Code = s
			case d.Local == "Details" && len(code.Details) < maxReasons && has(ns, d.Space):
				code.Details = append(code.Details, s)
			default:
				return fmt.Errorf("EventReason holds %s", d.Local)
			}
		}
		e.Codes = append(e.Codes, code)
		r := find(code.Code, code.Details)
		e.Reasons = append(e.Reasons, Reason{r, detailOf(r, code.Details)})
	}
	return nil
}

// detailOf finds the words for people in Details: ours are "number Turkish /
// English", others' are any text. The list's own words are no detail.
func detailOf(r rem.Reason, details []string) rem.Text {
	if len(details) == 0 {
		return rem.Text{}
	}
	s := details[len(details)-1]
	known, _ := lookup(r)
	if rest, ok := strings.CutPrefix(s, strconv.Itoa(known.number)+" "); ok {
		s = rest
	}
	if _, uri := reasonURI(s); uri || s == known.text.String() || s == strconv.Itoa(known.number) {
		return rem.Text{}
	}
	if tr, en, ok := strings.Cut(s, " / "); ok {
		return rem.Text{Turkish: tr, English: en}
	}
	return rem.Text{English: s}
}
