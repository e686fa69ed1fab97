package triton

import (
	"context"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rollcall/providers"
)

func request1() providers.LaunchRequest {
	return providers.LaunchRequest{
		LaunchID: "l7", Index: 2, Name: "web-9", Image: "img", Size: "g4-1G", Network: "net-1", UserData: []byte("#!/bin/sh\n"),
		Tags: map[string]string{"role": "www", providers.TagFleet: "f"}, Metadata: map[string]string{"zone-token": "t0k"},
	}
}

// posting answers the posts of new machines by f, which may commit them first.
func posting(f *fake, answer func(w http.ResponseWriter, r *http.Request) bool) {
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == http.MethodPost && r.URL.Path == "/ops/machines" && answer(w, r)
	}
}

func TestALaunchPostsFlatKeysAndItsTag(t *testing.T) {
	f := newFake(t, 0)
	i, err := f.cloud().Launch(t.Context(), request1())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"name": "web-9", "image": "img", "package": "g4-1G", "networks": []any{"net-1"},
		"metadata.user-script": "#!/bin/sh\n", "metadata.zone-token": "t0k",
		"tag.role": "www", "tag.rollcall.fleet": "f", "tag.rollcall.launch": "l7/2",
	}
	if d := cmp.Diff(want, f.bodies[0]); d != "" {
		t.Fatal(d)
	}
	if i.State != providers.StatePending || i.LaunchID != "l7" || i.ID == "" || len(i.PublicIPs) != 0 {
		t.Fatalf("%+v", i)
	}
}

func TestTheSameLaunchNeverStartsTwo(t *testing.T) {
	f := newFake(t, 0)
	first, err := f.cloud().Launch(t.Context(), request1())
	if err != nil {
		t.Fatal(err)
	}
	second, err := f.cloud().Launch(t.Context(), request1()) // another process
	if err != nil || second.ID != first.ID || len(f.machines) != 1 {
		t.Fatalf("%v, %d machines", err, len(f.machines))
	}
	other := request1()
	other.Index = 3
	if third, err := f.cloud().Launch(t.Context(), other); err != nil || third.ID == first.ID {
		t.Fatalf("another index gave the same machine: %v", err)
	}
}

func TestTheSameLaunchSideBySideStartsOne(t *testing.T) {
	f := newFake(t, 0)
	c := f.cloud()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if _, err := c.Launch(t.Context(), request1()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if len(f.machines) != 1 {
		t.Fatalf("%d machines", len(f.machines))
	}
}

func TestALaunchWhoseReplyWasLostIsFoundByItsTag(t *testing.T) {
	f := newFake(t, 0)
	posting(f, func(_ http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		f.create(discard{}, r)
		f.mu.Unlock()
		panic(http.ErrAbortHandler)
	})
	i, err := f.cloud().Launch(t.Context(), request1())
	if err != nil || len(f.machines) != 1 || i.ID != f.machines[0]["id"] {
		t.Fatalf("%v, %d machines", err, len(f.machines))
	}
}

type discard struct{}

func (discard) Header() http.Header         { return http.Header{} }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}

func TestALaunchThatCannotBeFoundAfterALostReplyIsUncertainAndNotPostedAgain(t *testing.T) {
	for name, answer := range map[string]func(w http.ResponseWriter, r *http.Request) bool{
		"no answer":    func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
		"a 500":        func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true },
		"an empty 201": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(201); return true },
	} {
		f := newFake(t, 0)
		posting(f, answer)
		_, err := f.cloud().Launch(t.Context(), request1())
		if providers.KindOf(err) != providers.KindUncertain || f.called("POST") != 1 {
			t.Errorf("%s: %v after %d posts", name, err, f.called("POST"))
		}
		if n := f.called("GET /ops/machines?limit=1000&offset=0&tag.rollcall.launch=l7%2F2"); n != 1+findTries {
			t.Errorf("%s: looked %d times", name, n)
		}
	}
}

func TestAThrottledLaunchIsPostedAgainAfterALook(t *testing.T) {
	f := newFake(t, 0)
	var n atomic.Int32
	posting(f, func(w http.ResponseWriter, _ *http.Request) bool {
		if n.Add(1) > 1 {
			return false
		}
		f.fail(w, 420, "RequestThrottled", "slow")
		return true
	})
	if _, err := f.cloud().Launch(t.Context(), request1()); err != nil || f.called("POST") != 2 || len(f.machines) != 1 {
		t.Fatalf("%v, %d posts, %d machines", err, f.called("POST"), len(f.machines))
	}
	if f.called("GET /ops/machines?") != 2 {
		t.Fatalf("looked %d times", f.called("GET /ops/machines?"))
	}
}

