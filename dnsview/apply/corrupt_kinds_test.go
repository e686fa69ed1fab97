package apply_test

import (
	"bytes"
	"cmp"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"
)

// corruption is one way in which answers come corrupted.
type corruption struct {
	name     string
	source   string // whose answers; empty for the zone of the API
	api      string
	ops      []string
	swallow  bool // the request does not reach the API
	change   func(p *corrupter, c *call)
	seen     bool // it shows in the answers: the source must not pass for complete
	always   bool // make test plays it, not one of some
	harmless bool // the answers say the same: all goes on
	page     int  // rows in a page of every list; the API's own number when 0
}

func (x *corruption) on(c *call) bool {
	return c.api == x.api && (x.source == "" || x.source == c.source) && slices.Contains(x.ops, c.op)
}

// where names the source that a corruption is about.
func (x *corruption) where() string {
	switch x.api {
	case "cloudflare":
		return cfZone
	case "route53":
		return sdZone
	}
	return x.source
}

// list is one listing of an adapter: all items of a kind, in pages.
type list struct {
	api, source, op string
	counted         bool // the API says how many items there are
	paged           bool
	token           *regexp.Regexp // the token of the next page
}

var lists = []list{
	{api: "ec2", source: use1, op: "DescribeInstances", paged: true, token: regexp.MustCompile(`<nextToken>[^<]*</nextToken>`)},
	{api: "ec2", source: use1, op: "DescribeNetworkInterfaces", paged: true, token: regexp.MustCompile(`<nextToken>[^<]*</nextToken>`)},
	{api: "ec2", source: use1, op: "DescribeAddresses"},
	{api: "triton", source: east, op: "ListMachines", counted: true},
	{api: "cloudflare", op: "List DNS Records", counted: true, paged: true},
	{api: "route53", op: "ListResourceRecordSets", counted: true, paged: true, token: regexp.MustCompile(`<IsTruncated>true</IsTruncated>|<NextRecordName>[^<]*</NextRecordName>|<NextRecordType>[^<]*</NextRecordType>`)},
}

const loginPage = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form>Please sign in to the network.</form></body></html>"

// body answers success with another body.
func (c *call) body(contentType, text string) {
	c.status, c.answer = http.StatusOK, []byte(text)
	c.header = c.header.Clone()
	c.header.Set("Content-Type", contentType)
}

func (c *call) set(header, value string) {
	c.header = c.header.Clone()
	if value == "" {
		c.header.Del(header)
	} else {
		c.header.Set(header, value)
	}
}

// edit changes the items of a list.
func edit(f func(items []string) []string) func(*corrupter, *call) {
	return func(_ *corrupter, c *call) {
		if items, with := c.items(); with != nil {
			c.answer = with(f(slices.Clone(items)))
		}
	}
}

// sub replaces text in answers.
func sub(pattern, by string) func(*corrupter, *call) {
	re := regexp.MustCompile(pattern)
	return func(_ *corrupter, c *call) { c.answer = re.ReplaceAll(c.answer, []byte(by)) }
}

// broken are the ways in which any answer can be broken on its way, whatever it says.
var broken = []struct {
	name     string
	change   func(p *corrupter, c *call)
	harmless bool
}{
	{"cut off inside", func(_ *corrupter, c *call) { c.answer = c.answer[:len(c.answer)*2/3] }, false},
	{"the connection breaks inside", func(_ *corrupter, c *call) { c.cut = max(1, len(c.answer)/2) }, false},
	{"the page of a proxy", func(_ *corrupter, c *call) { c.body("text/html", loginPage) }, false},
	{"nothing with 200", func(_ *corrupter, c *call) { c.body("text/plain", "") }, false},
	{"204 without a body", func(_ *corrupter, c *call) { c.status, c.answer = http.StatusNoContent, nil }, false},
	{"null", func(_ *corrupter, c *call) { c.body("application/json", "null") }, false},
	{"an empty object", func(_ *corrupter, c *call) { c.body("application/json", "{}") }, false},
	{"another content type", func(_ *corrupter, c *call) { c.set("Content-Type", "text/html; charset=iso-8859-1") }, true},
	{"a gzip header on plain text", func(_ *corrupter, c *call) { c.set("Content-Encoding", "gzip") }, false},
	{"a redirect", func(_ *corrupter, c *call) {
		c.status, c.answer = http.StatusFound, nil
		c.header = http.Header{"Location": {"/login"}, "Date": c.header["Date"]}
	}, false},
}

