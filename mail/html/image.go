package html

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/url"
	"strings"

	"rem"
)

// Image reads the beginning of a picture: its media type and its size. ok is
// false for anything but PNG, JPEG and GIF, and for a picture of more than pixels
// (0 for the default), which a browser would have to make room for.
func Image(r io.Reader, pixels int) (media string, width, height int, ok bool) {
	if pixels <= 0 {
		pixels = DefaultLimits.Pixels
	}
	head := make([]byte, 8)
	n, _ := io.ReadFull(r, head)
	r = io.MultiReader(bytes.NewReader(head[:n]), io.LimitReader(r, 1<<20)) // what stands before the size of a photograph
	var c image.Config
	var err error
	switch {
	case bytes.HasPrefix(head, []byte("\x89PNG\r\n\x1a\n")):
		media = "image/png"
		c, err = png.DecodeConfig(r)
	case bytes.HasPrefix(head, []byte("\xff\xd8\xff")):
		media = "image/jpeg"
		c, err = jpeg.DecodeConfig(r)
	case bytes.HasPrefix(head, []byte("GIF87a")), bytes.HasPrefix(head, []byte("GIF89a")):
		media = "image/gif"
		c, err = gif.DecodeConfig(r)
	default:
		return "", 0, 0, false
	}
	if err != nil || c.Width <= 0 || c.Height <= 0 || c.Width > pixels/c.Height {
		return "", 0, 0, false
	}
	return media, c.Width, c.Height, true
}

// dataImage writes a picture that stands in an address anew: the type is that of
// its bytes.
func dataImage(s string, limit, pixels int) (src string, n int, ok bool) {
	head, data, found := strings.Cut(s[len("data:"):], ",")
	if !found || len(data) > limit*2 {
		return "", 0, false
	}
	head = rem.FoldASCII(head)
	if !strings.HasPrefix(head, "image/") || !strings.HasSuffix(head, ";base64") {
		return "", 0, false
	}
	if strings.Contains(data, "%") {
		un, err := url.PathUnescape(data)
		if err != nil {
			return "", 0, false
		}
		data = un
	}
	data = strings.Map(func(r rune) rune {
		if r <= ' ' {
			return -1
		}
		return r
	}, data)
	b, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(data, "="))
	if err != nil || len(b) > limit {
		return "", 0, false
	}
	media, _, _, good := Image(bytes.NewReader(b), pixels)
	if !good {
		return "", 0, false
	}
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString(b), len(b), true
}
