package userdata

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// isBatch reports whether a request is a batch of Cloudflare, which the agent deletes and marks with.
func isBatch(req *http.Request) bool { return strings.HasSuffix(req.URL.Path, "/dns_records/batch") }

// isPost reports whether a request makes one record.
func isPost(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/dns_records")
}

// other is the marker of another node, for a value of typ.
func (r *rig) other(n int, typ, value string) string {
	r.t.Helper()
	text, err := providers.Owner{Fleet: r.cfg.Fleet, Cloud: r.key, Instance: fmt.Sprintf("i-0beef%012x", n), Registered: time.Unix(1_700_000_000, 0)}.For(typ, value).Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	return text
}

// rewrite changes the records of a name as another writer does: their ids stay.
func (r *rig) rewrite(name, typ string, change func(c *world.Record)) {
	r.tamper(func(tx *world.Tx) {
		for _, c := range slices.Clone(tx.Records()) {
			if c.Name == name && c.Type == typ {
				x := *c
				change(&x)
				tx.ReplaceRecord(&x)
			}
		}
	})
}

// only returns the record of a name and type, without what the provider alone decides.
func (r *rig) only(name, typ string) string {
	r.t.Helper()
	z, err := r.sim.World().Zone(r.cfg.Zone)
	if err != nil {
		r.t.Fatal(err)
	}
	var out []string
	z.View(func(tx *world.Tx) {
		for _, c := range tx.Records() {
			if c.Name == name && c.Type == typ {
				out = append(out, fmt.Sprintf("%s %s %s %d %v %q %q %s %s", c.Name, c.Type, c.Content, c.TTL, c.Proxied, c.Comment, c.Tags, c.Settings, c.Data))
			}
		}
	})
	if len(out) != 1 {
		r.t.Fatalf("%s %s: %q", name, typ, out)
	}
	return out[0]
}

// writers are what another writer may do to a record of the node between its reading and its deletion.
var writers = map[string]func(r *rig, c *world.Record){
	"another node's agent makes it its own": func(r *rig, c *world.Record) { c.Comment = r.other(1, c.Type, c.Content) },
	"a person takes it over":                func(_ *rig, c *world.Record) { c.Comment = "kept by hand" },
	"a person writes no comment":            func(_ *rig, c *world.Record) { c.Comment = "" },
	"an operator quiesces it":               func(_ *rig, c *world.Record) { c.Comment += " q" },
	"a marker of a later release":           func(_ *rig, c *world.Record) { c.Comment = "rollcall9 and what comes with it" },
	"its value is another, and its owner":   func(r *rig, c *world.Record) { c.Content, c.Comment = "54.99.9.9", r.other(2, "A", "54.99.9.9") },
	"all of it is another": func(_ *rig, c *world.Record) {
		c.Content, c.Comment, c.TTL, c.Proxied, c.Settings = "54.99.9.9", "mine", 1, true, []byte(`{"ipv4_only": true}`)
	},
}

func TestWhatAnotherWriterMadeOfARecordBetweenTheAgentsReadAndItsDeleteIsPutBack(t *testing.T) {
	s := startSim(t)
	n := 100
	for what, change := range writers {
		t.Run(what, func(t *testing.T) {
			n++
			r := newRig(t, s, providers.Triton, providers.Cloudflare, n)
			r.cfg.Service = fmt.Sprintf("pool%d.%s", n, r.cfg.Zone)
			r.must("register")
			var want string
			r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
				if isBatch(req) && want == "" {
					r.rewrite(r.cfg.Service, "A", func(c *world.Record) { change(r, c) })
					want = r.only(r.cfg.Service, "A")
				}
				return false
			})
			said := r.must("deregister")
			if want == "" {
				t.Fatal("nothing was deleted")
			}
			if got := r.only(r.cfg.Service, "A"); got != want {
				t.Errorf("it is\n%s, want\n%s", got, want)
			}
			if !strings.Contains(said, "put back "+r.cfg.Service+" A ") || !strings.Contains(said, "another writer had changed") {
				t.Errorf("it said %s", said)
			}
			r.settled()
		})
	}
}