// listed are the ways in which the items of a list can be wrong while each answer is well formed.
func listed(l list) (all []corruption) {
	add := func(name string, seen bool, change func(p *corrupter, c *call)) {
		all = append(all, corruption{name: name, seen: seen, change: change})
	}
	isAddrs := l.op == "DescribeNetworkInterfaces" || l.op == "DescribeAddresses"
	add("a page cut off at an item", l.counted, edit(func(i []string) []string { return i[:len(i)/2] }))
	add("empty", !isAddrs, edit(func([]string) []string { return nil }))
	if l.api == "cloudflare" {
		add("empty, and the total says so", false, func(p *corrupter, c *call) {
			c.answer = regexp.MustCompile(`"(count|total_count|total_pages)":\d+`).ReplaceAll(c.answer, []byte(`"$1":0`))
			edit(func([]string) []string { return nil })(p, c)
		})
	}
	add("the first item missing", l.counted, edit(func(i []string) []string { return i[min(1, len(i)):] }))
	add("an item twice", l.counted, edit(func(i []string) []string { return append(i[:len(i):len(i)], i[:min(1, len(i))]...) }))
	if l.op != "DescribeAddresses" {
		add("an item in the place of another", !isAddrs && l.op != "DescribeInstances", edit(func(i []string) []string {
			if len(i) > 1 {
				i[len(i)-2] = i[len(i)-1]
			}
			return i
		}))
	}
	add("every page is the first", l.paged && !isAddrs, func(p *corrupter, c *call) {
		if k := c.source + " first of " + c.op; p.last[k].status == 0 {
			p.last[k] = *c
		} else {
			c.answer = p.last[k].answer
		}
	})
	add("the answer to the question before", false, func(p *corrupter, c *call) {
		if was, ok := p.last[c.source+" "+c.op]; ok {
			c.answer = was.answer
		}
	})
	if l.token != nil {
		add("no token of the next page", l.api == "route53", func(_ *corrupter, c *call) { c.answer = l.token.ReplaceAll(c.answer, nil) })
		add("the token of the page itself", true, func(p *corrupter, c *call) {
			switch {
			case l.api == "route53":
				q := c.req.URL.Query()
				c.answer = regexp.MustCompile(`<NextRecordName>[^<]*`).ReplaceAll(c.answer, []byte("<NextRecordName>"+q.Get("name")))
			case c.form.Get("NextToken") != "" || bytes.Contains(c.answer, []byte("<nextToken>")):
				c.answer = l.token.ReplaceAll(c.answer, []byte("<nextToken>"+cmp.Or(c.form.Get("NextToken"), "Zmlyc3Q=")+"</nextToken>"))
			}
		})
		add("a token of another list", true, func(_ *corrupter, c *call) {
			if l.api == "route53" {
				c.answer = regexp.MustCompile(`<NextRecordName>[^<]*`).ReplaceAll(c.answer, []byte("<NextRecordName>zz.example.com."))
				return
			}
			c.answer = l.token.ReplaceAll(c.answer, []byte("<nextToken>c3dhcHBlZA==</nextToken>"))
		})
	}
	switch l.op {
	case "DescribeInstances":
		add("the states have a new name", false, sub(`<name>(running|stopped|pending|terminated)</name>`, "<name>hibernating</name>"))
		add("no states", false, sub(`<instanceState>.*?</instanceState>`, ""))
		add("no addresses", false, sub(`<(ipAddress|publicIp)>[^<]*</(ipAddress|publicIp)>`, ""))
		add("ids in capitals", false, sub(`<instanceId>i-[0-9a-f]*</instanceId>`, "<instanceId>I-0123456789ABCDEF0</instanceId>"))
		add("no ids", true, sub(`<instanceId>[^<]*</instanceId>`, ""))
		add("the answer of another question", true, func(p *corrupter, c *call) {
			c.answer = []byte(strings.ReplaceAll(string(p.last[c.source+" DescribeAddresses"].answer), "\x00", ""))
		})
	case "DescribeNetworkInterfaces":
		add("no addresses", false, sub(`<publicIp>[^<]*</publicIp>`, ""))
	case "ListMachines":
		add("the states have a new name", false, sub(`"state":"[a-z]*"`, `"state":"hibernating"`))
		add("the states are numbers", true, sub(`"state":"[a-z]*"`, `"state":7`))
		add("no addresses", false, sub(`"(primaryIp|ips)":("[^"]*"|\[[^\]]*\])`, `"$1":null`))
		add("ids in capitals", false, func(_ *corrupter, c *call) {
			c.answer = regexp.MustCompile(`"id":"[0-9a-f-]*"`).ReplaceAllFunc(c.answer, func(b []byte) []byte { return append([]byte(`"id":`), bytes.ToUpper(b[5:])...) })
		})
		add("no ids", true, sub(`"id":"[0-9a-f-]*"`, `"id":""`))
		add("another count on the page", true, func(_ *corrupter, c *call) { c.set("X-Resource-Count", "3") })
	case "List DNS Records":
		add("success is false", true, sub(`"success":true`, `"success":false`))
		add("success is missing", true, sub(`"success":true,`, ``))
		add("success is a string", true, sub(`"success":true`, `"success":"true"`))
		add("no result_info", true, sub(`"result_info":`, `"info":`))
		add("a total that is less", true, sub(`"total_count":\d+`, `"total_count":4`))
		add("a total that is more", true, sub(`"total_count":\d+`, `"total_count":4000`))
		add("a count that disagrees", true, sub(`"count":\d+`, `"count":1`))
		add("another page number", true, sub(`"page":\d+`, `"page":9`))
		add("TTL is a string", true, sub(`"ttl":(\d+)`, `"ttl":"$1"`))
		add("no TTL", true, sub(`"ttl":\d+,`, ``))
		add("comment is a number", true, sub(`"comment":"[^"]*"`, `"comment":12`))
		add("no comment", false, sub(`"comment":"[^"]*",`, ``))
		add("comment is null", false, sub(`"comment":"[^"]*"`, `"comment":null`))
		add("no priority", true, sub(`"priority":\d+,`, ``))
		add("content is empty", true, sub(`"content":"[^"]*"`, `"content":""`))
		add("no content", true, sub(`"content":"[^"]*",`, ``))
		add("another zone's names", true, sub(`scalability\.expert"`, `scalability.example"`))
		add("ids in capitals", false, func(_ *corrupter, c *call) {
			c.answer = regexp.MustCompile(`"id":"[0-9a-f]*"`).ReplaceAllFunc(c.answer, func(b []byte) []byte { return append([]byte(`"id":`), bytes.ToUpper(b[5:])...) })
		})
	case "ListResourceRecordSets":
		add("another zone's names", true, sub(`unilans\.net\.</Name>`, `unilans.example.</Name>`))
		add("no TTL", true, sub(`<TTL>\d+</TTL>`, ``))
		add("TTL is a word", true, sub(`<TTL>\d+</TTL>`, `<TTL>sixty</TTL>`))
		add("no values", true, sub(`<ResourceRecords>.*?</ResourceRecords>`, ``))
		add("a value missing", false, sub(`<ResourceRecords><ResourceRecord>.*?</ResourceRecord><ResourceRecord>`, `<ResourceRecords><ResourceRecord>`))
		add("no types", true, sub(`<Type>[A-Z]+</Type>`, ``))
		add("names in capitals", false, func(_ *corrupter, c *call) {
			c.answer = regexp.MustCompile(`<Name>[^<]*</Name>`).ReplaceAllFunc(c.answer, func(b []byte) []byte {
				return append(append([]byte("<Name>"), bytes.ToUpper(b[6:len(b)-7])...), "</Name>"...)
			})
		})
	}
	for i := range all {
		all[i].api, all[i].source, all[i].ops = l.api, l.source, []string{l.op}
	}
	return all
}

