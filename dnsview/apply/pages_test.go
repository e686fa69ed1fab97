package apply_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rollcall/providers/providertest"
	"rollcall/providers/sim"
)

// How the providers cut their lists into pages is theirs to say: what is found is the same, in the same order.
func TestNoSizeOfPagesChangesTheFindings(t *testing.T) {
	at := time.Now().Truncate(time.Second)
	var want []string
	for _, page := range []int{0, 1, 3, 17} {
		r := startRig(t, sim.Options{Page: page}, providertest.NewClock(at))
		v := r.console(0).look()
		if !v.Complete() {
			t.Fatalf("pages of %d: %+v", page, v.Sources)
		}
		var got []string
		for i := range v.Findings {
			f := &v.Findings[i]
			got = append(got, fmt.Sprintf("%s %s %s %s", f.Class, f.Severity, f.Remedy, f.Reason))
		}
		if want == nil {
			want = got
		}
		if len(got) < 5 || !slices.Equal(got, want) {
			t.Errorf("pages of %d: %q, want %q", page, got, want)
		}
	}
}
