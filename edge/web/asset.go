package web

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assets embed.FS

// An asset is a file of the frame under a name that changes with it, so that a
// browser may keep it for ever.
type asset struct {
	path, kind string
	body       []byte
}

var files = readAssets()

var assetKinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

func readAssets() map[string]asset {
	entries, err := assets.ReadDir("assets")
	if err != nil {
		panic(err)
	}
	all := map[string]asset{}
	for _, e := range entries {
		b, err := assets.ReadFile("assets/" + e.Name())
		if err != nil {
			panic(err)
		}
		ext := path.Ext(e.Name())
		sum := sha256.Sum256(b)
		name := strings.TrimSuffix(e.Name(), ext) + "-" + base64.RawURLEncoding.EncodeToString(sum[:9]) + ext
		all[e.Name()] = asset{"/assets/" + name, assetKinds[ext], b}
	}
	return all
}

// assetPath is the address of an asset; it panics for one that is not there.
func assetPath(name string) string {
	a, ok := files[name]
	if !ok {
		panic("there is no asset " + name)
	}
	return a.path
}

type assetAnswer struct{ asset }

func (a assetAnswer) send(r *Request) error {
	h := r.w.Header()
	h.Set("Content-Type", a.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
	return r.write(http.StatusOK, a.body)
}

func assetRoutes() (list []Route) {
	for name, a := range files {
		answer := func(*Request) (Answer, error) { return assetAnswer{a}, nil }
		list = append(list, Route{Name: "asset " + name, Method: http.MethodGet, Pattern: a.path, Who: Public, Plain: true, Handler: answer})
		if name == "icon.svg" {
			list = append(list, Route{Name: "icon", Method: http.MethodGet, Pattern: "/favicon.ico", Who: Public, Plain: true, Handler: answer})
		}
	}
	return list
}
