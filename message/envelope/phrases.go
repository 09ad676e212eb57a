package envelope

import (
	"html"

	"rem/mail/mime"
)

// both are words as text and as a page.
type both struct{ text, page string }

// Phrases are a language's words with what always stands around them.
type phrases struct {
	openings [2]struct{ before, after both } // of a REM-MD message, of a dispatch
	values   struct {
		sender, recipients, subject, submitted, id, uaID, digest, size both
		when, about, reason, evidenceID                                both
	}
	attachedBefore both
	stories        map[happening]both // what follows the number of an evidence
	checks         [2]checking        // of a REM-MD message, of a dispatch
}

// checking tells how to check an envelope; quoted is the text in
// quoted-printable.
type checking struct {
	both
	quoted []byte
}

func (l *language) check(dispatch bool) *checking {
	if dispatch {
		return &l.checks[1]
	}
	return &l.checks[0]
}

// languages are those of the introduction, in its order.
var languages = [2]*language{turkish.prepared(), english.prepared()}

var (
	endValue      = both{"\n", "</p>\n"}
	beforeAddress = both{" <", " &lt;"}
	afterAddress  = both{">", "&gt;"}
)

// A value has its name before it, a paragraph and a heading have a line.
func valueOf(name string) both { return both{"  " + name + ": ", "<p><b>" + name + ":</b> "} }

func paragraph(s string) both { return both{s + "\n", "<p>" + html.EscapeString(s) + "</p>\n"} }

func heading(s string) both {
	return both{"\n" + s + "\n", "<h2>" + html.EscapeString(s) + "</h2>\n"}
}

func command(s string) both {
	return both{"    " + s + "\n", "<pre>" + html.EscapeString(s) + "</pre>\n"}
}

func joined(list ...both) (out both) {
	for _, b := range list {
		out.text, out.page = out.text+b.text, out.page+b.page
	}
	return out
}

// prepared gives the language with its phrases.
func (l language) prepared() *language {
	for i, words := range [2][2]string{{l.evidence, l.evidenceTold}, {l.dispatch, l.dispatchTold}} {
		l.openings[i].before = both{words[0] + "\n\n", "<h1>" + html.EscapeString(words[0]) + "</h1>\n<p>"}
		l.openings[i].after = both{words[1] + "\n", html.EscapeString(words[1]) + "</p>\n"}
	}
	v := &l.values
	v.sender, v.recipients, v.subject, v.submitted = valueOf(l.sender), valueOf(l.recipients), valueOf(l.subject), valueOf(l.submitted)
	v.id, v.uaID, v.digest, v.size = valueOf(l.id), valueOf(l.uaID), valueOf(l.digest), valueOf(l.size)
	v.when, v.about, v.reason, v.evidenceID = valueOf(l.when), valueOf(l.about), valueOf(l.reason), valueOf(l.evidenceID)
	l.attachedBefore = both{"\n" + l.attached, "<h2>" + l.attached}
	l.stories = map[happening]both{}
	for h, t := range tales {
		name, what := l.of(t.name), l.of(t.what)
		l.stories[h] = joined(both{": " + name + "\n", ": " + html.EscapeString(name) + "</h2>\n"},
			valueOf(l.what), both{what, html.EscapeString(what)}, endValue)
	}
	for i := range l.checks {
		c := &l.checks[i]
		c.both = l.howToCheck(i == 1)
		var b mime.Builder
		b.QuotedPrintable(c.text)
		c.quoted, _ = b.Bytes() // text alone cannot fail
	}
	return &l
}

// howToCheck tells how to check the envelope with programs that others wrote.
func (l *language) howToCheck(dispatch bool) both {
	out := joined(
		heading(l.how),
		paragraph(l.howTo),
		paragraph(l.whole),
		command("remverify -trust anchors.pem "+l.messageFile),
		paragraph(l.signature),
		command("openssl cms -verify -cades -purpose any -CAfile anchors.pem -in "+l.messageFile+" -out "+l.contentFile),
		paragraph(l.xml),
		command("xmlsec1 --verify --trusted-pem anchors.pem --id-attr:Id http://uri.etsi.org/01903/v1.3.2#:SignedProperties "+l.xmlFile),
	)
	if dispatch {
		out = joined(out, paragraph(l.original), command("openssl dgst -sha256 "+l.originalFile))
	}
	return out
}
