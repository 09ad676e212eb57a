package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rem"
)

// bulkCommands ask about bulk sendings by the door for programs, with a token of the
// person whose account it is: operators of the provider see none of them.
type bulkCommands struct {
	Status  bulkStatus  `cmd:"" help:"Say where a bulk sending stands; without ID, list them."`
	Results bulkResults `cmd:"" help:"Write the results of a bulk sending, row by row, as CSV."`
}

// A programDoor is the provider's door for programs.
type programDoor struct {
	Server string `required:"" help:"Where the provider's pages are." placeholder:"https://HOST"`
	Token  string `help:"File that holds a token with the scope mail.send. Default: REM_TOKEN." name:"token-file" type:"path" placeholder:"FILE"`
	CA     string `help:"Roots that the server's certificate may lead to. Default: those of the system." name:"ca" type:"path" placeholder:"FILE.pem"`
}

const (
	// programTimeout bounds a question but for what is written to a file.
	programTimeout = 30 * time.Second
	maxProgram     = 4 << 20
)

// get asks for a path and gives the answer to read.
func (d *programDoor) get(ctx context.Context, path string, read func(io.Reader) error) (err error) {
	base, err := url.Parse(d.Server)
	if err != nil || base.Scheme != "https" || base.Host == "" {
		return fmt.Errorf("--server %s: write https:// and the host", d.Server)
	}
	token := os.Getenv("REM_TOKEN")
	if d.Token != "" {
		if token, err = (&passwordSource{PasswordFile: d.Token}).read(nil, ""); err != nil {
			return err
		}
	}
	if token = strings.TrimSpace(token); token == "" {
		return errors.New("no token: give --token-file FILE, or set REM_TOKEN")
	}
	roots, err := (&sendCommand{Server: base.Hostname() + ":443", CA: d.CA}).trust()
	if err != nil {
		return err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("/api/v1", path).String(), nil)
	if err != nil {
		return fmt.Errorf("--server %s: %w", d.Server, err)
	}
	q.Header.Set("Authorization", "Bearer "+token)
	client := &http.Client{
		Transport:     &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots.RootCAs}, ResponseHeaderTimeout: programTimeout},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // a token goes nowhere else
	}
	defer client.CloseIdleConnections()
	r, err := client.Do(q)
	if err != nil {
		return fmt.Errorf("asking the provider: %w", err)
	}
	defer r.Body.Close()
	if r.StatusCode == http.StatusOK {
		return read(r.Body)
	}
	var problem struct{ TitleTR, TitleEN string }
	if json.NewDecoder(io.LimitReader(r.Body, maxProgram)).Decode(&problem) != nil || problem.TitleEN == "" {
		return fmt.Errorf("asking the provider: it answered %s", r.Status)
	}
	return &answered{rem.Text{Turkish: problem.TitleTR, English: problem.TitleEN}}
}

// answered is a no of the provider's.
type answered struct{ text rem.Text }

func (a *answered) Error() string { return a.text.English }

// said writes a no in the language of who asks.
func (s *session) said(err error) error {
	no, ok := errors.AsType[*answered](err)
	if !ok {
		return err
	}
	text := no.text.Turkish
	if s.words == "en" {
		text = no.text.English
	}
	fmt.Fprintln(s.side, "remctl:", printable(text))
	return errNo
}

// A bulkJob is one as the door tells it.
type bulkJob struct {
	ID     string         `json:"id"`
	Kind   string         `json:"kind"`
	State  string         `json:"state"`
	Made   time.Time      `json:"made"`
	Rows   int            `json:"rows"`
	Counts map[string]int `json:"counts"`
}

// bulkSteps are in their order, with their words.
var bulkSteps = []struct {
	step string
	text rem.Text
}{
	{"prepared", rem.Text{Turkish: "hazır", English: "prepared"}}, {"to-sign", rem.Text{Turkish: "imzada", English: "to be signed"}},
	{"signed", rem.Text{Turkish: "imzalı, sırada", English: "signed, waiting"}}, {"released", rem.Text{Turkish: "gönderiliyor", English: "being sent"}},
	{"submitted", rem.Text{Turkish: "gönderildi", English: "submitted"}}, {"refused", rem.Text{Turkish: "reddedildi", English: "refused"}},
	{"stopped", rem.Text{Turkish: "durdu", English: "stopped"}}, {"cancelled", rem.Text{Turkish: "iptal", English: "cancelled"}},
}

