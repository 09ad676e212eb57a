package mailstore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"rem/edge/mailstore"
	"rem/internal/testkit"
	"rem/internal/testkit/mailboxtest"
	"rem/message/mailbox"
)

var sizes = []int{1000, 100_000}

const wordsEach = 300 // tokens of one message

// zipf draws words as a language does: few are in most messages.
func zipf(random *rand.Rand) func() mailbox.Word {
	z := rand.NewZipf(random, 1.07, 2, 200_000)
	return func() mailbox.Word { return word(z.Uint64()) }
}

// word makes a token that looks like one, of the n-th most common word.
func word(n uint64) mailbox.Word { return mailbox.Word((n + 1) * 0x9E3779B97F4A7C15 >> 1) }

var filled = map[int]*mailstore.Store{}

// Some of what is asked for is as many in a large mailbox as in a small one, so that
// answers have the same rows.
const (
	inFolder = 200 // messages in a folder of few
	haveRare = 100 // that have the rare word
	rare     = mailbox.Word(1<<62 + 1)
)

// full gives a store with n messages of one account, some of them in a small folder,
// spread over all, which lives as long as the benchmarks.
func full(b *testing.B, n int) *mailstore.Store {
	b.Helper()
	if s := filled[n]; s != nil {
		return s
	}
	p := newPlace(b, testkit.NewClock(mailboxtest.At))
	dir, err := os.MkdirTemp("", "mailstore")
	must(b, err)
	p.config.Path = dir + "/mailbox.db"
	s, err := mailstore.Open(b.Context(), p.config)
	must(b, err)
	filled[n] = s
	start := time.Now()
	for from := 0; from < n; from += 500 {
		news := make([]mailbox.News, 500)
		for i := range news {
			news[i] = mailboxtest.Came(mailboxtest.Holder, from+i)
		}
		must(b, s.Follow(b.Context(), news, fmt.Sprint(from)))
	}
	random := rand.New(rand.NewPCG(1, 1))
	draw := zipf(random)
	var batch []mailbox.Indexing // as the follower has them
	for id := 1; id <= n; id++ {
		seen := map[mailbox.Word]bool{}
		words := make([]mailbox.Word, 0, wordsEach+1)
		for len(words) < wordsEach {
			if x := draw(); !seen[x] {
				seen[x] = true
				words = append(words, x)
			}
		}
		if id%(n/haveRare) == 0 {
			words = append(words, rare)
		}
		batch = append(batch, mailbox.Indexing{Account: mailboxtest.Holder.Account, Item: mailbox.ItemID(id), Words: words, Attachments: id % 3})
		if len(batch) == 100 {
			must(b, s.Index(b.Context(), batch))
			batch = nil
		}
	}
	for more := true; more; {
		more, err = s.Tidy(b.Context())
		must(b, err)
	}
	var some []mailbox.ItemID
	for id := n / inFolder; id <= n; id += n / inFolder {
		some = append(some, mailbox.ItemID(id))
	}
	_, err = s.Move(b.Context(), mailboxtest.Holder.Account, some, mailbox.Archive)
	must(b, err)
	must(b, s.Flag(b.Context(), mailboxtest.Holder.Account, some[:10], mailbox.Flagged, 0))
	size := int64(0)
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(p.config.Path + suffix); err == nil {
			size += info.Size()
		}
	}
	b.Logf("%d messages: filled in %v, %d octets a message", n, time.Since(start).Round(time.Millisecond), size/int64(n))
	return s
}

// BenchmarkPages asks mailboxes of 1,000 and of 100,000 in turns, so that neighbours
// slow both: milliseconds of each, how many rows the page of both has, and the ratio of
// the medians. Answers of unlike length would not be compared.
func BenchmarkPages(b *testing.B) {
	for _, c := range []struct {
		name  string
		query mailbox.Query
	}{
		{"inbox", mailbox.Query{Folder: mailbox.Inbox}},
		{"archive", mailbox.Query{Folder: mailbox.Archive}},
		{"all", mailbox.Query{}},
		{"unopened", mailbox.Query{Folder: mailbox.Inbox, Unopened: true}},
		{"attached", mailbox.Query{Attached: true}},
		{"marked", mailbox.Query{Marked: true}},
		{"words/common", mailbox.Query{Words: []mailbox.Word{word(0)}}},
		{"words/two", mailbox.Query{Words: []mailbox.Word{word(3), word(40)}}},
		{"words/rare", mailbox.Query{Words: []mailbox.Word{rare}}},
		{"words/rare+common", mailbox.Query{Words: []mailbox.Word{word(1), rare}}},
		{"words/none", mailbox.Query{Words: []mailbox.Word{word(1 << 40)}}},
		{"words/archive", mailbox.Query{Folder: mailbox.Archive, Words: []mailbox.Word{word(1)}}},
		{"words/inbox", mailbox.Query{Folder: mailbox.Inbox, Words: []mailbox.Word{word(1), word(7)}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			c.query.Limit = 50
			var took [2][]float64
			var rows [2]int
			for _, n := range sizes {
				full(b, n)
			}
			for b.Loop() {
				for i, n := range sizes {
					began := time.Now()
					list, err := full(b, n).Items(b.Context(), mailboxtest.Holder.Account, c.query)
					took[i] = append(took[i], float64(time.Since(began))/1e6)
					if err != nil {
						b.Fatal(err)
					}
					rows[i] = len(list)
				}
			}
			var median [2]float64
			for i, n := range sizes {
				slices.Sort(took[i])
				median[i] = took[i][len(took[i])/2]
				b.ReportMetric(median[i], fmt.Sprintf("ms/%d", n))
			}
			if rows[0] != rows[1] {
				b.Fatalf("the pages have %d and %d rows", rows[0], rows[1])
			}
			b.ReportMetric(float64(rows[0]), "rows")
			b.ReportMetric(median[1]/median[0], "ratio")
		})
	}
}

func BenchmarkLines(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := full(b, n)
			b.ReportAllocs()
			for b.Loop() {
				// A mark changes the folder, so that its lines are read and not remembered.
				b.StopTimer()
				must(b, s.Flag(b.Context(), mailboxtest.Holder.Account, []mailbox.ItemID{2}, mailbox.Answered, mailbox.Flags(0)))
				must(b, s.Flag(b.Context(), mailboxtest.Holder.Account, []mailbox.ItemID{2}, 0, mailbox.Answered))
				b.StartTimer()
				lines, err := s.Lines(b.Context(), mailboxtest.Holder.Account, mailbox.Inbox)
				if err != nil || len(lines) == 0 {
					b.Fatal(len(lines), err)
				}
			}
		})
	}
}

func BenchmarkFolders(b *testing.B) {
	for _, n := range sizes {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			s := full(b, n)
			for b.Loop() {
				if _, err := s.Folders(b.Context(), mailboxtest.Holder); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestMain(m *testing.M) {
	code := m.Run()
	for _, s := range filled {
		s.Close()
		os.RemoveAll(filepath.Dir(s.Path))
	}
	os.Exit(code)
}
