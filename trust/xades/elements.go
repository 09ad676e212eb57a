package xades

import (
	"crypto"
	"fmt"
	"strings"

	"rem/trust/algorithm"
	"rem/trust/strictxml"
)

// white is the white space of XML (XML 1.0 2.3).
const white = " \t\r\n"

func blank(text string) bool { return strings.Trim(text, white) == "" }

// children gives the child elements of one that holds nothing else, white
// space aside. It may have the attributes named, none of them in a namespace,
// and no other.
func children(e *strictxml.Element, attributes ...string) ([]*strictxml.Element, error) {
	if err := onlyAttributes(e, attributes); err != nil {
		return nil, err
	}
	var out []*strictxml.Element
	for i := range e.Children {
		n := &e.Children[i]
		switch n.Kind {
		case strictxml.ElementNode:
			out = append(out, n.Element)
		default:
			if !blank(n.Text) {
				return nil, malformed("text where elements belong, in " + e.Local)
			}
		}
	}
	return out, nil
}

func onlyAttributes(e *strictxml.Element, names []string) error {
	for i := range e.Attrs {
		known := false
		for _, name := range names {
			known = known || e.Attrs[i].Space == "" && e.Attrs[i].Local == name
		}
		if !known {
			return malformed("an unknown attribute of " + e.Local)
		}
	}
	return nil
}

// textOf gives the text of an element that may have these attributes, without
// the white space around it.
func textOf(e *strictxml.Element, attributes ...string) (string, error) {
	if err := onlyAttributes(e, attributes); err != nil {
		return "", err
	}
	text, err := e.Text()
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrForm, err)
	}
	return strings.Trim(text, white), nil
}

// base64Of decodes the text of an element. White space may stand anywhere in
// it, as writers break lines.
func base64Of(e *strictxml.Element, attributes ...string) ([]byte, error) {
	text, err := unbroken(e, attributes...)
	if err != nil {
		return nil, err
	}
	out, err := decode(text)
	if err != nil {
		return nil, malformed("not base64, in " + e.Local)
	}
	return out, nil
}

// unbroken gives the text of an element without its white space.
func unbroken(e *strictxml.Element, attributes ...string) ([]byte, error) {
	text, err := textOf(e, attributes...)
	if err != nil {
		return nil, err
	}
	out := make([]byte, 0, len(text))
	for line := range strings.SplitSeq(text, "\n") {
		if strings.IndexByte(line, ' ') < 0 && strings.IndexByte(line, '\t') < 0 && strings.IndexByte(line, '\r') < 0 {
			out = append(out, line...)
			continue
		}
		for i := range len(line) {
			if c := line[i]; c != ' ' && c != '\t' && c != '\r' {
				out = append(out, c)
			}
		}
	}
	return out, nil
}

// onlyAlgorithm gives the Algorithm of an element that says nothing else.
func onlyAlgorithm(e *strictxml.Element) (string, error) {
	parts, err := children(e, "Algorithm")
	if err != nil {
		return "", err
	}
	if len(parts) > 0 {
		return "", fmt.Errorf("%w: parameters of %s", ErrAlgorithm, e.Local)
	}
	a, ok := e.Attr("", "Algorithm")
	if !ok {
		return "", malformed("no algorithm in " + e.Local)
	}
	return a, nil
}

// readDigest reads ds:DigestMethod and ds:DigestValue.
func readDigest(method, value *strictxml.Element) (crypto.Hash, []byte, error) {
	if !method.Is(nsDS, "DigestMethod") || !value.Is(nsDS, "DigestValue") {
		return 0, nil, malformed("no digest where one belongs")
	}
	uri, err := onlyAlgorithm(method)
	if err != nil {
		return 0, nil, err
	}
	h, ok := algorithm.DigestByURI(uri)
	if !ok {
		return 0, nil, fmt.Errorf("%w: digest %.100q", ErrAlgorithm, uri)
	}
	digest, err := base64Of(value)
	if err == nil && len(digest) != h.Size() {
		err = malformed("a digest of the wrong length")
	}
	return h, digest, err
}
