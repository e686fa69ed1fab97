package ui_test

import (
	"fmt"
	"testing"

	"rollcall/providers"
	"rollcall/ui"
)

// withDeadService adds to the dead host n9 the SRV values that lead to it, one for each incarnation.
func withDeadService(incarnations ...string) func(*ui.Options, *fake) {
	return func(_ *ui.Options, f *fake) {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.realPlans, f.snap = true, clone(f.snap)
		z := &f.snap.Zones[1]
		var host providers.Record
		for _, r := range z.Records {
			if r.Value == "54.9.9.9" {
				host = r
			}
		}
		for i, name := range incarnations {
			srv := host
			srv.Name, srv.Type, srv.Value = name+"._theservice._tcp.unilans.net", "SRV", fmt.Sprintf("0 %d 4218 %s", 10+i, host.Name)
			srv.Owners = []providers.Owner{host.Owners[0].For("SRV", srv.Value)}
			z.Records = append(z.Records, srv)
		}
	}
}

func (r *rig) onDeadService() {
	r.t.Helper()
	r.until("Instances 30", "54.9.9.9")
	r.press("f")
	r.until("Findings")
	r.filtered("class:dead type:A value:54.9.9.9", "Findings 1/")
	r.press("enter")
	r.has("54.9.9.9 is dead")
}

func TestTheKeySaysBeforeItIsPressedThatItRemovesTheSRVToo(t *testing.T) {
	for _, size := range [][2]int{{140, 40}, {80, 24}} {
		r := newRig(t, size[0], size[1], withDeadService("v1"))
		r.until("Instances 30")
		r.press("f")
		r.until("Findings")
		r.filtered("class:dead type:A value:54.9.9.9", "Findings 1/")
		r.has("d removes 2 records of n9: A, SRV")
		r.press("enter")
		r.has("d removes 2 records of n9: A, SRV")
		r.press("w")
		r.until("why dead", "d removes 2 records of n9: A, SRV")
		r.press("esc", "d")
		r.until("done: Deregister 2 dead entries")
		if len(r.f.runs) != 1 || len(r.f.runs[0].Steps) != 2 {
			t.Fatalf("runs: %v", r.f.runs)
		}
	}
}

func TestOneKeyThatWouldRemoveThreeRecordsShowsItsPlan(t *testing.T) {
	r := newRig(t, 140, 40, withDeadService("v1", "v2"))
	r.onDeadService()
	r.has("d removes 3 records of n9: A, SRV")
	r.press("d")
	r.until("deregister 3 records of n9: A, SRV", "y do it")
	if len(r.f.runs) != 0 {
		t.Error("three records were removed with one key")
	}
}

func TestOneKeyRemovesNoMoreThanTheScreenHasSaid(t *testing.T) {
	r := newRig(t, 140, 40, withDeadService())
	r.onDeadService()
	r.has("d deregister")
	r.hasNot("removes 2 records")
	withDeadService("v1")(nil, r.f) // an SRV value appears, and no snapshot shows it yet
	r.press("d")
	r.until("y do it", "SRV")
	if len(r.f.runs) != 0 {
		t.Error("one key removed a record that the screen had not named")
	}
}
