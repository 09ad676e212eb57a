package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// A report is what one run found: tables of figures, with the machine and the
// commit that they belong to.
type report struct {
	Version int      `json:"version"`
	Machine string   `json:"machine"`
	Go      string   `json:"go"`
	Commit  string   `json:"commit"`
	Command []string `json:"command"`
	Tables  []*table `json:"tables"`
	Notes   []string `json:"notes,omitempty"`

	progress io.Writer // what happens meanwhile, a line each
}

// A table holds rows of figures. A figure may be NaN-free zero when it does not
// apply; the text form shows it as a dash.
type table struct {
	Name    string   `json:"name"`
	Unit    string   `json:"unit,omitempty"`
	Columns []string `json:"columns"`
	Rows    []row    `json:"rows"`
}

type row struct {
	Name    string    `json:"name"`
	Figures []float64 `json:"figures"`
}

func newReport(args []string, progress io.Writer) *report {
	r := &report{
		Version: 1, Go: runtime.Version(), Command: append([]string{"remload"}, args...), progress: progress,
		Machine: fmt.Sprintf("%s, %d CPUs used, %s/%s", cpuModel(), runtime.GOMAXPROCS(0), runtime.GOOS, runtime.GOARCH),
		Commit:  "unknown",
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				r.Commit = s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				r.Commit += ", with changes"
			}
		}
	}
	return r
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

func (r *report) table(name, unit string, columns ...string) *table {
	t := &table{Name: name, Unit: unit, Columns: columns}
	r.Tables = append(r.Tables, t)
	return t
}

func (t *table) add(name string, figures ...float64) {
	t.Rows = append(t.Rows, row{name, figures})
}

// note adds a sentence that the figures need to be understood.
func (r *report) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// say tells what happens.
func (r *report) say(format string, args ...any) {
	fmt.Fprintf(r.progress, format+"\n", args...)
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) writeText(w io.Writer) error {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, t := range r.Tables {
		title := t.Name
		if t.Unit != "" {
			title += " (" + t.Unit + ")"
		}
		fmt.Fprintf(out, "%s\t%s\t\n", title, strings.Join(t.Columns, "\t"))
		for _, row := range t.Rows {
			fmt.Fprint(out, row.Name)
			for _, f := range row.Figures {
				fmt.Fprint(out, "\t", figure(f))
			}
			fmt.Fprint(out, "\t\n")
		}
		fmt.Fprintln(out)
	}
	if err := out.Flush(); err != nil {
		return err
	}
	for _, n := range r.Notes {
		fmt.Fprintln(w, n)
	}
	_, err := fmt.Fprintf(w, "%s; %s; commit %s\n", r.Machine, r.Go, r.Commit)
	return err
}

// figure writes three to four digits that matter.
func figure(f float64) string {
	switch {
	case f == 0:
		return "-"
	case f >= 100:
		return strconv.FormatFloat(f, 'f', 0, 64)
	case f >= 10:
		return strconv.FormatFloat(f, 'f', 1, 64)
	}
	return strconv.FormatFloat(f, 'f', 2, 64)
}

// median gives the middle of some figures, the mean of two when they are even
// in number; 0 of none.
func median(figures []float64) float64 {
	sorted := slices.Sorted(slices.Values(figures))
	switch n := len(sorted); {
	case n == 0:
		return 0
	case n%2 == 0:
		return (sorted[n/2-1] + sorted[n/2]) / 2
	default:
		return sorted[n/2]
	}
}
