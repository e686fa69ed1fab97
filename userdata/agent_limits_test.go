package userdata

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// fill puts values of other nodes into a record set of Route 53.
func (r *rig) fill(name, typ string, values []string) {
	r.tamper(func(tx *world.Tx) {
		tx.Put(&world.Set{Name: name, Type: typ, TTL: 60, Values: values})
	})
}

// addresses returns n addresses that no node of the tests has.
func addresses(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("54.98.%d.%d", i/250, i%250+1)
	}
	return out
}

// targets returns n SRV values whose targets make them size characters long.
func targets(n, size int) []string {
	out := make([]string, n)
	for i := range out {
		head, tail := fmt.Sprintf("0 7 4218 n%03d", i), ".other.example."
		out[i] = head + strings.Repeat("x", size-len(head)-len(tail)) + tail
	}
	return out
}

func TestANodeThatAFullRecordSetHasNoRoomForSaysSoOnceAndChangesNothing(t *testing.T) {
	for _, tc := range []struct {
		name   string
		typ    string
		values []string
	}{
		{"400 values in a set", "A", addresses(400)},
		{"a swap of more than 32,000 characters", "SRV", targets(211, 75)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			r := node(t, providers.EC2, providers.Route53)
			if tc.typ == "SRV" {
				r.service()
			}
			r.fill(r.cfg.Service, tc.typ, tc.values)
			var writes atomic.Int32
			r.between("route53", func(_ http.ResponseWriter, req *http.Request) bool {
				if req.Method == http.MethodPost {
					writes.Add(1)
				}
				return false
			})
			before := records(t, r.sim, r.cfg.Zone)
			code, said := r.run("register")
			if code != 1 || writes.Load() > 0 || fmt.Sprint(records(t, r.sim, r.cfg.Zone)) != fmt.Sprint(before) || strings.Count(said, "is full") != 1 || strings.Contains(said, "again in") {
				t.Errorf("exit code %d: %s", code, said)
			}
			r.write(filepath.Join(r.dir, "log"), "")
			r.watch()
			r.said(r.cfg.Service + " " + tc.typ + " is full")
			r.fill(r.cfg.Service, tc.typ, tc.values[:len(tc.values)-40])
			until(t, "it is in DNS once there is room", func() bool { return len(r.held()) > 0 })
			if n := strings.Count(r.log(), "is full"); n != 1 {
				t.Errorf("it was told %d times", n)
			}
		})
	}
}

func TestANodeJoinsOnlyWhereTheNextOneCanStillLeave(t *testing.T) {
	out := script(t, "", `
class R(a.Route53):
    def __init__(self):
        self.zone, self.sent = "Z", 0
    def call(self, *_):
        self.sent += 1
for old, new in ((["x" * 100] * 159, 150), (["x" * 100] * 159, 99), (["x"] * 499, 1), (["x"] * 399, 1), (["x"] * 400, 1), (["x"] * 450, 0)):
    r = R()
    try:
        r.submit([(("n", "SRV"), (60, old), (60, old + ["y" * new] if new else old[1:]))])
    except a.Full as e:
        pass
    print(r.sent, end=" ")`)
	if string(out) != "0 1 0 1 0 1 " {
		t.Errorf("sent: %s", out)
	}
}

// hostOf returns the host name of a node of a DNS-SD service.
func (r *rig) hostOf() string {
	held := r.held()
	return strings.Fields(held[slices.IndexFunc(held, func(s string) bool { return strings.Contains(s, " A ") })])[0]
}

// ownSRV returns the SRV values of the node.
func (r *rig) ownSRV() (own []string) {
	r.t.Helper()
	z, err := r.sim.World().Zone(r.cfg.Zone)
	if err != nil {
		r.t.Fatal(err)
	}
	host := r.hostOf()
	z.View(func(tx *world.Tx) {
		own = slices.DeleteFunc(slices.Clone(tx.Set(r.cfg.Service, "SRV", "").Values), func(v string) bool { return !strings.Contains(v, " "+host+".") })
	})
	return own
}

