// Package telephone stands in for the operators of mobile signatures: telephones whose
// keys are synthetic persons'. It is a simulator and says so; it is a package of its own
// because it speaks signing.Mobile, which stands above what package simulator serves.
//
// Next: telephone.go.
package telephone
