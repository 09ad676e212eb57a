package node

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"rem/edge/accesslog"
	"rem/edge/blobstore"
	"rem/edge/chainstore"
	"rem/edge/clock"
	"rem/edge/config"
	"rem/edge/keystore"
	"rem/edge/personstore"
	"rem/privacy"
	"rem/privacy/consent"
	"rem/privacy/inventory"
	"rem/privacy/notice"
	"rem/provider/publication"
)

// Names in the data folder.
const (
	keyFolder       = "keys"      // of a demonstration alone; else the configuration says where
	destroyedFolder = "destroyed" // the list of destroyed keys
	dataKeyFile     = "datakeys.sqlite"
	personFile      = "persons.sqlite"
	accessFolder    = "access"
	noticeFolder    = "notices"
	deliveryFolder  = "deliveries"
	consentFolder   = "consents"

	publicationFolder = "publications" // practice statement, contract, undertaking, tariff
)

// Alarms of the records about people.
const (
	alarmKeys   = "the keys of personal data are in trouble"
	alarmAccess = "the access log is in trouble"
	alarmChain  = "a chain of notices or consents is damaged"
)

// Blind indexes and their keys' versions.
var (
	// identityIndex finds a person by the identity number.
	identityIndex = privacy.BlindIndex{Name: "person.identity", Version: 1}
	// signatoryIndex finds an operator by the serialNumber of his certificate.
	signatoryIndex = privacy.BlindIndex{Name: "account.signatory", Version: 1}
)

// Records are what is kept about people and how it is opened: sealed values with
// their keys, the access log, what people were told and what they chose, and the
// store of their journey. Its fields are for reading.
type Records struct {
	Register  *privacy.Register
	Keys      *keystore.File
	Vault     *privacy.Vault
	Access    *accesslog.Log
	Viewer    *privacy.Viewer
	Notices   *notice.Ledger
	Consents  *consent.Ledger
	Published *publication.Ledger
	Persons   *personstore.Store
	Identity  *privacy.BlindIndexer // by identity number
	Signatory *privacy.BlindIndexer // by the serialNumber of a certificate

	dataKeys *keystore.Data
	chains   []*chainstore.Store
}

// openRecords opens what is kept about people, after the inventory was compared
// with every column of it.
func (n *Node) openRecords(ctx context.Context) (err error) {
	c, r := n.Config, &n.Records
	r.Register = inventory.Today()
	if r.Keys, err = openKeys(c, keystore.Options{Clock: n.clock, Production: c.Mode == config.Production}); err != nil {
		return err
	}
	list, err := blobstore.Disk(n.destroyed())
	if err != nil {
		return err
	}
	if r.dataKeys, err = keystore.OpenData(ctx, filepath.Join(c.Data, dataKeyFile), list, keystore.DataOptions{Alarm: n.alarmOf(alarmKeys)}); err != nil {
		return err
	}
	log, err := blobstore.Disk(filepath.Join(c.Data, accessFolder))
	if err != nil {
		return err
	}
	if r.Access, err = accesslog.Open(log, accesslog.Options{Clock: n.clock, Alarm: n.alarmOf(alarmAccess)}); err != nil {
		return err
	}
	if r.Vault, err = privacy.NewVault(privacy.VaultConfig{Register: r.Register, Keys: r.Keys, Data: r.dataKeys, Log: r.Access, Clock: n.clock}); err != nil {
		return err
	}
	if r.Viewer, err = privacy.NewViewer(ctx, r.Keys, r.Register, r.Access.ID()); err != nil {
		return err
	}
	for index, at := range map[*privacy.BlindIndex]**privacy.BlindIndexer{&identityIndex: &r.Identity, &signatoryIndex: &r.Signatory} {
		if *at, err = privacy.NewBlindIndexer(ctx, r.Keys, *index); err != nil {
			return err
		}
	}
	if err := n.openChains(ctx); err != nil {
		return err
	}
	if r.Persons, err = personstore.Open(ctx, filepath.Join(c.Data, personFile), personstore.Options{}); err != nil {
		return err
	}
	return n.classifiedRecords(ctx)
}

