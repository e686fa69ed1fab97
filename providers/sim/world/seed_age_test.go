package world

import (
	"testing"
	"time"

	"rollcall/providers/providertest"
)

func TestNoNodeOfALargeWorldIsOfTheFuture(t *testing.T) {
	clk := providertest.NewClock(time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	w := New(Options{Instances: 50_000, Clock: clk.Clock})
	for name, c := range w.clouds {
		for _, i := range c.instances {
			if i.Launched.After(clk.Now().Add(-time.Hour)) {
				t.Fatalf("cloud %d: %s was launched at %s", name, i.ID, i.Launched)
			}
		}
	}
}
