package publication

import "embed" // the samples are files that people can read and copy

//go:embed samples/*.txt
var samples embed.FS

// Sample returns the document of a kind that comes with the program: in Turkish
// and English, marked as a sample, with places for what is the provider's own. A
// provider makes it his own, has it read by a lawyer, and takes the mark away;
// until then it can be published in demonstrations alone. nil: there is none.
func Sample(k Kind) []byte {
	b, err := samples.ReadFile("samples/" + string(k) + ".txt")
	if err != nil {
		return nil
	}
	return b
}
