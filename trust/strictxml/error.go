package strictxml

import "fmt"

// A Rule names what a document may not do, in a phrase fit for a report.
type Rule string

// The rules, by the part of the document that they are about.
const (
	TooLarge          Rule = "larger than the limit"
	TooDeep           Rule = "nested deeper than the limit"
	TooManyElements   Rule = "more elements than the limit"
	TooManyAttributes Rule = "more attributes in one start tag than the limit"
	TooManyNamespaces Rule = "more namespace declarations in force than the limit"

	NotUTF8      Rule = "not UTF-8"
	BadCharacter Rule = "a character that XML does not allow"

	Doctype               Rule = "a document type declaration"
	ProcessingInstruction Rule = "a processing instruction"
	BadDeclaration        Rule = "an XML declaration other than version 1.0 in UTF-8"
	BadComment            Rule = "a comment that contains -- or does not end"
	BadCDATA              Rule = "a CDATA section that does not end"
	BadMarkup             Rule = "markup that is not well-formed"
	OutsideRoot           Rule = "content outside the root element"
	NoRoot                Rule = "no root element"
	Unclosed              Rule = "an element that is not closed"
	MismatchedEnd         Rule = "an end tag of another element"
	CDATAEndInText        Rule = "]]> in text"

	BadName        Rule = "a name that is not a qualified name"
	NameNotNFC     Rule = "a name that is not in normalisation form C"
	BadAttribute   Rule = "an attribute that is not well-formed"
	BadReference   Rule = "a reference to anything but a character or a predefined entity"
	AttributeAgain Rule = "an attribute twice"

	PrefixUnbound     Rule = "a prefix that is not declared"
	PrefixUndeclared  Rule = "a prefix declared as empty"
	ReservedNamespace Rule = "a reserved prefix or namespace put to another use"
	RelativeNamespace Rule = "a namespace name that is not an absolute URI"
	DeclarationAgain  Rule = "a namespace declaration twice"

	IdentifierAgain Rule = "an identifier twice"
	BadIdentifier   Rule = "an xml:id that is not a name"
)

// An Error says which rule a document broke, and where. It holds nothing of the
// document itself, so it may be logged.
type Error struct {
	Rule   Rule
	Offset int // in bytes from the start of the source
}

func (e *Error) Error() string { return fmt.Sprintf("XML at byte %d: %s", e.Offset, string(e.Rule)) }
