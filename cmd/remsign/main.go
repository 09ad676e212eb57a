// Command remsign signs registered mail with the key on a smart card or token, on
// the computer of whoever signs: no Java, nothing installed into the browser, and the
// message stays where it is. It shows what is to be signed, asks, takes the PIN in its
// own terminal, and gives back signature values alone.
//
// remsign serve waits beside the browser, for pages it was paired with. remsign sign
// fetches a request by the one-time code of a page. docs/operations/remsign.md is for
// whoever uses it, docs/formats/signing.md says what it tells a page and the provider.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"rem"
)

type arguments struct {
	Module []string `help:"The card's PKCS #11 module: the whole path of the file that its maker installed. May be given several times; without it the usual places are looked at." placeholder:"FILE" sep:"none" env:"REMSIGN_MODULE"`
	P12    string   `help:"Sign with a PKCS #12 file in place of a card. For tests: a qualified certificate's key is never in a file." placeholder:"FILE" name:"p12"`
	Lang   string   `help:"Language: ${enum}." enum:"tr,en" default:"tr" env:"REMSIGN_LANG"`
	Dir    string   `help:"Folder of the pairings. Default: remsign in the user's folder of settings." placeholder:"DIR"`

	Serve struct {
		Pair bool `help:"Let a further site be paired. Without pairings that is so anyway."`
	} `cmd:"" help:"Wait for pages of the provider on this computer."`
	Sign struct {
		At          string `help:"Address of the provider's pages, such as https://kep.example." required:"" placeholder:"URL"`
		Code        string `help:"The one-time code that the page showed." required:""`
		CA          string `help:"PEM file with the authority of the provider's TLS certificate. Default: those of the system." placeholder:"FILE" name:"ca"`
		Certificate string `help:"Beginning of the SHA-256 of the certificate that signs, as remsign certificates lists it." placeholder:"HEX"`
		Keep        string `help:"Folder to which the unsigned messages are written, for reading them first." placeholder:"DIR"`
	} `cmd:"" help:"Sign what a one-time code stands for."`
	Certificates struct{} `cmd:"" help:"List the certificates on cards and tokens."`
	Check        struct{} `cmd:"" help:"Say whether the card's module can be used, and why not."`
	Forget       struct {
		Origin string `arg:"" help:"Address of the site, such as https://kep.example."`
	} `cmd:"" help:"Forget the pairing with a site."`
}

const description = `Signs registered mail (KEP) with your smart card or token. Your PIN is asked for here, and never in a web page.

Examples:
  remsign check                                       is everything there?
  remsign serve                                       wait for the page beside it
  remsign sign --at https://kep.example --code CODE   sign with the code of a page
  remsign --module /usr/lib/libakisp11.so serve       with the module of a certain card`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], newTerminal(os.Stdin, os.Stdout), os.Stderr))
}

// run is main with its doors given, and returns the exit status: 0 done, 1 not done,
// 2 wrong usage.
func run(ctx context.Context, args []string, t terminal, stderr io.Writer) int {
	var a arguments
	exit := -1
	parser, err := kong.New(&a, kong.Name("remsign"), kong.Description(description), kong.Writers(t, stderr), kong.Exit(func(code int) { exit = code }), kong.UsageOnError())
	if err != nil {
		fmt.Fprintln(stderr, "remsign:", err)
		return 2
	}
	command, err := parser.Parse(args)
	if exit >= 0 {
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "remsign: %v\nremsign --help\n", err)
		return 2
	}
	p := &program{arguments: &a, terminal: t, now: time.Now}
	switch name := command.Command(); name {
	case "serve":
		err = p.serve(ctx)
	case "sign":
		err = p.pull(ctx)
	case "certificates":
		err = p.certificates()
	case "check":
		err = p.check()
	default:
		err = p.forget()
	}
	if err != nil {
		fmt.Fprintln(stderr, "remsign:", p.words(err))
		return 1
	}
	return 0
}

// A program is one run.
type program struct {
	*arguments
	terminal
	now  func() time.Time
	keys *keys
}

// say writes a text in the chosen language.
func (p *program) say(t rem.Text) { fmt.Fprintln(p.terminal, p.in(t)) }

func (p *program) in(t rem.Text) string {
	if p.Lang == "en" {
		return t.English
	}
	return t.Turkish
}

func text(tr, en string) rem.Text { return rem.Text{Turkish: tr, English: en} }

// A problem is why something is not done, for the person and for the page.
type problem struct {
	code string
	rem.Text
	cause error
}

func (e *problem) Error() string {
	if e.cause != nil {
		return e.English + ": " + e.cause.Error()
	}
	return e.English
}
func (e *problem) Unwrap() error { return e.cause }

func problemOf(code, tr, en string) *problem { return &problem{code, text(tr, en), nil} }

// words are those of an error in the chosen language.
func (p *program) words(err error) string {
	if t, ok := errors.AsType[*problem](err); ok {
		s := p.in(t.Text)
		if t.cause != nil {
			s += "\n  " + t.cause.Error()
		}
		return s
	}
	return err.Error()
}
