package userdata

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rollcall/providers"
)

func TestTheAgentsLogIsItsOwnersAndHoldsNoTokenThatAServerEchoes(t *testing.T) {
	s := startSim(t)
	for n, at := range []providers.Provider{providers.EC2, providers.Triton} {
		r := newRig(t, s, at, providers.Cloudflare, 40+n)
		token := s.Endpoints().CloudflareToken
		if at == providers.EC2 {
			r.putToken()
		}
		forms := []string{token, url.QueryEscape(token), strings.ToUpper(token), base64.StdEncoding.EncodeToString([]byte(token)), base64.StdEncoding.EncodeToString([]byte("Bearer " + token)), hex.EncodeToString([]byte(token)), token[:len(token)/2]}
		turn := 0
		r.between("cloudflare", func(w http.ResponseWriter, _ *http.Request) bool {
			w.WriteHeader(http.StatusForbidden)
			_, _ = fmt.Fprintf(w, `{"success":false,"errors":[{"code":9109,"message":"the token %s is not valid"}]}`, forms[turn%len(forms)])
			return true
		})
		log := filepath.Join(r.dir, "log")
		if err := os.WriteFile(log, nil, 0o644); err != nil { //nolint:gosec // as an older agent has left it
			t.Fatal(err)
		}
		for turn = range forms {
			_, said := r.run("register")
			if !strings.Contains(said, "is not valid") {
				t.Fatalf("%s: the answer is not told, so that nothing is shown here: %s", at, said)
			}
			for _, text := range []string{said, r.log()} {
				for from := len("Bearer ") + 3; from+12 <= len(forms[turn]); from++ { // what stands before the token is no part of it
					if strings.Contains(text, forms[turn][from:from+12]) {
						t.Fatalf("%s, form %d: a part of the token stands in %s", at, turn, text)
					}
				}
			}
		}
		if i, err := os.Stat(log); err != nil || i.Mode().Perm() != 0o600 {
			t.Errorf("%s: the log has mode %v, %v", at, i.Mode(), err)
		}
	}
}

// A secret of AWS has slashes and plus signs, which servers escape in many ways.
func TestTheAgentsLogHoldsNoSecretInAnyEncoding(t *testing.T) {
	in, err := json.Marshal([]string{"wJalrXUtnFEMI/K7MDENG+bPxRfiCYzEXAMPLEKEY/", "v1.0-aB3_dE6-gH9iJ2kL5mN8oP1qR4sT7uV0wX-yZ", "IQoJb3JpZ2luX2VjEL7//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx+/="})
	if err != nil {
		t.Fatal(err)
	}
	out := script(t, string(in), `
import base64, re, urllib.parse
a.LOG, a.ENV = "/dev/null", lambda *_: "/dev/null"
enc = {
    "as it is": lambda s: s,
    "quoted": lambda s: urllib.parse.quote(s, ""),
    "quoted, small": lambda s: urllib.parse.quote(s, "").lower(),
    "quoted for a form": lambda s: urllib.parse.quote_plus(s),
    "base64": lambda s: base64.b64encode(s.encode()).decode(),
    "base64 behind a word": lambda s: base64.b64encode(b"Bearer " + s.encode()).decode(),
    "base64 of user and secret": lambda s: base64.b64encode(b"id:" + s.encode()).decode(),
    "base64 of URLs": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 in lines": lambda s: base64.encodebytes(s.encode()).decode(),
    "hex": lambda s: s.encode().hex(),
    "HEX": lambda s: s.encode().hex().upper(),
    "JSON": lambda s: json.dumps({"t": s}),
    "JSON of PHP": lambda s: json.dumps({"t": s}).replace("/", "\\/"),
    "JSON with code points": lambda s: re.sub(r"[^A-Za-z0-9]", lambda m: "\\u%04x" % ord(m.group()), s),
    "JSON with CODE points": lambda s: re.sub(r"[^A-Za-z0-9]", lambda m: "\\u%04X" % ord(m.group()), s),
    "entities": lambda s: s.replace("/", "&#47;").replace("+", "&#43;"),
    "a repr of bytes": lambda s: repr(s.encode()),
    "cut off": lambda s: s[:25],
    "broken over lines": lambda s: "\n".join(s[i : i + 7] for i in range(0, len(s), 7)),
}
for secret in json.load(sys.stdin):
    a.keep(secret)
    for name, f in enc.items():
        text = f(secret)
        shown = a.clean("the token " + text + " is not valid")
        left = re.sub(r"[^A-Za-z0-9]", "", shown[len("the token ") : -len(" is not valid")])
        if len(left) > 9 or not shown.startswith("the token ") or not shown.endswith(" is not valid"):
            print(name, shown)
print(a.clean("Cloudflare answers 400: an identical record already exists for www.example.com A 54.1.2.3"))`)
	if string(out) != "Cloudflare answers 400: an identical record already exists for www.example.com A 54.1.2.3\n" {
		t.Errorf("shown:\n%s", out)
	}
}

func TestStatusShowsNoTokenThatAServerEchoes(t *testing.T) {
	r := node(t, providers.Triton, providers.Cloudflare)
	token := r.sim.Endpoints().CloudflareToken
	r.between("cloudflare", func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, `{"success":false,"errors":[{"code":9109,"message":"the token %s is not valid"}]}`, token)
		return true
	})
	if _, said := r.run("status"); strings.Contains(said, token[:10]) || !strings.Contains(said, "is not valid") {
		t.Errorf("it said %s", said)
	}
}
