package dnsview_test

import (
	"strings"
	"testing"

	"rollcall/dnsview"
	"rollcall/dnsview/guard"
	"rollcall/providers"
)

// otherAccount makes aws-use1 answer as another account, complete and with these instances.
func otherAccount(w *world, ins ...providers.Instance) {
	key := providers.NewCloudKey(providers.EC2, "2", "us-east-1")
	c := w.cloud("aws-use1")
	c.Cloud.Key, c.Coverage.Key, c.Instances = key, key, ins
}

func TestNothingIsDeletedWhileOneCloudAnswersAsAnAccountThatNoMarkerNames(t *testing.T) {
	for name, ins := range map[string][]providers.Instance{"empty": nil, "with instances": {{ID: "i-0fffffffffffffff1", State: providers.StateRunning}}} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.remove(tritonA, true) // dead by the word of its own cloud
			otherAccount(w, ins...)
			v := dnsview.Inspect(w.snap, w.opts)
			for _, f := range v.Findings {
				if f.Remedy == dnsview.RemedyDelete || f.OneKey {
					t.Errorf("%s offers %s: %s", f.Class, f.Remedy, f.Reason)
				}
			}
			e := guard.Evidence{View: v, Now: testNow, Age: w.opts.MaxAge}
			if g := e.CheckCoverage(); g.Pass || !strings.Contains(g.Why, "credentials") {
				t.Errorf("%+v", g)
			}
		})
	}
}

func TestACloudWithoutNodesBesideConfiguredOnesIsBelieved(t *testing.T) {
	w := newWorld()
	w.remove(tritonA, true)
	key := providers.NewCloudKey(providers.EC2, "3", "eu-west-1")
	w.snap.Clouds = append(w.snap.Clouds, providers.CloudView{
		Cloud: providers.Cloud{Name: "aws-new", Provider: providers.EC2, Traits: *traits(providers.EC2), Key: key}, Coverage: complete(key), RowsFrom: testRead,
		Instances: []providers.Instance{{ID: "i-0fffffffffffffff2", Cloud: "aws-new", Key: key, State: providers.StateRunning}},
	})
	if v := dnsview.Inspect(w.snap, w.opts); v.Count(dnsview.Dead) != 1 {
		t.Errorf("%v", v.Counts())
	}
}
