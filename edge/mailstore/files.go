package mailstore

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
	"time"

	"rem"
	"rem/edge/blobstore"
	"rem/message"
	"rem/message/mailbox"
	"rem/privacy"
)

// fileMagic begins a file of a draft; the last octet is the version.
const fileMagic = "rem draft\x00\x00\x01"

// A file is sealed in parts, so that reading and writing need the memory of one.
const (
	filePart  = 64 << 10
	fileTag   = 16
	keyOctets = 32
)

// filesDir is the folder in Config.Files.
const filesDir = "files"

// Abandoned is after how long the files of a draft that was never saved go.
const Abandoned = 24 * time.Hour

// openFiles makes the folder and takes away what has no row.
func (s *Store) openFiles(ctx context.Context) error {
	if err := s.Files.Mkdir(filesDir); err != nil {
		return err
	}
	known := map[string]bool{}
	err := s.each(ctx, queries["places"], nil, func(rows *sql.Rows) error {
		var p string
		err := rows.Scan(&p)
		known[p] = true
		return err
	})
	if err != nil {
		return err
	}
	names, err := s.Files.List(filesDir)
	if err != nil {
		return err
	}
	var left []string
	for _, name := range names {
		if !known[name] {
			left = append(left, name)
		}
	}
	return errors.Join(s.discard(left...), s.Files.SyncDir(filesDir), s.Files.SyncDir("."))
}

// discard takes files away that have no row any more. One that stays goes at the
// next start; its key is gone already.
func (s *Store) discard(places ...string) error {
	for _, p := range places {
		if err := s.Files.Remove(filesDir + "/" + p); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("taking a file of a draft away: %w", err)
		}
	}
	return nil
}

// secret is what the vault seals of a file: its key, size and digest, and whose it
// is, so that it opens no other.
func secretOf(key [keyOctets]byte, size int64, digest rem.Digest, a rem.AccountID, id mailbox.DraftID, file string) []byte {
	b := append([]byte{1}, key[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(size))
	b = append(b, digest[:]...)
	whose := sha256.Sum256([]byte(string(a) + "\x00" + string(id) + "\x00" + file))
	return append(b, whose[:]...)
}

// parts seals and opens the parts of one file. Its key is used for nothing else, so
// that a part's number is its nonce; the last part says that it is.
type parts struct{ aead cipher.AEAD }

func newParts(key [keyOctets]byte) (parts, error) {
	block, err := aes.NewCipher(key[:])
	if err != nil {
		return parts{}, err
	}
	aead, err := cipher.NewGCM(block)
	return parts{aead}, err
}

func nonce(n int64, last bool) []byte {
	b := make([]byte, 12)
	binary.BigEndian.PutUint64(b[4:], uint64(n))
	if last {
		b[0] = 1
	}
	return b
}

func (p parts) seal(b []byte, n int64, last bool) []byte {
	return p.aead.Seal(nil, nonce(n, last), b, []byte(fileMagic))
}

func (p parts) open(b []byte, n int64, last bool) ([]byte, error) {
	return p.aead.Open(b[:0], nonce(n, last), b, []byte(fileMagic))
}

// PutFile implements mailbox.Store. A crash before the row is written leaves a file
// that nobody can open, and that goes at the next start.
func (s *Store) PutFile(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string, r io.Reader, limit int64) (int64, rem.Digest, error) {
	size, digest, err := s.putFile(ctx, by, id, file, r, limit)
	if err != nil {
		return 0, rem.Digest{}, fmt.Errorf("keeping a file of a draft: %w", err)
	}
	return size, digest, nil
}

func (s *Store) putFile(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string, r io.Reader, limit int64) (int64, rem.Digest, error) {
	if err := errors.Join(named(by), goodID(string(id)), goodID(file)); err != nil {
		return 0, rem.Digest{}, err
	}
	now := s.Clock.Now()
	place, err := rem.NewToken(now, rand.Reader)
	if err != nil {
		return 0, rem.Digest{}, err
	}
	var key [keyOctets]byte
	rand.Read(key[:])
	size, digest, err := s.write(place, key, r, limit)
	if err != nil {
		return 0, rem.Digest{}, errors.Join(err, s.discard(place))
	}
	secret, err := s.seal(ctx, by.Holder, fileSecret, secretOf(key, size, digest, by.Account, id, file))
	if err != nil {
		return 0, rem.Digest{}, errors.Join(err, s.discard(place))
	}
	before, err := update(ctx, s, "its row", by.Account, func(t step) (before string, err error) {
		account, err := t.account(by.Account, now)
		if err != nil {
			return "", err
		}
		if _, err := t.row("filePlace", []any{account, id, file}, &before); err != nil {
			return "", err
		}
		return before, t.do("putFile", account, id, file, place, size, digest[:], by.Holder, secret, now.UnixMicro())
	})
	if err != nil {
		return 0, rem.Digest{}, err // whether the row is there may not be known: the next start sees
	}
	if before != "" {
		err = s.discard(before)
	}
	return size, digest, err
}

// write seals what it reads into a new file of the folder.
func (s *Store) write(place string, key [keyOctets]byte, r io.Reader, limit int64) (size int64, digest rem.Digest, err error) {
	p, err := newParts(key)
	if err != nil {
		return 0, digest, err
	}
	f, err := s.Files.Create(filesDir + "/" + place)
	if err != nil {
		return 0, digest, err
	}
	defer func() {
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
		if err == nil {
			err = s.Files.SyncDir(filesDir)
		}
	}()
	if _, err := f.WriteAt([]byte(fileMagic), 0); err != nil {
		return 0, digest, err
	}
	sum := sha256.New()
	b, ahead := make([]byte, filePart), make([]byte, filePart)
	n, err := io.ReadFull(r, b)
	at := int64(len(fileMagic))
	for part := int64(0); ; part++ {
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return 0, digest, fmt.Errorf("reading it: %w", err)
		}
		last, next := err != nil, 0
		if !last { // whether this is the last part, the next one says
			next, err = io.ReadFull(r, ahead)
			last = next == 0 && errors.Is(err, io.EOF)
		}
		if size += int64(n); size > limit {
			return 0, digest, mailbox.ErrTooLarge
		}
		sum.Write(b[:n])
		sealed := p.seal(b[:n], part, last)
		if _, err := f.WriteAt(sealed, at); err != nil {
			return 0, digest, err
		}
		at += int64(len(sealed))
		if last {
			sum.Sum(digest[:0])
			return size, digest, nil
		}
		b, ahead, n = ahead, b, next
	}
}

