// Package config reads the configuration of a provider: one YAML file, decoded
// strictly, into one struct. A field that is absent has a default that works;
// a field that does not exist is an error with its line.
//
// The field comments of [Config] generate docs/operations/config.md. remd
// check-config says what would run.
package config
