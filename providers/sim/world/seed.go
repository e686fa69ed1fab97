package world

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"rollcall/providers"
)

// The names of the default world.
const (
	CloudflareZone = "scalability.expert"
	Route53Zone    = "unilans.net"
	wwwName        = "www." + CloudflareZone
	sdService      = "_theservice._tcp." + Route53Zone
	sdPort         = 4218
	wwwTTL         = 60
	sdTTL          = 30
)

// ServiceSeed describes a service of the default world for its config file.
type ServiceSeed struct {
	Name   string
	Kind   string // round-robin or dns-sd
	Zone   string
	TTL    uint32
	Port   uint16
	TXT    map[string]string
	Select map[string]string // tags of its nodes
}

// Services returns the services of the world.
func (w *World) Services() []ServiceSeed { return slices.Clone(w.services) }

// seeder fills a new world before it is published.
type seeder struct {
	w       *World
	o       Options
	cf, r53 *Zone
	sets    []*Set
	begin   time.Time // launch time of the oldest seeded node
}

// lastSeeded is the time between the launches of the oldest and the youngest node of a large world, so that no node is
// young or of the future.
const lastSeeded = 29 * 24 * time.Hour

func (w *World) seed(o Options) {
	s := &seeder{w: w, o: o, begin: w.clock.Now().Add(-30 * 24 * time.Hour).Truncate(time.Second)}
	w.FleetID = "7f3a9c1e"
	w.Credentials = Credentials{
		AWSAccount: "123456789012", AWSKeyID: "AKIAROLLCALLDEMO0001", AWSSecret: "rollcall/demo/secret/key/not/a/real/one0",
		TritonAccount: "ops", TritonAccountID: w.uuid(),
		CloudflareToken: "rollcall-demo-token-not-a-real-one-000000", NodeToken: "narrow-demo-nodes-of-embedded-zones-11111111", CloudflareUser: strings.ReplaceAll(w.uuid(), "-", ""),
	}
	s.addCloud("aws-use1", providers.EC2, "us-east-1", "34.200.16.0/20")
	s.addCloud("aws-euw1", providers.EC2, "eu-west-1", "34.244.32.0/20")
	s.addCloud("joyent-east", providers.Triton, "us-east-1", "165.225.128.0/20")
	s.addCloud("joyent-ams", providers.Triton, "eu-ams-1", "37.153.96.0/20")
	s.cf = s.addZone(CloudflareZone, providers.Cloudflare, "ada.ns.example-cloudflare.net", "bob.ns.example-cloudflare.net")
	s.r53 = s.addZone(Route53Zone, providers.Route53, "ns-101.awsdns-12.example.com", "ns-702.awsdns-24.example.net")
	s.services()
	s.apex()
	s.nodes()
	s.seedDisagreements()
	s.seedForeignRows()
	s.seedTargets()
	s.finish()
}

func (s *seeder) addCloud(name string, p providers.Provider, region, pool string) {
	account := s.w.Credentials.AWSAccount
	if p == providers.Triton {
		account = s.w.Credentials.TritonAccountID
	}
	s.w.clouds = append(s.w.clouds, &cloud{
		Cloud: Cloud{Name: name, Provider: p, Region: region, Account: account, Key: providers.NewCloudKey(p, account, region)},
		byID:  map[string]*Instance{}, tokens: map[string]string{}, gone: map[string]time.Time{}, base: netip.MustParsePrefix(pool),
	})
}

func (s *seeder) addZone(name string, p providers.Provider, ns ...string) *Zone {
	z := s.w.newZone(ZoneSpec{Name: name, Provider: p, NameServers: ns})
	z.Reference, z.Created = "rollcall-"+z.ID, time.Date(2024, 1, 15, 9, 30, 0, 0, time.UTC)
	return z
}

func (s *seeder) services() {
	s.w.services = []ServiceSeed{
		{Name: wwwName, Kind: "round-robin", Zone: CloudflareZone, TTL: wwwTTL, Select: map[string]string{"service": "www"}},
		{Name: "v1." + sdService, Kind: "dns-sd", Zone: Route53Zone, TTL: sdTTL, Port: sdPort, TXT: map[string]string{"txtvers": "1", "proto": "1"}, Select: map[string]string{"service": "theservice", "version": "v1"}},
		{Name: "v2." + sdService, Kind: "dns-sd", Zone: Route53Zone, TTL: sdTTL, Port: sdPort, TXT: map[string]string{"txtvers": "1", "proto": "2"}, Select: map[string]string{"service": "theservice", "version": "v2"}},
	}
}

