package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"rem/edge/config"
	"rem/internal/node"
	"rem/internal/setup"
)

// A running is a provider in this process, which a script can restart.
type running struct {
	file string
	data string
	stop func() error
}

func (r *running) start() error {
	c, err := config.Read(r.file)
	if err != nil {
		return err
	}
	n, err := node.Open(context.Background(), c, node.Options{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() { ended <- n.Run(ctx, func() { close(ready) }) }()
	r.data = c.Data
	r.stop = func() error {
		cancel()
		return errors.Join(<-ended, n.Close())
	}
	select {
	case <-ready:
		return nil
	case err := <-ended:
		ended <- err
		return errors.Join(err, r.stop())
	}
}

type runningKey struct{}

// The scripts of testdata drive remctl against a provider of their own, with its
// store, its vault and its access log on the disk.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			// A socket's path is short, and that of the work folder is not.
			dir, err := os.MkdirTemp("", "rem")
			if err != nil {
				return err
			}
			e.Defer(func() { os.RemoveAll(dir) })
			w, err := setup.New(dir, setup.Options{Domains: []string{"hs90.kep.test"}})
			if err != nil {
				return err
			}
			r := &running{file: w.Providers[0].File}
			e.Defer(func() {
				if err := errors.Join(r.stop(), w.Close()); err != nil {
					t.Errorf("stopping: %v", err)
				}
			})
			e.Values[runningKey{}] = r
			return r.start()
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			// remctl ARG... asks the provider.
			"remctl": func(ts *testscript.TestScript, neg bool, args []string) {
				exit := run(context.Background(), append([]string{"--data", ts.Value(runningKey{}).(*running).data}, args...), ts.Stdout(), ts.Stderr())
				if (exit != exitYes) != neg {
					ts.Fatalf("exit %d", exit)
				}
			},
			// restart stops the provider and starts it again.
			"restart": func(ts *testscript.TestScript, neg bool, args []string) {
				r := ts.Value(runningKey{}).(*running)
				if err := errors.Join(r.stop(), r.start()); err != nil {
					ts.Fatalf("restarting: %v", err)
				}
			},
			// keep NAME FIELD puts a field of the last answer in JSON into a variable.
			"keep": func(ts *testscript.TestScript, neg bool, args []string) {
				var answer map[string]any
				if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &answer); err != nil {
					ts.Fatalf("the answer is no JSON: %v", err)
				}
				ts.Setenv(args[0], strings.TrimSuffix(fmt.Sprint(answer[args[1]]), ".0"))
			},
			// nowhere TEXT... asks that no file of the provider holds a text.
			"nowhere": func(ts *testscript.TestScript, neg bool, args []string) {
				root, seen := os.DirFS(ts.Value(runningKey{}).(*running).data), 0
				if err := fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
					if err != nil || !e.Type().IsRegular() {
						return err
					}
					b, err := fs.ReadFile(root, name)
					for _, text := range args {
						if strings.Contains(string(b), text) {
							return fmt.Errorf("%s holds %q", name, text)
						}
					}
					seen++
					return err
				}); err != nil || seen == 0 {
					ts.Fatalf("looked at %d files: %v", seen, err)
				}
			},
		},
	})
}
