package triton

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
)

func all(t *testing.T, c *Cloud) ([]providers.Instance, providers.Coverage) {
	t.Helper()
	var rows []providers.Instance
	cov := c.Instances(t.Context(), func(p []providers.Instance) { rows = append(rows, p...) })
	if cov.Rows != len(rows) {
		t.Errorf("coverage says %d rows, %d arrived", cov.Rows, len(rows))
	}
	return rows, cov
}

func TestAMachineBecomesAnInstance(t *testing.T) {
	f := newFake(t, 1)
	f.machines[0]["tags"] = map[string]any{"role": "www", "n": 7, "b": true, providers.TagLaunch: "l1/3"}
	f.machines[0]["ips"] = []string{"165.225.0.1", "10.1.2.3", "100.64.3.4", "fd00::1", "2001:db8::1", "fe80::1", "nonsense"}
	rows, cov := all(t, f.cloud())
	if !cov.Complete() {
		t.Fatal(cov.Err)
	}
	key := providers.NewCloudKey(providers.Triton, accountID, "us-east-1")
	want := []providers.Instance{{
		Cloud: "joyent-east", Key: key, Provider: providers.Triton, ID: uuid(0), Name: "web-0", State: providers.StateRunning,
		Region: "us-east-1", Type: "g4-1G", Image: "img",
		PublicIPs:  []netip.Addr{netip.MustParseAddr("165.225.0.1"), netip.MustParseAddr("2001:db8::1")},
		PrivateIPs: []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("100.64.3.4"), netip.MustParseAddr("fd00::1"), netip.MustParseAddr("fe80::1")},
		Launched:   parseTime("2026-03-01T10:00:00.123Z"),
		Tags:       providers.TagsOf(map[string]string{"role": "www", "n": "7", "b": "true", providers.TagLaunch: "l1/3"}), LaunchID: "l1",
	}}
	if d := cmp.Diff(want, rows, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); d != "" {
		t.Fatal(d)
	}
	if cov.Key != key || cov.Account != accountID || cov.Expected != 1 {
		t.Fatalf("coverage %+v", cov)
	}
}

func TestMetadataNeverLeavesTheAdapter(t *testing.T) {
	f := newFake(t, 3)
	rows, _ := all(t, f.cloud())
	one, err := f.cloud().Instance(t.Context(), uuid(1))
	if err != nil {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%+v %+v", rows, one); strings.Contains(s, "s3cr3t") {
		t.Fatal("a metadata value is in the rows")
	}
}

func TestATagThatIsAStringWhereTheSDKWantsABoolIsRead(t *testing.T) {
	f := newFake(t, 1)
	f.machines[0]["tags"] = map[string]any{"triton.cns.disable": "true", "triton.cns.services": "www"}
	rows, cov := all(t, f.cloud())
	if !cov.Complete() || rows[0].Tags.Get("triton.cns.disable") != "true" {
		t.Fatalf("%v %v", cov.Err, rows)
	}
}

func TestEveryStateOfCloudAPIIsMapped(t *testing.T) {
	for in, want := range map[string]providers.InstanceState{
		"provisioning": providers.StatePending, "running": providers.StateRunning, "stopping": providers.StateStopping,
		"stopped": providers.StateStopped, "deleted": providers.StateTerminated, "failed": providers.StateFailed,
		"offline": providers.StateOffline, "unknown": providers.StateUnknown, "": providers.StateUnknown, "new word": providers.StateUnknown,
	} {
		if got := stateOf(in); got != want {
			t.Errorf("%q is %s, want %s", in, got, want)
		}
	}
}

func TestPagesAreFetchedByLimitAndOffsetAndAllArrive(t *testing.T) {
	f := newFake(t, 3456)
	rows, cov := all(t, f.cloud())
	if !cov.Complete() || len(rows) != 3456 || cov.Expected != 3456 {
		t.Fatalf("%d rows, %+v", len(rows), cov)
	}
	if n := f.called("GET /ops/machines?limit=1000&offset="); n != 4 {
		t.Fatalf("%d page calls, want 4", n)
	}
	if n := f.called("HEAD /ops/machines"); n != 2 {
		t.Fatalf("%d counts, want one before and one after", n)
	}
}

