// Command go, an example: it signs a message by the REST interface, sends it, waits for
// its delivery and verifies its evidence. Bir iletiyi REST arayüzüyle imzalar, gönderir,
// teslimini bekler, delillerini doğrular.
//
//	go run ./examples/go PROGRAM.json
//
// The standard library alone; it shares nothing with the provider. See
// examples/README.md.
package main

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// program is what the program has to know.
var program struct{ Base, Authorities, Address, Token, Certificate, Key, To string }

var client = &http.Client{Timeout: 90 * time.Second}

// A refused is an answer that is a problem (RFC 9457); status and type are for programs.
type refused struct {
	status      int
	Type, Title string
}

func (r *refused) Error() string { return fmt.Sprint(r.status, " ", r.Type, ": ", r.Title) }

// call makes a request. in is sent as JSON, or as it is when it is bytes; out gets
// JSON, or the answer as it is when it points to bytes.
func call(method, path string, in, out any) error {
	var body io.Reader
	media := "application/json"
	if b, ok := in.([]byte); ok {
		body, media = bytes.NewReader(b), "application/octet-stream"
	} else if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequest(method, program.Base+"/api/v1/"+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+program.Token)
	r.Header.Set("Content-Type", media)
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	switch {
	case err != nil:
		return err
	case answer.StatusCode >= 400:
		problem := &refused{status: answer.StatusCode}
		_ = json.Unmarshal(content, problem) // the status says enough when it is none
		return problem
	}
	if b, ok := out.(*[]byte); ok {
		*b = content
		return nil
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(content, out)
}

// try ends the program with what went wrong.
func try(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// wait waits until something happens on the account; it gives the cursor to go on with.
func wait(after int64) int64 {
	var news struct{ Events []struct{ Number int64 } }
	err := call("GET", fmt.Sprintf("events?after=%d&wait=20", after), nil, &news)
	if r := (*refused)(nil); errors.As(err, &r) && r.status == http.StatusNotFound {
		time.Sleep(time.Second) // a provider without events
		return after
	}
	try(err)
	for _, e := range news.Events {
		after = e.Number
	}
	return after
}

// block gives the first block of a PEM file.
func block(file string) []byte {
	b, err := os.ReadFile(file)
	try(err)
	p, _ := pem.Decode(b)
	if p == nil {
		try(errors.New(file + " is no PEM"))
	}
	return p.Bytes
}

func main() {
	b, err := os.ReadFile(os.Args[1])
	try(err)
	try(json.Unmarshal(b, &program))
	roots := x509.NewCertPool()
	b, err = os.ReadFile(program.Authorities)
	try(err)
	roots.AppendCertsFromPEM(b)
	client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	run()
}
