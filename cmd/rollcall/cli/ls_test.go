package cli

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"rollcall/cmd/rollcall/exit"
	"rollcall/dnsview/rows"
	"rollcall/providers/sim/world"
)

// The keys that scripts may rely on.
var promised = map[string][]string{
	"instances": {"cloud", "provider", "id", "name", "state", "region", "type", "image", "public_ips", "private_ips", "launched", "tags", "service", "findings"},
	"records":   {"zone", "provider", "name", "type", "ttl", "value", "proxied", "owner", "findings"},
	"findings":  {"class", "severity", "record", "instance", "cloud", "reason", "evidence", "remedy"},
	"sources":   {"name", "kind", "state", "rows", "age_seconds", "error", "account", "credentials"},
	"services":  {"name", "kind", "zone", "clouds", "findings"},
}

// lists are the keys whose value is an array or an object, and never null.
var lists = []string{"public_ips", "private_ips", "tags", "findings", "evidence", "clouds", "records", "rests_on"}

func TestEveryListHasThePromisedKeysAndNoNullArrays(t *testing.T) {
	newWorld(t)
	for what, keys := range promised {
		rows := objects(t, "ls", what, "-o", "json")
		if len(rows) == 0 {
			t.Errorf("ls %s is empty", what)
		}
		for _, r := range rows {
			for _, k := range keys {
				if _, ok := r[k]; !ok {
					t.Fatalf("ls %s: no key %q in %v", what, k, r)
				}
			}
			for _, k := range lists {
				if v, ok := r[k]; ok && v == nil {
					t.Fatalf("ls %s: %q is null in %v", what, k, r)
				}
			}
		}
	}
}

func TestTheWorldIsSeenThroughTheRealAdapters(t *testing.T) {
	newWorld(t)
	clouds := map[string]int{}
	for _, r := range objects(t, "ls", "instances", "-o", "json") {
		clouds[r["cloud"].(string)]++
		if r["state"] == "terminated" {
			t.Errorf("a terminated instance without --all: %v", r)
		}
		if r["provider"] == "ec2" && !strings.HasPrefix(r["id"].(string), "i-0") {
			t.Errorf("an EC2 id that does not begin i-0: %v", r["id"])
		}
		if r["name"] == "" {
			t.Errorf("an instance without a name: %v", r)
		}
	}
	for _, c := range []string{"aws-use1", "aws-euw1", "joyent-east", "joyent-ams"} {
		if clouds[c] == 0 {
			t.Errorf("nothing of %s in %v", c, clouds)
		}
	}
	zones := map[string]int{}
	for _, r := range objects(t, "ls", "records", "-o", "json") {
		zones[r["zone"].(string)]++
		if strings.Contains(r["name"].(string), "_rollcall") {
			t.Errorf("an owner marker without --all: %v", r["name"])
		}
	}
	if zones["scalability.expert"] == 0 || zones["unilans.net"] == 0 {
		t.Errorf("zones %v", zones)
	}
	if all := objects(t, "ls", "records", "--all", "-o", "json"); len(all) <= zones["scalability.expert"]+zones["unilans.net"] {
		t.Errorf("--all shows %d records, without it %v", len(all), zones)
	}
}

func TestTheDisagreementsOfTheWorldAreFound(t *testing.T) {
	newWorld(t)
	found := map[string]map[string]int{}
	for _, f := range objects(t, "ls", "findings", "-o", "json") {
		zone := f["zone"].(string)
		if found[zone] == nil {
			found[zone] = map[string]int{}
		}
		found[zone][f["class"].(string)]++
		if f["reason"] == "" || f["remedy"] == "delete" && len(f["evidence"].([]any)) == 0 {
			t.Errorf("a finding without a reason, or a delete without evidence: %v", f)
		}
	}
	for _, zone := range []string{"scalability.expert", "unilans.net"} {
		for class, least := range map[string]int{"dead": 2, "dangling": 1, "missing": 1, "moved": 1, "stopped": 1, "foreign": 1} {
			if found[zone][class] < least {
				t.Errorf("%s: %d %s, want at least %d (%v)", zone, found[zone][class], class, least, found[zone])
			}
		}
		if n := found[zone]["unknown"]; n > 0 {
			t.Errorf("%s: %d unknown on complete sources", zone, n)
		}
	}
}

