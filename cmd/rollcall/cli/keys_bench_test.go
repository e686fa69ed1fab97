package cli

import (
	"context"
	"slices"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// BenchmarkKeysWhile50000InstancesAreRead is the time from a key to its frame, while the clouds are read again and again,
// name servers are asked and rows are built.
func BenchmarkKeysWhile50000InstancesAreRead(b *testing.B) {
	otherProcess(b, 50_000)
	c := newBenchConsole(b)
	c.background(func(ctx context.Context) {
		for ctx.Err() == nil {
			c.session.Fleet.Refresh(ctx)
		}
	})
	c.pumpUntil("the rows did not come", func() bool { return c.model.Picture != nil && len(c.model.Picture.Instances) >= 45_000 })
	keys := []tea.KeyPressMsg{
		{Code: 'j', Text: "j"},
		{Code: 'j', Text: "j"},
		{Code: 'k', Text: "k"},
		{Code: tea.KeyPgDown},
		{Code: 'G', Text: "G"},
		{Code: tea.KeyTab},
		{Code: 's', Text: "s"},
		{Code: '/', Text: "/"},
		{Code: 'w', Text: "w"},
		{Code: 'w', Text: "w"},
		{Code: 'w', Text: "w"},
		{Code: tea.KeyEscape},
	}
	var took []time.Duration
	for b.Loop() {
		for n := range 1000 {
			c.pump(10 * time.Millisecond)
			began := time.Now()
			c.send(keys[n%len(keys)])
			_ = c.model.View()
			took = append(took, time.Since(began))
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs/key-median")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs/key-99th")
	b.ReportMetric(float64(took[len(took)-1].Microseconds()), "µs/key-slowest")
}