func TestOffsetsBeyondSixteenBitsReachTheServer(t *testing.T) {
	const total = 70_001
	f := newFake(t, 0)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops/machines" {
			return false
		}
		if r.Method == http.MethodHead {
			w.Header().Set("X-Resource-Count", strconv.Itoa(total))
			return true
		}
		offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
		rows := []map[string]any{}
		for i := offset; i < min(offset+1000, total); i++ {
			rows = append(rows, map[string]any{"id": uuid(i), "state": "running", "ips": []string{}})
		}
		w.Header().Set("X-Resource-Count", strconv.Itoa(len(rows)))
		_ = json.NewEncoder(w).Encode(rows)
		return true
	}
	rows, cov := all(t, f.cloud())
	if !cov.Complete() || len(rows) != total {
		t.Fatalf("%d rows: %v", len(rows), cov.Err)
	}
}

func TestAServerWithASmallerPageLimitIsReadToItsEnd(t *testing.T) {
	f := newFake(t, 2300)
	f.maxLimit = 400
	rows, cov := all(t, f.cloud())
	if !cov.Complete() || len(rows) != 2300 {
		t.Fatalf("%d rows: %v", len(rows), cov.Err)
	}
}

// listWith answers the machine list of a fake by f.
func listWith(f *fake, answer func(w http.ResponseWriter, r *http.Request) bool) {
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops/machines" || r.Method != http.MethodGet {
			return false
		}
		return answer(w, r)
	}
}

