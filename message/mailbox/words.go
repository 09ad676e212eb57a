package mailbox

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
	"strings"
	"unicode"
	"unicode/utf8"

	"rem"
)

// A Word is a token for one word or the beginning of one, under the key of an
// account: nobody reads a word out of it, and another account's are others.
type Word int64

// Bounds of what is searched.
const (
	// minPrefix is the shortest beginning of a word that finds it; shorter words
	// are found whole. Turkish grows at the end of its words.
	minPrefix = 3
	// maxPrefix is the longest beginning that is kept; longer ones are cut to it,
	// in the index and in the question alike.
	maxPrefix = 12
	// MaxWords is how many different tokens of one item are kept.
	MaxWords = 40_000
	// MaxAsked is how many words one question has.
	MaxAsked = 16
)

// Words makes the tokens of one account. It is used by one goroutine at a time.
type Words struct {
	mac       hash.Hash
	word, sum []byte // room of token
}

// NewWords returns the maker for an account, under the provider's key for words.
func NewWords(key []byte, a rem.AccountID) *Words {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte("mailbox words v1\x00" + string(a)))
	return &Words{mac: hmac.New(sha256.New, mac.Sum(nil))}
}

func (w *Words) token(s string) Word {
	w.mac.Reset()
	w.word = append(w.word[:0], s...)
	w.mac.Write(w.word)
	w.sum = w.mac.Sum(w.sum[:0])
	return Word(binary.BigEndian.Uint64(w.sum) >> 1)
}

// Of gives the tokens of texts: of each word, and of its beginnings. More than
// MaxWords are not kept, those of the first texts before those of later ones.
func (w *Words) Of(texts ...string) []Word {
	seen := map[string]bool{}
	var out []Word
	for _, text := range texts {
		for _, word := range Split(text) {
			n := 0
			for i, r := range word {
				n++
				end := i + utf8.RuneLen(r)
				if n > maxPrefix || n < minPrefix && end < len(word) {
					continue
				}
				if part := word[:end]; !seen[part] {
					if len(out) == MaxWords {
						return out
					}
					seen[part] = true
					out = append(out, w.token(part))
				}
			}
		}
	}
	return out
}

// Asked gives the tokens that a question needs, of its first MaxAsked words. A
// single letter or two are found only as whole words.
func (w *Words) Asked(question string) []Word {
	var out []Word
	for _, word := range Split(question) {
		if utf8.RuneCountInString(word) > maxPrefix {
			word = string([]rune(word)[:maxPrefix])
		}
		if len(out) == MaxAsked {
			break
		}
		out = append(out, w.token(word))
	}
	return out
}

// Split cuts a text into words of letters and digits, folded as Turkish names are,
// in order, the same word as often as it stands there. An address is cut at its
// signs like everything else.
func Split(text string) []string {
	return strings.FieldsFunc(rem.FoldName(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) })
}
