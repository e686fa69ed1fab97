package boot

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rollcall/providers"
	"rollcall/providers/sim/world"
)

// rig is a metadata service with one machine of each kind of cloud.
type rig struct {
	t   *testing.T
	m   *metadata
	now time.Time
}

const (
	onEC2    = "34.200.16.21"
	onTriton = "165.225.128.21"
	nobody   = "198.51.100.77"
)

func newRig(t *testing.T) *rig {
	r := &rig{t: t, now: time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)}
	machines := map[string]struct {
		world.Cloud
		world.Instance
	}{
		onEC2: {
			world.Cloud{Provider: providers.EC2, Region: "us-east-1", Account: "123456789012"},
			world.Instance{ID: "i-0123", Public: netip.MustParseAddr(onEC2), Private: netip.MustParseAddr("10.16.0.21"), Profile: "node", UserData: []byte("#!/bin/sh\n"), Tags: map[string]string{"Name": "www-1"}},
		},
		onTriton: {
			world.Cloud{Provider: providers.Triton, Region: "eu-ams-1", Account: "an-account"},
			world.Instance{ID: "c2f0a1b2-0000-4000-8000-000000000001", Name: "www-2", Public: netip.MustParseAddr(onTriton), Metadata: map[string]string{"user-script": "#!/bin/sh\n", "sdc:uuid": "a lie"}},
		},
	}
	r.m = &metadata{
		by: world.Credentials{AWSKeyID: "AKIA", AWSSecret: "secret"}, now: func() time.Time { return r.now }, tokens: map[string]token{},
		at: func(a netip.Addr) (world.Cloud, world.Instance, bool) {
			m, ok := machines[a.String()]
			return m.Cloud, m.Instance, ok
		},
	}
	return r
}

