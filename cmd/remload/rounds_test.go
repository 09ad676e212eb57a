package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRatiosAreTakenWithinARoundAndTheirMedianIsReported(t *testing.T) {
	// The machine slows down from round to round; the ratio stays three.
	ours, theirs := []float64{300, 150, 60}, []float64{100, 50, 20}
	turn := func(figures *[]float64) func(context.Context) ([]float64, error) {
		return func(context.Context) ([]float64, error) {
			f := (*figures)[0]
			*figures = append((*figures)[1:], f)
			return []float64{f}, nil
		}
	}
	r := newReport(nil, io.Discard)
	err := takeTurns(t.Context(), r, "both", 3, []string{"msg/s"},
		[]side{{"ours", turn(&ours)}, {"theirs", turn(&theirs)}}, []share{{name: "ours ÷ theirs", over: 0, under: 1, factor: 1}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := r.Tables[0].Rows[0].Name, "ours"; got != want {
		t.Errorf("the first row is %q, want %q", got, want)
	}
	// A disturbed machine gives more rounds, which repeat the figures; taken
	// across rounds, the ratio would be anything from 0.6 to 15.
	if got, want := r.Tables[1].Rows[0].Figures, []float64{3, 3, 3}; cmp.Diff(want, got) != "" {
		t.Errorf("ratios: %s", cmp.Diff(want, got))
	}
}

func TestMedians(t *testing.T) {
	for _, c := range []struct {
		name    string
		figures []float64
		want    float64
	}{
		{"none", nil, 0}, {"one", []float64{4}, 4}, {"odd", []float64{9, 1, 3}, 3}, {"even", []float64{9, 1, 3, 5}, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := median(c.figures); got != c.want {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestTheMeterSeesWhatThisProgramUses(t *testing.T) {
	m, err := newMeter()
	if err != nil {
		t.Fatal(err)
	}
	s, err := schemes()
	if err != nil {
		t.Fatal(err)
	}
	ours := 0.0
	for i := 0; ours == 0 && i < 100_000; i++ {
		if _, err := s[0].sign(); err != nil {
			t.Fatal(err)
		}
		if i%1000 == 999 {
			if ours, _, err = m.read(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if ours <= 0 {
		t.Errorf("we used %v seconds, want more", ours)
	}
}

// Dovecot gives each session a process: its time is told while it runs and after it.
func TestTheTimeOfAServerIsThatOfItsProcessesToo(t *testing.T) {
	self, other := os.Getpid(), 1
	child := exec.Command("sh", "-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; read line")
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	running, ours := 0.0, 0.0
	for running == 0 && t.Context().Err() == nil {
		if running, err = usedBy(child.Process.Pid); err != nil {
			t.Fatal(err)
		}
	}
	if ours, err = usedBy(self); err != nil || ours < running {
		t.Errorf("we used %v seconds and our child %v (%v)", ours, running, err)
	}
	in.Close()
	_ = child.Wait() // read found the end
	if after, err := usedBy(self); err != nil || after < ours {
		t.Errorf("we used %v seconds and then %v: what ended is lost (%v)", ours, after, err)
	}
	list, err := processes()
	if err != nil || list.descends(other, self) || !list.descends(self, self) {
		t.Errorf("who came of whom is wrong (%v)", err)
	}
}

func TestACommandLineThatIsWrongSaysWhatToDo(t *testing.T) {
	for _, c := range []struct {
		name   string
		args   []string
		status int
		says   string
	}{
		{"no command", nil, 1, "remload --help"},
		{"an unknown one", []string{"fly"}, 1, "remload --help"},
		{"help", []string{"--help"}, 0, "Examples:"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out bytes.Buffer
			if got := program(t.Context(), c.args, &out, &out); got != c.status {
				t.Errorf("got status %d, want %d", got, c.status)
			}
			if !strings.Contains(out.String(), c.says) {
				t.Errorf("got %q, want %q in it", out.String(), c.says)
			}
		})
	}
}