func TestAFilterAndASortHold(t *testing.T) {
	newWorld(t)
	listed := objects(t, "ls", "instances", "--filter", "cloud:joyent", "--sort", "-name", "-o", "json")
	if len(listed) == 0 {
		t.Fatal("nothing passes")
	}
	var names []string
	for _, r := range listed {
		if !strings.HasPrefix(r["cloud"].(string), "joyent") {
			t.Errorf("%v does not pass the filter", r["cloud"])
		}
		names = append(names, r["name"].(string))
	}
	if !slices.IsSortedFunc(names, func(a, b string) int { return rows.NaturalCompare(b, a) }) {
		t.Errorf("not sorted: %v", names)
	}
}

func TestEveryFormOfOutputShowsTheSameRows(t *testing.T) {
	newWorld(t)
	ids := map[string]bool{}
	for _, r := range objects(t, "ls", "instances", "-o", "json") {
		ids[r["id"].(string)] = true
	}
	rows, err := csv.NewReader(strings.NewReader(must(t, "ls", "instances", "-o", "csv"))).ReadAll()
	if err != nil || len(rows) != len(ids)+1 || rows[0][0] != "cloud" {
		t.Errorf("csv: %d rows of %d, %v, head %v", len(rows), len(ids), err, rows[0])
	}
	var y []object
	if err := yaml.Unmarshal([]byte(must(t, "ls", "instances", "-o", "yaml")), &y); err != nil || len(y) != len(ids) {
		t.Errorf("yaml: %d rows of %d, %v", len(y), len(ids), err)
	}
	for l := range strings.Lines(must(t, "ls", "instances", "-o", "name")) {
		if _, id, ok := strings.Cut(strings.TrimSpace(l), "/"); !ok || !ids[id] {
			t.Errorf("name: %q", l)
		}
	}
	if table := must(t, "ls", "instances"); strings.Count(table, "\n") != len(ids)+1 {
		t.Errorf("table: %d lines for %d rows", strings.Count(table, "\n"), len(ids))
	}
}

func TestWhatNamePrintsForARecordNamesThatRecord(t *testing.T) {
	newWorld(t)
	n := 0
	for l := range strings.Lines(must(t, "ls", "records", "-o", "name")) {
		n++
		if r, err := splitRecord(strings.TrimSpace(l)); err != nil || rows.RecordName(r.Zone, r.Name, r.Type, r.Value) != strings.TrimSpace(l) {
			t.Errorf("%q is read as %+v, %v", l, r, err)
		}
	}
	if n == 0 {
		t.Error("no records")
	}
}

func TestDriftTellsSourcesAndFindingsAndEndsIn3(t *testing.T) {
	newWorld(t)
	r := rollcall(t, "drift", "-o", "json", "--exit-code")
	if r.code != exit.Drift {
		t.Errorf("exit code %d, want 3", r.code)
	}
	d := decode[object](t, r.out)
	if n := len(d["sources"].([]any)); n != 6 {
		t.Errorf("%d sources, want 6", n)
	}
	if len(d["findings"].([]any)) == 0 {
		t.Error("no findings")
	}
	if r := rollcall(t, "drift"); r.code != exit.Done {
		t.Errorf("without --exit-code: exit code %d", r.code)
	}
	if r := rollcall(t, "drift", "--filter", "finding:ambiguous", "--exit-code", "-o", "json"); r.code != exit.Done || strings.Contains(r.out, "null,") && !strings.Contains(r.out, `"findings": []`) {
		t.Errorf("nothing passes the filter: exit code %d\n%s", r.code, r.out)
	}
}

func TestAFailedSourceIsToldAndMakesDriftUnknown(t *testing.T) {
	s := newWorld(t)
	if err := s.World().SetFault("joyent-ams", world.ServerError); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "drift", "-o", "json", "--exit-code")
	if r.code != exit.Unknown {
		t.Errorf("exit code %d, want 4", r.code)
	}
	if !strings.Contains(r.err, "joyent-ams is failed") {
		t.Errorf("stderr does not say which source failed: %s", r.err)
	}
	d := decode[driftReport](t, r.out)
	for _, src := range d.Sources {
		if failed := src.State == "failed"; failed != (src.Name == "joyent-ams") {
			t.Errorf("%s is %s", src.Name, src.State)
		}
	}
	for _, f := range d.Findings {
		if f.Remedy == "delete" {
			t.Errorf("a delete is offered while a cloud has failed: %+v", f)
		}
	}
	others := objects(t, "ls", "instances", "--filter", "cloud:aws", "-o", "json")
	if len(others) == 0 {
		t.Error("one failed source blanked the others")
	}
	for args, want := range map[string]int{ // the exit code is about what was asked for
		"instances": exit.Unknown, "instances --filter cloud:joyent": exit.Unknown, "instances --filter provider:ec2": exit.Done, "instances --allow-stale": exit.Done,
		"records": exit.Done, "findings": exit.Unknown, "services": exit.Unknown, "sources": exit.Done,
	} {
		if r := rollcall(t, append([]string{"ls"}, strings.Fields(args)...)...); r.code != want || r.out == "" {
			t.Errorf("ls %s: exit code %d, want %d", args, r.code, want)
		}
	}
}

