package notice

import (
	_ "embed" // the sample is a file that people can read and copy

	"slices"
)

//go:embed sample.txt
var sample []byte

// Sample returns the notice that comes with the program: complete in Turkish and
// English, in agreement with the inventory of personal data, marked as a sample,
// with places for the provider's identity (canon.Placeholders, [Fill]). A provider
// makes it his own, has it read by a lawyer, and takes the mark away; until then
// it can be published in demonstrations alone.
func Sample() []byte { return slices.Clone(sample) }
