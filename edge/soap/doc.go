// Package soap is a compatibility door for ERP programs that already call the SOAP
// service of another provider, eyServis: the same operation names, credentials and
// codes of evidence, so that such a program works by changing its address. New
// programs use edge/api.
//
//	POST /eyServis         SOAP 1.1 and 1.2, document/literal, attachments by MTOM
//	GET  /eyServis?wsdl    the description
//
// We have no official description of that service. Names of operations, and of most
// types and fields, are those that public programs for it send; the rest is our own
// reconstruction. docs/formats/api.md says which is which.
//
// Invariants: who acts is a natural person, shown by a token of his that stands in
// sifre or parola; the password of the pages is not taken, and tcno is neither
// compared nor used to find anybody; no credential reaches a log or an error. What
// gives content to a recipient makes evidence of retrieval, as everywhere. What we
// cannot do as its name promises is a fault that says so. XML is read strictly:
// UTF-8, no document type, within bounds; attachments pass through spools, so that
// memory stays flat.
//
// Next: soap.go, then table.go with every operation and type.
package soap
