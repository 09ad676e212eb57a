package main

import (
	"bufio"
	"errors"
	"io"
	"os"
	"strings"
	"sync"

	"golang.org/x/term"
)

// A terminal is where a person reads and answers.
type terminal interface {
	io.Writer
	// Line reads an answer.
	Line() (string, error)
	// Secret reads a PIN without showing it. The caller wipes it.
	Secret() ([]byte, error)
}

// console is the terminal that the program was started in. One question is asked at
// a time.
type console struct {
	in  *os.File
	out io.Writer
	mu  sync.Mutex // guards reader
	// reader holds what was typed ahead of a question.
	reader *bufio.Reader
}

func newTerminal(in *os.File, out io.Writer) *console {
	return &console{in: in, out: out, reader: bufio.NewReader(in)}
}

// Write implements io.Writer.
func (c *console) Write(p []byte) (int, error) { return c.out.Write(p) }

const maxLine = 1 << 10

// Line implements terminal.
func (c *console) Line() (string, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	line, err := c.reader.ReadString('\n')
	if err != nil && line == "" {
		return "", errGone
	}
	if len(line) > maxLine {
		return "", errGone
	}
	return strings.TrimSpace(line), nil
}

// Secret implements terminal. Without a terminal there is nobody who could read what
// he signs, so none is taken from a pipe.
func (c *console) Secret() ([]byte, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !term.IsTerminal(int(c.in.Fd())) {
		return nil, &problem{"terminal", text("PIN yalnızca terminalde sorulur; remsign'ı bir terminalde başlatın.", "The PIN is asked for in a terminal only; start remsign in one."), nil}
	}
	pin, err := term.ReadPassword(int(c.in.Fd()))
	_, _ = io.WriteString(c.out, "\n")
	if err != nil {
		return nil, errGone
	}
	return pin, nil
}

var errGone = &problem{"gone", text("Terminal kapandı.", "The terminal is gone."), errors.New("reading the terminal")}

// visible keeps a text of others from acting on the terminal: control characters, and
// those that turn the direction, become a mark.
func visible(s string) string {
	const most = 1000
	out := make([]rune, 0, min(len(s), most))
	for _, c := range s {
		if len(out) == most {
			break
		}
		if c < ' ' || 0x7f <= c && c < 0xa0 || 0x200b <= c && c <= 0x200f || 0x2028 <= c && c <= 0x202e || 0x2066 <= c && c <= 0x2069 || c == 0xfeff {
			c = '\ufffd'
		}
		out = append(out, c)
	}
	return string(out)
}
