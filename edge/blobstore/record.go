package blobstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"rem"
)

const (
	// SmallContent is the largest content that is appended to a segment. Up to
	// it a shared sync is worth a copy; beyond it a file of its own costs less
	// than the write that everybody would wait for.
	SmallContent = 128 << 10
	// MaxInline is the largest content that stands in a segment because its
	// Record asks for it: a step that files evidence for a hundred recipients.
	MaxInline = 1 << 20
	// MaxMeta bounds the meaning of a record: an intention for a thousand
	// recipients takes a tenth of it.
	MaxMeta = 1 << 20
)

// A Record is what Append keeps.
type Record struct {
	Kind byte   // the writer's word for what it is; not 0
	Meta []byte // what the writer needs to read again, up to MaxMeta octets
	// Content is the bytes to keep, or Spool what was received; not both. A
	// record may be without content.
	Content []byte
	Spool   *Spool
	// Digest of Content where the caller knows it already, so that nothing is
	// hashed twice. The zero Digest is computed here.
	Digest rem.Digest
	// Inline keeps the content in the segment up to MaxInline octets.
	Inline bool
	// Lazy records ask for no sync of their own: they are synced with the next
	// records, or after a short while (50 ms). Their order with others holds.
	// Append returns when they are written. Records that are given together are
	// all lazy or none.
	Lazy bool
	// Promised marks what is owed because of something already answered, such
	// as the evidence of an accepted message. It may use the reserve.
	Promised bool
}

