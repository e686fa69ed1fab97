package app

import (
	"testing"

	"rollcall/providers"
	"rollcall/providers/journal"
)

func TestTheTextAboutAStoppedReplacementSaysWhichNodeIsWhere(t *testing.T) {
	t.Parallel()
	u := journal.Unfinished{Instance: providers.InstanceRef{ID: "i-1", Name: "www-01"}, Replacement: true}
	for want, change := range map[string]func(){
		"no node in its place is known; www-01 is still in DNS":      func() {},
		"i-9 was launched in its place; www-01 is still in DNS":      func() { u.Launched = &providers.InstanceRef{ID: "i-9"} },
		"i-9 was launched in its place; www-01 was taken out of DNS": func() { u.Launched, u.OutOfDNS = &providers.InstanceRef{ID: "i-9"}, true },
	} {
		u.Launched, u.OutOfDNS = nil, false
		change()
		if got := LaunchedText(u, nil); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