// apex adds a zone's records that belong to no node.
func (s *seeder) apex() {
	ten := uint16(10)
	for _, r := range []Record{
		{Name: CloudflareZone, Type: "A", Content: "198.51.100.80", TTL: 1, Proxied: true, Comment: "landing page"},
		{Name: CloudflareZone, Type: "MX", Content: "mail." + CloudflareZone, TTL: 3600, Priority: &ten},
		{Name: CloudflareZone, Type: "TXT", Content: `"v=spf1 mx -all"`, TTL: 3600},
		{Name: "blog." + CloudflareZone, Type: "CNAME", Content: "hosting.example.net", TTL: 1, Proxied: true},
	} {
		s.addRecord(r)
	}
	s.addSet(Route53Zone, "SOA", 900, s.r53.NameServers[0]+". hostmaster."+Route53Zone+". 1 7200 900 1209600 86400")
	s.addSet(Route53Zone, "NS", 172800, s.r53.NameServers[0]+".", s.r53.NameServers[1]+".")
	s.addSet(Route53Zone, "MX", 3600, "10 mail."+Route53Zone+".")
	s.addSet(Route53Zone, "TXT", 3600, `"v=spf1 mx -all"`)
	s.addSet("_services._dns-sd._udp."+Route53Zone, "PTR", 3600, sdService+".")
	s.addSet(sdService, "PTR", 3600, "v1."+sdService+".", "v2."+sdService+".")
	s.addSet("v1."+sdService, "TXT", 3600, `"txtvers=1" "proto=1"`)
	s.addSet("v2."+sdService, "TXT", 3600, `"txtvers=1" "proto=2"`)
	s.addSet(`\052.dev.`+Route53Zone, "CNAME", 300, "dev.example.net.")
}

func (s *seeder) addRecord(r Record) {
	r.ID = strings.ReplaceAll(s.w.uuid(), "-", "")
	r.Created = s.begin
	r.Modified, r.Commented = r.Created, r.Created
	s.cf.records = append(s.cf.records, &r)
}

func (s *seeder) addSet(name, typ string, ttl uint32, values ...string) {
	s.sets = append(s.sets, &Set{Name: providers.CanonicalName(strings.ReplaceAll(name, `\052`, "*")), Type: typ, TTL: ttl, Values: values})
}

// finish sorts the record sets, joins values of one set, and publishes them to the name servers.
func (s *seeder) finish() {
	type key struct{ name, typ string }
	sets := map[key]*Set{}
	for _, x := range s.sets {
		k := key{x.Name, x.Type}
		if old, ok := sets[k]; ok {
			old.Values = append(old.Values, x.Values...)
			continue
		}
		sets[k] = x
		s.r53.sets = append(s.r53.sets, x)
	}
	slices.SortFunc(s.r53.sets, SetLess)
	for _, z := range s.w.allZones() {
		names := map[string]bool{}
		for _, x := range z.sets {
			names[x.Name] = true
		}
		for _, x := range z.records {
			names[x.Name] = true
		}
		z.serve(names)
	}
}

// role is the function of seeded instances.
type role struct {
	prefix string
	share  int // of 60
	tags   map[string]string
}

var roles = []role{
	{"www", 24, map[string]string{"service": "www", "env": "prod"}},
	{"svc-v1", 10, map[string]string{"service": "theservice", "version": "v1", "env": "prod"}},
	{"svc-v2", 8, map[string]string{"service": "theservice", "version": "v2", "env": "canary"}},
	{"db", 8, map[string]string{"service": "db", "env": "prod"}},
	{"worker", 8, map[string]string{"service": "worker", "env": "prod"}},
	{"bastion", 2, map[string]string{"service": "bastion", "env": "prod"}},
}

// cloudShare is the number of instances in each cloud, of 60.
var cloudShare = []int{18, 12, 16, 14}

func (s *seeder) total() int {
	if s.o.Instances > 0 {
		return s.o.Instances
	}
	return 60
}

