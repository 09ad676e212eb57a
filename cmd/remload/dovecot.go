package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A dovecot is a private instance of Debian's: configuration and run-time files in
// one folder, one listener on loopback, one mailbox. Only root can start one, and the
// machine's own, if there is one, is left alone.
type dovecot struct {
	address, password string
	root              *x509.CertPool // of its own certificate
	process           *exec.Cmd
	ended             chan error
	log               *tail
}

// mailUser owns the maildir: nobody, since Dovecot reads no mail as root.
const mailUser = 65534

func startDovecot(ctx context.Context, dir, maildir string) (*dovecot, error) {
	program, err := exec.LookPath("dovecot")
	if err != nil {
		if program = "/usr/sbin/dovecot"; !isProgram(program) {
			return nil, errors.New("no Dovecot here: install it with: apt-get install --no-install-recommends dovecot-imapd (its own instance need not run)")
		}
	}
	d := &dovecot{password: rand.Text(), ended: make(chan error, 1), log: new(tail)}
	if d.address, err = freeAddress(); err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(d.address)
	if err != nil {
		return nil, fmt.Errorf("finding Dovecot's port: %w", err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("laying out Dovecot: %w", err)
	}
	if d.root, err = writePair(dir); err != nil {
		return nil, err
	}
	for _, name := range []string{"new", "tmp"} {
		if err := os.MkdirAll(filepath.Join(maildir, name), 0o755); err != nil {
			return nil, fmt.Errorf("laying out Dovecot: %w", err)
		}
	}
	err = filepath.WalkDir(maildir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, mailUser, mailUser)
	})
	if err != nil {
		return nil, fmt.Errorf("laying out Dovecot: %w", err)
	}
	settings := strings.NewReplacer("DIR", dir, "PORT", port, "MAILBOX", maildir, "PASSWORD", d.password).Replace(`
base_dir = DIR/run
state_dir = DIR/state
log_path = /dev/stderr
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
mail_location = maildir:MAILBOX
mail_max_userip_connections = 100
first_valid_uid = 0
passdb {
  driver = static
  args = password=PASSWORD
}
userdb {
  driver = static
  args = uid=65534 gid=65534 home=MAILBOX
}
service imap-login {
  inet_listener imap {
    port = 0
  }
  inet_listener imaps {
    port = PORT
    ssl = yes
  }
}
service stats {
  unix_listener stats-writer {
    mode = 0666
  }
}
`)
	file := filepath.Join(dir, "dovecot.conf")
	if err := os.WriteFile(file, []byte(settings), 0o644); err != nil {
		return nil, fmt.Errorf("laying out Dovecot: %w", err)
	}
	d.process = exec.Command(program, "-F", "-c", file)
	d.process.Stdout, d.process.Stderr = d.log, d.log
	d.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt of ours must not end it before it is asked to
	if err := d.process.Start(); err != nil {
		return nil, fmt.Errorf("starting Dovecot: %w", err)
	}
	go func() { d.ended <- d.process.Wait() }()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if c, err := net.Dial("tcp", d.address); err == nil {
			return d, c.Close()
		}
		select {
		case err := <-d.ended:
			return nil, fmt.Errorf("running Dovecot: it ended: %w: %s", err, d.log)
		default:
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			d.stop()
			return nil, fmt.Errorf("no answer from Dovecot: %s", d.log)
		}
	}
}

func isProgram(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

func (d *dovecot) stop() {
	_ = d.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
	case <-time.After(10 * time.Second):
		_ = d.process.Process.Kill()
		<-d.ended
	}
}

// writePair writes a certificate of the kind that our doors have.
func writePair(dir string) (*x509.CertPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making Dovecot's key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(24 * time.Hour),
		DNSNames: []string{"localhost"}, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return nil, fmt.Errorf("making Dovecot's certificate: %w", err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("making Dovecot's key: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	err = os.WriteFile(filepath.Join(dir, "cert.pem"), certificate, 0o644)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600)
	}
	if err != nil {
		return nil, fmt.Errorf("writing Dovecot's certificate: %w", err)
	}
	root := x509.NewCertPool()
	root.AppendCertsFromPEM(certificate)
	return root, nil
}
