package browser

import (
	_ "embed" // axe-core
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/axe-core/axe.min.js
var axe string

// Check fails the test for whatever is wrong with the page as it is: barriers,
// requests to other hosts, complaints on the console, scripts or styles inside the
// page, targets that are too small, and a page that has to be moved sideways.
func (p *Page) Check() {
	p.t.Helper()
	here := p.Here()
	for _, problem := range slices.Concat(p.Barriers(), p.Elsewhere(), p.Complaints(), p.Inside(), p.Layout()) {
		p.t.Errorf("%s (%s): %s", here, p.prefix, problem)
	}
}

// Barriers are what axe finds that is serious or critical, by the rules of WCAG
// 2.2 A and AA and its best practices. Where scripts may not run axe cannot either,
// and nothing is found.
func (p *Page) Barriers() (list []string) {
	p.t.Helper()
	if p.setting.silent {
		return nil
	}
	type violation struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string
			FailureSummary string
		}
	}
	evaluate[bool](p, axe+";true")
	found := evaluate[[]violation](p, `axe.run(document, {
		runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], resultTypes: ["violations"],
	}).then((r) => r.violations.map((v) => ({ID: v.id, Impact: v.impact, Help: v.help, Nodes: v.nodes.map((n) => ({HTML: n.html, FailureSummary: n.failureSummary}))})))`)
	for _, v := range found {
		if v.Impact != "serious" && v.Impact != "critical" {
			continue
		}
		for _, n := range v.Nodes {
			list = append(list, fmt.Sprintf("axe: %s (%s): %s: %s: %s", v.ID, v.Impact, v.Help, n.HTML, n.FailureSummary))
		}
	}
	return list
}

// Elsewhere are requests to hosts other than the page's own. A picture that stands in
// its own address asks nobody: the browser draws the icons of its date fields from
// such; ours are found by Inside.
func (p *Page) Elsewhere() (list []string) {
	p.t.Helper()
	here, err := url.Parse(p.Here())
	if err != nil {
		p.t.Fatal(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, asked := range p.asked {
		u, err := url.Parse(asked)
		if err != nil || u.Host != here.Host && u.Scheme != "about" && !strings.HasPrefix(asked, "data:image/") {
			list = append(list, "it asks another host: "+asked)
		}
	}
	return list
}

// Abroad does what leads to another host and back on purpose, such as a log-in at a
// gate: what is asked meanwhile is not held against our pages.
func (p *Page) Abroad(do func()) {
	p.t.Helper()
	p.mu.Lock()
	before := len(p.asked)
	p.mu.Unlock()
	do()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = p.asked[:before]
}

// Complaints are what the page, or the browser about it, wrote on the console,
// such as what the content security policy kept from it.
func (p *Page) Complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Inside are scripts, styles, handlers and frames that stand in the page itself. A
// frame of ours in which nothing runs is none: its text is somebody else's.
func (p *Page) Inside() []string {
	p.t.Helper()
	return evaluate[[]string](p, `[...document.querySelectorAll("*")].flatMap((e) => {
		const name = e.tagName.toLowerCase(), found = [];
		if (name === "iframe" && (!e.hasAttribute("sandbox") || /allow-(scripts|same-origin|forms|top-navigation)/.test(e.sandbox.value) || !e.src.startsWith(location.origin + "/"))) found.push(name);
		if (name === "style" || name === "script" && !e.src || ["object", "embed", "base"].includes(name)) found.push(name);
		for (const a of e.attributes) {
			if (a.name === "style" || a.name.startsWith("on") || /^\s*(javascript|data|vbscript):/i.test(a.value) && ["href", "src", "action", "formaction"].includes(a.name)) found.push(name + " " + a.name);
		}
		return found;
	}).map((s) => "inside the page: " + s)`)
}

// Layout are targets smaller than 24 by 24, links within a text aside, and a page
// wider than its window (WCAG 2.2, 2.5.8 and 1.4.10).
func (p *Page) Layout() []string {
	p.t.Helper()
	return evaluate[[]string](p, `(() => {
		const list = [], root = document.documentElement;
		if (root.scrollWidth > root.clientWidth) {
			const wide = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > root.clientWidth + 1).slice(0, 3).map((e) => e.outerHTML.slice(0, 120));
			list.push("it is " + root.scrollWidth + " wide in a window of " + root.clientWidth + ": " + wide.join(" | "));
		}
		for (const e of document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")) {
			const r = e.getBoundingClientRect(), inText = e.tagName === "A" && getComputedStyle(e).display === "inline";
			if (r.width > 0 && !inText && !e.classList.contains("skip") && (r.width < 24 || r.height < 24)) list.push("a target of " + Math.round(r.width) + " by " + Math.round(r.height) + ": " + e.outerHTML.slice(0, 160));
		}
		return list;
	})()`)
}

// maxTabs bounds a walk.
const maxTabs = 400

// Walk goes through the page with the tabulator key, from its beginning, and
// returns what got the focus, in order. It fails the test for what can be used and
// is not reached, and for a focus that cannot be seen.
func (p *Page) Walk() (reached []string) {
	p.t.Helper()
	want := evaluate[[]string](p, `(() => {
		let n = 0;
		const groups = new Set();
		return [...document.querySelectorAll("a[href], button, input:not([type=hidden]), select, textarea, summary")].filter((e) => {
			if (e.disabled || e.getClientRects().length === 0 || getComputedStyle(e).visibility === "hidden") return false;
			const closed = e.parentElement.closest("details:not([open])");
			if (closed && !(e.tagName === "SUMMARY" && e.parentElement === closed)) return false;
			if (e.type === "radio") {
				if (groups.has(e.name)) return false;
				groups.add(e.name);
			}
			return true;
		}).map((e) => { e.dataset.walk = e.type === "radio" ? e.name : String(n++); return e.dataset.walk + " " + e.outerHTML.slice(0, 120); });
	})()`)
	evaluate[bool](p, `[...document.querySelectorAll("input[type=radio]")].forEach((e) => { e.dataset.walk = e.name; }); document.activeElement.blur(); window.getSelection().removeAllRanges(); true`)
	seen := map[string]bool{}
	last := ""
	for range maxTabs {
		type focused struct {
			Walk, Name  string
			Seen, Other bool
		}
		p.run(chromedp.KeyEvent(kb.Tab))
		at := evaluate[focused](p, `((e) => {
			const s = getComputedStyle(e);
			return {Walk: e.dataset.walk || "", Other: e.tabIndex >= 0 && e !== document.body, Name: (e.getAttribute("aria-label") || e.innerText || e.name || e.tagName).trim().slice(0, 60),
				Seen: s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2};
		})(document.activeElement)`)
		if at.Walk == "" && at.Other || at.Walk != "" && at.Walk == last {
			continue // a place that can be scrolled or written in, or the next part of a date
		}
		if last = at.Walk; at.Walk == "" || seen[at.Walk] {
			break // past the last one, or around
		}
		seen[at.Walk] = true
		reached = append(reached, at.Name)
		if !at.Seen {
			p.t.Errorf("%s (%s): nobody sees the focus on %q", p.Here(), p.prefix, at.Name)
		}
	}
	for _, w := range want {
		if id, _, _ := strings.Cut(w, " "); !seen[id] {
			p.t.Errorf("%s (%s): the keyboard does not reach %s", p.Here(), p.prefix, w)
		}
	}
	return reached
}
