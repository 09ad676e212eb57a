package hook

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"rem/message/happening"
	"rem/privacy"
)

// A Sealer wraps secrets of hooks by the key store.
type Sealer struct{ Keys privacy.KeyStore }

var _ happening.SecretSealer = Sealer{}

const sealVersion = 1

// errUnreadable: the sealed bytes are not those of this hook.
var errUnreadable = errors.New("the sealed secret does not open")

func bound(id happening.HookID) []byte { return []byte("rem hook\x00" + string(id)) }

// SealSecret implements happening.SecretSealer.
func (s Sealer) SealSecret(ctx context.Context, id happening.HookID, secret string) ([]byte, error) {
	w, err := s.Keys.Wrap(ctx, []byte(secret), bound(id))
	if err != nil {
		return nil, fmt.Errorf("sealing the secret of a hook: %w", err)
	}
	return append(binary.BigEndian.AppendUint32([]byte{sealVersion}, uint32(w.Number)), w.Bytes...), nil
}

func (s Sealer) open(ctx context.Context, id happening.HookID, sealed []byte) (string, error) {
	if len(sealed) < 5 || sealed[0] != sealVersion {
		return "", errUnreadable
	}
	clear, err := s.Keys.Unwrap(ctx, privacy.WrappedKey{Number: privacy.KeyNumber(binary.BigEndian.Uint32(sealed[1:])), Bytes: sealed[5:]}, bound(id))
	if err != nil {
		return "", fmt.Errorf("opening the secret of a hook: %w", err)
	}
	return string(clear), nil
}
