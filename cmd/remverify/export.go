package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rem/message/export"
	"rem/message/verification"
	"rem/trust/validation"
)

// exportGiven reports whether what is given is an export: a folder by --proofs,
// or a zip file, alone.
func exportGiven(a *arguments) (bool, error) {
	if a.Proofs != "" && len(a.Files) > 0 {
		return false, errors.New("give either files or --proofs FOLDER")
	}
	if a.Proofs != "" {
		return true, nil
	}
	if len(a.Files) == 0 {
		return false, errors.New("no file is given. Try: remverify --trust anchors.pem FILE")
	}
	for _, name := range a.Files {
		f, err := os.Open(name)
		if err != nil {
			continue // told with its reason further on
		}
		var begin [4]byte
		n, _ := io.ReadFull(f, begin[:])
		f.Close()
		if export.IsZip(begin[:n]) {
			if len(a.Files) > 1 {
				return false, fmt.Errorf("%s is an archive: give it alone", name)
			}
			return true, nil
		}
	}
	return false, nil
}

// checkExport checks an export and returns the exit status.
func checkExport(ctx context.Context, a *arguments, stdout, stderr io.Writer) int {
	status, err := func() (int, error) {
		trust, err := readTrust(a.Trust)
		if err != nil {
			return 0, err
		}
		at := a.At.UTC()
		if at.IsZero() {
			at = time.Now().UTC()
		}
		v, err := verification.New(trust.options(at))
		if err != nil {
			return 0, fmt.Errorf("using what --trust gives: %w", err)
		}
		archive, name, done, err := openExport(a)
		if err != nil {
			return 0, err
		}
		defer done()
		show := exportText(stdout, a, name)
		if a.JSON {
			show = &exportJSON{w: bufio.NewWriter(stdout)}
		}
		c, err := export.Check(ctx, archive, v, show.message)
		if err != nil {
			return 0, err
		}
		if err := show.end(c); err != nil {
			return 0, fmt.Errorf("writing the report: %w", err)
		}
		switch c.Verdict {
		case validation.TotalPassed:
			return exitPassed, nil
		case validation.TotalFailed:
			return exitFailed, nil
		}
		return exitIndeterminate, nil
	}()
	if err != nil {
		fmt.Fprintln(stderr, "remverify:", err)
		return exitUnreadable
	}
	return status
}

func openExport(a *arguments) (archive export.Archive, name string, done func(), err error) {
	if a.Proofs != "" {
		root, err := os.OpenRoot(a.Proofs) // no link leads out of the folder
		if err != nil {
			return nil, "", nil, fmt.Errorf("%w: give the folder into which the export was unpacked", err)
		}
		return export.Folder(root.FS()), a.Proofs, func() { root.Close() }, nil
	}
	name = a.Files[0]
	f, err := os.Open(name)
	if err != nil {
		return nil, "", nil, err
	}
	info, err := f.Stat()
	if err == nil {
		archive, err = export.Zip(f, info.Size())
	}
	if err != nil {
		f.Close()
		return nil, "", nil, fmt.Errorf("%s: %w: the archive is incomplete or broken; download it again", name, err)
	}
	return archive, name, func() { f.Close() }, nil
}

// shower writes what is found out about an export.
type shower interface {
	message(*export.Checked) error
	end(*export.Conclusion) error
}

// exportPrinter writes for people: a paragraph a message.
type exportPrinter struct {
	printer
	name    string
	anchors bool
}

func exportText(w io.Writer, a *arguments, name string) shower {
	return &exportPrinter{printer{bufio.NewWriter(w), a.Lang}, name, len(a.Trust) > 0}
}

func (p *exportPrinter) message(m *export.Checked) error {
	fmt.Fprintf(p.w, "%s (%s): %s\n", printable(string(m.Message)), p.say(m.Direction), p.verdict(m.Verdict))
	if m.LeftOut != "" {
		fmt.Fprintf(p.w, "  %s\n", p.say(m.LeftOut))
	}
	line := func(title, file string, v validation.Verdict, sub validation.SubIndication) {
		fmt.Fprintf(p.w, "  %s: %s", title, p.verdict(v))
		if sub != "" {
			fmt.Fprintf(p.w, " %s", sub)
		}
		fmt.Fprintf(p.w, "  %s\n", printable(file))
		if why := p.why(sub); why != "" && v != validation.TotalPassed {
			fmt.Fprintf(p.w, "    %s\n", why)
		}
	}
	if m.Original != nil {
		line(p.say("original"), m.Original.File, m.Original.Verdict, m.Original.Sub)
	}
	for _, e := range m.Evidence {
		title := printable(p.say(e.Kind)) + ", " + printable(p.say(e.Outcome))
		if e.Recipient > 0 {
			title += fmt.Sprintf(", %s %d", p.say("recipient's number"), e.Recipient)
		}
		if e.Conflict {
			title += " (" + p.say("conflicting") + ")"
		}
		line(title, e.File, e.Verdict, e.Sub)
	}
	p.problems("  ", m.Problems)
	return p.w.Flush()
}

func (p *exportPrinter) problems(indent string, all []export.Problem) {
	for _, x := range all {
		fmt.Fprintf(p.w, "%s! %s: %s", indent, printable(x.File), p.pick(x.Trouble.Text()))
		if x.Detail != "" {
			fmt.Fprintf(p.w, " (%s)", printable(x.Detail))
		}
		fmt.Fprintln(p.w)
	}
}

func (p *exportPrinter) end(c *export.Conclusion) error {
	fmt.Fprintf(p.w, "\n%s %s: %d %s, %d %s, %d %s", p.say("export"), printable(p.name), c.Messages, p.say("messages"), c.Originals, p.say("originals"), c.Evidence, p.say("evidences"))
	if c.LeftOut > 0 {
		fmt.Fprintf(p.w, ", %d %s", c.LeftOut, p.say("left out"))
	}
	if c.Made != "" {
		fmt.Fprintf(p.w, "; %s: %s", p.say("made"), printable(c.Made))
	}
	fmt.Fprintln(p.w)
	p.problems("", c.Problems)
	if c.Stamped {
		fmt.Fprintln(p.w, p.say("stamped"))
	} else {
		fmt.Fprintln(p.w, p.say("not stamped"))
	}
	if !p.anchors {
		fmt.Fprintln(p.w, p.say("no anchors"))
	}
	fmt.Fprintf(p.w, "%s: %s\n", p.say("overall"), p.verdict(c.Verdict))
	return p.w.Flush()
}

// exportJSON writes for programs: one object, its messages as they come.
type exportJSON struct {
	w     *bufio.Writer
	begun bool
}

func (p *exportJSON) message(m *export.Checked) error {
	p.w.WriteString(p.next())
	b, err := json.Marshal(m)
	if err != nil {
		return err
	}
	_, err = p.w.Write(b)
	return err
}

func (p *exportJSON) next() string {
	if p.begun {
		return ",\n "
	}
	p.begun = true
	return "{\"version\":1,\"messages\":[\n "
}

func (p *exportJSON) end(c *export.Conclusion) error {
	if !p.begun {
		p.w.WriteString("{\"version\":1,\"messages\":[")
	}
	b, err := json.Marshal(c)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.w, "\n],\"export\":%s}\n", b)
	return p.w.Flush()
}