var bulkStates = map[string]rem.Text{
	"preparing": {Turkish: "hazırlanıyor", English: "preparing"}, "running": {Turkish: "sürüyor", English: "running"}, "paused": {Turkish: "duraklatıldı", English: "paused"},
	"cancelling": {Turkish: "iptal ediliyor", English: "cancelling"}, "done": {Turkish: "bitti", English: "done"}, "abandoned": {Turkish: "başlamadan bırakıldı", English: "given up before it began"},
}

type bulkStatus struct {
	ID    string `arg:"" optional:"" help:"The bulk sending."`
	Watch bool   `help:"Follow one until all of it is where it stays: a bar on a terminal, and a line for each change elsewhere."`
	programDoor
}

// Run implements the command.
func (c *bulkStatus) Run(s *session) error {
	if c.Watch {
		return c.follow(s)
	}
	jobs, err := c.ask(s)
	if err != nil {
		return s.said(err)
	}
	return s.showBulk(jobs)
}

// Pauses of following.
const (
	bulkPause = time.Second
	// bulkPatience is how often in a row the provider may not be reached, such as while
	// it restarts.
	bulkPatience = 60
)

// follow shows how far one is until it is over. Whoever ends it ends the looking alone.
func (c *bulkStatus) follow(s *session) error {
	if c.ID == "" {
		return errors.New("--watch: name the bulk sending")
	}
	var line atomic.Pointer[string] // the bar is drawn beside us
	line.Store(new(string))
	bar := s.barOf(func(all *mpb.Progress) *mpb.Bar {
		return all.AddBar(0, mpb.PrependDecorators(decor.CountersNoUnit("%d / %d")),
			mpb.AppendDecorators(decor.Percentage(), decor.Name(" "), decor.Any(func(decor.Statistics) string { return *line.Load() })))
	})
	shown, missed := "", 0
	for {
		jobs, err := c.ask(s)
		_, no := errors.AsType[*answered](err)
		switch {
		case err == nil:
			missed = 0
			j := &jobs[0]
			now := s.bulkState(j)
			line.Store(&now)
			over := j.State == "done" || j.State == "abandoned"
			bar.to(int64(j.over()), int64(j.Rows))
			if over {
				bar.end(j.State == "done")
				return s.showBulk(jobs)
			}
			if now != shown && bar.bar == nil && !s.json {
				fmt.Fprintln(bar.lines, now)
			}
			shown = now
		case no || missed == bulkPatience || s.ctx.Err() != nil:
			bar.end(false)
			return s.said(err)
		default:
			missed++
		}
		select {
		case <-s.ctx.Done():
		case <-time.After(bulkPause):
		}
	}
}

// over is how many rows are where they stay.
func (j *bulkJob) over() int {
	return j.Counts["submitted"] + j.Counts["refused"] + j.Counts["stopped"] + j.Counts["cancelled"]
}

// ask gives one, or all where none is named.
func (c *bulkStatus) ask(s *session) (jobs []bulkJob, err error) {
	return jobs, c.get(s.ctx, "bulk/"+url.PathEscape(c.ID), func(r io.Reader) error {
		d := json.NewDecoder(io.LimitReader(r, maxProgram))
		if c.ID == "" {
			return d.Decode(&jobs)
		}
		jobs = make([]bulkJob, 1)
		return d.Decode(&jobs[0])
	})
}

// bulkCounts are the steps that rows of a sending are in, and bulkState its state with
// them, in the language of who asks.
func (s *session) bulkCounts(j *bulkJob) string {
	var counts []string
	for _, x := range bulkSteps {
		if n := j.Counts[x.step]; n > 0 {
			counts = append(counts, fmt.Sprintf("%s %d/%d", s.words.pick(x.text), n, j.Rows))
		}
	}
	return strings.Join(counts, ", ")
}

func (s *session) bulkState(j *bulkJob) string {
	return s.words.pick(bulkStates[j.State]) + ": " + s.bulkCounts(j)
}

func (s *session) showBulk(jobs []bulkJob) error {
	return s.show(jobs, func(t *table) {
		for i := range jobs {
			j := &jobs[i]
			t.row(j.ID, moment(j.Made), s.words.pick(bulkStates[j.State]), s.bulkCounts(j))
		}
	})
}

type bulkResults struct {
	ID  string `arg:"" help:"The bulk sending."`
	Out string `help:"File to write, which must not be there. Default: the answer." type:"path" placeholder:"FILE.csv"`
	programDoor
}

// Run implements the command.
func (c *bulkResults) Run(s *session) error {
	return s.said(s.keep(c.Out, func(w io.Writer) error {
		return c.get(s.ctx, "bulk/"+url.PathEscape(c.ID)+"/results", func(r io.Reader) error {
			_, err := io.Copy(w, r)
			return err
		})
	}))
}