func (r *rig) ask(from, method, path string, headers ...string) (int, string) {
	r.t.Helper()
	req := httptest.NewRequestWithContext(r.t.Context(), method, "http://"+metadataAddress+path, nil)
	req.RemoteAddr = from + ":1024"
	for n := 0; n+1 < len(headers); n += 2 {
		req.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	r.m.ServeHTTP(w, req)
	return w.Code, w.Body.String()
}

func (r *rig) token(from string) string {
	r.t.Helper()
	code, text := r.ask(from, http.MethodPut, "/latest/api/token", ttlHeader, "60")
	if code != http.StatusOK {
		r.t.Fatalf("no token: %d", code)
	}
	return text
}

func TestEC2AnswersNobodyWithoutAFreshTokenOfTheSameMachine(t *testing.T) {
	r := newRig(t)
	path := "/latest/meta-data/instance-id"
	if code, _ := r.ask(onEC2, http.MethodGet, path); code != http.StatusUnauthorized {
		t.Errorf("without a token: %d", code)
	}
	text := r.token(onEC2)
	if code, got := r.ask(onEC2, http.MethodGet, path, tokenHeader, text); code != http.StatusOK || got != "i-0123" {
		t.Errorf("with a token: %d %q", code, got)
	}
	if code, _ := r.ask(onTriton, http.MethodGet, path, tokenHeader, text); code != http.StatusNotFound {
		t.Errorf("from a machine of another cloud: %d", code)
	}
	if code, _ := r.ask(nobody, http.MethodGet, path, tokenHeader, text); code != http.StatusForbidden {
		t.Errorf("from nowhere: %d", code)
	}
	r.now = r.now.Add(61 * time.Second)
	if code, _ := r.ask(onEC2, http.MethodGet, path, tokenHeader, text); code != http.StatusUnauthorized {
		t.Errorf("with an old token: %d", code)
	}
	for _, headers := range [][]string{nil, {ttlHeader, "0"}, {ttlHeader, "21601"}, {ttlHeader, "x"}} {
		if code, _ := r.ask(onEC2, http.MethodPut, "/latest/api/token", headers...); code != http.StatusBadRequest {
			t.Errorf("a token for %v: %d", headers, code)
		}
	}
	if code, _ := r.ask(onEC2, http.MethodPut, "/latest/api/token", ttlHeader, "60", "X-Forwarded-For", "192.0.2.1"); code != http.StatusForbidden {
		t.Errorf("a token through a proxy: %d", code)
	}
}

func TestEC2ListsItsFoldersAsTheServiceDoes(t *testing.T) {
	r := newRig(t)
	text := r.token(onEC2)
	get := func(path string) string {
		t.Helper()
		code, got := r.ask(onEC2, http.MethodGet, path, tokenHeader, text)
		if code != http.StatusOK {
			t.Errorf("%s: %d", path, code)
		}
		return got
	}
	top := strings.Split(get("/2021-03-23/meta-data/"), "\n")
	for _, want := range []string{"instance-id", "placement/", "network/", "iam/", "public-ipv4"} {
		if !slices.Contains(top, want) {
			t.Errorf("%s is not in %v", want, top)
		}
	}
	if got := get("/latest/meta-data/iam/security-credentials/"); got != "node" {
		t.Errorf("the role is %q", got)
	}
	if got := get("/latest/meta-data/iam/security-credentials/node"); !strings.Contains(got, `"AccessKeyId": "ASIA`) || strings.Contains(got, `"Token": ""`) {
		t.Errorf("its credentials are %s", got)
	}
	if got := get("/latest/user-data"); got != "#!/bin/sh\n" {
		t.Errorf("the user data is %q", got)
	}
	if got := get("/latest/meta-data/tags/instance/Name"); got != "www-1" {
		t.Errorf("the name is %q", got)
	}
	for _, path := range []string{"/latest/meta-data/nothing", "/newest/meta-data/", "/mdata?key=sdc:uuid"} {
		if code, _ := r.ask(onEC2, http.MethodGet, path, tokenHeader, text); code != http.StatusNotFound {
			t.Errorf("%s: %d", path, code)
		}
	}
}

func TestTheMetadataHasTheAddressesThatAMachineHasAndNoOthers(t *testing.T) {
	m := &metadata{now: time.Now, tokens: map[string]token{}}
	c := world.Cloud{Provider: providers.EC2, Region: "us-east-1", Account: "123456789012"}
	i := world.Instance{
		ID: "i-1", Public: netip.MustParseAddr(onEC2), Private: netip.MustParseAddr("10.16.0.21"),
		Public6: netip.MustParseAddr("2600:1f18::1"), More6: []netip.Addr{netip.MustParseAddr("2600:1f18::2")},
	}
	tree := m.tree(c, &i)
	mac := "meta-data/network/interfaces/macs/" + macOf(&i)
	for path, want := range map[string]string{
		"meta-data/ipv6": "2600:1f18::1", mac + "/ipv6s": "2600:1f18::1\n2600:1f18::2", "meta-data/public-ipv4": onEC2, mac + "/public-ipv4s": onEC2,
	} {
		if tree[path] != want {
			t.Errorf("%s is %q, want %q", path, tree[path], want)
		}
	}
	if nics := m.triton(c, &i)["sdc:nics"]; !strings.Contains(nics, `"ips":["`+onEC2+`/32","2600:1f18::1/64","2600:1f18::2/64"]`) {
		t.Errorf("%s", nics)
	}
	i.Public, i.Public6, i.More6 = netip.Addr{}, netip.Addr{}, nil
	for path, v := range m.tree(c, &i) {
		if strings.Contains(path, "public-") || strings.Contains(path, "ipv6") || strings.Contains(v, "invalid") {
			t.Errorf("%s is %q", path, v)
		}
	}
	if got := m.tree(c, &i)["meta-data/local-ipv4"]; got != "10.16.0.21" {
		t.Errorf("%q", got)
	}
	_ = m.triton(c, &i)
}

func TestTritonGivesItsOwnKeysAndThoseOfTheMachine(t *testing.T) {
	r := newRig(t)
	for key, want := range map[string]string{
		"sdc:uuid": "c2f0a1b2-0000-4000-8000-000000000001", "sdc:alias": "www-2", "sdc:datacenter_name": "eu-ams-1", "sdc:owner_uuid": "an-account", "user-script": "#!/bin/sh\n",
	} {
		if code, got := r.ask(onTriton, http.MethodGet, "/mdata?key="+key); code != http.StatusOK || got != want {
			t.Errorf("%s: %d %q", key, code, got)
		}
	}
	if _, got := r.ask(onTriton, http.MethodGet, "/mdata?key=sdc:nics"); !strings.Contains(got, onTriton+"/32") {
		t.Errorf("its network cards are %s", got)
	}
	if code, _ := r.ask(onTriton, http.MethodGet, "/mdata?key=nothing"); code != http.StatusNotFound {
		t.Errorf("a key that is not there: %d", code)
	}
}
