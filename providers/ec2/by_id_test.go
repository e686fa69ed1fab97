package ec2_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"testing"

	"rollcall/providers"
	"rollcall/providers/budget"
	"rollcall/providers/ec2"
	"rollcall/providers/sim/world"
)

// ec2Of answers DescribeInstances by id as EC2 does: it knows the ids of live. message is what it says about those that
// it does not know. It counts its calls.
func ec2Of(live []string, calls *int, message func(unknown []string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		*calls++
		var items, unknown []string
		for n := 1; r.PostForm.Has(fmt.Sprint("InstanceId.", n)); n++ {
			switch id := r.PostForm.Get(fmt.Sprint("InstanceId.", n)); {
			case !strings.HasPrefix(id, "i-"):
				apiError(http.StatusBadRequest, "InvalidInstanceID.Malformed", fmt.Sprintf("Invalid id: %q (expecting \"i-...\")", id))(w, r)
				return
			case slices.Contains(live, id):
				items = append(items, running(id))
			default:
				unknown = append(unknown, id)
			}
		}
		if len(unknown) > 0 {
			apiError(http.StatusBadRequest, "InvalidInstanceID.NotFound", message(unknown))(w, r)
			return
		}
		xmlAnswer(describeAnswer("", items...))(w, r)
	}
}

// said is EC2's message about ids that it does not know.
func said(unknown []string) string {
	if len(unknown) == 1 {
		return "The instance ID '" + unknown[0] + "' does not exist"
	}
	return "The instance IDs '" + strings.Join(unknown, ", ") + "' do not exist"
}

func idsOf(n int) (ids []string) {
	for i := range n {
		ids = append(ids, fmt.Sprintf("i-%017x", i+1))
	}
	return ids
}

func TestManyInstancesTakeACallForThoseThatAreUnknownAndOneForTheOthers(t *testing.T) {
	ids := idsOf(400)
	calls := 0
	c, _ := fakeCloud(t, handlers{"DescribeInstances": ec2Of(ids[:150], &calls, said)})
	answers := c.InstancesByID(t.Context(), ids)
	for i, id := range ids {
		a := answers[id]
		if live := i < 150; live && (a.Err != nil || a.Instance.ID != id || a.Instance.State != providers.StateRunning) || !live && providers.KindOf(a.Err) != providers.KindNotFound {
			t.Errorf("%s: %+v", id, a)
		}
	}
	if calls != 2 || len(answers) != len(ids) {
		t.Errorf("%d calls for %d answers", calls, len(answers))
	}
}

func TestAnInstanceIsUnknownOnlyIfEC2NamesItAndTheWholeMessageIsUnderstood(t *testing.T) {
	ids := append(idsOf(9), "i-00000000") // the last has the old form, and begins as the others do
	for name, message := range map[string]func([]string) string{
		"names all":        said,
		"names the first":  func(u []string) string { return said(u[:1]) },
		"wrapped":          func(u []string) string { return "\n  " + strings.ReplaceAll(said(u), ", ", ",\n    ") + ".\n" },
		"is cut off":       func(u []string) string { return said(u)[:len("The instance IDs 'i-00000000")] },
		"is cut to an id":  func(u []string) string { return "The instance IDs '" + u[0][:10] + "' do not exist" },
		"names no id":      func([]string) string { return "Some of the instances do not exist" },
		"names a stranger": func(u []string) string { return said(append(u[:1:1], "i-0ffffffffffffffff")) },
		"names the others": func(u []string) string {
			if len(u) > 1 {
				return said([]string{"i-0ffffffffffffffff"})
			}
			return said(u)
		},
	} {
		for _, live := range [][]string{nil, ids[:1], ids[3:6], ids[:9], ids[9:], ids} {
			calls := 0
			c, _ := fakeCloud(t, handlers{"DescribeInstances": ec2Of(live, &calls, message)})
			answers := c.InstancesByID(t.Context(), ids)
			for _, id := range ids {
				a := answers[id]
				if alive := slices.Contains(live, id); alive && (a.Err != nil || a.Instance.ID != id) || !alive && a.Err == nil {
					t.Errorf("%s, with %d live: %s: %+v", name, len(live), id, a)
				}
				if providers.IsGone(a.Err) && slices.Contains(live, id) {
					t.Errorf("%s, with %d live: %s lives and passes as gone", name, len(live), id)
				}
			}
			if calls > 2*len(ids) {
				t.Errorf("%s, with %d live: %d calls", name, len(live), calls)
			}
		}
	}
}

