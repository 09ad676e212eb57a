// Package browser drives a real Chromium, headless, for the tests of pages: it
// opens, fills in, clicks, presses keys, takes screenshots, and looks for barriers
// with axe-core.
//
//	base := browser.Serve(t, func(base string) http.Handler { … })
//	b := browser.Open(t)
//	p := b.Page(t, browser.Phone, browser.Dark)
//	p.Open(base + "/tr/verify")
//	p.Fill("given-names", "Ayşe")
//	p.Submit("form")
//	p.Check()       // barriers, other hosts, the console, scripts and styles inside
//	p.Shot("verify") // into $REM_SCREENSHOTS, where that is set
//
// A missing Chromium fails the test. Nothing here waits for a time: each verb
// returns when the browser says that it is done, or fails when that takes longer
// than any page may.
//
// testdata/axe-core says where axe comes from. Next: browser.go, page.go, check.go.
package browser
