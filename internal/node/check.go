package node

import (
	"errors"
	"fmt"
	"time"

	"rem/edge/config"
	"rem/trust/trustlist"
)

// Check opens everything that a configuration names, without running it, and
// says what it found, a line each. The error has every fault.
func Check(c *config.Config) (facts []string, err error) {
	var errs []error
	for _, k := range []struct {
		name string
		pair config.KeyPair
	}{{"operation", c.Operation}, {"submissionTLS", c.SubmissionTLS}, {"relayTLS", c.RelayTLS}} {
		_, chain, err := readKeyPair(k.pair)
		if err == nil {
			err = refuseSimulators(c.Mode, chain...)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", k.name, err))
			continue
		}
		facts = append(facts, fmt.Sprintf("certificate: %-14s %s, until %s", k.name, chain[0].Subject.CommonName, chain[0].NotAfter.Format(time.DateOnly)))
	}
	if _, err := readAnchors(c); err != nil {
		errs = append(errs, err)
	}
	for _, a := range c.Timestamp {
		certs, err := readCertificates(a.Certificates)
		if err == nil {
			err = refuseSimulators(c.Mode, certs...)
		}
		if err == nil && a.Policy != "" {
			if _, err = parseOID(a.Policy); err != nil {
				err = fmt.Errorf("policy %q: %w", a.Policy, err)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("timestamp %s: %w", a.URL, err))
		}
	}
	if signers, err := readCertificates(c.TrustList.Signers); err != nil {
		errs = append(errs, fmt.Errorf("trustList: %w", err))
	} else if src, err := readList(c.TrustList.File); err != nil {
		errs = append(errs, fmt.Errorf("trustList: %w", err))
	} else if list, err := trustlist.Verify(src, signers); err != nil {
		errs = append(errs, fmt.Errorf("trustList: %w", err))
	} else {
		facts = append(facts, fmt.Sprintf("trust list:  number %d of %s, %d providers, next update %s",
			list.Sequence, list.IssueTime.Format(time.DateOnly), len(list.Providers), list.NextUpdate.Format(time.DateOnly)))
	}
	return facts, errors.Join(errs...)
}
