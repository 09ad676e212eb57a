package mime

// DecodeCharset reads the content of a text part in the character set that its
// Content-Type names. known is false for a set that is not known, or for octets that
// are not in it: those are U+FFFD then.
func DecodeCharset(charset string, b []byte) (text string, known bool) { return toUTF8(charset, b) }
