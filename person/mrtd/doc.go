// Package mrtd reads machine-readable travel documents and identity cards of that
// kind, as ICAO 9303 has them (kep.md 1.6, REQ-12): the machine-readable zone of
// cards (TD1) and passports (TD3), and what their chip holds of it.
//
// [Document.Authenticate] is passive authentication: the signed object of the chip
// (EF.SOD) is a CMS SignedData over digests of the data groups; its signer leads to
// the state's own anchor (CSCA), which configuration names for that state alone.
//
// Invariants: every check digit has to be right; DER is strict and whole; the
// anchors of one state vouch for documents of that state and no other; digests and
// signatures outside the list of trust/algorithm are not believed. Values about the
// person are of the masked types of package person. The picture in data group 2 is
// hashed and not looked at; nothing here keeps it.
//
// What it does not do: active or chip authentication, which would show that the
// chip is no copy. The chip was read elsewhere, and whether the face is that of the
// picture somebody else attests (edge/idproof).
//
// Next: mrz.go for the zone, names.go for comparing names, sod.go for the chip.
package mrtd
