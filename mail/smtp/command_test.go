package smtp

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCommandsAreUnderstood(t *testing.T) {
	for _, c := range []struct {
		line string
		want Command
	}{
		{"EHLO mail.hs90.kep.test", Command{Verb: EHLO, Name: "mail.hs90.kep.test"}},
		{"helo [127.0.0.1]", Command{Verb: HELO, Name: "[127.0.0.1]"}},
		{"EHLO [IPv6:::1]  ", Command{Verb: EHLO, Name: "[IPv6:::1]"}},
		{"MAIL FROM:<>", Command{Verb: MAIL}},
		{"mail from:<ali@hs90.kep.test>", Command{Verb: MAIL, Mail: Transaction{Sender: "ali@hs90.kep.test"}}},
		{"MAIL FROM:<ali@hs90.kep.test> SIZE=5120 BODY=8BITMIME RET=HDRS ENVID=a+2Bb AUTH=<>",
			Command{Verb: MAIL, Mail: Transaction{Sender: "ali@hs90.kep.test", Size: 5120, EightBit: true, Return: ReturnHeaders, EnvelopeID: "a+b", AuthenticatedAs: "<>"}}},
		{"MAIL FROM:<@a.test,@b.test:ali@hs90.kep.test> BODY=7BIT", Command{Verb: MAIL, Mail: Transaction{Sender: "ali@hs90.kep.test"}}},
		{`MAIL FROM:<"a b\"@>"@c.test>`, Command{Verb: MAIL, Mail: Transaction{Sender: `"a b\"@>"@c.test`}}},
		{"RCPT TO:<bora@hs91.kep.test> NOTIFY=SUCCESS,DELAY ORCPT=RFC822;Bora+40hs91",
			Command{Verb: RCPT, Rcpt: Recipient{Path: "bora@hs91.kep.test", Notify: NotifySuccess | NotifyDelay, Original: "rfc822;Bora@hs91"}}},
		{"RCPT TO:<Postmaster>", Command{Verb: RCPT, Rcpt: Recipient{Path: "Postmaster"}}},
		{"RCPT TO:<a@[127.0.0.1]> NOTIFY=NEVER", Command{Verb: RCPT, Rcpt: Recipient{Path: "a@[127.0.0.1]", Notify: NotifyNever}}},
		{"DATA ", Command{Verb: DATA}},
		{"rset", Command{Verb: RSET}},
		{"NOOP anything goes", Command{Verb: NOOP}},
		{"QUIT", Command{Verb: QUIT}},
		{"STARTTLS", Command{Verb: STARTTLS}},
		{"VRFY ali", Command{Verb: VRFY, Name: "ali"}},
		{"AUTH login", Command{Verb: AUTH, Mechanism: "LOGIN"}},
		{"AUTH PLAIN =", Command{Verb: AUTH, Mechanism: "PLAIN", HasInitial: true}},
		{"AUTH PLAIN AGEAYg==", Command{Verb: AUTH, Mechanism: "PLAIN", HasInitial: true, Initial: []byte("\x00a\x00b")}},
	} {
		t.Run(c.line, func(t *testing.T) {
			got, reply := ParseCommand([]byte(c.line + "\r\n"))
			if reply != nil {
				t.Fatal(reply)
			}
			if diff := cmp.Diff(c.want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestEverythingElseIsNoCommand(t *testing.T) {
	long := strings.Repeat("x", 64)
	for _, c := range []struct {
		name, line string
		want       *Reply
	}{
		{"LF alone", "NOOP\n", ErrLineEnd},
		{"CR within", "NOOP a\rb\r\n", ErrLineEnd},
		{"LF within", "NOOP\nRSET\r\n", ErrLineEnd},
		{"NUL within", "NOOP \x00\r\n", ErrLineEnd},
		{"no end", "NOOP", ErrLineEnd},
		{"control", "NOOP \x1b\r\n", ErrSyntax},
		{"UTF-8", "MAIL FROM:<ışık@hs90.kep.test>\r\n", ErrNotASCII},
		{"nothing", "\r\n", ErrUnknown},
		{"space first", " NOOP\r\n", ErrUnknown},
		{"a dotless i is no I", "QU\xc4\xb1T\r\n", ErrNotASCII},
		{"header", "Subject: x\r\n", ErrUnknown},
		{"BDAT", "BDAT 5 LAST\r\n", ErrNotOffered},
		{"EHLO nothing", "EHLO\r\n", ErrSyntax},
		{"EHLO words", "EHLO a b\r\n", ErrSyntax},
		{"DATA argument", "DATA x\r\n", ErrSyntax},
		{"STARTTLS argument", "STARTTLS now\r\n", ErrSyntax},
		{"MAIL bare", "MAIL\r\n", ErrSyntax},
		{"MAIL space before path", "MAIL FROM: <a@b>\r\n", ErrSenderPath},
		{"MAIL no brackets", "MAIL FROM:a@b\r\n", ErrSenderPath},
		{"MAIL open", "MAIL FROM:<a@b\r\n", ErrSenderPath},
		{"MAIL local alone", "MAIL FROM:<a>\r\n", ErrSenderPath},
		{"MAIL two @", "MAIL FROM:<a@b@c>\r\n", ErrSenderPath},
		{"MAIL dots", "MAIL FROM:<a..b@c>\r\n", ErrSenderPath},
		{"MAIL long local", "MAIL FROM:<x" + long + "@c>\r\n", ErrSenderPath},
		{"MAIL brackets within", "MAIL FROM:<a<b@c>\r\n", ErrSenderPath},
		{"MAIL glued", "MAIL FROM:<a@b>SIZE=1\r\n", ErrSyntax},
		{"MAIL SIZE sign", "MAIL FROM:<a@b> SIZE=-1\r\n", ErrSyntax},
		{"MAIL SIZE huge", "MAIL FROM:<a@b> SIZE=99999999999999999999\r\n", ErrSyntax},
		{"MAIL SIZE twice", "MAIL FROM:<a@b> SIZE=1 SIZE=1\r\n", ErrSyntax},
		{"MAIL two spaces", "MAIL FROM:<a@b>  SIZE=1\r\n", ErrSyntax},
		{"MAIL BODY", "MAIL FROM:<a@b> BODY=BINARYMIME\r\n", ErrParameter},
		{"MAIL SMTPUTF8", "MAIL FROM:<a@b> SMTPUTF8\r\n", ErrParameter},
		{"MAIL ENVID hex", "MAIL FROM:<a@b> ENVID=a+0\r\n", ErrSyntax},
		{"MAIL ENVID CRLF", "MAIL FROM:<a@b> ENVID=a+0D+0Ab\r\n", ErrSyntax},
		{"MAIL ENVID long", "MAIL FROM:<a@b> ENVID=" + long + long + "\r\n", ErrSyntax},
		{"RCPT null", "RCPT TO:<>\r\n", ErrRecipientArg},
		{"RCPT route without mailbox", "RCPT TO:<@a.test>\r\n", ErrRecipientArg},
		{"RCPT NOTIFY", "RCPT TO:<a@b> NOTIFY=NEVER,DELAY\r\n", ErrSyntax},
		{"RCPT NOTIFY twice", "RCPT TO:<a@b> NOTIFY=DELAY,DELAY\r\n", ErrSyntax},
		{"RCPT ORCPT", "RCPT TO:<a@b> ORCPT=rfc822\r\n", ErrSyntax},
		{"AUTH alone", "AUTH\r\n", ErrSyntax},
		{"AUTH not base64", "AUTH PLAIN AGEAYg\r\n", ErrBase64},
		{"AUTH two responses", "AUTH PLAIN AGEAYg== AGEAYg==\r\n", ErrBase64},
		{"long", strings.Repeat("x", MaxCommandLine) + "\r\n", ErrLineTooLong},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, reply := ParseCommand([]byte(c.line)); reply != c.want {
				t.Errorf("got %v and %+v, want %v", reply, got, c.want)
			}
		})
	}
}

func TestAuthResponses(t *testing.T) {
	if b, cancelled, reply := ParseAuthResponse([]byte("YWxp\r\n")); string(b) != "ali" || cancelled || reply != nil {
		t.Errorf("got %q %v %v", b, cancelled, reply)
	}
	if _, cancelled, reply := ParseAuthResponse([]byte("*\r\n")); !cancelled || reply != nil {
		t.Errorf("got %v %v", cancelled, reply)
	}
	for _, line := range []string{"YWxp\n", "YWx\r\n", "YW xp\r\n", "YW\rxp\r\n"} {
		if _, _, reply := ParseAuthResponse([]byte(line)); reply == nil {
			t.Errorf("%q was read", line)
		}
	}
}

// Every command that the sending side writes is read back the same, and no value
// of it can end its line (AT-04).
func TestWrittenCommandsAreReadBack(t *testing.T) {
	all := Extensions{Size: true, EightBit: true, DSN: true}
	tx := Transaction{Sender: "ali@hs90.kep.test", Size: 7, EightBit: true, Return: ReturnFull, EnvelopeID: "a b=+c"}
	line, err := tx.AppendMail(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	got, reply := ParseCommand(line)
	if reply != nil {
		t.Fatalf("%q: %v", line, reply)
	}
	if diff := cmp.Diff(tx, got.Mail); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r := Recipient{Path: "bora@hs91.kep.test", Notify: NotifyFailure | NotifyDelay, Original: "rfc822;bora+x@hs91.kep.test"}
	line, err = r.Append(nil, all)
	if err != nil {
		t.Fatal(err)
	}
	got, reply = ParseCommand(line)
	if reply != nil {
		t.Fatalf("%q: %v", line, reply)
	}
	if diff := cmp.Diff(r, got.Rcpt); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for _, bad := range []string{"a@b>\r\nRCPT TO:<c@d", "a@b> SIZE=1", "a\r\n@b", "a\x00@b", "a@b\n", "ı@b", "<a@b>", "a", "a@b>"} {
		tx := Transaction{Sender: Path(bad)}
		if line, err := tx.AppendMail(nil, all); err == nil {
			t.Errorf("MAIL was written for %q: %q", bad, line)
		}
		r := Recipient{Path: Path(bad)}
		if line, err := r.Append(nil, all); err == nil {
			t.Errorf("RCPT was written for %q: %q", bad, line)
		}
	}
	for _, bad := range []string{"\r\nQUIT", "\x00", " "} {
		tx := Transaction{Sender: "a@b", EnvelopeID: bad}
		r := Recipient{Path: "a@b", Original: "rfc822;" + bad}
		line, _ := tx.AppendMail(nil, all)
		line, _ = r.Append(line, all)
		if bytes.Count(line, []byte("\n")) != 2 || bytes.IndexByte(line, 0) >= 0 {
			t.Errorf("%q made %q", bad, line)
		}
	}
}

func TestOffersOfAServer(t *testing.T) {
	got := ParseExtensions(&Reply{250, "", "b.test greets\nSTARTTLS\nsize 1000\nPIPELINING\nDSN\nX-OTHER y\n8BITMIME"})
	want := Extensions{StartTLS: true, Pipelining: true, EightBit: true, DSN: true, Size: true, MaxSize: 1000}
	if got != want {
		t.Errorf("got %+v", got)
	}
	tx := Transaction{Sender: "a@b", EightBit: true}
	if _, err := tx.AppendMail(nil, Extensions{}); err == nil {
		t.Error("an eight-bit message was sent to a seven-bit server")
	}
}

func TestReplyTextStartsNoLineOfItsOwn(t *testing.T) {
	r := Reply{550, "5.7.1", "no\r\n250 OK\n" + strings.Repeat("ş", 400)}
	got := string(r.Append(nil))
	lines := strings.SplitAfter(got, "\r\n")
	if len(lines) != 4 || lines[0] != "550-5.7.1 no?\r\n" || lines[1] != "550-5.7.1 250 OK\r\n" {
		t.Fatalf("got %q", lines)
	}
	for _, line := range lines[:len(lines)-1] {
		if !strings.HasPrefix(line, "550") || len(line) > MaxReplyLine {
			t.Errorf("line %q of %d octets", line, len(line))
		}
	}
}

func TestRepliesAreReadBack(t *testing.T) {
	for _, want := range []Reply{
		{250, "2.0.0", "OK"},
		{354, "", "Go on"},
		{550, "5.7.1", "one\ntwo"},
		{250, "", "host\nSIZE 1\nDSN"},
		{421, "", ""},
	} {
		var p ReplyParser
		var got *Reply
		for line := range strings.SplitAfterSeq(string(want.Append(nil)), "\r\n") {
			if line == "" {
				break
			}
			if got != nil {
				t.Fatalf("%v was whole early", want)
			}
			var err error
			if got, err = p.Line([]byte(line)); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
	}
	for _, bad := range []string{"250 OK\n", "250 OK", "25 OK\r\n", "650 x\r\n", "250_x\r\n", "2a0 x\r\n", "250 a\rb\r\n", "\r\n", "250 " + strings.Repeat("x", 4*MaxReplyLine) + "\r\n"} {
		var p ReplyParser
		if r, err := p.Line([]byte(bad)); err == nil {
			t.Errorf("%q was read as %v", bad, r)
		}
	}
	var p ReplyParser
	if _, err := p.Line([]byte("250-a\r\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Line([]byte("550 b\r\n")); err == nil {
		t.Error("a reply changed its code")
	}
}

func TestPathsStayOutOfLogs(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(slog.NewTextHandler(&b, nil))
	log.Info("x", "a", Path("ali.veli@hs90.kep.test"), "b", Path("ali.veli@example.test"), "c", Path(""))
	if strings.Contains(b.String(), "veli") || !strings.Contains(b.String(), "@hs90") || !strings.Contains(b.String(), "b=other c=null") {
		t.Error(b.String())
	}
}

// No line makes the parser panic, and what it understands it understands again
// when written as we write it.
func FuzzCommand(f *testing.F) {
	for _, s := range []string{"EHLO a.test", "MAIL FROM:<a@b> SIZE=1 RET=FULL ENVID=x+2B", "RCPT TO:<\"a\\\"\"@[1.2.3.4]> NOTIFY=NEVER ORCPT=rfc822;a+40b",
		"RCPT TO:<@a,@b:postmaster>", "AUTH PLAIN AGEAYg==", "DATA", "VRFY x", "MAIL FROM:<@a:b@c>"} {
		f.Add([]byte(s + "\r\n"))
	}
	all := Extensions{Size: true, EightBit: true, DSN: true}
	f.Fuzz(func(t *testing.T, line []byte) {
		c, reply := ParseCommand(line)
		if reply != nil {
			if c.Verb != Unknown {
				t.Fatalf("%q is refused and a %v", line, c.Verb)
			}
			return
		}
		var again []byte
		var err error
		switch c.Verb {
		case MAIL:
			again, err = c.Mail.AppendMail(nil, all)
			c.Mail.AuthenticatedAs = ""
		case RCPT:
			again, err = c.Rcpt.Append(nil, all)
		default:
			return
		}
		if err != nil {
			t.Fatalf("%q was read and cannot be written: %v", line, err)
		}
		back, reply := ParseCommand(again)
		if reply != nil {
			t.Fatalf("%q was written as %q, which is refused: %v", line, again, reply)
		}
		if diff := cmp.Diff(c, back); diff != "" {
			t.Fatalf("%q and %q differ:\n%s", line, again, diff)
		}
	})
}

func FuzzReply(f *testing.F) {
	f.Add([]byte("250-a\r\n250 2.0.0 b\r\n"))
	f.Add([]byte("550 5.7.1 x\r\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		var p ReplyParser
		for line := range bytes.SplitAfterSeq(b, []byte("\n")) {
			r, err := p.Line(line)
			if err != nil {
				return
			}
			if r != nil && (r.Code < 200 || r.Code > 599 || strings.Count(r.Text, "\n") >= MaxReplyLines) {
				t.Fatalf("%q was read as %+v", b, r)
			}
		}
	})
}

func BenchmarkParseCommand(b *testing.B) {
	for _, line := range []string{"MAIL FROM:<ali@hs90.kep.test> SIZE=5120", "RCPT TO:<bora@hs91.kep.test>", "DATA"} {
		b.Run(line[:4], func(b *testing.B) {
			in := []byte(line + "\r\n")
			b.ReportAllocs()
			for b.Loop() {
				if _, reply := ParseCommand(in); reply != nil {
					b.Fatal(reply)
				}
			}
		})
	}
}