// openChains opens what people were told, what they chose, and what is published.
func (n *Node) openChains(ctx context.Context) error {
	r := &n.Records
	for _, name := range []string{noticeFolder, deliveryFolder, consentFolder, publicationFolder} {
		folder, err := blobstore.Disk(filepath.Join(n.Config.Data, name))
		if err != nil {
			return err
		}
		store, err := chainstore.Open(folder, func(a blobstore.Alarm) { n.alarmOf(alarmChain)(a.Err) })
		if err != nil {
			return fmt.Errorf("opening %s: %w", name, err)
		}
		r.chains = append(r.chains, store)
	}
	var err error
	if r.Notices, err = notice.Open(ctx, r.chains[0], r.chains[1], n.clock); err != nil {
		return err
	}
	if r.Consents, err = consent.Open(ctx, r.chains[2], n.clock, r.Register, r.Notices); err != nil {
		return err
	}
	r.Published, err = publication.Open(ctx, r.chains[3], n.clock, n.authority)
	return err
}

// destroyed is the folder of the list of destroyed keys.
func (n *Node) destroyed() string {
	if n.Config.Keys.Destroyed != "" {
		return n.Config.Keys.Destroyed
	}
	return filepath.Join(n.Config.Data, destroyedFolder)
}

// openKeys opens the key file. That of a demonstration is made when it is not
// there; another one is made by an operator, once.
func openKeys(c *config.Config, o keystore.Options) (*keystore.File, error) {
	if c.Keys.Demonstration {
		folder := filepath.Join(c.Data, keyFolder)
		open := keystore.OpenDemo
		if _, err := os.Stat(filepath.Join(folder, "keys")); errors.Is(err, fs.ErrNotExist) {
			open = keystore.CreateDemo
		}
		disk, err := blobstore.Disk(folder)
		if err != nil {
			return nil, err
		}
		return open(disk, o)
	}
	passphrase, err := readPassphrase(c)
	if err != nil {
		return nil, err
	}
	disk, err := blobstore.Disk(c.Keys.Folder)
	if err != nil {
		return nil, err
	}
	return keystore.Open(disk, passphrase, o)
}

// maxPassphrase bounds the passphrase's file.
const maxPassphrase = 4096

func readPassphrase(c *config.Config) (string, error) {
	b, err := os.ReadFile(c.Keys.Passphrase)
	if err != nil {
		return "", fmt.Errorf("reading the passphrase of the keys: %w", err)
	}
	if len(b) > maxPassphrase {
		return "", fmt.Errorf("reading the passphrase of the keys: %s has more than %d octets", c.Keys.Passphrase, maxPassphrase)
	}
	return string(bytes.TrimRight(b, "\r\n")), nil
}

// MakeKeys makes the key file that a configuration names, once. One that is
// there already is an error that wraps fs.ErrExist.
func MakeKeys(c *config.Config) error {
	if c.Keys.Demonstration {
		return errors.New("the keys of a demonstration are made when it starts")
	}
	passphrase, err := readPassphrase(c)
	if err != nil {
		return err
	}
	disk, err := blobstore.Disk(c.Keys.Folder)
	if err != nil {
		return err
	}
	f, err := keystore.Create(disk, passphrase, keystore.Options{Clock: clock.System{}, Production: c.Mode == config.Production})
	if err != nil {
		return err
	}
	return f.Close()
}

// classifiedRecords refuses to work on a store with a column that the inventory
// does not have (S05, P-01).
func (n *Node) classifiedRecords(ctx context.Context) error {
	keys, err := n.Records.dataKeys.Columns(ctx)
	if err != nil {
		return err
	}
	persons, err := n.Records.Persons.Columns(ctx)
	if err != nil {
		return err
	}
	if err := inventory.Check(slices.Concat(keys, persons)); err != nil {
		return fmt.Errorf("comparing what is kept about people with the inventory of personal data: %w", err)
	}
	return nil
}

// alarmOf returns what counts and logs an alarm.
func (n *Node) alarmOf(what string) func(error) {
	return func(err error) {
		n.metrics.alarms.WithLabelValues(what).Inc()
		n.Log.Error("alarm", "what", what, "detail", err.Error())
	}
}

// close ends what was opened, in the other order.
func (r *Records) close() error {
	var errs []error
	if r.Persons != nil {
		errs = append(errs, r.Persons.Close())
	}
	for _, store := range r.chains {
		errs = append(errs, store.Close())
	}
	if r.Access != nil {
		errs = append(errs, r.Access.Close())
	}
	if r.dataKeys != nil {
		errs = append(errs, r.dataKeys.Close())
	}
	if r.Keys != nil {
		errs = append(errs, r.Keys.Close())
	}
	return errors.Join(errs...)
}
