// Package keystore keeps keys outside the database: the wrapping keys in a file
// under a passphrase, and the wrapped data keys of people in a store of their
// own, from which they can be destroyed (P-12).
//
// [File] is the privacy.KeyStore of a provider without a hardware module: the
// keys are in this process's memory while it runs, and whoever reads that memory
// has them. There is no PKCS#11 store yet; it takes the place of File behind the
// same interface. [Data] is the durable privacy.DataKeys.
//
// Invariants: a key file is replaced whole or not at all, and durable before a
// key of it is used; its parameters are bounded before they cost memory; a
// demonstration's keys are refused in production; that a data key was destroyed
// is durable before it goes, and an old copy of the store that is put back loses
// what was destroyed since, as long as the list of destroyed keys is not put back
// with it.
//
// form.go is the file's form (docs/formats/key-store.md), file.go what is done
// with it, data.go the data keys, destroyed.go the list. privacy.Vault uses both.
package keystore
