package userdata

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
)

// TestTheMarkerCodecsOfGoAndPythonAgree encodes and decodes the same markers on both sides.
func TestTheMarkerCodecsOfGoAndPythonAgree(t *testing.T) {
	type vector struct {
		Fleet, Cloud, Instance string
		Unix                   int64
		Quiesced               bool
		Type, Value            string
		Raw                    string // before folding
	}
	rng := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) string { return list[rng.IntN(len(list))] }
	var in []vector
	texts := []string{"", "rollcall1", "rollcall is great", "rollcall2 a b c 1", "rollcall1 a b c 01", "rollcall1 a b c -1", "rollcall1 a b c 1 q q", "rollcall1 a b c 1 q", "rollcall1 a b c 1 A", "rollcall1 a  c 1", "rollcall99999 a b c 1", "rollcall01 a b c 1", "rollcall1 a b c 1 A ~0011", "rollcall1 a b c 99999999999999", "rollcall1 a b c 1 \x7f x", "rollcall1 " + strings.Repeat("a", 100) + " b c 1"}
	for range 300 {
		v := vector{
			Fleet: pick("7f3a9c1e", "a", strings.Repeat("f", 20)), Cloud: pick("0123456789", "abcdefabcd"),
			Instance: pick("i-0123456789abcdef0", "c2f0a1b2-1111-4222-8333-444455556666", "host:lab"), Unix: rng.Int64N(1 << 34), Quiesced: rng.IntN(4) == 0,
			Type: pick("A", "AAAA", "SRV", ""),
		}
		switch v.Type {
		case "A":
			v.Raw = pick(fmt.Sprintf("54.%d.%d.%d", rng.IntN(256), rng.IntN(256), rng.IntN(256)), "54.1.02.3", " 54.1.2.3", "54.1.2", "::ffff:54.1.2.3")
		case "AAAA":
			v.Raw = pick("2001:DB8:0:0:1:0:0:1", "2001:db8::1", "::ffff:54.1.2.3", "::FFFF:3601:203", "0:0:0:0:0:ffff:54.1.2.3", "2001:db8:0:1:1:1:1:1", "fe80:0:0:0:0:0:0:1",
				"::1.2.3.4", "64:ff9b::54.1.2.3", "::", "::1", "1:2:3:4:5:6:7::", "2001:db8::0:0:1", "2001:0db8::00a1", "FE80::1%eth0", "2001:db8::g", "54.1.2.3")
			if rng.IntN(2) == 0 {
				var raw [16]byte
				for i := range raw {
					raw[i] = byte(rng.IntN(256)) * byte(rng.IntN(2))
				}
				v.Raw = netip.AddrFrom16(raw).StringExpanded()
			}
		case "SRV":
			v.Raw = pick("0 10 4218 www-01.Example.COM.", "00 5 80 a.example.com", "1 2 3 "+strings.Repeat("long.", 20)+"example.com.", "65535 065535 0 a.example.com", "+1 ² 3 a.example.com")
		}
		in = append(in, v)
		o := providers.Owner{Fleet: v.Fleet, Cloud: providers.CloudKey(v.Cloud), Instance: v.Instance, Registered: time.Unix(v.Unix, 0), Quiesced: v.Quiesced}
		if v.Type != "" {
			o = o.For(v.Type, v.Raw)
		}
		if text, err := o.Encode(); err == nil {
			texts = append(texts, text)
			b := []byte(text) // and the same with a byte changed
			b[rng.IntN(len(b))] = byte(' ' + rng.IntN(95))
			texts = append(texts, string(b))
		}
	}
	stdin, _ := json.Marshal(map[string]any{"encode": in, "decode": texts})
	for version, python := range pythons(t) {
		var out struct {
			Encoded []string
			Decoded []any
		}
		if err := json.Unmarshal(scriptBy(t, python, string(stdin), `
i = json.load(sys.stdin)
enc = []
for v in i["encode"]:
    try:
        enc.append(a.Marker(v["Fleet"], v["Cloud"], v["Instance"], v["Unix"], v["Quiesced"], v["Type"], a.fold(v["Type"], v["Raw"])).encode())
    except a.Fail:
        enc.append("")
json.dump({"encoded": enc, "decoded": [a.decode(t) for t in i["decode"]]}, sys.stdout)`), &out); err != nil {
			t.Fatal(err)
		}
		for i, v := range in {
			o := providers.Owner{Fleet: v.Fleet, Cloud: providers.CloudKey(v.Cloud), Instance: v.Instance, Registered: time.Unix(v.Unix, 0), Quiesced: v.Quiesced}
			if v.Type != "" {
				o = o.For(v.Type, v.Raw)
			}
			want, err := o.Encode()
			if err != nil {
				want = ""
			}
			if out.Encoded[i] != want {
				t.Errorf("%+v\nPython %s %q\nGo %q", v, version, out.Encoded[i], want)
			}
		}
		for i, text := range texts {
			o, err := providers.DecodeOwner(text)
			var want any
			switch {
			case err == nil:
				want = []any{o.Fleet, string(o.Cloud), o.Instance, float64(o.Registered.Unix()), o.Quiesced, o.Type, o.Value}
			case errors.Is(err, providers.ErrNotMarker):
			default:
				want = false
			}
			if fmt.Sprint(out.Decoded[i]) != fmt.Sprint(want) {
				t.Errorf("%q\nPython %s %v\nGo %v (%v)", text, version, out.Decoded[i], want, err)
			}
		}
	}
}

func TestTheCloudKeysOfGoAndPythonAgree(t *testing.T) {
	out := script(t, "", `print(a.cloud_key("ec2", "123456789012", "us-east-1"), a.cloud_key("triton", "9a8b-c", "US-East-1"))`)
	want := fmt.Sprintf("%s %s\n", providers.NewCloudKey(providers.EC2, "123456789012", "us-east-1"), providers.NewCloudKey(providers.Triton, "9a8b-c", "us-east-1"))
	if string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
}
