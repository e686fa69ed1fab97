package world

import (
	"testing"
	"time"
)

func TestNoNodeOfALargeWorldIsOfTheFuture(t *testing.T) {
	now := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	w := New(Options{Instances: 50_000, Now: func() time.Time { return now }})
	for name, c := range w.clouds {
		for _, i := range c.instances {
			if i.Launched.After(now.Add(-time.Hour)) {
				t.Fatalf("cloud %d: %s was launched at %s", name, i.ID, i.Launched)
			}
		}
	}
}
