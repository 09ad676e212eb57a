package main

import (
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Progress and results of a bulk sending come by the door for programs, with a token
// that stands in a file.
func TestBulkSendingsAreFollowedOnTheTerminal(t *testing.T) {
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		switch {
		case q.Header.Get("Authorization") != "Bearer rem_p_x":
			w.WriteHeader(http.StatusUnauthorized)
		case q.URL.Path == "/api/v1/bulk/j-1":
			_, _ = io.WriteString(w, `{"id":"j-1","kind":"signed","state":"running","made":"2027-03-01T09:00:00Z","rows":5,"counts":{"submitted":3,"signed":2}}`)
		case q.URL.Path == "/api/v1/bulk/j-1/results":
			_, _ = io.WriteString(w, "row,address\r\n1,a@hs01.kep.tr\r\n")
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = io.WriteString(w, `{"titleTR":"Böyle bir kayıt yok.","titleEN":"There is no such thing."}`)
		}
	}))
	defer server.Close()
	folder := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ca := file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
	door := []string{"--server", server.URL, "--ca", ca, "--token-file", file("token", "rem_p_x\n")}
	for name, c := range map[string]struct {
		args []string
		exit int
		want string
	}{
		"status":        {[]string{"bulk", "status", "j-1"}, exitYes, "imzalı, sırada 2/5, gönderildi 3/5"},
		"in English":    {[]string{"--lang", "en", "bulk", "status", "j-1"}, exitYes, "running"},
		"results":       {[]string{"bulk", "results", "j-1"}, exitYes, "1,a@hs01.kep.tr"},
		"somebody else": {[]string{"bulk", "status", "j-2"}, exitNo, "Böyle bir kayıt yok."},
	} {
		exit, out, side := ask(t, append(c.args, door...)...)
		if exit != c.exit || !strings.Contains(out+side, c.want) {
			t.Errorf("%s: exit %d\n%s\n%s", name, exit, out, side)
		}
	}
}

// Following ends with the sending, says each change once, and bears a provider that
// restarts meanwhile.
func TestABulkSendingIsFollowedToItsEnd(t *testing.T) {
	answers := []string{
		`{"id":"j-1","state":"running","rows":3,"counts":{"signed":2,"submitted":1}}`,
		`{"id":"j-1","state":"running","rows":3,"counts":{"signed":2,"submitted":1}}`,
		"",
		`{"id":"j-1","state":"done","rows":3,"counts":{"submitted":2,"refused":1}}`,
	}
	n := 0
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer := answers[min(n, len(answers)-1)]
		if n++; answer == "" {
			w.WriteHeader(http.StatusBadGateway)
		}
		_, _ = io.WriteString(w, answer)
	}))
	defer server.Close()
	folder := t.TempDir()
	ca, token := filepath.Join(folder, "ca.pem"), filepath.Join(folder, "token")
	if err := errors.Join(os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600), os.WriteFile(token, []byte("rem_p_x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	door := []string{"--server", server.URL, "--ca", ca, "--token-file", token, "--watch"}
	exit, out, side := ask(t, append([]string{"bulk", "status", "j-1"}, door...)...)
	if exit != exitYes || n != len(answers) || strings.Count(out, "imzalı, sırada 2/3, gönderildi 1/3") != 1 || !strings.Contains(out, "bitti") || !strings.Contains(out, "gönderildi 2/3, reddedildi 1/3") {
		t.Errorf("exit %d after %d questions\n%s\n%s", exit, n, out, side)
	}
	if exit, _, _ := ask(t, append([]string{"bulk", "status"}, door...)...); exit == exitYes {
		t.Error("all of them are followed at once")
	}
}
