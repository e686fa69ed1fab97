package cli

import (
	"encoding/json"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rollcall/cmd/rollcall/watcher"
	"rollcall/providers/sim/world"
)

// receiver is a webhook that notes what it is sent.
type receiver struct {
	mu     sync.Mutex
	got    []watcher.HookEvent
	posts  int
	refuse int // this many posts fail
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posts++
	if r.refuse > 0 {
		r.refuse--
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	var p watcher.HookPost
	if req.Header.Get("Content-Type") != "application/json" || json.NewDecoder(req.Body).Decode(&p) != nil || len(p.Events) == 0 {
		http.Error(w, "no events in JSON", http.StatusBadRequest)
		return
	}
	r.got = append(r.got, p.Events...)
}

func (r *receiver) count(event, class string) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for _, e := range r.got {
		if e.Event == event && e.Finding.Class == class {
			n++
		}
	}
	return n
}

func TestAWebhookIsToldOnceOfEachFindingAndOnceOfItsEndOverRestartsToo(t *testing.T) {
	s := fastWorld(t)
	r := &receiver{refuse: 2}
	srv := httptest.NewServer(r)
	defer srv.Close()
	f := watchFlags{Options: watcher.Options{Webhook: srv.URL + "/secret-path?token=hush"}, filter: "finding:dead,dangling"}
	w := startWatch(t, f)
	until(t, "the webhook to be told", func() bool {
		return r.count(watcher.EventNew, "dead") == 6 && r.count(watcher.EventNew, "dangling") == 3
	})
	time.Sleep(3 * time.Second) // some scans
	w.end()
	if n := len(r.got); n != 9 || r.posts > 6 { // two failed, and a scan has one
		t.Errorf("%d events in %d posts", n, r.posts)
	}
	for _, e := range r.got {
		if e.Fleet == "" || !strings.Contains(e.Text, e.Finding.Reason) || e.Time.Sub(e.Since) < 500*time.Millisecond {
			t.Errorf("%+v", e)
		}
	}

	z, err := s.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Update(func(tx *world.Tx) error {
		for _, rec := range tx.Records() {
			if rec.Content == "165.225.128.17" {
				tx.RemoveRecord(rec.ID)
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	again := startWatch(t, f)
	until(t, "the end to be told after a restart", func() bool { return r.count(watcher.EventResolved, "dead") == 1 })
	time.Sleep(3 * time.Second)
	again.end()
	if n := len(r.got); n != 10 {
		t.Errorf("%d events in all", n)
	}
	if said := w.err.String() + again.err.String(); strings.Contains(said, "secret-path") || strings.Contains(said, "hush") {
		t.Errorf("the URL is in what was said: %s", said)
	}
}

// A dangling entry is deregistered and restored, with another id, while scans pass.
func TestWhatIsRestoredBetweenTwoScansIsNeitherResolvedNorNewAgain(t *testing.T) {
	s := fastWorld(t)
	r := &receiver{}
	srv := httptest.NewServer(r)
	defer srv.Close()
	w := startWatch(t, watchFlags{Options: watcher.Options{Webhook: srv.URL}, filter: "finding:dead"})
	until(t, "the webhook to be told", func() bool { return r.count(watcher.EventNew, "dead") == 6 })
	z, err := s.World().Zone("scalability.expert")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if _, err := z.Update(func(tx *world.Tx) error {
			for _, rec := range slices.Clone(tx.Records()) {
				if rec.Content == "165.225.128.17" {
					again := *rec
					again.ID = ""
					tx.RemoveRecord(rec.ID)
					tx.AddRecord(&again)
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Second) // some scans
	}
	w.end()
	if n := r.count(watcher.EventNew, "dead"); n != 6 || r.count(watcher.EventResolved, "dead") != 0 || w.count(watcher.EventResolved, "dead") != 0 {
		t.Errorf("%d new, %d resolved", n, r.count(watcher.EventResolved, "dead"))
	}
}

func TestAReceiverThatIsDownNeverStopsTheWatchAndItsURLIsNotTold(t *testing.T) {
	fastWorld(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close() // the port is closed now
	w := startWatch(t, watchFlags{Options: watcher.Options{Webhook: "http://user:hush@" + l.Addr().String() + "/secret-path"}, filter: "finding:dangling"})
	failure := regexp.MustCompile(`fails, and is sent (1 event|[23] events) again with the next scan: `) // those of the first scan, which may lack a slow source
	until(t, "the failure to be told", func() bool { return failure.MatchString(w.err.String()) })
	until(t, "the lines", func() bool { return w.count(watcher.EventNew, "dangling") == 3 })
	if said := w.err.String(); strings.Contains(said, "secret-path") || strings.Contains(said, "hush") || !strings.Contains(said, "webhook "+l.Addr().String()+" fails") {
		t.Errorf("%s", said)
	}
}

func TestACommandIsGivenEachFindingOnStdin(t *testing.T) {
	fastWorld(t)
	file := filepath.Join(t.TempDir(), "told")
	w := startWatch(t, watchFlags{Options: watcher.Options{Exec: "cat >>" + file + "; echo >>" + file}, filter: "finding:dangling"})
	until(t, "the command to be told", func() bool {
		text, err := os.ReadFile(file)
		return err == nil && strings.Count(string(text), `"class":"dangling"`) == 3
	})
	w.end()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(text)) {
		if e := decode[watcher.HookEvent](t, l); e.Event != watcher.EventNew || e.Finding.Zone == "" {
			t.Errorf("%+v", e)
		}
	}
}
