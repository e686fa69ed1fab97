//go:build unix

package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"testing"
	"time"
)

// BenchmarkConsoleLeftAlone10000 is the CPU of a console whose keys are not touched, with 10,000 instances, 16,000 records,
// a refresh every 30 s and checks of name servers, from its third minute on. The embedded clouds are in another process.
// The first two minutes, in which name servers answer for the first time, are not counted.
func BenchmarkConsoleLeftAlone10000(b *testing.B) {
	otherProcess(b, 10_000)
	refreshEvery30s(b)
	c := newBenchConsole(b)
	c.background(c.session.RunFleet)
	c.leaveAlone(2 * time.Minute)
	const slice = 5 * time.Second
	var slices5s []float64 // percentages of a core
	for b.Loop() {
		for range 2 * time.Minute / slice {
			before := cpuTime(b)
			c.leaveAlone(slice)
			slices5s = append(slices5s, 100*float64(cpuTime(b)-before)/float64(slice))
		}
	}
	if n := len(c.model.Picture.Instances); n < 9000 {
		b.Fatalf("%d instances", n)
	}
	sum := 0.0
	for _, p := range slices5s {
		sum += p
	}
	slices.Sort(slices5s)
	b.ReportMetric(sum/float64(len(slices5s)), "%-of-a-core")
	b.ReportMetric(slices5s[len(slices5s)/4], "%-of-a-core-between-refreshes") // a quarter of the time is quieter
}

// leaveAlone passes messages to the model for some time and draws each frame.
func (c *benchConsole) leaveAlone(d time.Duration) {
	for end := time.After(d); ; {
		select {
		case msg := <-c.msgs:
			c.send(msg)
			_ = c.model.View()
		case <-end:
			return
		}
	}
}

// cpuTime returns the CPU time of this process so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// refreshEvery30s replaces the config of the embedded clouds, which refreshes more often.
func refreshEvery30s(b *testing.B) {
	text, err := os.ReadFile(os.Getenv("ROLLCALL_CONFIG"))
	if err != nil {
		b.Fatal(err)
	}
	file := filepath.Join(b.TempDir(), "config.yaml")
	if err := os.WriteFile(file, regexp.MustCompile(`(?m)^refresh: .*$`).ReplaceAll(text, []byte("refresh: 30s")), 0o600); err != nil {
		b.Fatal(err)
	}
	b.Setenv("ROLLCALL_CONFIG", file)
}