// count returns the number of healthy nodes of a role.
func (s *seeder) count(ro role) int { return ro.share * s.total() / 60 }

// nodes launches the seeded instances and registers those of services.
func (s *seeder) nodes() {
	total := s.total()
	var plan []int // cloud of each instance, so that every role is in every cloud
	left := make([]int, len(cloudShare))
	for i, n := range cloudShare {
		left[i] = n * total / 60
	}
	left[0] += total - (left[0] + left[1] + left[2] + left[3])
	for len(plan) < total {
		for i := range left {
			if left[i] > 0 {
				plan = append(plan, i)
				left[i]--
			}
		}
	}
	n := 0
	for r, ro := range roles {
		count := s.count(ro)
		if r == len(roles)-1 {
			count = total - n
		}
		for i := 1; i <= count && n < total; i++ {
			s.node(s.w.clouds[plan[n]], ro, i, n)
			n++
		}
	}
}

// node launches one instance and registers it according to its role.
func (s *seeder) node(c *cloud, ro role, i, n int) *Instance {
	inst := s.launch(c, ro, fmt.Sprintf("%s-%02d", ro.prefix, i), s.begin.Add(min(time.Duration(n)*time.Minute, lastSeeded)))
	s.register(c, inst, inst.Public)
	return inst
}

func (s *seeder) launch(c *cloud, ro role, name string, at time.Time) *Instance {
	spec := Instance{Name: name, Launched: at, Type: "t3.small", Image: "ami-0d3b1a2f4c5e60718", KeyName: "ops", Network: "subnet-0a1b2c3d4e5f60718"}
	if c.Provider == providers.Triton {
		spec.Type, spec.Image, spec.Network = "g4-highcpu-1G", DebianImage, PublicNetwork
	}
	spec.Tags = map[string]string{}
	for k, v := range ro.tags {
		spec.Tags[k] = v
	}
	if c.Provider == providers.EC2 {
		spec.Tags["Name"] = name
	}
	if s.o.UserData != nil {
		if svc := serviceOf(ro.tags); svc != "" {
			spec.UserData = s.o.UserData(svc, c.Provider)
			if c.Provider == providers.Triton {
				spec.Metadata = map[string]string{"user-script": string(spec.UserData)}
			}
		}
	}
	inst := s.w.add(c, spec)
	inst.State, inst.seeded = providers.StateRunning, true
	inst.Public = s.w.newIP(c)
	return inst
}

// serviceOf returns the service of a role's tags, or "".
func serviceOf(tags map[string]string) string {
	switch tags["service"] {
	case "www":
		return wwwName
	case "theservice":
		return tags["version"] + "." + sdService
	}
	return ""
}

// register writes the records of a node with address addr as its agent would have, a minute after its launch.
func (s *seeder) register(c *cloud, i *Instance, addr netip.Addr) {
	svc := serviceOf(i.Tags)
	switch svc {
	case "":
	case wwwName:
		s.registerWWW(c, i, addr)
	default:
		host := i.Name + "." + Route53Zone
		s.ownedSet(c, i, host, "A", sdTTL, addr.String())
		s.ownedSet(c, i, svc, "SRV", sdTTL, fmt.Sprintf("10 10 %d %s.", sdPort, host))
	}
}

func (s *seeder) owner(c *cloud, i *Instance) providers.Owner {
	return providers.Owner{Fleet: s.w.FleetID, Cloud: c.Key, Instance: i.ID, Registered: i.Launched.Add(time.Minute).Truncate(time.Second).UTC()}
}

func (s *seeder) registerWWW(c *cloud, i *Instance, addr netip.Addr) {
	comment, err := s.owner(c, i).Encode()
	if err != nil {
		panic(err)
	}
	s.addRecord(Record{Name: wwwName, Type: "A", Content: addr.String(), TTL: wwwTTL, Comment: comment})
}

// ownedSet adds a value with its marker to a Route 53 record set.
func (s *seeder) ownedSet(c *cloud, i *Instance, name, typ string, ttl uint32, value string) {
	marker, err := s.owner(c, i).For(typ, value).Encode()
	if err != nil {
		panic(err)
	}
	s.addSet(name, typ, ttl, value)
	s.addSet(providers.MarkerName(i.ID, name), "TXT", ttl, `"`+marker+`"`)
}
