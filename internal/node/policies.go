package node

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rem"
	"rem/provider/staff"
)

// policyFolder holds the texts of policies that staff acknowledges, by digest: the
// book of staff keeps digests alone.
const policyFolder = "policies"

// PublishPolicy keeps the text of a policy, durably, and publishes it as the next
// version of its subject.
func (n *Node) PublishPolicy(ctx context.Context, by staff.Hand, s staff.Subject, text []byte, from time.Time) (uint64, error) {
	if err := n.keepPolicy(text); err != nil {
		return 0, fmt.Errorf("keeping the text of a policy: %w", err)
	}
	return n.People.Staff.Publish(ctx, by, s, text, from)
}

// keepPolicy writes a text under its digest, whole or not at all.
func (n *Node) keepPolicy(text []byte) error {
	folder := filepath.Join(n.Config.Data, policyFolder)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, "new-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), n.policyFile(rem.DigestOf(text)))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	for _, dir := range []string{folder, n.Config.Data} {
		d, err := os.Open(dir)
		if err != nil {
			return err
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) policyFile(d rem.Digest) string {
	return filepath.Join(n.Config.Data, policyFolder, d.String())
}

// policyText gives the text of a policy by its digest. Other bytes under it are
// none of it.
func (n *Node) policyText(_ context.Context, d rem.Digest) ([]byte, error) {
	b, err := os.ReadFile(n.policyFile(d))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("the text of the policy %s is not here", d)
	}
	if err == nil && rem.DigestOf(b) != d {
		err = fmt.Errorf("the text of the policy %s was changed", d)
	}
	return b, err
}
