// Package token is how programs act for a natural person on an account: by a token
// of his, or as a client that he registered and that asks for an access token
// again and again (OAuth 2.0 client credentials, RFC 6749 4.4). A program never
// has the person's password.
//
// Invariants: a token is a person's on one account, and never worth more than what
// the person may do there at that moment; each has scopes and an end; of a secret
// only its digest is kept, and it is shown once; revoking ends access tokens with
// their key, for the next request.
//
// Next: token.go, service.go. edge/apistore keeps them, edge/api asks.
package token
