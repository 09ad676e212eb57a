package outward

import "encoding/json"

func decodeLoosely(in []byte, out any) error { return json.Unmarshal(in, out) }
