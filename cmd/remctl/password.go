package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassword bounds a file that holds a password.
const maxPassword = 4 << 10

// A passwordSource is where a password comes from: never the command line,
// which everybody on the machine can read.
type passwordSource struct {
	PasswordFile string `help:"File that holds the password. Default: REM_PASSWORD, or a question on the terminal." type:"path" placeholder:"FILE"`
}

// read gives the password, asking on a terminal where nothing else says it.
func (p *passwordSource) read(s *session, question string) (string, error) {
	if p.PasswordFile != "" {
		b, err := os.ReadFile(p.PasswordFile)
		if err != nil {
			return "", fmt.Errorf("reading the password: %w", err)
		}
		if len(b) > maxPassword {
			return "", fmt.Errorf("reading the password: %s is too long for one", p.PasswordFile)
		}
		line, _, _ := bytes.Cut(b, []byte("\n"))
		return strings.TrimSuffix(string(line), "\r"), nil
	}
	if password := os.Getenv("REM_PASSWORD"); password != "" {
		return password, nil
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) {
		return "", errors.New("no password: give --password-file FILE, or set REM_PASSWORD")
	}
	fmt.Fprint(s.side, question)
	b, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(s.side)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(b), nil
}

// newPassword makes one of 26 letters and digits, over 128 bits.
func newPassword() string { return rand.Text() }
