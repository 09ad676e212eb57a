package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A postfix is one private instance of Debian's Postfix: its own configuration,
// queue and maildir under one folder, one listener on loopback.
type postfix struct {
	dir     string
	address string
	maildir string // of everything that arrives; empty for one that relays
	process *exec.Cmd
	output  *bytes.Buffer
	ended   chan error
}

const postfixHint = "install it with: apt-get install --no-install-recommends postfix (its own instance need not run)"

// nobody owns the maildirs: Postfix does not deliver as root.
const nobody = 65534

// startPostfix starts an instance. With a relay host it takes everything and
// hands it on; without, it takes everything into its maildir. Durability is as
// Debian ships it: the queue file is synced before the 250, the maildir file too.
func startPostfix(ctx context.Context, dir, relay string) (p *postfix, err error) {
	program, err := exec.LookPath("postfix")
	if err != nil {
		return nil, fmt.Errorf("no Postfix here: %s", postfixHint)
	}
	if os.Geteuid() != 0 {
		return nil, errors.New("only root can start Postfix: run this command as root, or leave Postfix out with --alone")
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p = &postfix{dir: dir, address: address, output: new(bytes.Buffer), ended: make(chan error, 1)}
	settings := []string{
		"compatibility_level = 3.6",
		"queue_directory = " + filepath.Join(dir, "spool"), "data_directory = " + filepath.Join(dir, "data"),
		"myhostname = mail.test", "mydestination =", "mynetworks = 127.0.0.0/8", "inet_interfaces = 127.0.0.1", "inet_protocols = ipv4",
		"local_recipient_maps =", "alias_maps =", "alias_database =", "smtp_dns_support_level = disabled", "smtp_host_lookup = native",
		"smtputf8_enable = no", "message_size_limit = 80000000", "mailbox_size_limit = 0", "virtual_mailbox_limit = 0",
		"smtpd_client_connection_count_limit = 0", "in_flow_delay = 0", // no pauses of a second while delivery lags
		"smtpd_recipient_restrictions = permit_mynetworks, reject", "smtpd_tls_security_level = none",
	}
	if relay == "" {
		p.maildir = filepath.Join(dir, "mail", "box", "new")
		settings = append(settings, "virtual_mailbox_domains = static:all", "virtual_mailbox_base = "+filepath.Join(dir, "mail"),
			"virtual_mailbox_maps = static:box/", fmt.Sprintf("virtual_uid_maps = static:%d", nobody), fmt.Sprintf("virtual_gid_maps = static:%d", nobody),
			"smtpd_relay_restrictions = permit")
	} else {
		host, port, _ := strings.Cut(relay, ":")
		settings = append(settings, "relayhost = ["+host+"]:"+port, "default_transport = smtp", "smtp_tls_security_level = none")
	}
	var services strings.Builder
	fmt.Fprintf(&services, "%s inet n - n - - smtpd\n", address)
	for _, s := range []string{"cleanup unix n - n - 0 cleanup", "qmgr unix n - n 300 1 qmgr", "rewrite unix - - n - - trivial-rewrite",
		"bounce unix - - n - 0 bounce", "defer unix - - n - 0 bounce", "trace unix - - n - 0 bounce", "flush unix n - n 1000? 0 flush",
		"proxymap unix - - n - - proxymap", "smtp unix - - n - - smtp", "relay unix - - n - - smtp", "error unix - - n - - error",
		"retry unix - - n - - error", "virtual unix - n n - - virtual", "anvil unix - - n - 1 anvil", "scache unix - - n - 1 scache"} {
		services.WriteString(s + "\n")
	}
	configuration := filepath.Join(dir, "etc")
	for _, d := range []string{configuration, filepath.Join(dir, "spool"), filepath.Join(dir, "data"), filepath.Join(dir, "mail")} {
		if err := os.MkdirAll(d, 0o755); err != nil {
			return nil, fmt.Errorf("laying out Postfix: %w", err)
		}
	}
	if err := errors.Join(
		os.Chown(filepath.Join(dir, "mail"), nobody, nobody),
		os.WriteFile(filepath.Join(configuration, "main.cf"), []byte(strings.Join(settings, "\n")+"\n"), 0o644),
		os.WriteFile(filepath.Join(configuration, "master.cf"), []byte(services.String()), 0o644),
		chownTo(filepath.Join(dir, "data"), "postfix"),
	); err != nil {
		return nil, fmt.Errorf("laying out Postfix: %w", err)
	}
	p.process = exec.Command(program, "-c", configuration, "start-fg")
	p.process.Stdout, p.process.Stderr = p.output, p.output
	// Its own group: an interrupt of ours must not end it before it is asked to.
	p.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.process.Start(); err != nil {
		return nil, fmt.Errorf("starting Postfix: %w", err)
	}
	go func() { p.ended <- p.process.Wait() }()
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if s, err := dial(ctx, p.endpoint()); err == nil {
			s.close()
			return p, nil
		}
		select {
		case err := <-p.ended:
			return nil, fmt.Errorf("running Postfix: it ended: %w: %s", err, p.output)
		default:
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			p.stop()
			return nil, fmt.Errorf("no answer from Postfix on %s: %s", address, p.output)
		}
	}
}

func (p *postfix) endpoint() endpoint { return endpoint{address: p.address} }

// stop ends the instance and waits for it. What it stored stays. The process
// that we started is a script; its master ends when Postfix itself is told to.
func (p *postfix) stop() {
	exec.Command(p.process.Path, "-c", filepath.Join(p.dir, "etc"), "stop").Run() // the wait below tells whether it worked
	select {
	case <-p.ended:
	case <-time.After(10 * time.Second):
		syscall.Kill(-p.process.Process.Pid, syscall.SIGKILL)
		<-p.ended
	}
}

// arrived waits until the maildir holds n messages and gives the time when the
// last one was complete there.
func (p *postfix) arrived(ctx context.Context, n int64) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Minute)
	defer cancel()
	for {
		names, err := names(p.maildir)
		if err != nil {
			return time.Time{}, err
		}
		if int64(len(names)) > n {
			return time.Time{}, fmt.Errorf("found %d messages where Postfix took %d", len(names), n)
		}
		if int64(len(names)) == n {
			return p.latest(names)
		}
		select {
		case <-ctx.Done():
			return time.Time{}, fmt.Errorf("found %d messages where Postfix took %d: %w", len(names), n, ctx.Err())
		case <-time.After(100 * time.Millisecond):
		}
	}
}

func names(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil // nothing was delivered yet
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

func (p *postfix) latest(names []string) (last time.Time, err error) {
	for _, name := range names {
		info, err := os.Stat(filepath.Join(p.maildir, name))
		if err != nil {
			return last, err
		}
		if stat, ok := info.Sys().(*syscall.Stat_t); ok { // renamed into the maildir
			if at := time.Unix(stat.Ctim.Unix()); at.After(last) {
				last = at
			}
		}
	}
	return last, nil
}

// empty takes the messages of a round away, so that the next one finds the
// folder as this one did.
func (p *postfix) empty() error {
	names, err := names(p.maildir)
	for _, name := range names {
		err = errors.Join(err, os.Remove(filepath.Join(p.maildir, name)))
	}
	return err
}