func TestAShortListIsNotComplete(t *testing.T) {
	rowsOf := func(n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,{"id":%q,"state":"running"}`, uuid(i))
		}
		return "[" + strings.TrimPrefix(b.String(), ",") + "]"
	}
	for name, tc := range map[string]struct {
		total int
		count string
		body  string
	}{
		"fewer rows than the count":            {10, "6", rowsOf(6)},
		"an empty list":                        {10, "0", "[]"},
		"an empty list without a count":        {10, "", "[]"},
		"rows that are not what the page says": {10, "10", rowsOf(9)},
		"all rows, and a page that says more":  {10, "11", rowsOf(10)},
		"the same rows on every page":          {1500, "1000", rowsOf(1000)},
		"a short first page":                   {1500, "700", rowsOf(700)},
		"null":                                 {10, "", "null"},
		"an object":                            {10, "", `{"machines":[]}`},
		"JSON that breaks off":                 {10, "10", rowsOf(10)[:50]},
		"a machine without an id":              {1, "1", `[{"state":"running"}]`},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake(t, tc.total)
			listWith(f, func(w http.ResponseWriter, _ *http.Request) bool {
				if tc.count != "" {
					w.Header().Set("X-Resource-Count", tc.count)
				}
				_, _ = w.Write([]byte(tc.body))
				return true
			})
			_, cov := all(t, f.cloud())
			if cov.State != providers.CoveragePartial || providers.KindOf(cov.Err) != providers.KindIncomplete {
				t.Fatalf("%s: %v", cov.State, cov.Err)
			}
		})
	}
}

func TestAListWithoutACountIsNotComplete(t *testing.T) {
	f := newFake(t, 5)
	f.before = func(_ http.ResponseWriter, r *http.Request) bool { return r.Method == http.MethodHead }
	_, cov := all(t, f.cloud())
	if cov.Complete() || providers.KindOf(cov.Err) != providers.KindIncomplete {
		t.Fatalf("%s: %v", cov.State, cov.Err)
	}
}

func TestAListThatChangesWhileItIsReadIsReadOnceMore(t *testing.T) {
	f := newFake(t, 2500)
	var once sync.Once
	listWith(f, func(http.ResponseWriter, *http.Request) bool {
		once.Do(func() {
			f.mu.Lock()
			f.machines = f.machines[1:] // every later row moves up by one
			f.mu.Unlock()
		})
		return false
	})
	rows, cov := all(t, f.cloud())
	if !cov.Complete() {
		t.Fatal(cov.Err)
	}
	have := map[string]int{}
	for _, r := range rows {
		have[r.ID]++
	}
	for i := 1; i < 2500; i++ {
		if have[uuid(i)] != 1 {
			t.Fatalf("machine %d arrived %d times", i, have[uuid(i)])
		}
	}
}

func TestAListThatKeepsChangingIsPartial(t *testing.T) {
	f := newFake(t, 2500)
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodHead {
			f.mu.Lock()
			f.machines = f.machines[1:]
			f.mu.Unlock()
		}
		return false
	}
	_, cov := all(t, f.cloud())
	if cov.State != providers.CoveragePartial {
		t.Fatalf("%s: %v", cov.State, cov.Err)
	}
}

func TestAPageThatFailsMakesTheReadPartialAndKeepsItsRows(t *testing.T) {
	f := newFake(t, 2500)
	listWith(f, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Query().Get("offset") != "1998" {
			return false
		}
		f.fail(w, http.StatusInternalServerError, "InternalError", "boom")
		return true
	})
	rows, cov := all(t, f.cloud())
	if cov.Complete() || providers.KindOf(cov.Err) != providers.KindUnreachable {
		t.Fatalf("%s: %v", cov.State, cov.Err)
	}
	if len(rows) > 0 && cov.State != providers.CoveragePartial {
		t.Fatalf("%s with %d rows", cov.State, len(rows))
	}
}

func TestAReadThatCannotAskForTheAccountIsFailed(t *testing.T) {
	f := newFake(t, 5)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops" {
			return false
		}
		f.fail(w, http.StatusForbidden, "NotAuthorized", "no")
		return true
	}
	rows, cov := all(t, f.cloud())
	if cov.State != providers.CoverageFailed || len(rows) != 0 || providers.KindOf(cov.Err) != providers.KindAuth {
		t.Fatalf("%s: %v", cov.State, cov.Err)
	}
}

func TestTheIdentityIsAskedAfreshInEveryRead(t *testing.T) {
	f := newFake(t, 1)
	c := f.cloud()
	_, first := all(t, c)
	var renamed atomic.Bool
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops" {
			return false
		}
		renamed.Store(true)
		_, _ = w.Write([]byte(`{"id":"another","login":"ops"}`))
		return true
	}
	_, second := all(t, c)
	if !renamed.Load() || first.Key == second.Key || second.Account != "another" {
		t.Fatalf("%+v %+v", first, second)
	}
}

func TestTheDataCentreIsTheEntryWhoseURLIsOurs(t *testing.T) {
	f := newFake(t, 0)
	id, err := f.cloud().Identify(t.Context())
	if err != nil || id.Region != "us-east-1" {
		t.Fatalf("%+v %v", id, err)
	}
	f.centre = func() map[string]string { return map[string]string{"us-east-1": "https://elsewhere.example.com"} }
	id, err = f.cloud().Identify(t.Context())
	if err != nil || id.Region != strings.TrimPrefix(f.srv.URL, "http://") {
		t.Fatalf("without an entry of ours: %+v %v", id, err)
	}
}

func TestManyCallsOnOneCloudDoNotRace(t *testing.T) {
	f := newFake(t, 50)
	c := f.cloud()
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if i, err := c.Instance(t.Context(), uuid(7)); err != nil || i.ID != uuid(7) {
				t.Errorf("%v", err)
			}
		})
		wg.Go(func() {
			if cov := c.Instances(t.Context(), func([]providers.Instance) {}); !cov.Complete() {
				t.Errorf("%v", cov.Err)
			}
		})
	}
	wg.Wait()
}

func TestAnAnswerThatNamesAnotherMachineIsAboutThatOne(t *testing.T) {
	other := uuid(77)
	for _, c := range []struct {
		status int
		body   string
		gone   bool
	}{
		{http.StatusNotFound, `{"code":"ResourceNotFound","message":"VM ` + other + ` not found"}`, false},
		{http.StatusNotFound, `{"code":"ResourceNotFound","message":"VM ` + strings.ToUpper(uuid(1)) + ` not found"}`, true},
		{http.StatusNotFound, `{"code":"ResourceNotFound","message":"VM not found"}`, true},
		{http.StatusGone, `{"id":"` + other + `","state":"deleted"}`, false},
		{http.StatusGone, `{"id":"` + uuid(1) + `","state":"deleted"}`, true},
	} {
		f := newFake(t, 0)
		f.before = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/ops/machines/"+uuid(1) {
				return false
			}
			w.WriteHeader(c.status)
			_, _ = w.Write([]byte(c.body))
			return true
		}
		if _, err := f.cloud().Instance(t.Context(), uuid(1)); providers.IsGone(err) != c.gone || err == nil {
			t.Errorf("%s: %v", c.body, err)
		}
		deleted := c.gone && c.status == http.StatusGone // a 404 is no proof of it
		if err := f.cloud().Terminate(t.Context(), uuid(1)); (err == nil) != deleted {
			t.Errorf("a delete answered with %s: %v", c.body, err)
		}
	}
}

func TestASuccessOfAnotherStatusThanCloudAPIsIsUncertain(t *testing.T) {
	f := newFake(t, 0)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops/machines/"+uuid(1) {
			return false
		}
		_, _ = w.Write([]byte("<html>Sign in</html>"))
		return true
	}
	c := f.cloud()
	for what, act := range map[string]func(context.Context, string) error{"terminate": c.Terminate, "stop": c.Stop, "start": c.Start, "reboot": c.Reboot} {
		if err := act(t.Context(), uuid(1)); providers.KindOf(err) != providers.KindUncertain {
			t.Errorf("%s: %v", what, err)
		}
	}
}
