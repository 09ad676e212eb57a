package world

import (
	"crypto/x509"

	"rem"
	"rem/trust/tsp"
	"rem/trust/validation"
)

// Anchors are the roots of the kit, for whoever verifies what a world made.
func (k *Kit) Anchors() []*x509.Certificate { return k.pki.Anchors() }

// Stamper is the kit's time-stamp authority by a clock.
func (k *Kit) Stamper(clock rem.Clock) (*tsp.Responder, error) { return k.stamper(clock) }

// Policy is what the providers of the world believe.
func (w *World) Policy() validation.Policy { return w.policy() }
