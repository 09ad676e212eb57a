package export_test

import (
	"path/filepath"
	"strings"
	"testing"

	"rem/internal/testkit/browser"
)

// The pages of an export open from a disk: no script, no request to anywhere, no
// barrier that axe knows.
func TestPagesOpenOfflineInChromium(t *testing.T) {
	s := tell(t)
	o := s.options()
	o.LeaveUnopened, o.Verifier = true, s.verifier()
	b, _ := s.write(o)
	dir := t.TempDir()
	for _, f := range unzip(t, b) {
		put(t, filepath.Join(dir, f.Name), content(t, b, f.Name))
		if strings.HasSuffix(f.Name, ".html") {
			page := string(content(t, b, f.Name))
			for _, word := range []string{"<script", "javascript:", "http:", "https:", "src=", "@import", "url("} {
				if strings.Contains(page, word) {
					t.Errorf("%s holds %q", f.Name, word)
				}
			}
		}
	}
	chromium := browser.Open(t)
	for name, options := range map[string][]browser.Option{"desktop": nil, "phone": {browser.Phone}, "dark": {browser.Dark, browser.Phone}, "silent": {browser.NoScript}} {
		t.Run(name, func(t *testing.T) {
			p := chromium.Page(t, options...)
			p.Open("file://" + filepath.Join(dir, "index.html"))
			look := func(shot string) {
				t.Helper()
				for _, what := range [][]string{p.Barriers(), p.Elsewhere(), p.Complaints(), p.Layout()} {
					for _, w := range what {
						t.Errorf("%s: %s", shot, w)
					}
				}
				p.Shot("export-" + shot)
			}
			look("index")
			if got := p.Attribute("html", "lang"); got != "tr" {
				t.Errorf("the first page is in %q", got)
			}
			p.FollowText("part-0001/")
			if got := p.Text("main"); !strings.Contains(got, "Şikâyet: three") || !strings.Contains(got, "açılmadığı için konmadı") || !strings.Contains(got, "TOTAL-PASSED") {
				t.Errorf("the part says %s", got)
			}
			look("part")
			p.FollowText("English")
			if got := p.Text("main"); !strings.Contains(got, "left out, because nobody has opened it") || !strings.Contains(got, "in the mailbox") {
				t.Errorf("in English the part says %s", got)
			}
			look("part-en")
			p.FollowText("Back to the beginning")
			look("index-en")
			if got := p.Text("h1"); got != "Registered messages and their evidence" {
				t.Errorf("back leads to %q", got)
			}
		})
	}
}
