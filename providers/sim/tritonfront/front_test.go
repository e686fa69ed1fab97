package tritonfront

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers/providertest"
	"rollcall/providers/sim/world"
)

const cloud = "joyent-east"

// rsaKey is made once: it takes a moment.
var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// site is a running front, its world's clock and a client that signs.
type site struct {
	t      *testing.T
	w      *world.World
	url    string
	clock  *providertest.Clock
	signer crypto.Signer
	public ssh.PublicKey

	algorithm string
	target    bool   // sign (request-target) too
	keyID     string // overrides the key id
	date      func() string
}

func newSite(t *testing.T, signer crypto.Signer) *site {
	t.Helper()
	public, err := ssh.NewPublicKey(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, clock: providertest.NewClock(time.Unix(1_790_000_000, 0)), signer: signer, public: public, algorithm: "rsa-sha256", target: true}
	s.w = world.New(world.Options{Seed: 1, Clock: s.clock.Clock})
	s.date = func() string { return time.Now().UTC().Format(http.TimeFormat) }
	h := New(s.w, Options{
		Cloud: cloud, Keys: []ssh.PublicKey{public}, Users: map[string][]ssh.PublicKey{"deploy": {public}},
		DataCenters: map[string]string{"us-east-1": "http://here", "eu-ams-1": "http://there"},
	})
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	s.url = srv.URL
	return s
}

func rsaSite(t *testing.T) *site { t.Helper(); return newSite(t, rsaKey()) }

// reaction is what came back, without the body.
type reaction struct {
	Status     string
	StatusCode int
	Header     http.Header
}

// do sends one signed request. in is sent as JSON unless it is nil; out is
// filled from the answer unless it is nil.
func (s *site) do(method, path string, in, out any) reaction {
	s.t.Helper()
	res, err := s.try(method, path, in, out)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return res
}

func (s *site) try(method, path string, in, out any) (reaction, error) {
	s.t.Helper()
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			s.t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(s.t.Context(), method, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	req.Header.Set("Date", s.date())
	req.Header.Set("Authorization", s.sign(req))
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return reaction{}, err
	}
	b, err := io.ReadAll(res.Body)
	_ = res.Body.Close()
	if err != nil {
		return reaction{}, err
	}
	if out != nil {
		if err := json.Unmarshal(b, out); err != nil {
			s.t.Fatalf("%s %s: %s: %v in %q", method, path, res.Status, err, b)
		}
	}
	return reaction{res.Status, res.StatusCode, res.Header}, nil
}

func (s *site) sign(req *http.Request) string {
	text, headers := "date: "+req.Header.Get("Date"), "date"
	if s.target {
		text, headers = "(request-target): "+strings.ToLower(req.Method)+" "+req.URL.RequestURI()+"\n"+text, "(request-target) date"
	}
	hash := crypto.SHA256
	if strings.HasSuffix(s.algorithm, "sha1") {
		hash = crypto.SHA1
	}
	h := hash.New()
	h.Write([]byte(text))
	value, err := s.signer.Sign(rand.Reader, h.Sum(nil), hash)
	if err != nil {
		s.t.Fatal(err)
	}
	id := s.keyID
	if id == "" {
		id = "/ops/keys/" + ssh.FingerprintLegacyMD5(s.public)
	}
	return fmt.Sprintf(`Signature keyId="%s",algorithm="%s",headers="%s",signature="%s"`, id, s.algorithm, headers, base64.StdEncoding.EncodeToString(value))
}

type refusal struct{ Code, Message string }

// refused expects an error in CloudAPI's form.
func (s *site) refused(method, path string, in any, status int, code string) {
	s.t.Helper()
	var e refusal
	if res := s.do(method, path, in, &e); res.StatusCode != status || e.Code != code || e.Message == "" {
		s.t.Errorf("%s %s: %d %+v, want %d %s", method, path, res.StatusCode, e, status, code)
	}
}

type machine struct {
	ID, Name, State, Package, PrimaryIP string
	IPs, Networks                       []string
	Tags                                map[string]any
	Metadata                            map[string]string
}