// dated are what can be wrong with the Date header of all answers of a source.
func dated(l list) (all []corruption) {
	for _, d := range []struct {
		name, value string
		seen        bool
	}{
		{"no date", "", false}, {"an ancient date", "Thu, 01 Jan 1998 00:00:00 GMT", true}, {"a date of the future", "Fri, 01 Jan 2100 00:00:00 GMT", true}, {"a date that is none", "yesterday", false},
	} {
		all = append(all, corruption{name: d.name, api: l.api, source: l.source, seen: d.seen && l.api != "triton", ops: []string{l.op}, change: func(_ *corrupter, c *call) {
			c.set("Date", d.value)
			if d.value == "" {
				c.set("X-Without", "Date") // counts as a change
			}
		}})
	}
	return all
}

// corruptions is the whole table.
func corruptions() (all []corruption) {
	for _, l := range lists {
		where := l.op
		if l.source != "" {
			where += " of " + l.source
		}
		var of []corruption
		for _, b := range broken {
			of = append(of, corruption{name: b.name, api: l.api, source: l.source, ops: []string{l.op}, change: b.change, seen: !b.harmless, harmless: b.harmless})
		}
		of = append(of, listed(l)...)
		of = append(of, dated(l)...)
		for i := range of {
			of[i].name = where + "/" + of[i].name
			switch {
			case l.api == "ec2" && l.paged:
				of[i].page = 5
			case l.paged:
				of[i].page = 12
			}
		}
		all = append(all, of...)
	}
	all = append(append(all, single()...), written()...)
	for i := range all {
		all[i].always = slices.Contains(always, all[i].name)
	}
	return all
}

