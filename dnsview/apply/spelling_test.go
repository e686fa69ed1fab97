package apply

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsr53 "github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"rollcall/dnsview/plan"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/budget"
	"rollcall/providers/cloudflare"
	"rollcall/providers/route53"
	"rollcall/providers/sim"
	"rollcall/providers/sim/simtest"
	"rollcall/providers/sim/world"
)

// takeAway deletes records, as a plan does, and returns what the journal would know of it.
func takeAway(t *rapid.T, account providers.WritableDNS, zone providers.Zone, rows []providers.Record) []plan.Done {
	var done []plan.Done
	for i := range rows {
		c := providers.Change{Op: providers.OpDelete, Before: rows[i]}
		if r := account.Apply(context.Background(), zone, []providers.Change{c})[0]; r.Err != nil {
			t.Fatalf("%s is not deleted: %v", &rows[i], r.Err)
		}
		// The journal is a file: what it holds went through JSON.
		b, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		var kept providers.Change
		if err := json.Unmarshal(b, &kept); err != nil {
			t.Fatal(err)
		}
		done = append(done, plan.Done{Entry: fmt.Sprint(i), Zone: zone.Name, Change: &kept})
	}
	return done
}

// bringBack carries out the plan that takes back what was done.
func bringBack(t *rapid.T, account providers.WritableDNS, zone providers.Zone, done []plan.Done) {
	p := plan.Undo(nil, done...)
	if len(p.Steps) != len(done) {
		t.Fatalf("%d of %d changes are undone: %v", len(p.Steps), len(done), p.Skipped)
	}
	for _, s := range p.Steps {
		if r := account.Apply(context.Background(), zone, []providers.Change{*s.Change})[0]; r.Err != nil {
			t.Fatalf("%s: %v", s.Sentence, r.Err)
		}
	}
}

func rowsOf(t *rapid.T, account providers.WritableDNS, zone providers.Zone, keep func(r *providers.Record) bool) []providers.Record {
	var all []providers.Record
	if cov := account.Records(context.Background(), zone, func(p []providers.Record) { all = append(all, p...) }); !cov.Complete() {
		t.Fatal(cov.Err)
	}
	providers.AttachOwners(all)
	return slices.DeleteFunc(all, func(r providers.Record) bool { return !keep(&r) })
}

// mapped and other odd but legal spellings of IPv6 addresses.
var ipv6Spellings = []string{
	"::ffff:34.201.45.18", "::ffff:22c9:2d12", "2001:DB8::1", "2001:db8:0:0:0:0:0:2", "2001:0db8:0000::0003", "::1", "::", "fe80::1", "64:ff9b::192.0.2.33", "::192.0.2.1",
}

