package apply

import (
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/plan"
)

func TestARecordThatIsServedAndMarkedAsQuiescedNamesTwoCommandsOfWhichEachSettlesIt(t *testing.T) {
	for verb, want := range map[string]int{"quiesce": 4, "return": 5} {
		b := newBench(t)
		for i := range b.cf.Rows {
			r := &b.cf.Rows[i]
			if len(r.Owners) != 1 || r.Owners[0].Instance != "i-1" {
				continue
			}
			r.Owners[0].Quiesced = true
			text, err := r.Owners[0].Encode()
			if err != nil {
				t.Fatal(err)
			}
			r.Comment = text
		}
		v := b.view()
		if len(v.Findings) != 1 || v.Findings[0].Class != dnsview.Quiesced || !strings.Contains(v.Advice(&v.Findings[0]), "rollcall "+verb+" ") {
			t.Fatalf("%+v, %s", v.Findings, v.Advice(&v.Findings[0]))
		}
		p := plan.Return(v, ref(b.aws, "i-1"))
		if verb == "quiesce" {
			p = plan.QuiesceRecords(v, v.Findings[0].Record.Identity())
		}
		if rep := b.run(p); !rep.OK() || len(values(b.cf)) != want {
			t.Errorf("%s: %v, %v", verb, states(rep), values(b.cf))
		}
		v = b.view()
		for i := range v.Findings {
			if f := &v.Findings[i]; strings.Contains(v.Advice(f), "although it is marked") {
				t.Errorf("%s: still %s", verb, f.Reason)
			}
		}
	}
}
