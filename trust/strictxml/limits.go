package strictxml

// Limits bound what [Parse] accepts. A field that is zero stands for its
// default; more than a limit is an error, never a cut.
type Limits struct {
	MaxBytes      int // length of the source
	MaxDepth      int // elements open at once
	MaxElements   int // elements in the document
	MaxAttributes int // attributes and namespace declarations of one start tag
}

const (
	// DefaultMaxBytes has room for an evidence with the revocation lists that a
	// B-LTA signature carries, which reach hundreds of kilobytes each. An
	// evidence without them is about 7 KB.
	DefaultMaxBytes = 4 << 20

	// DefaultMaxDepth is five times what evidence with its signature needs
	// (twelve), and keeps every walk over a tree shallow (AT-18).
	DefaultMaxDepth = 64

	// DefaultMaxElements bounds what the elements of a tree take at 6 MB, some 180
	// bytes each, 9 MB where each has an identifier; the rest takes at most
	// twelve times the source. A large national trust list has some 60,000
	// elements and is read with limits of its own; evidence has about a hundred.
	DefaultMaxElements = 1 << 15

	// DefaultMaxAttributes bounds the comparison of every attribute of a start
	// tag with every other. No format we read goes beyond a dozen.
	DefaultMaxAttributes = 64

	// maxInScope bounds the namespace declarations that hold at one place of a
	// document, all open elements together. A prefix is looked up by going
	// through them, so this keeps reading linear (AT-07).
	maxInScope = 128
)

// DefaultLimits are the limits for everything that is not a trust list.
var DefaultLimits = Limits{
	MaxBytes:      DefaultMaxBytes,
	MaxDepth:      DefaultMaxDepth,
	MaxElements:   DefaultMaxElements,
	MaxAttributes: DefaultMaxAttributes,
}

func (l Limits) orDefault() Limits {
	if l.MaxBytes == 0 {
		l.MaxBytes = DefaultMaxBytes
	}
	if l.MaxDepth == 0 {
		l.MaxDepth = DefaultMaxDepth
	}
	if l.MaxElements == 0 {
		l.MaxElements = DefaultMaxElements
	}
	if l.MaxAttributes == 0 {
		l.MaxAttributes = DefaultMaxAttributes
	}
	return l
}
