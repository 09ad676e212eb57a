// Command remverify says whether registered mail holds: evidence, envelopes,
// originals, time-stamp tokens, receipts of consent and exports, from their bytes
// alone.
// It asks nobody and writes nothing, so anyone can run it, long after those who
// signed are gone.
//
// Its exit status is the worst verdict of all files: 0 TOTAL-PASSED,
// 1 INDETERMINATE, 2 TOTAL-FAILED; 3 when something could not be read or
// understood (EN 319 102-1 for the words). What is checked and why is told in
// package message/verification.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"rem/message/verification"
	"rem/trust/validation"
)

// The exit statuses.
const (
	exitPassed = iota
	exitIndeterminate
	exitFailed
	exitUnreadable
)

type arguments struct {
	Trust  []string  `help:"What to believe: PEM file with root certificates, or a signed trust list of providers (XML) beside the PEM file of its signer. May be given several times; without it nothing passes." placeholder:"FILE" sep:"none"`
	JSON   bool      `help:"Write the report as JSON." name:"json"`
	At     time.Time `help:"Judge as if it were this time, such as 2026-11-23T12:00:00Z. Default: now." placeholder:"TIME" format:"2006-01-02T15:04:05Z07:00"`
	Lang   string    `help:"Language of the report: ${enum}." enum:"tr,en" default:"tr"`
	Proofs string    `help:"Check the folder into which an export was unpacked, by its proof list: every file, every evidence." placeholder:"FOLDER"`
	Files  []string  `arg:"" optional:"" help:"Evidence (.xml), envelope or original message (.eml), time-stamp token (.tst, .tsr), a file that a token stamps, a receipt of consent (.txt), or an export (.zip), which is given alone." name:"file"`
}

const description = `Says whether registered mail (KEP) holds: signature by signature, token by token, digest by digest, step by step. Offline; asks nobody.

Examples:
  remverify --trust anchors.pem teslim.xml              one evidence
  remverify --trust anchors.pem *.eml                   all steps of a message, held against each other
  remverify --trust anchors.pem teslim.xml ileti.eml    an evidence and the original that it is about
  remverify --trust tsa.pem damga.tst sozlesme.pdf      a time-stamp token and what it stamps
  remverify --trust anchors.pem makbuz.txt              a receipt of consent
  remverify --trust anchors.pem export.zip              an export, file by file and message by message
  remverify --trust anchors.pem --proofs FOLDER         the same, unpacked
  remverify --trust anchors.pem --json *.xml | jq .verdict

Reads TS 102 640 (v1#, v2#) and EN 319 522/532. Exit status: 0 TOTAL-PASSED, 1 INDETERMINATE, 2 TOTAL-FAILED (the worst of all files), 3 unreadable input.`

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with its doors given, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var a arguments
	exit := -1
	parser, err := kong.New(&a, kong.Name("remverify"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(stderr, "remverify:", err)
		return exitUnreadable
	}
	_, err = parser.Parse(doubleDashes(args))
	if exit >= 0 { // help was asked for
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "remverify: %v\nTry: remverify --trust anchors.pem FILE\n", err)
		return exitUnreadable
	}
	if given, err := exportGiven(&a); given || err != nil {
		if err == nil {
			return checkExport(ctx, &a, stdout, stderr)
		}
		fmt.Fprintln(stderr, "remverify:", err)
		return exitUnreadable
	}
	report, err := verify(ctx, &a)
	if err != nil {
		fmt.Fprintln(stderr, "remverify:", err)
		return exitUnreadable
	}
	if a.JSON {
		encoder := json.NewEncoder(stdout)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(struct {
			Version int `json:"version"`
			*verification.Report
		}{1, report})
	} else {
		err = render(stdout, report, a.Lang, len(a.Trust) > 0)
	}
	if err != nil {
		fmt.Fprintln(stderr, "remverify: writing the report:", err)
		return exitUnreadable
	}
	for _, name := range report.Unreadable {
		fmt.Fprintf(stderr, "remverify: %s is neither evidence, mail nor token, and nothing given is about its bytes. Give the file that was downloaded, unchanged.\n", printable(name))
	}
	return status(report)
}

// doubleDashes lets a long option begin with one dash, as in -trust.
func doubleDashes(args []string) []string {
	out := make([]string, len(args))
	for i, a := range args {
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			a = "-" + a
		}
		out[i] = a
	}
	return out
}

func status(r *verification.Report) int {
	switch {
	case len(r.Unreadable) > 0:
		return exitUnreadable
	case r.Verdict == validation.TotalPassed:
		return exitPassed
	case r.Verdict == validation.TotalFailed:
		return exitFailed
	}
	return exitIndeterminate
}

// verify opens the files and verifies them together.
func verify(ctx context.Context, a *arguments) (*verification.Report, error) {
	trust, err := readTrust(a.Trust)
	if err != nil {
		return nil, err
	}
	at := a.At.UTC()
	if at.IsZero() {
		at = time.Now().UTC()
	}
	v, err := verification.New(trust.options(at))
	if err != nil {
		return nil, fmt.Errorf("using what --trust gives: %w", err)
	}
	var inputs []verification.Input
	var receipts []receiptFile
	for _, name := range a.Files {
		f, err := os.Open(name)
		if err != nil {
			return nil, fmt.Errorf("%w: check the name and that you may read it", err)
		}
		defer f.Close()
		info, err := f.Stat()
		if err == nil && info.IsDir() {
			err = errors.New("it is a folder: give the files in it")
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		receipt, err := receiptIn(f)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", name, err)
		}
		if receipt != nil {
			receipts = append(receipts, receiptFile{name, receipt})
			continue
		}
		inputs = append(inputs, verification.Input{Name: name, Source: file{f, info.Size()}})
	}
	report := &verification.Report{}
	if len(inputs) > 0 {
		if report, err = v.Verify(ctx, inputs...); err != nil {
			return nil, err
		}
	}
	return report, trust.receipts(ctx, report, at, receipts)
}

// A file is a source that stays on the disk.
type file struct {
	*os.File
	size int64
}

// Size is that of the file when it was opened.
func (f file) Size() int64 { return f.size }

// fixed is a clock that stands still: one report has one present.
type fixed time.Time

// Now returns the time of the report.
func (f fixed) Now() time.Time { return time.Time(f) }

// Wait is not for standing clocks; nothing here waits.
func (f fixed) Wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return nil
	}
	<-ctx.Done()
	return context.Cause(ctx)
}