// always are the corruptions that have had something that lives removed, or a step called done that was not.
var always = []string{
	"DescribeInstances of aws-use1/null", "DescribeNetworkInterfaces of aws-use1/an empty object", "DescribeNetworkInterfaces of aws-use1/empty",
	"DescribeNetworkInterfaces of aws-use1/the first item missing", "DescribeNetworkInterfaces of aws-use1/no addresses", "ListMachines of joyent-east/no addresses",
	"List DNS Records/empty, and the total says so", "List DNS Records/no TTL", "ListResourceRecordSets/an item in the place of another", "GetHostedZone/another id",
	"DescribeInstances by id/another one is not found", "GetMachine/another one is not found", "ListResourceRecordSets by name/an older moment",
	"ListResourceRecordSets by name/the answer to the question before", "DeleteMachine/the page of a proxy, and nothing was done", "TerminateInstances/another instance, and nothing was done",
}

// single are corruptions of answers about one thing: an account, a zone, an instance, a record.
func single() (all []corruption) {
	add := func(api, source, op, name string, seen bool, change func(p *corrupter, c *call)) {
		all = append(all, corruption{name: op + "/" + name, api: api, source: source, ops: []string{op}, seen: seen, change: change})
	}
	before := func(p *corrupter, c *call) {
		if was, ok := p.last[c.source+" "+c.op]; ok {
			c.answer, c.status = was.answer, was.status
		}
	}
	first := func(p *corrupter, c *call) {
		if was, ok := p.first[c.key()]; ok {
			c.answer, c.status = was.answer, was.status
		}
	}
	for _, b := range broken {
		for _, o := range []struct{ api, source, op string }{
			{"sts", use1, "GetCallerIdentity"},
			{"ec2", use1, "DescribeInstances by id"},
			{"triton", east, "GetAccount"},
			{"triton", east, "CountMachines"},
			{"triton", east, "GetMachine"},
			{"cloudflare", "", "DNS Record Details"},
			{"route53", "", "GetHostedZone"},
			{"route53", "", "ListResourceRecordSets by name"},
		} {
			if b.harmless || o.op == "CountMachines" { // its answer has no body
				continue
			}
			add(o.api, o.source, o.op, b.name, o.op == "GetCallerIdentity" || o.op == "GetAccount" || o.op == "CountMachines" || o.op == "GetHostedZone", b.change)
		}
	}
	add("sts", use1, "GetCallerIdentity", "another account", false, sub(`<Account>\d+</Account>`, `<Account>210987654321</Account>`))
	add("sts", use1, "GetCallerIdentity", "no account", true, sub(`<Account>\d+</Account>`, ``))
	add("triton", east, "GetAccount", "another account", false, sub(`"id":"[0-9a-f-]*"`, `"id":"11111111-2222-4333-8444-555555555555"`))
	add("triton", east, "ListDatacenters", "none", false, func(_ *corrupter, c *call) { c.answer = []byte("{}") })
	add("triton", east, "CountMachines", "a count that is less", true, func(_ *corrupter, c *call) { c.set("X-Resource-Count", "2") })
	add("triton", east, "CountMachines", "no count", true, func(_ *corrupter, c *call) { c.set("X-Resource-Count", "") })
	add("triton", east, "CountMachines", "none", true, func(_ *corrupter, c *call) { c.set("X-Resource-Count", "0") })
	add("ec2", use1, "DescribeInstances by id", "the answer to the question before", false, before)
	add("ec2", use1, "DescribeInstances by id", "none with 200", false, edit(func([]string) []string { return nil }))
	add("ec2", use1, "DescribeInstances by id", "an older moment", false, first)
	add("ec2", use1, "DescribeInstances by id", "the id is in capitals", false, sub(`<instanceId>i-`, `<instanceId>I-`))
	add("ec2", use1, "DescribeInstances by id", "a new state", false, sub(`<name>(running|stopped|pending|terminated)</name>`, "<name>hibernating</name>"))
	add("ec2", use1, "DescribeInstances by id", "another one is not found", false, func(_ *corrupter, c *call) {
		c.body("text/xml", `<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance ID 'i-0fedcba9876543210' does not exist</Message></Error></Errors><RequestID>1</RequestID></Response>`)
		c.status = http.StatusBadRequest
	})
	add("triton", east, "GetMachine", "the answer to the question before", false, before)
	add("triton", east, "GetMachine", "the id is in capitals", false, func(_ *corrupter, c *call) {
		c.answer = regexp.MustCompile(`"id":"[0-9a-f-]*"`).ReplaceAllFunc(c.answer, func(b []byte) []byte { return append([]byte(`"id":`), bytes.ToUpper(b[5:])...) })
	})
	add("triton", east, "GetMachine", "a new state", false, sub(`"state":"[a-z]*"`, `"state":"hibernating"`))
	add("triton", east, "GetMachine", "another one was deleted", false, func(_ *corrupter, c *call) {
		c.body("application/json", `{"id":"11111111-2222-4333-8444-555555555555","state":"deleted"}`)
		c.status = http.StatusGone
	})
	add("triton", east, "GetMachine", "another one is not found", false, func(_ *corrupter, c *call) {
		c.body("application/json", `{"code":"ResourceNotFound","message":"VM 11111111-2222-4333-8444-555555555555 not found"}`)
		c.status = http.StatusNotFound
	})
	add("triton", east, "GetMachine", "a proxy says 404", false, func(_ *corrupter, c *call) { c.body("text/html", loginPage); c.status = http.StatusNotFound })
	add("triton", east, "GetMachine", "a proxy says 410", false, func(_ *corrupter, c *call) { c.body("text/html", loginPage); c.status = http.StatusGone })
	add("cloudflare", "", "DNS Record Details", "the answer to the question before", false, before)
	add("cloudflare", "", "DNS Record Details", "TTL is a string", false, sub(`"ttl":(\d+)`, `"ttl":"$1"`))
	add("cloudflare", "", "DNS Record Details", "no comment", false, sub(`"comment":"[^"]*",`, ``))
	add("cloudflare", "", "DNS Record Details", "success is false", false, sub(`"success":true`, `"success":false`))
	add("cloudflare", "", "List DNS Records by name", "none", false, edit(func([]string) []string { return nil }))
	add("cloudflare", "", "List DNS Records by name", "the answer to the question before", false, before)
	add("route53", "", "GetHostedZone", "another zone", true, sub(`<Id>/hostedzone/[^<]*</Id><Name>[^<]*</Name>`, `<Id>/hostedzone/Z0000000000OTHER</Id><Name>unilans.example.</Name>`))
	add("route53", "", "GetHostedZone", "another id", true, sub(`<Id>/hostedzone/[^<]*</Id>`, `<Id>/hostedzone/Z0000000000OTHER</Id>`))
	add("route53", "", "GetHostedZone", "a count that is less", true, sub(`<ResourceRecordSetCount>\d+`, `<ResourceRecordSetCount>5`))
	add("route53", "", "GetHostedZone", "no count", true, sub(`<ResourceRecordSetCount>\d+</ResourceRecordSetCount>`, ``))
	add("route53", "", "ListResourceRecordSets by name", "none", false, edit(func([]string) []string { return nil }))
	add("route53", "", "ListResourceRecordSets by name", "an older moment", false, first)
	add("route53", "", "ListResourceRecordSets by name", "the answer to the question before", false, before)
	return all
}