func TestAThrottleThatWasCommittedAllTheSameStartsNoSecondMachine(t *testing.T) {
	f := newFake(t, 0)
	posting(f, func(w http.ResponseWriter, r *http.Request) bool {
		f.mu.Lock()
		f.create(discard{}, r)
		f.mu.Unlock()
		f.fail(w, 420, "RequestThrottled", "slow")
		return true
	})
	if i, err := f.cloud().Launch(t.Context(), request1()); err != nil || len(f.machines) != 1 || i.ID != f.machines[0]["id"] {
		t.Fatalf("%v, %d machines", err, len(f.machines))
	}
}

func TestALaunchThatIsRefusedIsNotPostedAgain(t *testing.T) {
	for code, want := range map[string]providers.Kind{"InvalidArgument": providers.KindInvalid, "QuotaExceeded": providers.KindLimit, "NotAuthorized": providers.KindAuth} {
		f := newFake(t, 0)
		posting(f, func(w http.ResponseWriter, _ *http.Request) bool { f.fail(w, 409, code, "no"); return true })
		if _, err := f.cloud().Launch(t.Context(), request1()); providers.KindOf(err) != want || f.called("POST") != 1 {
			t.Errorf("%s: %v after %d posts", code, err, f.called("POST"))
		}
	}
}

func TestALookThatFailsPostsNothing(t *testing.T) {
	f := newFake(t, 0)
	listWith(f, func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(500); return true })
	if _, err := f.cloud().Launch(t.Context(), request1()); providers.KindOf(err) != providers.KindUnreachable || f.called("POST") != 0 {
		t.Fatalf("%v after %d posts", err, f.called("POST"))
	}
}

func TestAServerThatIgnoresTheTagFilterMakesNoStrangerTheLaunch(t *testing.T) {
	f := newFake(t, 3)
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		q := r.URL.Query()
		q.Del("tag." + providers.TagLaunch)
		r.URL.RawQuery = q.Encode()
		return false
	}
	i, err := f.cloud().Launch(t.Context(), request1())
	if err != nil || i.Name != "web-9" || len(f.machines) != 4 {
		t.Fatalf("%+v %v", i, err)
	}
}

func TestALaunchWithoutWhatItNeedsIsInvalid(t *testing.T) {
	f := newFake(t, 0)
	for _, drop := range []func(*providers.LaunchRequest){
		func(r *providers.LaunchRequest) { r.LaunchID = "" }, func(r *providers.LaunchRequest) { r.Image = "" }, func(r *providers.LaunchRequest) { r.Size = "" },
	} {
		r := request1()
		drop(&r)
		if _, err := f.cloud().Launch(t.Context(), r); providers.KindOf(err) != providers.KindInvalid || len(f.calls) != 0 {
			t.Errorf("%v", err)
		}
	}
}

func TestPowerActionsArePostedAsTheCLIDoes(t *testing.T) {
	f := newFake(t, 1)
	c := f.cloud()
	for action, do := range map[string]func(context.Context, string) error{"start": c.Start, "stop": c.Stop, "reboot": c.Reboot} {
		f.bodies = nil
		if err := do(t.Context(), uuid(0)); err != nil || f.bodies[0]["action"] != action {
			t.Errorf("%s: %v %v", action, err, f.bodies)
		}
	}
}

func TestAStopOfAStoppedMachineIsNoErrorAndOfARunningOneIs(t *testing.T) {
	f := newFake(t, 1)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		f.fail(w, http.StatusConflict, "InvalidState", "no")
		return true
	}
	c := f.cloud()
	if err := c.Stop(t.Context(), uuid(0)); providers.KindOf(err) != providers.KindConflict {
		t.Fatalf("running: %v", err)
	}
	if err := c.Start(t.Context(), uuid(0)); err != nil {
		t.Fatalf("start of a running machine: %v", err)
	}
	f.machines[0]["state"] = "stopped"
	if err := c.Stop(t.Context(), uuid(0)); err != nil {
		t.Fatalf("stopped: %v", err)
	}
}

