package evidence

import (
	"fmt"
	"strings"
	"time"

	"rem/trust/strictxml"
)

// fields gives the children of an element, each of which stands once. Unknown
// names are refused.
type fields map[string]*strictxml.Element

func fieldsOf(parent *strictxml.Element, spaces []string, names ...string) (fields, error) {
	f := make(fields, len(names))
	if err := whiteBetween(parent); err != nil {
		return nil, err
	}
	for c := range parent.ChildElements() {
		if c.Is(spaceDS, "Signature") {
			continue
		}
		if !has(spaces, c.Space) || !has(names, c.Local) {
			return nil, fmt.Errorf("%s holds %s of %q, which it does not know", parent.Local, c.Local, c.Space)
		}
		if f[c.Local] != nil {
			return nil, fmt.Errorf("%s holds %s twice", parent.Local, c.Local)
		}
		f[c.Local] = c
	}
	return f, nil
}

func has(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}

// text reads an element's text; an absent one gives "".
func (f fields) text(name string) (string, error) {
	c := f[name]
	if c == nil {
		return "", nil
	}
	s, err := c.Text()
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", name, err)
	}
	if len(s) > maxText {
		return "", fmt.Errorf("reading %s: longer than %d octets", name, maxText)
	}
	return s, nil
}

func (f fields) time(name string) (t time.Time, err error) {
	s, err := f.text(name)
	if err != nil || f[name] == nil {
		return time.Time{}, err
	}
	return dateTime(name, s)
}

// dateTime reads an xs:dateTime that names its zone. One without is refused:
// it means another moment to every reader.
func dateTime(name, s string) (t time.Time, err error) {
	if err := t.UnmarshalText([]byte(strings.TrimSpace(s))); err != nil {
		return time.Time{}, fmt.Errorf("%s is not a time with its zone: %q", name, s)
	}
	return t.UTC(), nil
}

// attribute returns the value of an attribute without a namespace, "" when it
// is absent.
func attribute(c *strictxml.Element, local string) string {
	v, _ := c.Attr("", local)
	return v
}

// whiteBetween refuses text among the children of an element that holds only
// elements: it belongs to nothing, and two readers may take it differently.
func whiteBetween(c *strictxml.Element) error {
	for i := range c.Children {
		if n := &c.Children[i]; n.Kind == strictxml.TextNode && strings.Trim(n.Text, " \t\r\n") != "" {
			return fmt.Errorf("%s holds text among its elements", c.Local)
		}
	}
	return nil
}