func TestAnIDThatIsNoneAndAnInstanceThatIsLeftOutHideNoAnswerAboutOthers(t *testing.T) {
	ids := idsOf(5)
	calls := 0
	whole := ec2Of(ids, &calls, said)
	c, _ := fakeCloud(t, handlers{"DescribeInstances": func(w http.ResponseWriter, r *http.Request) {
		for _, v := range r.PostForm {
			if v[0] == ids[1] {
				v[0] = ids[0] // so that it leaves out the second
			}
		}
		whole(w, r)
	}})
	strange := []string{"", "dead0000-0000-4000-8000-000000000001", "i-", "i-not-hex"}
	answers := c.InstancesByID(t.Context(), slices.Concat(strange[:2], ids, strange[2:]))
	for _, id := range strange {
		if a := answers[id]; a.Err == nil {
			t.Errorf("%q: %+v", id, a)
		}
	}
	if providers.IsGone(answers[strange[0]].Err) || providers.IsGone(answers[strange[1]].Err) {
		t.Errorf("%v", answers)
	}
	wantKind(t, answers[ids[1]].Err, providers.KindIncomplete)
	for _, id := range slices.Delete(slices.Clone(ids), 1, 2) {
		if a := answers[id]; a.Err != nil || a.Instance.ID != id {
			t.Errorf("%s: %+v", id, a)
		}
	}
}

func TestACloudThatRefusesOrFailsAnswersAboutNoInstance(t *testing.T) {
	ids := idsOf(40)
	for kind, h := range map[providers.Kind]http.HandlerFunc{
		providers.KindAuth:       apiError(http.StatusForbidden, "UnauthorizedOperation", "no"),
		providers.KindThrottled:  apiError(http.StatusServiceUnavailable, "RequestLimitExceeded", "slow down"),
		providers.KindIncomplete: xmlAnswer("<html>"),
		providers.KindOther:      func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusNotFound) },
	} {
		calls := 0
		c, _ := fakeCloud(t, handlers{"DescribeInstances": func(w http.ResponseWriter, r *http.Request) { calls++; h(w, r) }})
		answers := c.InstancesByID(t.Context(), ids)
		for _, id := range ids {
			wantKind(t, answers[id].Err, kind)
		}
		if calls > 10 {
			t.Errorf("%s: %d calls", kind, calls)
		}
	}
}

func TestManyInstancesAreAnsweredAboutAsOneByOneByTheEmbeddedClouds(t *testing.T) {
	s, cfg := startSim(t, 60)
	cfg.Budget = budget.New("sim", 0, 1)
	c, err := ec2.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	rows, cov := list(c)
	if !cov.Complete() {
		t.Fatal(cov.Err)
	}
	ids := append(idsOf(30), "c2f0a1b2-0000-4000-8000-000000000000")
	for _, i := range rows {
		ids = append(ids, i.ID)
	}
	for _, fault := range []world.FaultKind{"", world.Stale, world.EmptyPage, world.WrongKey} {
		if fault != "" {
			if err := s.World().SetFault("aws-use1", fault); err != nil {
				t.Fatal(err)
			}
		}
		alone := map[string]providers.InstanceAnswer{}
		for range 10 {
			some := slices.Clone(ids)
			rand.Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
			some = some[:1+rand.IntN(12)]
			answers := c.InstancesByID(t.Context(), some)
			for _, id := range some {
				want, ok := alone[id]
				if !ok {
					want.Instance, want.Err = c.Instance(t.Context(), id)
					alone[id] = want
				}
				if a := answers[id]; providers.KindOf(a.Err) != providers.KindOf(want.Err) || !a.Instance.Equal(&want.Instance) {
					t.Errorf("%q %s: %+v, asked for alone: %+v", fault, id, a, want)
				}
			}
		}
	}
	if a := c.InstancesByID(t.Context(), nil); len(a) > 0 {
		t.Errorf("%v", a)
	}
}

func TestWithoutAnIdentityNothingIsSaidAboutInstances(t *testing.T) {
	c, _ := fakeCloud(t, handlers{"GetCallerIdentity": apiError(http.StatusForbidden, "AccessDenied", "no")})
	for id, a := range c.InstancesByID(t.Context(), idsOf(3)) {
		if e := (*providers.Error)(nil); !errors.As(a.Err, &e) || e.Kind != providers.KindAuth {
			t.Errorf("%s: %+v", id, a)
		}
	}
}
