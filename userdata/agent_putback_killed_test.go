package userdata

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// killed starts the agent and ends it with SIGKILL at the request that at picks, which gets no answer; done says
// whether the request is carried out all the same.
func (r *rig) killed(command string, done bool, at func(req *http.Request) bool) {
	r.t.Helper()
	was := r.cfg.Endpoints["cloudflare"]
	var c atomic.Pointer[exec.Cmd]
	var proxy *httputil.ReverseProxy
	hit := false
	proxy = r.between("cloudflare", func(w http.ResponseWriter, req *http.Request) bool {
		if hit || !at(req) {
			return false
		}
		hit = true
		until(r.t, "the test knows the process", func() bool { return c.Load() != nil })
		if done {
			proxy.ServeHTTP(httptest.NewRecorder(), req)
		}
		if err := c.Load().Process.Kill(); err != nil {
			r.t.Error(err)
		}
		panic(http.ErrAbortHandler)
	})
	cmd := r.command(command)
	cmd.Stderr = io.Discard
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	c.Store(cmd)
	if err := cmd.Wait(); err == nil || !hit {
		r.t.Fatalf("it was not killed: %v", err)
	}
	r.cfg.Endpoints["cloudflare"] = was
}

// takenOver has another node make the node's record its own just before the batch that is to delete it.
func (r *rig) takenOver(then func(req *http.Request) bool) func(req *http.Request) bool {
	changed := false
	return func(req *http.Request) bool {
		if isBatch(req) && !changed {
			changed = true
			r.rewrite(r.cfg.Service, "A", func(c *world.Record) { c.Comment = r.other(4, "A", r.addr) })
		}
		return then(req)
	}
}

func TestAnAgentThatIsKilledBetweenDeleteAndPutBackPutsBackAtItsNextStart(t *testing.T) {
	for _, next := range []string{"register", "deregister", "run", "run unwell"} {
		for _, done := range []bool{false, true}[:1+strings.Count(next, "deregister")] {
			t.Run(fmt.Sprintf("%s, put back %v", next, done), func(t *testing.T) {
				r := node(t, providers.Triton, providers.Cloudflare)
				r.must("register")
				r.killed("deregister", done, r.takenOver(isPost))
				if n := len(r.at(r.cfg.Service, "A")); done != (n == 1) {
					t.Fatalf("the name has %d addresses", n)
				}
				state, err := os.ReadFile(filepath.Join(r.dir, "state.json"))
				if err != nil || !bytes.Contains(state, []byte(r.other(4, "A", r.addr))) || bytes.Contains(state, []byte(r.sim.Endpoints().CloudflareToken)) {
					t.Errorf("the state file: %s, %v", state, err)
				}
				if next == "register" { // the record is another node's, of this fleet, with this address: it is taken over again
					r.must("register")
					r.wantHeld(r.cfg.Service + " A " + r.addr)
					if said := r.log(); !done && !strings.Contains(said, "put back "+r.cfg.Service) {
						t.Errorf("it said %s", said)
					}
					return
				}
				want := fmt.Sprintf("%q", r.other(4, "A", r.addr))
				if command, _, _ := strings.Cut(next, " "); command == "run" {
					r.setAddress("54.99.0.88")
					r.well.Store(next == "run")
					r.watch()
					until(t, "it is put back", func() bool {
						text, _ := os.ReadFile(filepath.Join(r.dir, "state.json"))
						return string(text) == "null"
					})
				} else {
					r.must(command)
				}
				z, err := r.sim.World().Zone(r.cfg.Zone)
				if err != nil {
					t.Fatal(err)
				}
				found := 0
				z.View(func(tx *world.Tx) {
					for _, c := range tx.Records() {
						if c.Name == r.cfg.Service && c.Content == r.addr && fmt.Sprintf("%q", c.Comment) == want {
							found++
						}
					}
				})
				if found != 1 {
					t.Errorf("%d records of the other node: %q\n%s", found, r.at(r.cfg.Service, "A"), r.log())
				}
			})
		}
	}
}

func TestAnEqualValueThatSomebodyMadeBeforeTheNextStartCountsAsPutBack(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	r.killed("deregister", false, r.takenOver(isPost))
	mine := r.other(4, "A", r.addr)
	r.tamper(func(tx *world.Tx) {
		tx.AddRecord(&world.Record{Name: r.cfg.Service, Type: "A", Content: r.addr, TTL: 60, Comment: mine})
	})
	want := r.only(r.cfg.Service, "A")
	r.must("deregister")
	if got := r.only(r.cfg.Service, "A"); got != want {
		t.Errorf("it is %s, want %s", got, want)
	}
	r.settled()
}

func TestADeleteWhoseAnswerIsLostIsLookedUp(t *testing.T) {
	for _, tc := range []struct {
		name string
		done bool
		kill bool
		loud bool
	}{
		{"it was carried out", true, false, true},
		{"it was not carried out", false, false, false},
		{"it was carried out, and the agent killed", true, true, true},
		{"it was not carried out, and the agent killed", false, true, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := node(t, providers.Triton, providers.Cloudflare)
			r.must("register")
			if tc.kill {
				r.killed("deregister", tc.done, isBatch)
			} else {
				lost := false
				var proxy *httputil.ReverseProxy
				proxy = r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
					if !isBatch(req) || lost {
						return false
					}
					lost = true
					if tc.done {
						proxy.ServeHTTP(httptest.NewRecorder(), req)
					}
					panic(http.ErrAbortHandler)
				})
			}
			r.must("deregister")
			r.wantHeld()
			if got := strings.Contains(r.log(), "NOT PUT BACK, if another writer had changed it meanwhile"); got != tc.loud {
				t.Errorf("it said so: %v\n%s", got, r.log())
			}
			r.settled()
		})
	}
}

