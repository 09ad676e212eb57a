package imapd

import "net"

// Admit takes a connection in that no listener gave.
func (s *Server) Admit(c net.Conn) { s.admit(c) }

// A Frame is the frame, for its fuzz test.
type Frame struct{ f frame }

// NewFrame makes one.
func NewFrame(known bool) *Frame {
	f := newFrame(Limits{}.withDefaults())
	f.known = known
	return &Frame{f}
}

// Scan takes what came.
func (f *Frame) Scan(p []byte) string { return f.f.scan(p) }

// Held is how many octets of a command were let through so far.
func (f *Frame) Held() int64 { return int64(f.f.n) + f.f.literals }