// The framing of a record in a segment; all numbers are big-endian.
//
//	 0  4  "REM" and the version, 1
//	 4  1  kind
//	 5  1  flags: 1 = the content is a file of its own, named in the 26 octets after the header
//	 6  2  zero
//	 8  4  length of meta
//	12  8  length of the content
//	20  8  offset of this record in its segment
//	28  8  offset of the first record of its commit: of all that was not yet
//	       synced when it was written
//	36 32  SHA-256 of the content
//	68  4  CRC-32C of meta
//	72  4  CRC-32C of the segment's salt and number (8 octets each) and of the
//	       72 octets above
//	76  4  zero
//	80     content, then meta, then zeros up to a multiple of 8
//
// The offsets let a reader tell a torn end from damage: whole records after a
// bad one that belong to a later commit prove that the bad one was synced.
// Meta stands after the content so that a Ref, which points at the content,
// leads to the header as well. The salt keeps a stranger's content from holding
// what looks like a record of ours to a reader that searches after damage.
const (
	frameSize  = 80
	alignment  = 8
	flagFile   = 1
	magic      = "REM\x01"
	headerSize = 64 // of a segment; see segmentHeader
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// errBadFrame means that no whole record stands where one was expected.
var errBadFrame = errors.New("not a record")

// A frame is a record's header.
type frame struct {
	kind, flags  byte
	meta         int64
	content      int64 // length of the content, wherever it is
	offset       int64
	commit       int64
	digest       rem.Digest
	metaChecksum uint32
}

// stored returns how many octets of content stand in the segment.
func (f *frame) stored() int64 {
	if f.flags&flagFile != 0 {
		return tokenLength
	}
	return f.content
}

// end returns the offset after the record and its padding.
func (f *frame) end() int64 { return align(f.offset + frameSize + f.stored() + f.meta) }

func align(n int64) int64 { return (n + alignment - 1) &^ (alignment - 1) }

// appendFrame adds the header to b.
func appendFrame(b []byte, salt, segment uint64, f *frame) []byte {
	start := len(b)
	b = append(b, magic...)
	b = append(b, f.kind, f.flags, 0, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(f.meta))
	b = binary.BigEndian.AppendUint64(b, uint64(f.content))
	b = binary.BigEndian.AppendUint64(b, uint64(f.offset))
	b = binary.BigEndian.AppendUint64(b, uint64(f.commit))
	b = append(b, f.digest[:]...)
	b = binary.BigEndian.AppendUint32(b, f.metaChecksum)
	b = binary.BigEndian.AppendUint32(b, frameChecksum(salt, segment, b[start:start+72]))
	return append(b, 0, 0, 0, 0)
}

func frameChecksum(salt, segment uint64, b []byte) uint32 {
	var seed [16]byte
	binary.BigEndian.PutUint64(seed[:], salt)
	binary.BigEndian.PutUint64(seed[8:], segment)
	return crc32.Update(crc32.Checksum(seed[:], castagnoli), castagnoli, b)
}

// parseFrame reads the header that stands at offset in a segment.
func parseFrame(b []byte, salt, segment uint64, offset int64) (frame, error) {
	if len(b) < frameSize || string(b[:4]) != magic {
		return frame{}, errBadFrame
	}
	if binary.BigEndian.Uint32(b[72:]) != frameChecksum(salt, segment, b[:72]) {
		return frame{}, fmt.Errorf("%w: wrong checksum", errBadFrame)
	}
	f := frame{
		kind: b[4], flags: b[5],
		meta:         int64(binary.BigEndian.Uint32(b[8:])),
		content:      int64(binary.BigEndian.Uint64(b[12:])),
		offset:       int64(binary.BigEndian.Uint64(b[20:])),
		commit:       int64(binary.BigEndian.Uint64(b[28:])),
		metaChecksum: binary.BigEndian.Uint32(b[68:]),
	}
	copy(f.digest[:], b[36:68])
	switch {
	case f.kind == 0, f.flags&^flagFile != 0, b[6] != 0, b[7] != 0, [4]byte(b[76:80]) != [4]byte{}:
		return frame{}, fmt.Errorf("%w: unknown flags", errBadFrame)
	case f.offset != offset, f.commit > offset, f.commit < headerSize:
		return frame{}, fmt.Errorf("%w: misplaced", errBadFrame)
	case f.meta > MaxMeta, f.content < 0, f.flags&flagFile == 0 && f.content > MaxInline:
		return frame{}, fmt.Errorf("%w: too long", errBadFrame)
	}
	return f, nil
}

// segmentMagic opens a segment file.
const segmentMagic = "REMSEG\x00\x01"

// A segmentHeader stands in the first 64 octets of a segment: the magic, then
// in 8 octets each the number, the number of the segment before, where that
// one's good records end, this one's salt and that one's; zeros; and in the last
// 4 octets the CRC-32C of the rest.
//
// The end of a segment is thus fixed by the next one: what a failed write left
// behind it is never read again.
type segmentHeader struct {
	number, prior   uint64
	priorEnd        int64
	salt, priorSalt uint64
}

func (h segmentHeader) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, segmentMagic)
	binary.BigEndian.PutUint64(b[8:], h.number)
	binary.BigEndian.PutUint64(b[16:], h.prior)
	binary.BigEndian.PutUint64(b[24:], uint64(h.priorEnd))
	binary.BigEndian.PutUint64(b[32:], h.salt)
	binary.BigEndian.PutUint64(b[40:], h.priorSalt)
	binary.BigEndian.PutUint32(b[60:], crc32.Checksum(b[:60], castagnoli))
	return b
}

func parseSegmentHeader(b []byte, number uint64) (segmentHeader, error) {
	if len(b) < headerSize || string(b[:8]) != segmentMagic ||
		binary.BigEndian.Uint32(b[60:]) != crc32.Checksum(b[:60], castagnoli) {
		return segmentHeader{}, errBadFrame
	}
	h := segmentHeader{
		number:    binary.BigEndian.Uint64(b[8:]),
		prior:     binary.BigEndian.Uint64(b[16:]),
		priorEnd:  int64(binary.BigEndian.Uint64(b[24:])),
		salt:      binary.BigEndian.Uint64(b[32:]),
		priorSalt: binary.BigEndian.Uint64(b[40:]),
	}
	if h.number != number || h.prior >= number || h.priorEnd < 0 {
		return segmentHeader{}, fmt.Errorf("%w: a segment under another's number", errBadFrame)
	}
	return h, nil
}
