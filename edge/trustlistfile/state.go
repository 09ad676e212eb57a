package trustlistfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// The state is one decimal number and a line feed. A file that is not there
// stands for 0, before the first list; one that cannot be read is an error,
// because forgetting the number is what an attacker would wish for.

func readState(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("reading the last sequence number: %w", err)
	}
	text, ok := strings.CutSuffix(string(b), "\n")
	n, err := strconv.ParseUint(text, 10, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("reading the last sequence number: %s does not hold a number", filepath.Base(path))
	}
	return n, nil
}

// writeState is durable when it returns: the file is complete under another
// name before it takes its place, and so is the folder's entry.
func writeState(path string, n uint64) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, filepath.Base(path)+".new-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // fails, as it should, once renamed
	_, err = fmt.Fprintln(tmp, n)
	if err == nil {
		err = tmp.Sync()
	}
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
