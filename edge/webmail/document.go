package webmail

import (
	"strings"
	"unicode"

	"rem/edge/web"
	"rem/message"
	"rem/message/mailbox"
)

// documentView is what a message says, as the page shows it.
type documentView struct{}

func (p *pages) document(v *visit, r *mailbox.Row, c message.Content) (*documentView, error) {
	return nil, nil
}

func (p *pages) frame(v *visit) (web.Answer, error)      { return nil, web.ErrNotFound }
func (p *pages) attachment(v *visit) (web.Answer, error) { return nil, web.ErrNotFound }

// visible keeps lines as they are and shows everything else that cannot be seen as
// a sign for it.
func visible(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\t':
			return c
		case c == '\r':
			return -1
		case !unicode.IsPrint(c):
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
