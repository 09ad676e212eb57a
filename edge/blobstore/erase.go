package blobstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
)

// erasedByte fills what was destroyed. It is not zero, so that a reader tells
// a destroyed record from one whose write the power cut.
const erasedByte = 0xEE

func erased(b []byte) bool {
	for _, c := range b {
		if c != erasedByte {
			return false
		}
	}
	return true
}

// Erase destroys a whole content and the meaning written beside it, durably:
// other bytes take their place, or the file goes away. Repeating it is harmless.
// What the disk itself keeps of overwritten blocks is beyond it; a content that
// must vanish even there is kept sealed under a key of its own.
func (s *Store) Erase(ctx context.Context, ref Ref) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.options.ReadOnly {
		return ErrClosed
	}
	var err error
	if ref.file != "" {
		err = s.eraseFile(ref.file)
	} else {
		err = s.eraseRecord(ref)
	}
	if err != nil {
		return fmt.Errorf("destroying a content: %w", err)
	}
	return nil
}

func (s *Store) eraseFile(token string) error {
	s.files.forget(largeName(token))
	if err := s.fs.Remove(largeName(token)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return s.fs.SyncDir(largeFolder(token))
}

func (s *Store) eraseRecord(ref Ref) error {
	seg, ok := s.segment(ref.segment)
	if !ok {
		return fmt.Errorf("%w: no such segment", ErrRef)
	}
	f, err := s.fs.Update(segmentName(ref.segment))
	if err != nil {
		return err
	}
	header := make([]byte, frameSize)
	if _, err = f.ReadAt(header, ref.offset-frameSize); err == nil {
		var fr frame
		fr, err = parseFrame(header, seg.salt, ref.segment, ref.offset-frameSize)
		switch {
		case err != nil:
		case fr.content != ref.size || fr.digest != ref.digest:
			err = fmt.Errorf("%w: another record stands there", ErrRef)
		default:
			_, err = f.WriteAt(bytes.Repeat([]byte{erasedByte}, int(fr.stored()+fr.meta)), ref.offset)
		}
	}
	if err == nil {
		err = f.Sync()
	}
	s.newest.forget(ref) // whatever became of the disk
	return errors.Join(err, f.Close())
}