func TestARebootWhoseReplyWasLostIsUncertainAndAskedOnce(t *testing.T) {
	f := newFake(t, 1)
	f.before = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
		return false
	}
	if err := f.cloud().Reboot(t.Context(), uuid(0)); providers.KindOf(err) != providers.KindUncertain || f.called("POST") != 1 {
		t.Fatalf("%v after %d posts", err, f.called("POST"))
	}
}

func TestTerminatingTwiceIsNoErrorAndTheMachineIsGone(t *testing.T) {
	f := newFake(t, 1)
	c := f.cloud()
	for range 2 {
		if err := c.Terminate(t.Context(), uuid(0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Terminate(t.Context(), uuid(77)); providers.KindOf(err) != providers.KindNotFound {
		t.Fatalf("a machine that CloudAPI does not know, and so does not say to be gone: %v", err)
	}
	if _, err := c.Instance(t.Context(), uuid(0)); providers.KindOf(err) != providers.KindGone {
		t.Fatalf("%v", err)
	}
	if _, err := c.Instance(t.Context(), uuid(77)); providers.KindOf(err) != providers.KindNotFound {
		t.Fatalf("%v", err)
	}
}

func TestAGoneMachineWhoseAnswerBearsItIsTerminated(t *testing.T) {
	f := newFake(t, 1)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ops/machines/"+uuid(0) {
			return false
		}
		w.WriteHeader(http.StatusGone)
		_, _ = w.Write([]byte(`{"id":"` + uuid(0) + `","name":"web-0","state":"deleted"}`))
		return true
	}
	i, err := f.cloud().Instance(t.Context(), uuid(0))
	if providers.KindOf(err) != providers.KindGone || i.State != providers.StateTerminated || i.Name != "web-0" {
		t.Fatalf("%+v %v", i, err)
	}
}

func TestTheCatalogueReadsPackagesWithAnyKindOfDisk(t *testing.T) {
	f := newFake(t, 0)
	f.before = func(w http.ResponseWriter, r *http.Request) bool {
		answers := map[string]string{
			"/ops/images": `[{"id":"i1","name":"debian-12","os":"linux","version":"20260101","state":"active","published_at":"2026-01-01T00:00:00Z"},
				{"id":"i0","name":"debian-12","os":"linux","version":"20250101","state":"active","published_at":"2025-01-01T00:00:00Z"},{"id":"i2","name":"old","state":"disabled"}]`,
			"/ops/packages": `[{"id":"p2","name":"k4-2G","memory":2048,"disk":51200,"vcpus":2,"disks":[{"size":"remaining"},{"size":{"odd":true}},"text",{}]},
				{"id":"p1","name":"g4-1G","memory":1024,"disk":25600,"vcpus":0.5,"disks":[[1]]}]`,
			"/ops/networks": `[{"id":"n2","name":"Public","public":true},{"id":"n1","name":"Internal","public":false}]`,
		}
		text, ok := answers[r.URL.Path]
		_, _ = w.Write([]byte(text))
		return ok
	}
	got, err := f.cloud().Catalogue(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := providers.Catalogue{
		Images: []providers.Image{
			{ID: "i1", Name: "debian-12", OS: "linux", Version: "20260101", Published: parseTime("2026-01-01T00:00:00Z")},
			{ID: "i0", Name: "debian-12", OS: "linux", Version: "20250101", Published: parseTime("2025-01-01T00:00:00Z")},
		},
		Sizes:    []providers.Size{{ID: "g4-1G", Name: "g4-1G", MemoryMiB: 1024, DiskGiB: 25}, {ID: "k4-2G", Name: "k4-2G", VCPUs: 2, MemoryMiB: 2048, DiskGiB: 50}},
		Networks: []providers.Network{{ID: "n1", Name: "Internal"}, {ID: "n2", Name: "Public", Public: true}},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatal(d)
	}
}

func TestThereIsNoConsoleLog(t *testing.T) {
	if _, err := newFake(t, 0).cloud().ConsoleLog(t.Context(), uuid(0)); providers.KindOf(err) != providers.KindInvalid {
		t.Fatal(err)
	}
}

func TestTheAddressesOfACloudAreTheInstancesOwn(t *testing.T) {
	f := newFake(t, 2)
	cov := f.cloud().Addresses(t.Context(), func([]providers.Address) { t.Error("an address") })
	if !cov.Complete() || cov.Key == "" {
		t.Fatalf("%+v", cov)
	}
}