func TestANodeLeavesARecordSetThatIsTooLargeForOneBatchOfAllItsNames(t *testing.T) {
	r := node(t, providers.EC2, providers.Route53)
	r.service()
	r.must("register")
	host := r.hostOf()
	// The SRV set alone fits into a batch, the SRV set and the addresses together do not.
	r.fill(r.cfg.Service, "SRV", append(targets(208, 75), r.ownSRV()...))
	r.fill(host, "A", append(addresses(20), r.addr))
	said := r.must("deregister")
	if got := r.at(r.cfg.Service, "SRV"); len(got) != 208 {
		t.Errorf("%d SRV values are left\n%s", len(got), said)
	}
	if got := r.at(host, "A"); len(got) != 20 {
		t.Errorf("%d addresses are left", len(got))
	}
	r.wantHeld()
}

func TestANodeThatCannotLeaveARecordSetInOneBatchSaysSoOnceAndLeavesItWhole(t *testing.T) {
	r := node(t, providers.EC2, providers.Route53)
	r.service()
	r.must("register")
	r.fill(r.cfg.Service, "SRV", append(targets(230, 75), r.ownSRV()...))
	code, said := r.run("deregister")
	if code != 1 || strings.Count(said, "is full") != 1 || len(r.at(r.cfg.Service, "SRV")) != 231 {
		t.Errorf("exit code %d, %d values are left: %s", code, len(r.at(r.cfg.Service, "SRV")), said)
	}
}

// A name is never empty between two batches: whatever the agent changes of a set, its DELETE and its CREATE stand in one batch.
func TestTheAgentsDeleteAndCreateOfOneSetStandInOneBatch(t *testing.T) {
	for _, kind := range []string{"round-robin", "dns-sd"} {
		t.Run(kind, func(t *testing.T) {
			r := node(t, providers.Triton, providers.Route53)
			r.cfg.IPv6 = true
			if kind == "dns-sd" {
				r.service()
				r.fill(r.cfg.Service, "SRV", targets(100, 75))
			} else {
				r.fill(r.cfg.Service, "A", addresses(100))
			}
			batches := 0
			r.between("route53", func(_ http.ResponseWriter, req *http.Request) bool {
				if req.Method != http.MethodPost {
					return false
				}
				batches++
				body, err := io.ReadAll(req.Body)
				if err != nil {
					t.Error(err)
				}
				req.Body = io.NopCloser(bytes.NewReader(body))
				sets := map[string]string{}
				for change := range strings.SplitSeq(string(body), "<Change>") {
					if _, rest, ok := strings.Cut(change, "<Action>"); ok {
						action, rest, _ := strings.Cut(rest, "</Action>")
						set, _, _ := strings.Cut(rest, "<TTL>")
						sets[set] += action + " "
					}
				}
				for set, actions := range sets {
					_, name, _ := strings.Cut(set, "<Name>")
					name, rest, _ := strings.Cut(name, ".</Name><Type>")
					typ, _, _ := strings.Cut(rest, "</Type>")
					if there := len(r.at(name, typ)) > 0; there != strings.HasPrefix(actions, "DELETE ") || strings.Count(actions, "CREATE") > 1 {
						t.Errorf("%s %s: %s", name, typ, actions)
					} else if (name == r.cfg.Service && (typ == "A" || typ == "SRV")) && kind != "" && actions != "DELETE CREATE " {
						t.Errorf("%s %s would be empty: %s", name, typ, actions)
					}
				}
				return false
			})
			r.must("register")
			r.setAddress("54.99.0.77")
			r.must("register")
			r.must("deregister")
			if batches != 3 {
				t.Errorf("%d batches", batches)
			}
		})
	}
}

func TestAZoneAtCloudflareThatTakesNoMoreRecordsIsToldOnceAndNotAskedOverAndOver(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	var writes atomic.Int32
	var room atomic.Bool
	r.between("cloudflare", func(w http.ResponseWriter, req *http.Request) bool {
		if !isPost(req) || room.Load() {
			return false
		}
		writes.Add(1)
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"success":false,"errors":[{"code":81045,"message":"Record quota exceeded."}]}`)
		return true
	})
	r.watch()
	r.said("Record quota exceeded")
	r.wantHeld()
	if n := writes.Load(); n > 2 {
		t.Errorf("it asked %d times", n)
	}
	room.Store(true)
	until(t, "it is in DNS once there is room", func() bool { return len(r.held()) == 1 })
	if n := strings.Count(r.log(), "Record quota exceeded"); n != 1 {
		t.Errorf("it was told %d times", n)
	}
}
