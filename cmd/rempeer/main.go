// Command rempeer is a second provider, for tests only. It speaks the relay
// protocol as remd does, on the same lower floors (mail, trust, evidence) but
// on none of the stages, and chooses otherwise wherever the standard leaves a
// choice: other digests, other header fields, other encodings, evidence joined,
// parted or out of order. It misbehaves on demand: it refuses, falls silent,
// repeats itself, loses connections, says no. It keeps nothing over a restart.
//
//	main.go      the command line
//	habits.go    what can be chosen
//	identity.go  who it is: certificates, trust list, authority of time
//	compose.go   its envelopes
//	inbound.go   what comes in by its door
//	answer.go    the evidence that it gives back
//	originate.go what it sends of its own
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

type commands struct {
	Serve     serve     `cmd:"" help:"Take messages from other providers and answer them."`
	Originate originate `cmd:"" help:"Send an original of one of its own holders to another provider."`
}

const description = `A second provider that chooses otherwise, for tests only. Examples:

  rempeer serve --config world/hs91/remd.yaml --store in/
  rempeer serve --config world/hs91/remd.yaml --store in/ --order reversed --repeat 3
  rempeer serve --config world/hs91/remd.yaml --store in/ --end drop --times 2
  rempeer originate --config world/hs91/remd.yaml --from can@hs91.kep.test --to ayse@hs90.kep.test letter.eml

The configuration is one of remd. The store gets what came, each file named by its place: 001-dispatch.eml, 002-evidence.xml.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:])
	stop()
	os.Exit(code)
}

func run(ctx context.Context, args []string) int {
	var c commands
	parser, err := kong.New(&c, kong.Name("rempeer"), kong.Description(description), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(os.Stderr, "rempeer:", err)
		return 2
	}
	k, err := parser.Parse(args)
	if err != nil {
		fmt.Fprintf(os.Stderr, "rempeer: %v\nTry: rempeer --help\n", err)
		return 2
	}
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "rempeer:", err)
		return 1
	}
	return 0
}