func TestThePagesOfAListCountThemselvesAndHEADCountsAll(t *testing.T) {
	s := rsaSite(t)
	_, total := s.w.Instances(cloud, nil, 0, 1)
	if res := s.do("HEAD", "/my/machines?limit=5", nil, nil); res.Header.Get("X-Resource-Count") != strconv.Itoa(total) {
		t.Errorf("HEAD says %s of %d", res.Header.Get("X-Resource-Count"), total)
	}
	seen := map[string]bool{}
	for offset := 0; ; offset += 5 {
		var page []machine
		res := s.do("GET", fmt.Sprintf("/ops/machines?limit=5&offset=%d", offset), nil, &page)
		if res.Header.Get("X-Resource-Count") != strconv.Itoa(len(page)) || res.Header.Get("X-Query-Limit") != "5" {
			t.Fatalf("offset %d: %d rows, headers %v", offset, len(page), res.Header)
		}
		for _, m := range page {
			seen[m.ID] = true
		}
		if len(page) < 5 {
			break
		}
	}
	if len(seen) != total {
		t.Errorf("%d machines in pages, %d in all", len(seen), total)
	}
	s.refused("GET", "/my/machines?limit=1001", nil, 409, "InvalidArgument")
	s.refused("GET", "/my/machines?limit=ten", nil, 409, "InvalidArgument")
	s.refused("GET", "/my/machines?state=asleep", nil, 409, "InvalidArgument")
}

