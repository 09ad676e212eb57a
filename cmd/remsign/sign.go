package main

import (
	"bytes"
	"context"
	"crypto"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"rem"
	"rem/edge/pkcs11"
	"rem/trust/algorithm"
	"rem/trust/cades"
)

// What a page or the provider says (docs/formats/signing.md).
type (
	shown struct {
		Request string      `json:"request"`
		Account string      `json:"account"`
		Until   time.Time   `json:"until"`
		OnePIN  bool        `json:"onePIN"`
		Items   []shownItem `json:"items"`
	}
	shownItem struct {
		Subject string   `json:"subject"`
		From    string   `json:"from"`
		To      []string `json:"to"`
		Cc      []string `json:"cc,omitempty"`
		Size    int64    `json:"size"`
		Digest  string   `json:"digest"`
		Done    bool     `json:"done,omitempty"`
	}
	choice struct {
		Hash  string       `json:"hash"`
		PSS   bool         `json:"pss"`
		Time  time.Time    `json:"time"`
		Items []choiceItem `json:"items"`
	}
	choiceItem struct {
		Attributes string `json:"attributes"`
	}
)

const (
	maxItems = 200
	// skew is how far the signing time may be from the clock here: whoever signs
	// does not sign for another day.
	skew = 10 * time.Minute
)

// A job is what one certificate signs of a request, checked.
type job struct {
	shown   shown
	by      *identity
	time    time.Time
	remote  *cades.Remote
	method  algorithm.Signature
	pending []*cades.Pending // nil for one that is done
}

// prepare checks that what is to be signed is what is shown, and nothing else: the
// signed attributes are made again here, from the digest that is shown, the certificate
// and the time, and have to be the same to the byte. A page cannot have anything else
// signed, not a contract, not a log-in.
func prepare(s shown, c choice, by *identity, now time.Time) (*job, error) {
	changed := problemOf("changed", "İmzalanması istenen veri, gösterilen iletinin verisi değil. İmzalanmadı.", "What is to be signed is not the data of the message that is shown. Nothing was signed.")
	if len(s.Items) == 0 || len(s.Items) > maxItems || len(c.Items) != len(s.Items) || c.Hash != "sha-256" {
		return nil, changed
	}
	if d := c.Time.Sub(now); d < -skew || skew < d {
		return nil, problemOf("clock", "İmzanın zamanı bu bilgisayarın saatinden farklı. Saati düzeltin.", "The time of the signature differs from this computer's clock. Set the clock right.")
	}
	remote, err := cades.NewRemote(cades.RemoteOptions{Chain: by.chain, PSS: c.PSS})
	if err != nil {
		return nil, &problem{"key", text("Bu sertifikanın anahtar türü desteklenmiyor.", "This certificate's kind of key is not supported."), err}
	}
	j := &job{shown: s, by: by, time: c.Time, remote: remote, method: remote.Algorithm(), pending: make([]*cades.Pending, len(s.Items))}
	for n, i := range s.Items {
		if i.Done {
			continue
		}
		digest, err := digestOf(i.Digest)
		if err != nil {
			return nil, changed
		}
		attributes, err := base64.StdEncoding.DecodeString(c.Items[n].Attributes)
		if err != nil {
			return nil, changed
		}
		p, err := remote.Begin(digest, c.Time)
		if err != nil || !bytes.Equal(p.Attributes, attributes) {
			return nil, changed
		}
		j.pending[n] = &p
	}
	return j, nil
}

// count is how many are to be signed.
func (j *job) count() (n int) {
	for _, p := range j.pending {
		if p != nil {
			n++
		}
	}
	return n
}

// show tells what is to be signed.
func (p *program) show(j *job, origin string) {
	w := p.terminal
	line := strings.Repeat("─", 60)
	fmt.Fprintf(w, "\a\n%s\n", line)
	p.say(text("İMZA İSTEĞİ", "A SIGNATURE IS ASKED FOR"))
	fact := func(tr, en, value string) { fmt.Fprintf(w, "  %s: %s\n", p.in(text(tr, en)), visible(value)) }
	fact("isteyen", "asked by", origin)
	fact("hesap", "account", j.shown.Account)
	for n := range j.shown.Items {
		if j.pending[n] != nil {
			if len(j.shown.Items) > 1 {
				fmt.Fprintf(w, " %d/%d\n", n+1, len(j.shown.Items))
			}
			p.showItem(&j.shown.Items[n])
		}
	}
	fact("imzalayan sertifika", "signing certificate", j.by.name()+", "+issuerName(j.by.chain[0])+" ("+j.by.where()+")")
	fact("imza zamanı", "time of the signature", j.time.In(zone).Format("02.01.2006 15:04:05")+" (UTC+3), "+j.time.UTC().Format("15:04:05")+" UTC")
	fmt.Fprintln(w, line)
}

