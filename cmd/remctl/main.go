// Command remctl is the operator's hand on a running provider. It asks through
// the socket in the provider's data folder, which only the folder's owner can
// open, and names the natural person who asks: what changes something is logged
// with him. Operators see what happened to a message and never what is in it;
// opening one takes the holder's own password and makes the evidence that
// opening makes (REQ-73).
//
// Sending goes by the ordinary door, SMTP with TLS, as any mail program's does.
//
// main.go reads the command line, output.go and words.go write for people,
// submission.go speaks SMTP; each other file is one subject of the commands.
//
// Its exit status is 0 for yes, 1 for no (refused, not there, does not hold) and
// 2 when nothing could be asked.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"os/user"
	"syscall"

	"github.com/alecthomas/kong"

	"rem/edge/control"
	"rem/provider/staff"
)

// The exit statuses.
const (
	exitYes = iota
	exitNo
	exitUnasked
)

type commands struct {
	Data string `help:"Data folder of the provider." env:"REM_DATA" placeholder:"DIR"`
	As   string `help:"Who asks: the natural person. Default: the user of the operating system." placeholder:"NAME"`
	JSON bool   `help:"Answer in JSON, for programs." name:"json"`
	Lang string `help:"Language of the answers: ${enum}." enum:"tr,en" default:"tr"`

	Account   accountCommands   `cmd:"" help:"Open accounts, list them, change password and state."`
	Send      sendCommand       `cmd:"" help:"Submit a signed message by SMTP, as a mail program does."`
	Sent      sentCommand       `cmd:"" help:"List what an address sent."`
	Bulk      bulkCommands      `cmd:"" help:"Follow bulk sendings of an account, with a token of one of its people."`
	Timeline  timelineCommand   `cmd:"" help:"Tell what happened to a message; wait for an evidence."`
	Evidence  evidenceCommands  `cmd:"" help:"List the evidence of a message, get one, save all."`
	Dispatch  dispatchCommands  `cmd:"" help:"Get the REM dispatch of a message, byte for byte, with a holder's password."`
	Mailbox   mailboxCommands   `cmd:"" help:"List a mailbox or open a message, with the holder's password."`
	Queue     queueCommand      `cmd:"" help:"List what waits for the stages."`
	Peers     peersCommand      `cmd:"" help:"List the providers of the trust list."`
	TrustList trustListCommand  `cmd:"" name:"trustlist" help:"Say which trust list is in force."`
	Audit     auditCommand      `cmd:"" help:"Verify again everything that is stored."`
	Directory directoryCommands `cmd:"" help:"Compare the directory with the central one."`
	Inventory inventoryCommand  `cmd:"" help:"List which personal data the program keeps, why, where and until when; needs no provider."`
	Document  documentCommands  `cmd:"" help:"Write, publish and list practice statement, contract, undertaking and tariff."`
	Notice    noticeCommands    `cmd:"" help:"Write, check, compare, publish and list versions of the privacy notice."`
	Staff     staffCommands     `cmd:"" help:"Appoint the people of the provider by two persons, record training, end roles, invite."`
	Partner   partnerCommands   `cmd:"" help:"Contract institutions that call on applicants, and propose their people."`
}

const description = `Asks a running provider of registered mail (KEP). Examples:

  export REM_DATA=/var/lib/rem
  remctl account add ayse@hs90.kep.test --holder "Ayşe Yılmaz" --identity 90000000032 --generate
  remctl send --server 127.0.0.1:465 --user ayse@hs90.kep.test --ca anchors.pem letter.eml
  remctl timeline MESSAGE --wait DeliveryNonDeliveryToRecipient,positive,bora@hs91.kep.test
  remctl evidence save MESSAGE evidence/
  remctl mailbox open 1 --user bora@hs91.kep.test --out letter.eml
  remctl audit

Exit status: 0 yes, 1 no (refused, not there, does not hold), 2 nothing could be asked.`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// errNo ends a command whose answer, already written, is no.
var errNo = errors.New("no")

// A session is what the commands share.
type session struct {
	ctx    context.Context
	out    io.Writer // answers
	side   io.Writer // progress and questions
	json   bool
	words  language
	folder string
	person string
}

// run is main with its doors given, and returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("remctl"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.Exit(func(code int) { exit = code }), kong.UsageOnError(), kong.ConfigureHelp(kong.HelpOptions{Compact: true}), kong.Vars{"dataProtection": string(staff.DataProtection)})
	if err != nil {
		fmt.Fprintln(stderr, "remctl:", err)
		return exitUnasked
	}
	k, err := parser.Parse(args)
	if exit >= 0 { // help was asked for
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "remctl: %v\nTry: remctl --help\n", err)
		return exitUnasked
	}
	s := &session{ctx: ctx, out: stdout, side: stderr, json: c.JSON, words: language(c.Lang), folder: c.Data, person: c.As}
	switch err := k.Run(s); {
	case err == nil:
		return exitYes
	case errors.Is(err, errNo):
		return exitNo
	default:
		fmt.Fprintln(stderr, "remctl:", printable(err.Error()))
		if answer, ok := errors.AsType[*control.Error](err); ok && answer.Status/100 == 4 {
			return exitNo
		}
		return exitUnasked
	}
}

// provider is the way to the running provider.
func (s *session) provider() (*control.Client, error) {
	if s.folder == "" {
		return nil, errors.New("whose provider? Name its data folder with --data DIR, or set REM_DATA")
	}
	if s.person == "" {
		u, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("who asks? The operating system does not say (%w): give --as NAME", err)
		}
		s.person = u.Username
	}
	return control.Dial(s.folder, s.person), nil
}