func TestRowsOfTheLastRunStayWhenASourceFails(t *testing.T) {
	s := newWorld(t)
	before := objects(t, "ls", "instances", "--filter", "cloud:joyent-ams", "-o", "json")
	if err := s.World().SetFault("joyent-ams", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	r := rollcall(t, "ls", "instances", "--filter", "cloud:joyent-ams", "-o", "json")
	if after := decode[[]object](t, r.out); len(after) != len(before) || len(before) == 0 {
		t.Errorf("%d rows, before %d", len(after), len(before))
	}
	if !strings.Contains(r.err, "rows are") {
		t.Errorf("the age of the rows is not told: %s", r.err)
	}
}

func TestSourcesAreFoundFromCredentialsAlone(t *testing.T) {
	newWorld(t)
	setenv(t, "ROLLCALL_CONFIG", "")
	kinds := map[string]string{}
	for _, r := range objects(t, "ls", "sources", "-o", "json") {
		kinds[r["name"].(string)] = r["provider"].(string)
		if r["state"] != "complete" {
			t.Errorf("%v is %v: %v", r["name"], r["state"], r["error"])
		}
	}
	want := map[string]string{"aws-use1": "ec2", "triton": "triton", "scalability.expert": "cloudflare", "unilans.net": "route53"}
	for name, provider := range want {
		if kinds[name] != provider {
			t.Errorf("%s: %q, want %q (all: %v)", name, kinds[name], provider, kinds)
		}
	}
	if n := len(objects(t, "ls", "instances", "-o", "json")); n == 0 {
		t.Error("no instances")
	}
	for _, f := range objects(t, "ls", "findings", "-o", "json") {
		if f["remedy"] == "delete" {
			t.Errorf("a delete is offered without a fleet id: %v", f)
		}
	}
	if r := rollcall(t, "deregister", "--dead"); r.code != exit.Usage || !strings.Contains(r.err, "config init") {
		t.Errorf("without a fleet id: exit code %d, %s", r.code, r.err)
	}
}

func TestATagThatLooksLikeAFormulaIsTextInCSVAndTheSameDataInYAMLAndJSON(t *testing.T) {
	s := newWorld(t)
	all, _ := s.World().Instances("aws-use1", nil, 0, 1)
	if err := s.World().SetTags("aws-use1", all[0].ID, map[string]string{"?": "=cmd", "Name": "=HYPERLINK(\"http://x\")", "a\tb": "12:30:45"}, nil); err != nil {
		t.Fatal(err)
	}
	named := "id=" + all[0].ID
	if out := must(t, "ls", "instances", "-o", "csv", "--filter", named); !strings.Contains(out, `"'=HYPERLINK(`) {
		t.Errorf("a formula: %s", out)
	}
	if out := must(t, "ls", "instances", "-o", "csv", "--raw", "--filter", named); !strings.Contains(out, `"=HYPERLINK(`) {
		t.Errorf("raw: %s", out)
	}
	var fromYAML, fromJSON []object
	if err := yaml.Unmarshal([]byte(must(t, "ls", "instances", "-o", "yaml", "--filter", named)), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(must(t, "ls", "instances", "-o", "json", "--filter", named)), &fromJSON); err != nil {
		t.Fatal(err)
	}
	fromYAML[0]["as_of"] = fromJSON[0]["as_of"] // each command reads anew
	y, yErr := json.Marshal(fromYAML)
	if j, err := json.Marshal(fromJSON); yErr != nil || err != nil || !bytes.Equal(y, j) {
		t.Errorf("%v, %v: %s is not %s", yErr, err, y, j)
	}
}
