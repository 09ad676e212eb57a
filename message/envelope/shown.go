package envelope

import "rem/mail/mime"

// Shown returns the XML of the evidence that a mail shows to whoever reads it with a
// mail program: a text and the evidence beside it, made by a provider for its own
// holders (docs/formats/mailbox.md). Such a mail is no envelope and is not signed;
// the evidence inside is, and nothing else in it counts. Any other mail is false.
func Shown(src mime.Source) (xml []byte, ok bool) {
	m, err := mime.Parse(src, mime.Options{})
	if err != nil || m.Ambiguous() || !m.Type.Is("multipart/mixed") || len(m.Parts) != 2 || m.Header.Get("Auto-Submitted") != "auto-generated" {
		return nil, false
	}
	text, file := m.Parts[0], m.Parts[1]
	if !text.Type.Is("text/plain") || !file.Type.Is("application/xml") || file.FileName() != ShownName {
		return nil, false
	}
	xml, odd, err := file.Bytes(src, maxEvidenceBytes)
	return xml, err == nil && !odd
}

// ShownName is what the evidence is called in such a mail.
const ShownName = "delil.xml"