// settled fails the test unless the state file says that nothing is due.
func (r *rig) settled() {
	r.t.Helper()
	text, err := os.ReadFile(filepath.Join(r.dir, "state.json"))
	i, _ := os.Stat(filepath.Join(r.dir, "state.json"))
	if err != nil || string(text) != "null" || i.Mode().Perm() != 0o600 {
		r.t.Errorf("the state file says %s, %v", text, err)
	}
}

func TestARecordThatIsStillTheNodesOwnAfterAnotherWriterChangedItIsDeletedAtTheSecondTry(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	changed := false
	r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
		if isBatch(req) && !changed {
			changed = true
			r.rewrite(r.cfg.Service, "A", func(c *world.Record) { c.TTL = 120 })
		}
		return false
	})
	r.must("deregister")
	if got := r.at(r.cfg.Service, "A"); !changed || len(got) != 0 {
		t.Errorf("the name has %q", got)
	}
	r.settled()
}

func TestTheRecordsOfAServiceThatAnotherWriterChangedMeanwhileArePutBack(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.service()
	r.must("register")
	srv := r.at(r.cfg.Service, "SRV")
	host := strings.Fields(srv[0])[3]
	marker := "of another node"
	changed := false
	r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
		if isBatch(req) && !changed {
			changed = true
			r.tamper(func(tx *world.Tx) {
				for _, c := range slices.Clone(tx.Records()) {
					if c.Type == "SRV" && strings.Contains(c.Comment, r.id) {
						x := *c
						x.Comment = marker
						tx.ReplaceRecord(&x)
					}
				}
			})
		}
		return false
	})
	r.must("deregister")
	if got := r.at(r.cfg.Service, "SRV"); !slices.Equal(got, srv) {
		t.Errorf("SRV %q, want %q", got, srv)
	}
	if got := r.at(host, "A"); len(got) != 0 {
		t.Errorf("its address is left: %q", got)
	}
}

func TestANodeThatMovesDeletesItsOldAddressOnlyAsItReadIt(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.must("register")
	old := r.addr
	r.setAddress("54.99.0.77")
	changed := false
	empty := false
	r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
		if isBatch(req) && !changed {
			changed = true
			r.rewrite(r.cfg.Service, "A", func(c *world.Record) {
				if c.Content == old { // the machine that has the address now
					c.Comment = r.other(3, "A", old)
				}
			})
		}
		empty = empty || len(r.at(r.cfg.Service, "A")) == 0
		return false
	})
	r.must("register")
	if got := r.at(r.cfg.Service, "A"); empty || !slices.Equal(got, []string{old, "54.99.0.77"}) {
		t.Errorf("the name has %q, and was empty on the way: %v", got, empty)
	}
	r.wantHeld(r.cfg.Service + " A 54.99.0.77")
}

func TestAMarkerThatTheAgentWroteOnARecordThatIsAnotherNowIsTakenBack(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	r.tamper(func(tx *world.Tx) {
		tx.AddRecord(&world.Record{Name: r.cfg.Service, Type: "A", Content: r.addr, TTL: 60})
	})
	changed := false
	r.between("cloudflare", func(_ http.ResponseWriter, req *http.Request) bool {
		if isBatch(req) && !changed {
			changed = true
			r.rewrite(r.cfg.Service, "A", func(c *world.Record) { c.Content = "54.99.9.9" })
		}
		return false
	})
	said := r.must("register")
	if got := r.at(r.cfg.Service, "A"); !changed || !slices.Equal(got, []string{r.addr, "54.99.9.9"}) || !strings.Contains(said, "put back") {
		t.Errorf("the name has %q: %s", got, said)
	}
	r.wantHeld(r.cfg.Service + " A " + r.addr)
	r.settled()
}