// text returns character strings with all that needs an escape.
func text(t *rapid.T) []string {
	return rapid.SliceOfN(rapid.OneOf(
		rapid.SampledFrom([]string{"", `"`, `\`, `a"b\c`, "v=spf1 -all", "Grüße, Welt", "tab\there", ";", "  spaces  ", strings.Repeat("x", 255), "\\052", "null\x00byte", "$(id)"}),
		rapid.StringOfN(rapid.RuneFrom([]rune(`ab "\;@$()ü€=`)), 0, 60, 200),
	), 1, 4).Draw(t, "text")
}

// octalText writes character strings as Route 53 takes them; with loose, what need not be escaped is escaped too.
func octalText(parts []string, loose bool) string {
	var b strings.Builder
	for i, p := range parts {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteByte('"')
		for _, c := range []byte(p) {
			switch {
			case c == '"' || c == '\\':
				b.WriteByte('\\')
				b.WriteByte(c)
			case c < ' ' || c >= 0x7f || loose && (c == 'a' || c == ' '):
				fmt.Fprintf(&b, `\%03o`, c)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('"')
	}
	return b.String()
}

// route53Values draws values of a type, in legal spellings.
func route53Values(t *rapid.T, typ string) []string {
	pick := func(v ...string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(v), 1, 2, rapid.ID).Draw(t, "values")
	}
	one := func(v ...string) []string { return []string{rapid.SampledFrom(v).Draw(t, "value")} }
	switch typ {
	case "A":
		return pick("192.0.2.1", "198.51.100.7", "0.0.0.0")
	case "AAAA":
		return one(ipv6Spellings...)
	case "CNAME":
		return one("Target.Example.NET.", "target.example.net", `\052.example.net.`, `a\056b.example.net.`)
	case "NS", "PTR":
		return pick("NS1.Example.net.", "ns2.example.net", `My\040Printer._ipp._tcp.example.net.`)
	case "MX":
		return pick("10 Mail.example.net.", "0 .", "010 mail2.example.net", "20  mail3.example.net.")
	case "SRV":
		return pick("0 0 0 .", "10 20 5060 Sip.example.net.", "1 02 3 sip.example.net", "65535 65535 65535 x.example.net.")
	case "CAA":
		return pick(`0 issue "letsencrypt.org"`, `128 iodef "mailto:a@example.net"`, `0  issuewild ";"`, `0 issue "ca.example.net; account=1"`)
	case "DS":
		return pick("12345 3 1 123456789ABCDEF67890123456789ABCDEF67890", "12345 13 2 "+strings.Repeat("ab", 32))
	case "HTTPS", "SVCB":
		return pick(`1 . alpn="h3,h2" ipv4hint=192.0.2.1`, "0 Svc.example.net.", `16 svc.example.net. alpn="h2" port="8443"`)
	case "NAPTR":
		return pick(`100 50 "u" "sip+E2U" "!^(\\+441632960083)$!sip:\\1@example.com!" .`, `10 100 "S" "SIP+D2U" "" _sip._udp.Example.net.`)
	case "SSHFP":
		return pick("1 1 09F6A01D2175742B257C6B98B7C72C44C4040683", "4 2 "+strings.Repeat("0a", 32))
	case "TLSA":
		return pick("3 1 1 "+strings.Repeat("AB", 32), "0 0 1 "+strings.Repeat("cd", 32))
	}
	return []string{octalText(text(t), rapid.Bool().Draw(t, "loose"))}
}

// What Route 53 holds is the same to the byte after it was read, deleted and brought back: values as they
// were spelled, TTL, set identifier, weight, health check, and the TTL of the marker.
func TestWhatRoute53HeldComesBackToTheByte(t *testing.T) {
	s := simtest.Start(t, sim.Options{})
	e := s.Endpoints()
	creds := credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")
	client := awsr53.New(awsr53.Options{Region: e.AWSRegion, Credentials: creds, BaseEndpoint: aws.String(e.AWS)})
	account, err := route53.New(route53.Config{Endpoint: e.AWS, Budget: budget.New("r53", 1e6, 1e6), AWS: &aws.Config{Region: e.AWSRegion, Credentials: creds}})
	if err != nil {
		t.Fatal(err)
	}
	var zone providers.Zone
	account.Zones(t.Context(), func(p []providers.Zone) { zone = p[0] })
	change := func(t *rapid.T, action types.ChangeAction, sets ...types.ResourceRecordSet) {
		var all []types.Change
		for i := range sets {
			all = append(all, types.Change{Action: action, ResourceRecordSet: &sets[i]})
		}
		if _, err := client.ChangeResourceRecordSets(context.Background(), &awsr53.ChangeResourceRecordSetsInput{HostedZoneId: &zone.ID, ChangeBatch: &types.ChangeBatch{Changes: all}}); err != nil {
			t.Fatal(err)
		}
	}
	held := func(t *rapid.T, name string) (sets []types.ResourceRecordSet) {
		out, err := client.ListResourceRecordSets(context.Background(), &awsr53.ListResourceRecordSetsInput{HostedZoneId: &zone.ID, StartRecordName: &name})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range out.ResourceRecordSets {
			if strings.HasSuffix(*s.Name, name+".") {
				slices.SortFunc(s.ResourceRecords, func(a, b types.ResourceRecord) int { return strings.Compare(*a.Value, *b.Value) })
				sets = append(sets, s)
			}
		}
		return sets
	}
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		n++
		typ := rapid.SampledFrom([]string{"A", "AAAA", "CAA", "CNAME", "DS", "HTTPS", "MX", "NAPTR", "NS", "PTR", "SPF", "SRV", "SSHFP", "SVCB", "TLSA", "TXT"}).Draw(t, "type")
		name := fmt.Sprintf("r%d.unilans.net", n)
		set := types.ResourceRecordSet{Name: &name, Type: types.RRType(typ), TTL: aws.Int64(rapid.SampledFrom([]int64{0, 30, 60, 300, 86400, 2147483647}).Draw(t, "ttl"))}
		for _, v := range route53Values(t, typ) {
			set.ResourceRecords = append(set.ResourceRecords, types.ResourceRecord{Value: aws.String(v)})
		}
		if typ != "NS" && typ != "DS" && rapid.Bool().Draw(t, "routed") {
			set.SetIdentifier = aws.String(rapid.SampledFrom([]string{"one", "Two words", "ü%20"}).Draw(t, "set"))
			switch rapid.IntRange(0, 3).Draw(t, "policy") {
			case 0:
				set.Weight = aws.Int64(rapid.SampledFrom([]int64{0, 1, 255}).Draw(t, "weight"))
			case 1:
				set.Failover = types.ResourceRecordSetFailoverSecondary
			case 2:
				set.GeoLocation = &types.GeoLocation{CountryCode: aws.String("*")}
			default:
				set.Region = types.ResourceRecordSetRegionUsEast1
			}
			if rapid.Bool().Draw(t, "health") {
				set.HealthCheckId = aws.String("abcdef11-2222-3333-4444-555555fedcba")
			}
		}
		sets := []types.ResourceRecordSet{set}
		if rapid.Bool().Draw(t, "owned") {
			o := providers.Owner{Fleet: "f1", Cloud: "0123456789", Instance: "i-0123456789abcdef0", Registered: time.Unix(1700000000, 0).UTC()}
			marker := types.ResourceRecordSet{Name: aws.String(providers.MarkerName(o.Instance, name)), Type: types.RRTypeTxt, TTL: aws.Int64(rapid.SampledFrom([]int64{30, 60, 300, 3600}).Draw(t, "marker's TTL"))}
			change(t, types.ChangeActionCreate, set)
			for _, r := range rowsOf(t, account, zone, func(r *providers.Record) bool { return r.Name == name }) {
				text, err := o.For(r.Type, r.Value).Encode()
				if err != nil {
					t.Skip("no room in a marker")
				}
				marker.ResourceRecords = append(marker.ResourceRecords, types.ResourceRecord{Value: aws.String(`"` + text + `"`)})
			}
			change(t, types.ChangeActionCreate, marker)
			sets = append(sets, marker)
		} else {
			change(t, types.ChangeActionCreate, set)
		}
		before := held(t, name)
		if len(before) != len(sets) {
			t.Fatalf("%d sets are there, want %d", len(before), len(sets))
		}
		done := takeAway(t, account, zone, rowsOf(t, account, zone, func(r *providers.Record) bool { return r.Name == name }))
		if left := held(t, name); len(left) != 0 {
			t.Fatalf("left behind: %+v", left)
		}
		bringBack(t, account, zone, done)
		if d := cmp.Diff(before, held(t, name), cmpopts.IgnoreUnexported(types.ResourceRecordSet{}, types.ResourceRecord{}, types.GeoLocation{})); d != "" {
			t.Fatalf("what came back is not what was there:\n%s", d)
		}
		change(t, types.ChangeActionDelete, before...)
	})
}

// cloudflareRecord draws a record as a client of the API would make it.
func cloudflareRecord(t *rapid.T) map[string]any {
	pick := func(what string, v ...string) string { return rapid.SampledFrom(v).Draw(t, what) }
	num := func(what string, v ...int) int { return rapid.SampledFrom(v).Draw(t, what) }
	long := strings.Repeat("ab", 32)
	typ := pick("type", "A", "AAAA", "CAA", "CERT", "CNAME", "DNSKEY", "DS", "HTTPS", "LOC", "MX", "NAPTR", "NS", "OPENPGPKEY", "PTR", "SMIMEA", "SRV", "SSHFP", "SVCB", "TLSA", "TXT", "URI")
	r := map[string]any{"type": typ, "ttl": num("ttl", 1, 60, 120, 300, 86400), "comment": pick("comment", "", "by hand", "ü, with \"quotes\"")}
	data := func(kv ...any) {
		d := map[string]any{}
		for i := 0; i < len(kv); i += 2 {
			d[kv[i].(string)] = kv[i+1]
		}
		r["data"] = d
	}
	switch typ {
	case "A":
		r["content"], r["proxied"] = pick("content", "192.0.2.1", "198.51.100.9"), rapid.Bool().Draw(t, "proxied")
	case "AAAA":
		r["content"] = rapid.SampledFrom(ipv6Spellings).Draw(t, "content")
	case "CNAME":
		r["content"], r["settings"] = pick("content", "Target.example.net", "target.example.net."), map[string]any{"flatten_cname": rapid.Bool().Draw(t, "flatten")}
	case "NS", "PTR":
		r["content"] = pick("content", "ns1.example.net", "NS2.example.net.")
	case "MX":
		r["content"], r["priority"] = pick("content", ".", "Mail.example.net"), num("priority", 0, 10, 65535)
	case "TXT":
		parts := text(t)
		if rapid.Bool().Draw(t, "quoted") {
			r["content"] = providers.FormatTXT(parts)
		} else if r["content"] = strings.ReplaceAll(strings.Join(parts, ""), "\x00", ""); strings.TrimSpace(r["content"].(string)) == "" {
			r["content"] = "x"
		}
	case "OPENPGPKEY":
		r["content"] = "bWlnaHR5c2VjcmV0"
	case "SRV":
		data("priority", num("priority", 0, 10), "weight", num("weight", 0, 65535), "port", 5060, "target", pick("target", ".", "Sip.example.net", "sip.example.net."))
	case "CAA":
		data("flags", num("flags", 0, 128), "tag", pick("tag", "issue", "iodef"), "value", pick("value", "letsencrypt.org", ";", "ca.example.net; account=\"1\""))
	case "URI":
		r["priority"] = num("priority", 0, 10, 65535)
		data("weight", num("weight", 0, 5), "target", pick("target", "https://Example.net/a?b=c", "sip:a@example.net"))
	case "HTTPS", "SVCB":
		data("priority", num("priority", 0, 1, 16), "target", pick("target", ".", "svc.example.net"), "value", pick("value", "", `alpn="h3,h2"`, `alpn="h2" port="8443"`))
	case "NAPTR":
		data("order", num("order", 0, 100), "preference", 50, "flags", pick("flags", "U", "S", ""), "service", "E2U+sip", "regex", pick("regex", "", "!^.*$!sip:info@example.net!"), "replacement", pick("replacement", ".", "_sip._udp.example.net"))
	case "LOC":
		data("lat_degrees", 52, "lat_minutes", 22, "lat_seconds", rapid.SampledFrom([]float64{0, 23.5, 59.999}).Draw(t, "seconds"), "lat_direction", pick("lat", "N", "S"),
			"long_degrees", 4, "long_minutes", 53, "long_seconds", 32, "long_direction", pick("long", "E", "W"), "altitude", num("altitude", 0, 100), "size", 1, "precision_horz", 10000, "precision_vert", 10)
	case "SSHFP":
		data("algorithm", num("algorithm", 1, 4), "type", 2, "fingerprint", pick("fingerprint", long, strings.ToUpper(long)))
	case "TLSA", "SMIMEA":
		data("usage", num("usage", 0, 3), "selector", 1, "matching_type", 1, "certificate", pick("certificate", long, strings.ToUpper(long)))
	case "DS":
		data("key_tag", num("key tag", 0, 65535), "algorithm", 13, "digest_type", 2, "digest", pick("digest", long, strings.ToUpper(long)))
	case "DNSKEY":
		data("flags", num("flags", 256, 257), "protocol", 3, "algorithm", 13, "public_key", "mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==")
	case "CERT":
		data("type", num("kind", 1, 6), "key_tag", 0, "algorithm", 13, "certificate", "bWlnaHR5c2VjcmV0")
	}
	if rapid.Bool().Draw(t, "tagged") {
		r["tags"] = []string{"team:dns", "a:b"}
	}
	return r
}

// What Cloudflare holds is the same to the byte after it was read, deleted and brought back: content or
// data as they were, priority, TTL, proxying, comment, tags and settings.
func TestWhatCloudflareHeldComesBackToTheByte(t *testing.T) {
	s := simtest.Start(t, sim.Options{})
	z, err := s.World().Zone(world.CloudflareZone)
	if err != nil {
		t.Fatal(err)
	}
	z.AllowTags(10)
	e := s.Endpoints()
	account, err := cloudflare.New(cloudflare.Config{BaseURL: e.Cloudflare, Token: e.CloudflareToken, Budget: budget.New("cf", 1e6, 1e6)})
	if err != nil {
		t.Fatal(err)
	}
	zone := providers.Zone{Name: z.Name, ID: z.ID, Provider: providers.Cloudflare, Traits: adapters.Declared(providers.Cloudflare).Traits}
	call := func(t *rapid.T, method, path string, body any) (out struct {
		Success bool
		Errors  []map[string]any
		Result  json.RawMessage
	},
	) {
		b, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		req, err := http.NewRequestWithContext(context.Background(), method, strings.TrimSuffix(e.Cloudflare, "/")+"/zones/"+z.ID+"/dns_records"+path, bytes.NewReader(b))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+e.CloudflareToken)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if err := json.NewDecoder(resp.Body).Decode(&out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	held := func(t *rapid.T, name string) (all []map[string]any) {
		if err := json.Unmarshal(call(t, "GET", "?name="+name, nil).Result, &all); err != nil {
			t.Fatal(err)
		}
		for _, r := range all {
			if tags, ok := r["tags"].([]any); ok { // a set
				slices.SortFunc(tags, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
			}
			for _, k := range []string{"id", "created_on", "modified_on", "comment_modified_on"} {
				delete(r, k)
			}
		}
		return all
	}
	n := 0
	seen := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		n++
		in := cloudflareRecord(t)
		name := fmt.Sprintf("r%d.%s", n, z.Name)
		in["name"] = name
		if out := call(t, "POST", "", in); !out.Success {
			t.Fatalf("the embedded Cloudflare refuses %v: %v", in, out.Errors)
		}
		before := held(t, name)
		rows := rowsOf(t, account, zone, func(r *providers.Record) bool { return r.Name == name })
		if len(rows) != 1 || len(before) != 1 {
			t.Fatalf("%d rows of %d records", len(rows), len(before))
		}
		done := takeAway(t, account, zone, rows)
		if left := held(t, name); len(left) != 0 {
			t.Fatalf("left behind: %v", left)
		}
		bringBack(t, account, zone, done)
		if d := cmp.Diff(before, held(t, name)); d != "" {
			t.Fatalf("what came back is not what was there:\n%s", d)
		}
		// Read anew, it is the same row again.
		again := rowsOf(t, account, zone, func(r *providers.Record) bool { return r.Name == name })
		if len(again) != 1 || again[0].Value != rows[0].Value || again[0].Raw != rows[0].Raw {
			t.Fatalf("read anew: %+v, not %+v", again, rows)
		}
		seen[in["type"].(string)] = true
		takeAway(t, account, zone, again)
	})
	if len(seen) < 15 {
		t.Logf("only some types were tried: %v", slices.Sorted(maps.Keys(seen)))
	}
}
