package cli

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"rollcall/providers"
)

func BenchmarkMemory10000(b *testing.B) { benchmarkMemory(b, 10_000) }

func BenchmarkMemory100000(b *testing.B) { benchmarkMemory(b, 100_000) }

// benchmarkMemory is what a console holds of so many instances and records, all of whose screens were visited and
// filtered, after the first and the tenth refresh. Something has changed in every source before each. The embedded clouds
// are in another process.
func benchmarkMemory(b *testing.B, instances int) {
	defer debug.SetGCPercent(debug.SetGCPercent(consoleGCPercent)) // as in the program
	change := startChangingClouds(b, instances)
	c := newBenchConsole(b)
	c.background(newMemory().run) // as in the program
	const refreshes = 10
	for b.Loop() {
		for n := 1; n <= refreshes; n++ {
			change()
			snap := c.session.Fleet.Refresh(c.ctx)
			c.pumpUntil("the rows did not come", func() bool { return c.shows(snap) })
			c.visitAll()
			if n == 1 || n == refreshes {
				reportMemory(b, "-"+strconv.Itoa(n))
			}
		}
		newMemory().giveBack()
		b.ReportMetric(residentMemory(b, "VmRSS"), "MB-resident-at-rest")
	}
	records := 0
	for i := range c.model.Picture.View.Snapshot.Zones {
		records += len(c.model.Picture.View.Snapshot.Zones[i].Records)
	}
	b.ReportMetric(float64(len(c.model.Picture.Instances)), "instances")
	b.ReportMetric(float64(records), "records")
	b.ReportMetric(float64(len(c.model.Picture.Findings)), "findings")
}

// shows reports whether the console shows the rows of a snapshot.
func (c *benchConsole) shows(snap *providers.Snapshot) bool {
	if c.model.Picture == nil {
		return false
	}
	shown := c.model.Picture.View.Snapshot
	for i := range snap.Clouds {
		if !providers.ShareRows(shown.Clouds[i].Instances, snap.Clouds[i].Instances) {
			return false
		}
	}
	for i := range snap.Zones {
		if !providers.ShareRows(shown.Zones[i].Records, snap.Zones[i].Records) {
			return false
		}
	}
	return true
}

// visitAll visits every screen, filters and sorts it, and comes back.
func (c *benchConsole) visitAll() {
	keys := func(text string) {
		for _, r := range text {
			c.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
	filter := func() {
		c.settle()
		keys("/w")
		c.settle()
		c.send(tea.KeyPressMsg{Code: tea.KeyEscape})
		c.settle()
	}
	filter()
	c.send(tea.KeyPressMsg{Code: tea.KeyTab})
	filter()
	for _, screen := range "0fVJvC" {
		keys(string(screen))
		filter()
		keys(string(screen)) // and back
	}
	c.settle()
	_ = c.model.View()
}

// reportMemory reports the resident memory, and the heap after a collection.
func reportMemory(b *testing.B, after string) {
	resident := residentMemory(b, "VmRSS")
	runtime.GC()
	runtime.GC() // pools are kept over one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	b.ReportMetric(float64(m.HeapAlloc)/1e6, "MB-heap"+after)
	b.ReportMetric(resident, "MB-resident"+after)
	b.ReportMetric(residentMemory(b, "VmHWM"), "MB-resident-peak"+after)
}

// residentMemory returns a line of Linux' /proc/self/status in MB, or 0 elsewhere.
func residentMemory(b *testing.B, name string) float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Logf("resident memory is not known here: %v", err)
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			kB, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 64)
			if err != nil {
				b.Fatal(err)
			}
			return kB * 1024 / 1e6
		}
	}
	return 0
}
