package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/pprof"
	"runtime/trace"
	"syscall"

	"github.com/alecthomas/kong"
)

type arguments struct {
	JSON    bool   `help:"Write the report as JSON." name:"json"`
	Profile string `help:"File for a CPU profile of this program; the providers have their own." name:"own-profile" type:"path" placeholder:"FILE"`

	Limits   limitsCmd   `cmd:"" help:"What the machine allows: signatures, digests, durable writes."`
	Postfix  postfixCmd  `cmd:"" help:"What Debian's Postfix carries here."`
	Submit   submitCmd   `cmd:"" help:"Registered submission, and Postfix in turns."`
	Lone     loneCmd     `cmd:"" help:"What somebody waits who is alone: one session, beside one durable write."`
	Exchange exchangeCmd `cmd:"" help:"Two providers, every message with all its evidence, and Postfix to Postfix in turns."`
	Verify   verifyCmd   `cmd:"" help:"Bulk verification of evidence, beside raw signatures."`
	TSA      tsaCmd      `cmd:"" name:"tsa" help:"Time stamps over HTTP."`
	IMAP     imapCmd     `cmd:"" name:"imap" help:"Reading a mailbox over IMAP, and Debian's Dovecot in turns."`
	Memory   memoryCmd   `cmd:"" help:"How a provider grows while large messages come in at once."`
	Growth   growthCmd   `cmd:"" help:"Whether a message costs more the more there are."`
	Node     nodeCmd     `cmd:"" hidden:"" help:"The program that is started for each provider."`
}

const description = `Puts load on providers of registered mail, on this machine and on loopback alone, and says what they carry beside what the machine allows and what Debian's Postfix carries.

Examples:
  remload limits                                  raw figures, and the ceiling of an exchange
  remload postfix --sessions 64                   Postfix, accept to maildir
  remload postfix --relay                         Postfix to Postfix to maildir
  remload submit                                  registered submission and Postfix in turns
  remload lone                                    one session beside one durable write
  remload exchange --sessions 64                  two providers with all evidence, and Postfix in turns
  remload --json submit --size 1048576 > 1mb.json

Progress goes to the error output, the report to the output. Exit status: 0, or 1 when something could not be measured.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(program(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// program is main with its doors given, and returns the exit status.
func program(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var a arguments
	exit := -1
	parser, err := kong.New(&a, kong.Name("remload"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }), kong.BindTo(ctx, (*context.Context)(nil)))
	if err != nil {
		fmt.Fprintln(stderr, "remload:", err)
		return 1
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // help was asked for
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "remload: %v\nTry: remload --help\n", err)
		return 1
	}
	r := newReport(args, stderr)
	if err := profiled(a.Profile, func() error { return k.Run(r) }); err != nil {
		fmt.Fprintf(stderr, "remload: %s: %v\n", k.Command(), err)
		return 1
	}
	write := r.writeText
	if a.JSON {
		write = r.writeJSON
	}
	if err := write(stdout); err != nil {
		fmt.Fprintln(stderr, "remload: writing the report:", err)
		return 1
	}
	return 0
}

// profiled runs something and, where a file is given, writes its CPU profile.
func profiled(file string, do func() error) (err error) {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := pprof.StartCPUProfile(f); err != nil {
		return fmt.Errorf("making a profile: %w", err)
	}
	defer pprof.StopCPUProfile()
	return do()
}

// traced is profiled for an execution trace.
func traced(file string, do func() error) (err error) {
	if file == "" {
		return do()
	}
	f, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("making a trace: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := trace.Start(f); err != nil {
		return fmt.Errorf("making a trace: %w", err)
	}
	defer trace.Stop()
	return do()
}
