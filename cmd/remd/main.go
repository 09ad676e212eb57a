// Remd is the provider: it takes registered mail from its holders and from
// other providers, gives evidence of every step, and keeps it.
//
//	remd serve --config remd.yaml
//	remd check-config --config remd.yaml
//	remd make-keys --config remd.yaml
//	remd demo
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"rem/edge/config"
	"rem/internal/node"
)

type commands struct {
	Serve       serve       `cmd:"" help:"Run a provider until it is told to stop (SIGTERM or SIGINT)."`
	CheckConfig checkConfig `cmd:"" help:"Say what would run with a configuration, and every fault in it."`
	MakeKeys    makeKeys    `cmd:"" help:"Make the key file that seals personal data, once, where the configuration says."`
	Demo        demo        `cmd:"" help:"Make two providers in a new folder and send a registered message from one to the other."`
}

func main() {
	os.Exit(run(os.Args[1:]))
}

func run(args []string) int {
	var c commands
	parser, err := kong.New(&c,
		kong.Name("remd"),
		kong.Description("A provider of registered electronic mail (KEP). Examples:\n\n"+
			"  remd demo                          two providers, two applicants, one message, all its evidence\n"+
			"  remd check-config -c remd.yaml     what would run\n"+
			"  remd serve -c remd.yaml            run it"),
		kong.UsageOnError(),
	)
	if err != nil {
		fmt.Fprintln(os.Stderr, "remd:", err)
		return 1
	}
	k, err := parser.Parse(args)
	if err != nil {
		parser.FatalIfErrorf(err) // prints the usage and how to ask for help
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	k.BindTo(ctx, (*context.Context)(nil))
	if err := k.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "remd:", err)
		return 1
	}
	return 0
}

type serve struct {
	Config string `short:"c" required:"" type:"path" help:"The configuration file."`
}

// Run implements the command.
func (s *serve) Run(ctx context.Context) error {
	c, err := config.Read(s.Config)
	if err != nil {
		return err
	}
	node.CollectSeldom()
	n, err := node.Open(ctx, c, node.Options{Log: logger(c.Log)})
	if err != nil {
		return err
	}
	err = n.Run(ctx, nil)
	return errors.Join(err, n.Close())
}

// logger writes one event a line, as JSON, without personal data: addresses
// show a pseudonym.
func logger(level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // Validate has refused everything else
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l}))
}

type makeKeys struct {
	Config string `short:"c" required:"" type:"path" help:"The configuration file."`
}

// Run implements the command.
func (m *makeKeys) Run() error {
	c, err := config.Read(m.Config)
	if err != nil {
		return err
	}
	if err := node.MakeKeys(c); err != nil {
		return err
	}
	fmt.Printf("keys: made in %s. Keep a copy of the folder and, apart from it, of the passphrase: without both of them no sealed value opens.\n", c.Keys.Folder)
	return nil
}

type checkConfig struct {
	Config string `short:"c" required:"" type:"path" help:"The configuration file."`
}

// Run implements the command.
func (s *checkConfig) Run() error {
	c, err := config.Read(s.Config)
	if err != nil {
		return err
	}
	fmt.Printf("%s (%s), %s mode\n", c.Provider.NameTR, c.Provider.Domain, c.Mode)
	fmt.Printf("data:        %s\n", c.Data)
	for _, d := range []struct{ name, address string }{
		{"submission (TLS)", c.Listen.Submission}, {"submission (STARTTLS)", c.Listen.SubmissionStartTLS},
		{"providers (mutual TLS)", c.Listen.Relay}, {"pages (HTTPS)", c.Listen.Web}, {"mailboxes (IMAP)", c.Listen.IMAP},
		{"directory (LDAPS)", c.Listen.Directory}, {"directory (StartTLS)", c.Listen.DirectoryStartTLS}, {"operations", c.Listen.Operations},
	} {
		if d.address == "" {
			d.address = "closed"
		}
		fmt.Printf("door:        %-24s %s\n", d.name, d.address)
	}
	for _, a := range c.Timestamp {
		mark := ""
		if a.Simulator {
			mark = "  SIMULATOR"
		}
		fmt.Printf("time-stamps: %s%s\n", a.URL, mark)
	}
	for _, o := range []struct {
		name, address string
		simulator     bool
	}{
		{"e-government gate", c.Identification.Gate.URL, c.Identification.Gate.Simulator}, {"registry of businesses", c.Identification.Registry.URL, c.Identification.Registry.Simulator},
		{"text messages", c.SMS.URL, c.SMS.Simulator}, {"mail of notices", c.MailNotices.Address, c.MailNotices.Simulator},
		{"mobile signatures", c.MobileSignature.URL, c.MobileSignature.Simulator},
		{"central directory", c.CentralDirectory.URL, c.CentralDirectory.Simulator},
	} {
		mark := ""
		if o.address == "" {
			o.address = "none"
		} else if o.simulator {
			mark = "  SIMULATOR"
		}
		fmt.Printf("outside:     %-24s %s%s\n", o.name, o.address, mark)
	}
	scanner := c.Scanner.Clamd
	if c.Scanner.None {
		scanner = "none, as the practice statement says"
	}
	fmt.Printf("scanner:     %s\n", scanner)
	facts, err := node.Check(c)
	for _, f := range facts {
		fmt.Println(f)
	}
	if err != nil {
		return err
	}
	fmt.Println("\npractice statement:")
	for _, p := range c.PracticeSettings().Settings() {
		fmt.Printf("  %-16s %-12s %s\n", p.Name, p.Value, p.Source)
	}
	return nil
}

// short is a time as people in Türkiye read it.
func short(t time.Time) string {
	return t.In(istanbul()).Format("02.01.2006 15:04:05.000")
}

func istanbul() *time.Location {
	l, err := time.LoadLocation("Europe/Istanbul")
	if err != nil {
		return time.FixedZone("TRT", 3*60*60)
	}
	return l
}
