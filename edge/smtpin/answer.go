package smtpin

import (
	"errors"
	"strings"

	"rem"
	"rem/mail/smtp"
)

var (
	replyOK         = &smtp.Reply{Code: 250, Enhanced: "2.0.0", Text: "OK"}
	replySender     = &smtp.Reply{Code: 250, Enhanced: "2.1.0", Text: "Sender OK"}
	replyRecipient  = &smtp.Reply{Code: 250, Enhanced: "2.1.5", Text: "Recipient OK"}
	replyGoOn       = &smtp.Reply{Code: 354, Text: "End the message with a dot on a line of its own"}
	replyBye        = &smtp.Reply{Code: 221, Enhanced: "2.0.0", Text: "Bye"}
	replyVerify     = &smtp.Reply{Code: 252, Enhanced: "2.5.2", Text: "Send some mail, and evidence will tell"}
	replyReadyTLS   = &smtp.Reply{Code: 220, Enhanced: "2.0.0", Text: "Ready to start TLS"}
	replyFault      = &smtp.Reply{Code: 451, Enhanced: "4.3.0", Text: "Try again later"}
	replyBusy       = &smtp.Reply{Code: 451, Enhanced: "4.3.2", Text: "Too busy at present, try again later"}
	replyFull       = &smtp.Reply{Code: 421, Enhanced: "4.3.2", Text: "Too many connections, try again later"}
	replyFullSender = &smtp.Reply{Code: 421, Enhanced: "4.7.0", Text: "Too many connections from you, try again later"}
	replyClosing    = &smtp.Reply{Code: 421, Enhanced: "4.3.2", Text: "Closing for now, try again later"}
	replyLoggedOut  = &smtp.Reply{Code: 421, Enhanced: "4.7.0", Text: "Your login holds no longer, log in again"}
	replyIdle       = &smtp.Reply{Code: 421, Enhanced: "4.4.2", Text: "Nothing heard for too long"}
	replyMistakes   = &smtp.Reply{Code: 421, Enhanced: "4.7.0", Text: "Too many mistakes"}
	replyCommands   = &smtp.Reply{Code: 421, Enhanced: "4.7.0", Text: "Too many commands"}
	replyMessages   = &smtp.Reply{Code: 421, Enhanced: "4.7.0", Text: "Enough for one connection, open another"}
	replyOrder      = &smtp.Reply{Code: 503, Enhanced: "5.5.1", Text: "Not at this point of the conversation"}
	replyHelloFirst = &smtp.Reply{Code: 503, Enhanced: "5.5.1", Text: "Say EHLO first"}
	replyNoRcpt     = &smtp.Reply{Code: 503, Enhanced: "5.5.1", Text: "No recipient was accepted"}
	replyEarly      = &smtp.Reply{Code: 503, Enhanced: "5.5.0", Text: "Octets came before the go-ahead"}
	replyTLSFirst   = &smtp.Reply{Code: 530, Enhanced: "5.7.0", Text: "Issue STARTTLS first"}
	replyAuthFirst  = &smtp.Reply{Code: 530, Enhanced: "5.7.0", Text: "Authenticate first"}
	replyTooBig     = &smtp.Reply{Code: 552, Enhanced: "5.3.4", Text: "The message is larger than the SIZE offered"}
	replyRecipients = &smtp.Reply{Code: 452, Enhanced: "4.5.3", Text: "Too many recipients in one transaction"}
)

// answer gives the reply to what a Backend returned. It is the one place where
// an error of ours meets a stranger.
func answer(err error) *smtp.Reply {
	if refusal, ok := errors.AsType[*rem.Refusal](err); ok {
		return &smtp.Reply{Code: 550, Enhanced: "5.7.1", Text: refusalText(refusal.Detail)}
	}
	if reply, ok := errors.AsType[*smtp.Reply](err); ok && (reply.Transient() || reply.Permanent()) {
		return reply
	}
	switch {
	case errors.Is(err, ErrBusy):
		return replyBusy
	case errors.Is(err, ErrLoggedOut):
		return replyLoggedOut
	}
	return replyFault
}

// isFault tells what the log has to show: an error that is nobody's answer.
func isFault(err error) bool { return answer(err) == replyFault }

// inASCII writes the letters that ASCII has not, as Turkish is written where
// they are missing.
var inASCII = strings.NewReplacer("ç", "c", "Ç", "C", "ğ", "g", "Ğ", "G", "ı", "i", "İ", "I", "ö", "o", "Ö", "O",
	"ş", "s", "Ş", "S", "ü", "u", "Ü", "U", "â", "a", "Â", "A", "î", "i", "û", "u", "\n", " ")

// refusalText gives the detail as mail programs show it: Turkish, then English,
// a line each, in the letters that a reply may have (RFC 5321 4.2).
func refusalText(detail rem.Text) string {
	english := strings.ReplaceAll(detail.English, "\n", " ")
	switch {
	case detail.Turkish == "" && english == "":
		return "Refused"
	case detail.Turkish == "":
		return english
	case english == "":
		return inASCII.Replace(detail.Turkish)
	}
	return inASCII.Replace(detail.Turkish) + "\n" + english
}