func (p *program) showItem(i *shownItem) {
	fact := func(tr, en, value string) {
		fmt.Fprintf(p.terminal, "  %s: %s\n", p.in(text(tr, en)), visible(value))
	}
	fact("konu", "subject", i.Subject)
	fact("gönderici", "from", i.From)
	list := func(names []string) string {
		const most = 20
		if len(names) > most {
			return strings.Join(names[:most], ", ") + fmt.Sprintf(" … (%d)", len(names))
		}
		return strings.Join(names, ", ")
	}
	fact("kime", "to", list(i.To))
	if len(i.Cc) > 0 {
		fact("bilgi", "cc", list(i.Cc))
	}
	fact("boyut", "size", fmt.Sprintf("%d", i.Size))
	fact("özet (SHA-256)", "digest (SHA-256)", i.Digest)
}

// yes asks; anything but a clear yes is no.
func (p *program) yes(question rem.Text) (bool, error) {
	fmt.Fprint(p.terminal, p.in(question)+p.in(text(" [evet/hayır] ", " [yes/no] ")))
	answer, err := p.Line()
	if err != nil {
		return false, err
	}
	return slices.Contains([]string{"e", "evet", "y", "yes"}, rem.FoldASCII(answer)), nil
}

var declined = problemOf("declined", "İmzalama remsign penceresinde reddedildi.", "It was declined in remsign's window.")

// sign shows a job, asks, and signs. The values are in the request's order.
func (p *program) sign(ctx context.Context, j *job, origin string) ([][]byte, error) {
	if j.count() == 0 {
		return nil, problemOf("done", "İmzalanacak bir şey kalmamış.", "There is nothing left to be signed.")
	}
	p.show(j, origin)
	question := text("Bu ileti imzalansın ve gönderilsin mi?", "Sign and send this message?")
	if n := j.count(); n > 1 {
		question = text(fmt.Sprintf("Bu %d iletinin her biri imzalansın ve gönderilsin mi?", n), fmt.Sprintf("Sign and send each of these %d messages?", n))
	}
	ok, err := p.yes(question)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, declined
	}
	if ctx.Err() != nil {
		return nil, problemOf("gone", "Sayfa artık beklemiyor; imzalanmadı.", "The page does not wait any more; nothing was signed.")
	}
	values := make([][]byte, len(j.pending))
	if j.by.module == nil {
		err = p.signEach(ctx, j, values, j.by.key, nil)
	} else {
		err = p.signOnCard(ctx, j, values)
	}
	if err != nil {
		return nil, err
	}
	p.say(text("İmzalandı.", "Signed."))
	return values, nil
}

// signEach signs what has no value yet; between is asked before each but the first,
// and gives the key from there on.
func (p *program) signEach(ctx context.Context, j *job, values [][]byte, key crypto.Signer, between func() (crypto.Signer, error)) error {
	first := true
	for n, pending := range j.pending {
		if pending == nil {
			continue
		}
		if !first && between != nil {
			fmt.Fprintf(p.terminal, " %d/%d\n", n+1, len(j.pending))
			p.showItem(&j.shown.Items[n])
			var err error
			if key, err = between(); err != nil {
				return err
			}
		}
		first = false
		value, err := j.method.Sign(key, pending.Digest)
		if err != nil {
			return cardProblem(err)
		}
		// Before it leaves: a device that signs something else is broken.
		if _, err := j.remote.Complete(ctx, *pending, value); err != nil {
			return &problem{"card", text("Kartın verdiği imza doğrulanamadı.", "The signature that the card gave does not verify."), err}
		}
		values[n] = value
	}
	return nil
}

