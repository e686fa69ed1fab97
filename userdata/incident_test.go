package userdata

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// The console's own quiesce, step by step with the node rebooting in between, is played in dnsview/apply.
func TestIncidentANodeThatRebootsWhileItIsQuiescedStaysOut(t *testing.T) {
	everywhere(t, func(t *testing.T, at, dns providers.Provider) {
		r := node(t, at, dns)
		r.watch()
		r.registered(1)
		r.quiesce(time.Unix(1_700_000_000, 0))
		out := records(t, r.sim, r.cfg.Zone)
		r.said("quiesced by an operator")
		for boots := 1; boots <= 2; boots++ {
			r.must("deregister") // what ExecStop runs
			before := strings.Count(r.log(), "quiesced by an operator")
			r.watch()
			until(t, "it has booted and looked", func() bool { return strings.Count(r.log(), "quiesced by an operator") > before })
			if got := records(t, r.sim, r.cfg.Zone); !slices.EqualFunc(got, out, func(a, b providers.Record) bool { return a.Equal(&b) }) {
				t.Errorf("boot %d has put something back: %v", boots, r.at(r.cfg.Service, "A"))
			}
		}
	})
}

// quiesce leaves of the node what a console leaves that takes it out of DNS, all at once.
func (r *rig) quiesce(registered time.Time) {
	r.t.Helper()
	text, err := providers.Owner{Fleet: r.cfg.Fleet, Cloud: r.key, Instance: r.id, Registered: registered, Quiesced: true}.For("A", r.addr).Encode()
	if err != nil {
		r.t.Fatal(err)
	}
	name := providers.MarkerName(r.id, r.cfg.Service)
	r.tamper(func(tx *world.Tx) {
		if s := tx.Set(r.cfg.Service, "A", ""); s != nil {
			tx.Delete(s)
			tx.Put(&world.Set{Name: name, Type: "TXT", TTL: 60, Values: []string{`"` + text + `"`}})
			return
		}
		for _, c := range slices.Clone(tx.Records()) {
			if c.Name == r.cfg.Service && c.Type == "A" {
				tx.RemoveRecord(c.ID)
			}
		}
		tx.AddRecord(&world.Record{ID: "0123456789abcdef0123456789abcdef", Name: name, Type: "TXT", Content: `"` + text + `"`, TTL: 60})
	})
}

func TestAMarkerGoesWithItsValueNeverAlone(t *testing.T) {
	out := script(t, "", `
me = a.Marker("f1", "0123456789", "i-1", 1700000000, False, "", "")
marks = [a.txt(me._replace(type="A", value="198.51.100.1").encode()), a.txt(me._replace(type="AAAA", value="2001:db8::1").encode())]
r = a.Route53.__new__(a.Route53)
r.me, r.cfg, sent = me, {"ttl": 60}, []
r.submit = sent.append
# The AAAA set was answered as an empty list.
r.seen = {("i-1._rollcall.p.example.com", "TXT"): (60, marks), ("p.example.com", "A"): (60, ["198.51.100.1"]), ("p.example.com", "AAAA"): (None, []), ("p.example.com", "SRV"): (None, []), ("p.example.com", "others"): []}
print(r.leave(["p.example.com"]), [(k, new[1] == [] if k[1] == "A" else new[1] == marks[1:]) for k, old, new in sent[0]])
del sent[:]
print(r.join(["p.example.com"], {("p.example.com", "A"): "198.51.100.1"}), sent)
`)
	want := "['p.example.com A 198.51.100.1'] [(('p.example.com', 'A'), True), (('i-1._rollcall.p.example.com', 'TXT'), True)]\nFalse []\n"
	if string(out) != want {
		t.Errorf("got  %swant %s", out, want)
	}
}

func TestANodeThatIsQuiescedWhileItRegistersAtCloudflareTakesItselfBack(t *testing.T) {
	out := script(t, "", `
class DNS:
    seen, made, asked, gone = {}, [], 0, []
    def quiesced(self, names):
        self.asked += 1
        return self.asked > 1
    def join(self, names, want):
        return True
    def leave(self, names):
        self.gone += names
class Here:
    def look(self):
        pass
n = a.Node.__new__(a.Node)
n.cfg, n.here, n.dns = {"dns": "cloudflare"}, Here(), DNS()
n.wanted = lambda: {("p.example.com", "A"): "198.51.100.1"}
n.names = lambda: ["p.example.com"]
n.out = lambda names: n.dns.quiesced(names)
print(n.register(), n.dns.gone)
# The second question finds no answer, and the next try begins with the operator's word.
class Silent(DNS):
    gone = []
    def quiesced(self, names):
        if DNS.quiesced(self, names) and self.asked == 2:
            raise a.Again("no answer")
        return self.asked > 1
a.time.sleep = lambda s: None
n.dns = Silent()
print(n.register(), n.dns.gone)
# What was there before this run is left to whoever returns the node.
class Out(DNS):
    gone = []
    def quiesced(self, names):
        return True
n.dns = Out()
print(n.register(), n.dns.gone)
`)
	if string(out) != "False ['p.example.com']\nFalse ['p.example.com']\nFalse []\n" {
		t.Errorf("got %s", out)
	}
}