// File implements mailbox.Store.
func (s *Store) File(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string) (message.Content, error) {
	c, err := s.openFile(ctx, by, id, file)
	if err != nil {
		return nil, fmt.Errorf("opening a file of a draft: %w", err)
	}
	return c, nil
}

func (s *Store) openFile(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string) (*fileContent, error) {
	if err := named(by); err != nil {
		return nil, err
	}
	account, err := s.account(ctx, by.Account)
	if err != nil {
		return nil, err
	}
	c := &fileContent{disk: s.Files}
	var digest []byte
	var kept sealedPart
	there, err := s.read(ctx, "file", []any{account, id, file}, &c.place, &c.size, &digest, &kept.holder, &kept.sealed)
	if err == nil && !there {
		err = mailbox.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	opened, err := s.open(ctx, by, privacy.Sitting("file "+string(id)+" "+file), fileSecret, []sealedPart{kept})
	if err != nil {
		return nil, err
	}
	copy(c.digest[:], digest)
	var key [keyOctets]byte
	if len(opened[0]) > keyOctets {
		copy(key[:], opened[0][1:])
	}
	if !bytes.Equal(opened[0], secretOf(key, c.size, c.digest, by.Account, id, file)) {
		return nil, errForm
	}
	c.parts, err = newParts(key)
	return c, err
}

// fileContent reads a file in the clear. It holds no descriptor between readings,
// and the last part in memory.
type fileContent struct {
	disk   blobstore.FS
	place  string
	size   int64
	digest rem.Digest
	parts  parts

	mu    sync.Mutex
	have  int64  // guarded by mu: the number of the part in clear, when that is not nil
	clear []byte // guarded by mu
}

func (c *fileContent) Size() int64        { return c.size }
func (c *fileContent) Digest() rem.Digest { return c.digest }

// ReadAt implements io.ReaderAt.
func (c *fileContent) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 {
		return 0, errors.New("reading a file of a draft: before its beginning")
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var f blobstore.File
	defer func() {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	for n < len(p) {
		if at >= c.size {
			return n, io.EOF
		}
		part := at / filePart
		if c.clear == nil || c.have != part {
			if f == nil {
				if f, err = c.disk.Open(filesDir + "/" + c.place); err != nil {
					return n, fmt.Errorf("reading a file of a draft: %w", err)
				}
			}
			if err := c.load(f, part); err != nil {
				return n, fmt.Errorf("reading a file of a draft: %w", err)
			}
		}
		k := copy(p[n:], c.clear[at-part*filePart:])
		n, at = n+k, at+int64(k)
	}
	return n, nil
}

// load opens one part; mu is held.
func (c *fileContent) load(f blobstore.File, part int64) error {
	c.clear = nil
	length := min(filePart, c.size-part*filePart)
	b := make([]byte, length+fileTag)
	if _, err := f.ReadAt(b, int64(len(fileMagic))+part*(filePart+fileTag)); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	clear, err := c.parts.open(b, part, part*filePart+length == c.size)
	if err != nil {
		return errForm
	}
	c.have, c.clear = part, clear
	return nil
}

// DropFile implements mailbox.Store.
func (s *Store) DropFile(ctx context.Context, by rem.Actor, id mailbox.DraftID, file string) error {
	place, err := update(ctx, s, "dropping a file of a draft", by.Account, func(t step) (place string, err error) {
		var account int64
		if there, err := t.row("account", []any{by.Account}, &account); err != nil || !there {
			return "", err
		}
		_, err = t.row("dropFile", []any{account, id, file}, &place)
		return place, err
	})
	if err != nil || place == "" {
		return err
	}
	return s.discard(place)
}

// Sweep takes away files of drafts that were not saved within [Abandoned]. It is
// called now and then.
func (s *Store) Sweep(ctx context.Context) error {
	const some = 1000
	before := s.Clock.Now().Add(-Abandoned).UnixMicro()
	for {
		places, err := update(ctx, s, "sweeping files of drafts", "", func(t step) (places []string, err error) {
			err = t.each("sweep", []any{before, some}, func(rows *sql.Rows) error {
				var p string
				err := rows.Scan(&p)
				places = append(places, p)
				return err
			})
			return places, err
		})
		if err != nil {
			return err
		}
		if err := s.discard(places...); err != nil {
			return err
		}
		if len(places) < some {
			return nil
		}
	}
}
