package route53_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
)

func TestAValueIsNotCreatedBesideAMarkerThatIsDeletedMeanwhile(t *testing.T) {
	f := newFake(t)
	marker := markerSet(t, owner("i-1"), "www.unilans.net", "A", "54.1.1.1")
	f.put(marker) // as an earlier run left it: the create finds it as it would write it
	f.onChange = func(http.ResponseWriter, *changeBatch) bool {
		f.onChange = nil
		f.sets = slices.DeleteFunc(f.sets, func(s rrset) bool { return s.Name == marker.Name })
		return false
	}
	wantDone(t, apply(f.account(), create(rec("A", "54.1.1.1", owner("i-1")))))
	if f.get(marker.Name, "TXT") == nil {
		t.Errorf("%v stand without their marker", f.values())
	}
}

// A registration is planned, and before it is written an operator quiesces the node: its marker is there without its value.
func TestAValueThatWasQuiescedMeanwhileIsNotCreated(t *testing.T) {
	f := newFake(t)
	quiesced := owner("i-1")
	quiesced.Quiesced = true
	marker := markerSet(t, quiesced, "www.unilans.net", "A", "54.1.1.1")
	f.put(marker)
	wantKind(t, apply(f.account(), create(rec("A", "54.1.1.1", owner("i-1"))))[0].Err, providers.KindConflict)
	if f.made() != 0 {
		t.Errorf("%v stand in DNS", f.values())
	}
	back := create(rec("A", "54.1.1.1", owner("i-1")))
	back.Before = providers.Record{Zone: "unilans.net", Name: "i-1._rollcall.www.unilans.net", Type: "TXT", Value: marker.Values[0]}
	wantDone(t, apply(f.account(), back)) // a return names the marker in whose place it comes
	if got := f.get(marker.Name, "TXT"); got == nil || strings.Contains(got.Values[0], " q ") {
		t.Errorf("the marker is %+v", got)
	}
}

func TestAValueThatIsDeletedMeanwhileIsNotAdopted(t *testing.T) {
	f := newFake(t)
	f.put(rrset{Name: "www.unilans.net.", Type: "A", TTL: 60, Values: []string{"54.1.1.1"}})
	f.onChange = func(http.ResponseWriter, *changeBatch) bool {
		f.onChange = nil
		f.sets = slices.DeleteFunc(f.sets, func(s rrset) bool { return s.Type == "A" })
		return false
	}
	wantKind(t, apply(f.account(), update(rec("A", "54.1.1.1"), rec("A", "54.1.1.1", owner("i-1"))))[0].Err, providers.KindConflict)
	if f.get("i-1._rollcall.www.unilans.net.", "TXT") != nil {
		t.Error("a marker without its value")
	}
}

func TestAValueOfASetThatFillsABatchCanBeAdopted(t *testing.T) {
	f := newFake(t)
	set := rrset{Name: "_s._tcp.unilans.net.", Type: "SRV", TTL: 60}
	for i := range 399 {
		set.Values = append(set.Values, srvOf("_s._tcp", i, 85).Value+".")
	}
	f.put(set)
	r := srvOf("_s._tcp", 7, 85)
	adopted := r
	adopted.Owners = []providers.Owner{owner("i-1")}
	wantDone(t, apply(f.account(), update(r, adopted)))
}