// written are corruptions of the answers to changes.
func written() (all []corruption) {
	for _, o := range []struct{ api, source, op string }{
		{"cloudflare", "", "Batch DNS Records"}, {"route53", "", "ChangeResourceRecordSets"}, {"route53", "", "GetChange"}, {"ec2", use1, "TerminateInstances"}, {"triton", east, "DeleteMachine"},
	} {
		for _, b := range broken {
			for _, swallow := range []bool{false, true} {
				if b.harmless || swallow && (b.name == "cut off inside" || strings.HasPrefix(b.name, "a gzip")) || o.api == "triton" && b.name == "204 without a body" {
					continue
				}
				if o.api == "triton" && !swallow && (b.name == "cut off inside" || strings.HasPrefix(b.name, "a gzip")) {
					continue // its answer has no body
				}
				name := o.op + "/" + b.name
				if swallow {
					name += ", and nothing was done"
				}
				all = append(all, corruption{name: name, api: o.api, source: o.source, ops: []string{o.op}, swallow: swallow, change: b.change})
			}
		}
	}
	add := func(api, source, op, name string, swallow bool, change func(p *corrupter, c *call)) {
		all = append(all, corruption{name: op + "/" + name, api: api, source: source, ops: []string{op}, swallow: swallow, change: change})
	}
	const batch, rrsets = "Batch DNS Records", "ChangeResourceRecordSets"
	add("cloudflare", "", batch, "success is false, and all was done", false, sub(`"success":true`, `"success":false`))
	add("cloudflare", "", batch, "the deletes are left out", false, sub(`"deletes":`, `"omitted":`))
	add("cloudflare", "", batch, "the posts are left out", false, sub(`"posts":`, `"omitted":`))
	add("cloudflare", "", batch, "the patches are left out", false, sub(`"patches":`, `"omitted":`))
	add("cloudflare", "", batch, "no result, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("application/json", `{"success":true,"errors":[],"messages":[],"result":null}`)
	})
	add("cloudflare", "", batch, "empty lists, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("application/json", `{"success":true,"errors":[],"messages":[],"result":{"deletes":[],"patches":[],"puts":[],"posts":[]}}`)
	})
	add("cloudflare", "", batch, "other records", false, sub(`"content":"[^"]*"`, `"content":"198.51.100.7"`))
	add("cloudflare", "", batch, "other ids", false, sub(`"id":"[0-9a-f]*"`, `"id":"0123456789abcdef0123456789abcdef"`))
	add("cloudflare", "", batch, "TTL is a string", false, sub(`"ttl":(\d+)`, `"ttl":"$1"`))
	add("cloudflare", "", batch, "the answer to the question before, and nothing was done", true, func(p *corrupter, c *call) {
		c.answer, c.header = p.last[c.source+" "+c.op].answer, http.Header{"Content-Type": {"application/json"}}
	})
	add("route53", "", rrsets, "no change", false, sub(`<ChangeInfo>.*</ChangeInfo>`, ``))
	add("route53", "", rrsets, "the id of another change", false, sub(`<Id>/change/[^<]*</Id>`, `<Id>/change/C0000000000OTHER</Id>`))
	add("route53", "", rrsets, "no change, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("text/xml", `<?xml version="1.0"?><ChangeResourceRecordSetsResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/"></ChangeResourceRecordSetsResponse>`)
	})
	add("route53", "", "GetChange", "pending for ever", false, sub(`INSYNC`, `PENDING`))
	add("route53", "", "GetChange", "a new status", false, sub(`INSYNC|PENDING`, `ROLLEDBACK`))
	add("route53", "", "GetChange", "another change", false, sub(`<Id>/change/[^<]*</Id>`, `<Id>/change/C0000000000OTHER</Id>`))
	add("ec2", use1, "TerminateInstances", "another instance, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("text/xml", `<?xml version="1.0"?><TerminateInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><instancesSet><item><instanceId>i-0fedcba9876543210</instanceId><currentState><code>32</code><name>shutting-down</name></currentState></item></instancesSet></TerminateInstancesResponse>`)
	})
	add("ec2", use1, "TerminateInstances", "no instance, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("text/xml", `<?xml version="1.0"?><TerminateInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><instancesSet/></TerminateInstancesResponse>`)
	})
	add("ec2", use1, "TerminateInstances", "it runs on, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("text/xml", fmt.Sprintf(`<?xml version="1.0"?><TerminateInstancesResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>1</requestId><instancesSet><item><instanceId>%s</instanceId><currentState><code>16</code><name>running</name></currentState></item></instancesSet></TerminateInstancesResponse>`, c.form.Get("InstanceId.1")))
	})
	add("ec2", use1, "TerminateInstances", "another instance is not found, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("text/xml", `<Response><Errors><Error><Code>InvalidInstanceID.NotFound</Code><Message>The instance ID 'i-0fedcba9876543210' does not exist</Message></Error></Errors><RequestID>1</RequestID></Response>`)
		c.status = http.StatusBadRequest
	})
	add("triton", east, "DeleteMachine", "another machine was deleted, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("application/json", `{"id":"11111111-2222-4333-8444-555555555555","state":"deleted"}`)
		c.status = http.StatusGone
	})
	add("triton", east, "DeleteMachine", "another machine is not found, and nothing was done", true, func(_ *corrupter, c *call) {
		c.body("application/json", `{"code":"ResourceNotFound","message":"VM 11111111-2222-4333-8444-555555555555 not found"}`)
		c.status = http.StatusNotFound
	})
	for _, l := range lists { // everything of one API is of an older moment
		all = append(all, corruption{name: l.op + "/an older moment", api: l.api, source: l.source, ops: []string{l.op}, change: func(p *corrupter, c *call) {
			if was, ok := p.first[c.key()]; ok {
				c.answer, c.status = was.answer, was.status
			}
		}})
	}
	return all
}

const later = 31 * time.Second // what was read before is too old to be used again