// signOnCard logs in and signs. The PIN is kept for the batch only where the card
// wants it before each signature and the provider lets one entry be enough.
func (p *program) signOnCard(ctx context.Context, j *job, values [][]byte) (err error) {
	session, err := j.by.module.Open(j.by.token)
	if err != nil {
		return cardProblem(err)
	}
	defer func() {
		if closing := session.Close(); err == nil && closing != nil {
			err = cardProblem(closing)
		}
	}()
	var pin []byte
	defer func() { clear(pin) }()
	if pin, err = p.login(session, j.by); err != nil {
		return err
	}
	ask := func() ([]byte, error) {
		if j.by.token.PINPad {
			return nil, nil
		}
		if pin != nil && (j.shown.OnePIN || j.count() == 1) {
			return bytes.Clone(pin), nil
		}
		return p.askPIN(j.by.token)
	}
	key, err := session.Key(j.by.on, ask)
	if err != nil {
		return cardProblem(err)
	}
	if !key.AlwaysAsks() {
		clear(pin)
		pin = nil
	}
	var between func() (crypto.Signer, error)
	if !j.shown.OnePIN {
		between = func() (crypto.Signer, error) {
			ok, err := p.yes(text("Bu ileti de imzalansın mı?", "Sign this one too?"))
			if err != nil || !ok {
				return nil, errors.Join(err, declined)
			}
			if key.AlwaysAsks() {
				return key, nil // the card asks by itself
			}
			if err := session.Logout(); err != nil {
				return nil, cardProblem(err)
			}
			again, err := p.login(session, j.by)
			clear(again)
			if err != nil {
				return nil, err
			}
			// A private key's handle ends with the log-in that found it.
			if key, err = session.Key(j.by.on, ask); err != nil {
				return nil, cardProblem(err)
			}
			return key, nil
		}
	}
	return p.signEach(ctx, j, values, key, between)
}

// maxWrong is how many wrong PINs are taken in one go; a card locks after three.
const maxWrong = 2

// login asks for the PIN until it is right, and warns before the card locks.
func (p *program) login(session *pkcs11.Session, by *identity) ([]byte, error) {
	for wrong := 0; ; {
		t, err := by.module.Token(by.token.Slot)
		if err != nil {
			return nil, cardProblem(err)
		}
		if t.Serial != by.token.Serial {
			return nil, problemOf("card", "Okuyucudaki kart değişti; yeniden deneyin.", "The card in the reader is another one now; try again.")
		}
		if w, ok := warning(t.Tries); ok {
			p.say(w)
		}
		if t.Tries == pkcs11.Locked {
			return nil, &problem{"locked", lockedText, nil}
		}
		if t.Tries == pkcs11.Last {
			ok, err := p.yes(text("Son deneme. Yanlış PIN kartı kilitler. Devam edilsin mi?", "Last try. A wrong PIN locks the card. Go on?"))
			if err != nil || !ok {
				return nil, errors.Join(err, declined)
			}
		}
		pin, err := p.askPIN(t)
		if err != nil {
			return nil, err
		}
		err = session.Login(pin)
		if err == nil {
			return pin, nil
		}
		clear(pin)
		code, ok := errors.AsType[pkcs11.Code](err)
		if !ok || !code.WrongPIN() {
			return nil, cardProblem(err)
		}
		if wrong++; wrong >= maxWrong {
			return nil, cardProblem(err)
		}
		p.say(code.Text())
	}
}

func (p *program) askPIN(t pkcs11.Token) ([]byte, error) {
	if t.PINPad {
		p.say(text("PIN'i kart okuyucusunun tuşlarıyla girin.", "Type the PIN on the keys of the card reader."))
		return nil, nil
	}
	fmt.Fprintf(p.terminal, "%s (%s): ", "PIN", visible(t.Label))
	pin, err := p.Secret()
	if err == nil && len(pin) == 0 {
		return nil, declined
	}
	return pin, err
}

var lockedText = text(
	"Kartın PIN'i kilitli. PUK ile açmak için sertifikanızı aldığınız kuruma başvurun.",
	"The card's PIN is locked. Turn to whoever gave you the certificate, to open it with the PUK.")

// warning says what the card tells about tries left.
func warning(t pkcs11.Tries) (rem.Text, bool) {
	switch t {
	case pkcs11.Few:
		return text("Dikkat: daha önce yanlış PIN girilmiş. Birkaç yanlış PIN daha kartı kilitler.", "Mind: a wrong PIN was given before. A few more lock the card."), true
	case pkcs11.Last:
		return text("DİKKAT: kilitlenmeden önceki SON deneme.", "MIND: this is the LAST try before the card locks."), true
	case pkcs11.Locked:
		return lockedText, true
	}
	return rem.Text{}, false
}