func TestAListIsFilteredByNameStateAndTags(t *testing.T) {
	s := rsaSite(t)
	var all []machine
	s.do("GET", "/my/machines", nil, &all)
	for query, keep := range map[string]func(machine) bool{
		"name=" + all[3].Name:              func(m machine) bool { return m.Name == all[3].Name },
		"state=running":                    func(m machine) bool { return m.State == "running" },
		"state=stopped":                    func(m machine) bool { return m.State == "stopped" },
		"tag.service=www&tag.env=prod":     func(m machine) bool { return m.Tags["service"] == "www" },
		"tag.rollcall.launch=nothing":      func(machine) bool { return false },
		"memory=1024&image=" + "not-there": func(machine) bool { return false },
	} {
		var want, got []string
		for _, m := range all {
			if keep(m) {
				want = append(want, m.ID)
			}
		}
		var page []machine
		res := s.do("GET", "/my/machines?"+query, nil, &page)
		for _, m := range page {
			got = append(got, m.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d machines (%s), want %d", query, len(got), res.Status, len(want))
		}
	}
}

func TestAMachineIsCreatedWithoutAddressesThenRunsStopsAndIsGone(t *testing.T) {
	s := rsaSite(t)
	var m machine
	res := s.do("POST", "/my/machines", map[string]any{
		"name": "fresh", "package": "g4-highcpu-1G", "image": world.DebianImage,
		"networks": []any{map[string]any{"ipv4_uuid": world.PublicNetwork}},
		"tag.role": "www", "tag.n": 7, "metadata.user-script": "#!/bin/sh\n", "firewall_enabled": false,
	}, &m)
	if res.StatusCode != 201 || m.State != "provisioning" || len(m.IPs) != 0 || len(m.Networks) != 0 || res.Header.Get("Location") != "/ops/machines/"+m.ID {
		t.Fatalf("%s %+v", res.Status, m)
	}
	i, err := s.w.Instance(cloud, m.ID)
	if err != nil || string(i.UserData) != "#!/bin/sh\n" || i.Tags["role"] != "www" || i.Tags["n"] != "7" {
		t.Errorf("the world has %+v, %v", i, err)
	}
	path := "/my/machines/" + m.ID
	s.clock.Advance(world.DefaultDelays().Boot)
	if s.do("GET", path, nil, &m); m.State != "running" || len(m.IPs) != 2 || m.PrimaryIP != m.IPs[0] {
		t.Errorf("after the boot: %+v", m)
	}
	for _, c := range []struct {
		path  string
		in    any
		wait  time.Duration
		state string
	}{
		{path, map[string]any{"action": "stop"}, world.DefaultDelays().Stop, "stopped"},
		{path + "?action=start", nil, world.DefaultDelays().Boot, "running"},
		{path + "?action=reboot", nil, 0, "running"},
	} {
		if res := s.do("POST", c.path, c.in, nil); res.StatusCode != 202 {
			t.Errorf("%s %v: %s", c.path, c.in, res.Status)
		}
		s.clock.Advance(c.wait)
		if s.do("GET", path, nil, &m); m.State != c.state {
			t.Errorf("%s %v: %s, want %s", c.path, c.in, m.State, c.state)
		}
	}
	s.do("POST", path+"?action=rename&name=older", nil, nil)
	if s.do("GET", path, nil, &m); m.Name != "older" {
		t.Errorf("after the rename: %q", m.Name)
	}
	if res := s.do("DELETE", path, nil, nil); res.StatusCode != 204 {
		t.Errorf("delete: %s", res.Status)
	}
	for _, d := range []time.Duration{0, time.Minute} {
		s.clock.Advance(d)
		if res := s.do("GET", path, nil, &m); res.StatusCode != 410 || m.State != "deleted" || m.Name != "older" {
			t.Errorf("%s after the delete: %s %+v", d, res.Status, m)
		}
		s.refused("DELETE", path, nil, 410, "Gone")
		var page []machine
		if s.do("GET", "/my/machines?name=older", nil, &page); len(page) != 0 {
			t.Errorf("%s after the delete it is listed", d)
		}
	}
	s.refused("GET", "/my/machines/6bd4d6a2-0000-4000-8000-000000000000", nil, 404, "ResourceNotFound")
}

func TestWhatCannotBeCreatedIsRefused(t *testing.T) {
	s := rsaSite(t)
	var all []machine
	s.do("GET", "/my/machines", nil, &all)
	with := func(k string, v any) map[string]any {
		m := map[string]any{"name": "fresh", "package": "g4-highcpu-1G", "image": world.DebianImage}
		if m[k] = v; v == nil {
			delete(m, k)
		}
		return m
	}
	s.refused("POST", "/my/machines", with("image", nil), 409, "MissingParameter")
	s.refused("POST", "/my/machines", with("package", nil), 409, "MissingParameter")
	s.refused("POST", "/my/machines", with("image", "nope"), 409, "InvalidArgument")
	s.refused("POST", "/my/machines", with("package", "nope"), 409, "InvalidArgument")
	s.refused("POST", "/my/machines", with("networks", []string{"nope"}), 409, "InvalidArgument")
	s.refused("POST", "/my/machines", with("name", "no spaces"), 409, "ValidationFailed")
	s.refused("POST", "/my/machines", with("name", all[0].Name), 409, "ValidationFailed")
	s.refused("POST", "/my/machines", []string{"not an object"}, 400, "InvalidContent")
	s.refused("POST", "/my/machines/"+all[0].ID, map[string]any{"action": "explode"}, 409, "InvalidArgument")
	s.refused("POST", "/my/machines/"+all[0].ID, map[string]any{}, 409, "MissingParameter")
	s.refused("GET", "/mallory/machines", nil, 404, "ResourceNotFound")
	s.refused("GET", "/my/nonsense", nil, 404, "ResourceNotFound")
}

func TestTagsAndMetadataAreAddedReplacedAndRemoved(t *testing.T) {
	s := rsaSite(t)
	var all []machine
	s.do("GET", "/my/machines", nil, &all)
	base := "/my/machines/" + all[0].ID
	var tags map[string]any
	s.do("POST", base+"/tags", map[string]any{"a": "1", "b/c": true}, &tags)
	if tags["a"] != "1" || tags["b/c"] != true || tags["service"] == nil {
		t.Errorf("added: %v", tags)
	}
	var one any
	if s.do("GET", base+"/tags/b%2Fc", nil, &one); one != true {
		t.Errorf("one tag: %v", one)
	}
	tags = nil
	if s.do("PUT", base+"/tags", map[string]any{"only": "x"}, &tags); len(tags) != 1 {
		t.Errorf("replaced: %v", tags)
	}
	if res := s.do("DELETE", base+"/tags/only", nil, nil); res.StatusCode != 204 {
		t.Error(res.Status)
	}
	s.refused("GET", base+"/tags/only", nil, 404, "ResourceNotFound")
	var md map[string]string
	if s.do("POST", base+"/metadata", map[string]any{"k": "v"}, &md); md["k"] != "v" {
		t.Errorf("metadata: %v", md)
	}
	if res := s.do("DELETE", base+"/metadata/k", nil, nil); res.StatusCode != 204 {
		t.Error(res.Status)
	}
	s.refused("DELETE", base+"/metadata/k", nil, 404, "ResourceNotFound")
	var trail []auditEntry
	if s.do("GET", base+"/audit", nil, &trail); len(trail) != 6 || trail[0].Action != "remove_metadata" || trail[5].Action != "provision" {
		t.Errorf("audit: %+v", trail)
	}
}

func TestATagKeepsTheTypeThatItWasGiven(t *testing.T) {
	s := rsaSite(t)
	var made, got struct {
		ID   string
		Tags map[string]any
	}
	s.do("POST", "/my/machines", map[string]any{
		"name": "typed", "image": world.DebianImage, "package": "g4-highcpu-1G",
		"tag.port": 8080, "tag.share": 0.25, "tag.on": true, "tag.text": "8080", "tag.word": "true", "tag.triton.cns.disable": false,
	}, &made)
	want := map[string]any{"port": 8080.0, "share": 0.25, "on": true, "text": "8080", "word": "true", "triton.cns.disable": false}
	check := func(what string) {
		t.Helper()
		got.Tags = nil
		s.do("GET", "/my/machines/"+made.ID, nil, &got)
		if !reflect.DeepEqual(got.Tags, want) {
			t.Errorf("%s: %#v, want %#v", what, got.Tags, want)
		}
	}
	check("created")
	base := "/my/machines/" + made.ID + "/tags"
	s.do("POST", base, map[string]any{"port": "8080", "text": 1e3, "more": 12345678901234567}, nil)
	want["port"], want["text"], want["more"] = "8080", 1e3, 12345678901234567.0
	check("added to")
	s.do("PUT", base, map[string]any{"on": "true", "port": 1}, nil)
	want = map[string]any{"on": "true", "port": 1.0}
	check("replaced")
	if res := s.do("DELETE", base+"/port", nil, nil); res.StatusCode != 204 {
		t.Error(res.Status)
	}
	s.do("POST", base, map[string]any{"port": "x"}, nil)
	want["port"] = "x"
	check("removed and added")
	for _, v := range []any{nil, []int{1}, map[string]int{"a": 1}} {
		s.refused("POST", base, map[string]any{"odd": v}, 409, "InvalidArgument")
	}
	var list []any
	if s.do("GET", "/my/machines?tag.port=x", nil, &list); len(list) != 1 {
		t.Errorf("found %d by a tag", len(list))
	}
}

func TestTheCatalogueIsListedFilteredAndFoundByID(t *testing.T) {
	s := rsaSite(t)
	for path, want := range map[string]int{
		"/my/images": 2, "/my/images?state=all": 2, "/my/images?name=debian-12": 1, "/my/images?os=windows": 0,
		"/my/packages": 3, "/my/packages?name=g4-general-4G": 1, "/my/packages?memory=2048": 1,
		"/my/networks": 2, "/my/keys": 1, "/my/fwrules": 0,
	} {
		var list []map[string]any
		if res := s.do("GET", path, nil, &list); res.StatusCode != 200 || len(list) != want {
			t.Errorf("%s: %s, %d rows, want %d", path, res.Status, len(list), want)
		}
	}
	for _, path := range []string{"/my/images/" + world.DebianImage, "/my/packages/g4-highcpu-1G", "/my/networks/" + world.PublicNetwork, "/my/keys/" + ssh.FingerprintLegacyMD5(s.public)} {
		if res := s.do("GET", path, nil, nil); res.StatusCode != 200 {
			t.Errorf("%s: %s", path, res.Status)
		}
	}
	s.refused("GET", "/my/images/nope", nil, 404, "ResourceNotFound")
	var dcs map[string]string
	if s.do("GET", "/my/datacenters", nil, &dcs); dcs["us-east-1"] != "http://here" || len(dcs) != 2 {
		t.Errorf("datacenters: %v", dcs)
	}
}