func TestAPutBackThatFailsIsTriedAgainAndOneThatIsRefusedIsTold(t *testing.T) {
	for _, tc := range []struct {
		name   string
		status int
		times  int
		back   bool
	}{
		{"a broken server", http.StatusBadGateway, 3, true},
		{"a throttle", http.StatusTooManyRequests, 2, true},
		{"a page of a proxy", http.StatusOK, 2, true},
		{"the zone refuses it", http.StatusBadRequest, 100, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := node(t, providers.Triton, providers.Cloudflare)
			r.must("register")
			count := 0
			over := r.takenOver(func(*http.Request) bool { return false })
			r.between("cloudflare", func(w http.ResponseWriter, req *http.Request) bool {
				over(req)
				if !isPost(req) {
					return false
				}
				if count++; count > tc.times {
					return false
				}
				w.WriteHeader(tc.status)
				if tc.status == http.StatusOK {
					fmt.Fprint(w, "<html>sign in</html>")
				} else {
					fmt.Fprint(w, `{"success":false,"errors":[{"code":9999,"message":"not now"}]}`)
				}
				return true
			})
			said := r.must("deregister")
			if got := len(r.at(r.cfg.Service, "A")) == 1; got != tc.back {
				t.Errorf("it is back: %v\n%s", got, said)
			}
			if !tc.back && !strings.Contains(said, "NOT PUT BACK") {
				t.Errorf("it said %s", said)
			}
			r.settled()
		})
	}
}

func TestWhatIsDueIsKeptWhenTheTokenIsRefusedAndIsNotAnotherMachines(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	r.killed("deregister", false, r.takenOver(isPost))
	state := filepath.Join(r.dir, "state.json")
	before, err := os.ReadFile(state)
	if err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(r.dir, "md", "cloudflare-token")
	right, err := os.ReadFile(token)
	if err != nil {
		t.Fatal(err)
	}
	r.write(token, "revoked\n")
	if code, said := r.run("deregister"); code != 1 {
		t.Errorf("exit code %d: %s", code, said)
	}
	if now, err := os.ReadFile(state); err != nil || !bytes.Equal(now, before) {
		t.Errorf("what is due is %s, %v", now, err)
	}
	r.write(token, string(right))
	// An image that was made of this machine starts elsewhere.
	r.write(filepath.Join(r.dir, "md", "sdc:uuid"), "c2f0a1b2-0000-4000-8000-00000000ffff")
	r.must("deregister")
	if got := r.at(r.cfg.Service, "A"); len(got) != 0 {
		t.Errorf("another machine has put back %q", got)
	}
	r.write(filepath.Join(r.dir, "md", "sdc:uuid"), r.id)
	r.must("deregister")
	if got := r.at(r.cfg.Service, "A"); len(got) != 1 {
		t.Errorf("the name has %q", got)
	}
}

func TestAStateFileThatCannotBeWrittenOrReadKeepsNoNodeInDNS(t *testing.T) {
	for name, spoil := range map[string]func(r *rig){
		"no such folder": func(r *rig) {
			if err := os.Remove(filepath.Join(r.dir, "state.json")); err != nil && !os.IsNotExist(err) {
				r.t.Fatal(err)
			}
			if err := os.Mkdir(filepath.Join(r.dir, "state.json.new"), 0o755); err != nil {
				r.t.Fatal(err)
			}
		},
		"half of a file": func(r *rig) { r.write(filepath.Join(r.dir, "state.json"), `{"me": "c2`) },
		"something else": func(r *rig) { r.write(filepath.Join(r.dir, "state.json"), `{"a": 1}`) },
		"not even UTF-8": func(r *rig) { r.write(filepath.Join(r.dir, "state.json"), "\xff\xfe") },
	} {
		t.Run(name, func(t *testing.T) {
			r := node(t, providers.Triton, providers.Cloudflare)
			r.must("register")
			spoil(r)
			over := r.takenOver(func(*http.Request) bool { return false })
			r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool { return over(req) })
			r.must("deregister")
			r.wantHeld()
			if got := r.at(r.cfg.Service, "A"); len(got) != 1 { // the other node's, put back from memory
				t.Errorf("the name has %q", got)
			}
		})
	}
}

func TestTheStateFileSaysBeforehandWhatIsDeleted(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	seen := 0
	r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
		if isBatch(req) {
			var note struct {
				Me   string
				Read struct{ Name, Type, Content string }
			}
			path := filepath.Join(r.dir, "state.json")
			text, err := os.ReadFile(path)
			i, _ := os.Stat(path)
			if err != nil || json.Unmarshal(text, &note) != nil || note.Me != r.id || note.Read.Content != r.addr || i.Mode().Perm() != 0o600 {
				t.Errorf("the state file says %s, %v", text, err)
			}
			seen++
		}
		return false
	})
	r.must("deregister")
	if seen != 1 {
		t.Errorf("%d batches", seen)
	}
}
