package userdata

import (
	"bytes"
	"cmp"
	_ "embed" // what installs the agent
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rollcall/providers"
	"rollcall/userdata/deflate"
)

//go:embed node/install.sh
var installConfig string

//go:embed node/agent.sh
var installAgent string

//go:embed node/init.sh
var installInit string

// endRaw matches what would end the part of a jinja template that cloud-init leaves as it is.
var endRaw = regexp.MustCompile(`\{%[-+]?\s*endraw`)

var placeholder = regexp.MustCompile(`\{\{ *([a-z][a-z0-9_]*) *\}\}`)

// lowSpace is the number of free bytes below which the size is reported to the operator.
const lowSpace = 512

// Render checks the values and returns the boot script. The error is Problems, one line each, with template and
// variable.
func (t *Templates) Render(name string, in Input) (Rendered, error) {
	one, err := t.Get(name)
	if err != nil {
		return Rendered{}, Problems{err.Error()}
	}
	return one.render(in)
}

func (t *Template) render(in Input) (Rendered, error) {
	values, p := t.values(in.Values)
	at := in.declared(in.Provider)
	r := Rendered{Limit: at.UserData}
	switch {
	case at.UserData == 0:
		_, names := in.having(func(d *providers.Declaration) bool { return d.UserData > 0 })
		p = append(p, fmt.Sprintf("template %s: %q is neither %s", t.Name, in.Provider, strings.Join(names, " nor ")))
	case in.ASG && !at.ScalingGroups:
		groups, _ := in.having(func(d *providers.Declaration) bool { return d.ScalingGroups })
		p = append(p, fmt.Sprintf("template %s: Auto Scaling groups are of %s", t.Name, groups))
	case !t.For(&at.Traits):
		p = append(p, fmt.Sprintf("template %s: %s, and %s runs a user-script as a program: use a template that is a script", t.Name, t.forCloudInit(), at.Title))
	}
	var agent []string
	if t.Agent != "" && len(p) == 0 {
		cfg, warnings, problems := t.config(values, in)
		p = append(p, problems...)
		after := t.After
		if unit, ok := values["unit"]; ok {
			if after = unit; unit != "" && !unitName.MatchString(unit) {
				p = append(p, fmt.Sprintf("template %s: unit: %q is no name of a systemd unit, such as nginx.service", t.Name, unit))
			}
		}
		r.Agent, r.Warnings = &cfg, warnings
		if len(p) == 0 {
			var err error
			if agent, err = agentBlock(&at, cfg, after); err != nil {
				p = append(p, fmt.Sprintf("template %s: %v", t.Name, err))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if t.jinja && endRaw.MatchString(values[name]) {
			p = append(p, fmt.Sprintf("template %s: %s: {%% endraw %%} cannot stand in a value of a jinja template", t.Name, name))
		}
	}
	if len(p) > 0 {
		return Rendered{}, p
	}
	text, origin, err := t.fill(values, agent)
	if err != nil {
		return Rendered{}, Problems{err.Error()}
	}
	r.script, r.origin, r.secret = text, origin, t.secrets(values)
	if len(t.parts) > 0 {
		if text, r.above, err = t.archive(text); err != nil {
			return Rendered{}, Problems{fmt.Sprintf("template %s: parts: %v", t.Name, err)}
		}
	}
	r.Text, r.Plain = text, text
	if len(text) > r.Limit && at.CloudInit { // which unpacks gzip
		r.Text = deflate.Gzip(text)
	}
	r.Left = r.Limit - len(r.Text)
	switch {
	case r.Left < 0:
		how := ""
		if r.Compressed() {
			how = fmt.Sprintf(", %d compressed", len(r.Text))
		}
		return r, Problems{fmt.Sprintf("template %s: the boot script has %d bytes%s, %s takes %d: %d too many; shorten the template or its values", t.Name, len(text), how, in.Provider, r.Limit, -r.Left)}
	case r.Left < lowSpace:
		r.Warnings = append(r.Warnings, fmt.Sprintf("only %d bytes are left below the limit of %d", r.Left, r.Limit))
	}
	return r, nil
}

// fill returns the template with values and agent inserted, and the template line of each line.
func (t *Template) fill(values map[string]string, agent []string) (text []byte, origin []int, err error) {
	var b bytes.Buffer
	from := t.bodyLine - 1
	add := func(line string, at int) {
		b.WriteString(line)
		origin = append(origin, at)
	}
	for line := range strings.Lines(t.body) {
		from++
		bare := strings.TrimSpace(line)
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		inserted := bare == valuesLine || bare == agentLine
		inserted = t.jinja && (inserted || t.Format == FormatCloudConfig && t.declares(line))
		if inserted { // at the beginning of its line: cloud-init takes away the line's end behind a tag, and nothing before it
			add("{% raw %}\n", 0)
		}
		switch {
		case bare == valuesLine:
			for _, v := range t.Variables {
				if uses(t.body, v.Name) {
					if strings.ContainsAny(values[v.Name], "$`") {
						add(indent+"# shellcheck disable=SC2016 # it is meant as it stands\n", 0)
					}
					add(indent+v.Name+"="+shellQuote(values[v.Name])+"\n", from)
				}
			}
		case bare == agentLine:
			for _, l := range agent {
				if l != "" {
					l = indent + l
				}
				add(l+"\n", 0)
			}
		case t.Format == FormatCloudConfig && t.declares(line):
			filled, err := fillScalar(line, values)
			if err != nil {
				return nil, nil, fmt.Errorf("template %s:%d: %w", t.Source, from, err)
			}
			add(filled, from)
		default:
			add(line, from)
		}
		if inserted {
			add("{% endraw %}\n", 0)
		}
	}
	return b.Bytes(), origin, nil
}

// declares reports whether a line has a {{name}} that is a variable of the template, and not of cloud-init.
func (t *Template) declares(line string) bool {
	m := placeholder.FindStringSubmatch(line)
	return m != nil && (!t.jinja || slices.ContainsFunc(t.Variables, func(v Variable) bool { return v.Name == m[1] }))
}

// uses reports whether a script reads a shell variable.
func uses(body, name string) bool {
	return regexp.MustCompile(`\$(` + name + `\b|\{` + name + `[}:%#?+-])`).MatchString(body)
}

// shellQuote quotes a text as one word of a POSIX shell. Between single quotes only the single quote is special.
func shellQuote(s string) string {
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

var scalarLine = regexp.MustCompile(`^(\s*(?:- +)?(?:[A-Za-z0-9_.-]+: +)?)\{\{ *([a-z][a-z0-9_]*) *\}\}\s*$`)

// fillScalar inserts a value that is a whole YAML scalar. Inside a scalar the quoting would be unknown.
func fillScalar(line string, values map[string]string) (string, error) {
	m := scalarLine.FindStringSubmatch(line)
	if m == nil {
		return "", fmt.Errorf("line %q: {{name}} must be the whole value of a key or a list entry", strings.TrimSpace(line))
	}
	quoted, err := json.Marshal(values[m[2]]) // a JSON string is a YAML scalar
	if err != nil {
		return "", err
	}
	return m[1] + string(quoted) + "\n", nil
}

// agentBlock returns the lines that write the agent's config to the node, and the agent itself if it registers the
// node.
func agentBlock(at *providers.Declaration, cfg AgentConfig, after string) ([]string, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(cfg); err != nil {
		return nil, err
	}
	block := strings.Replace(installConfig, "@config@", strings.TrimSpace(text.String()), 1)
	if cfg.Register != RegisterAgent {
		block += "mv /etc/rollcall/node.json.new /etc/rollcall/node.json\n"
		return strings.Split(strings.TrimRight(block, "\n"), "\n"), nil
	}
	init := installInit
	if at.CloudInit { // its images have systemd
		init = ""
	}
	block += strings.NewReplacer("@init@\n", init, "@agent@\n", slimAgent(at.Provider, cfg.DNS)).Replace(installAgent)
	block = strings.NewReplacer("@after@", after, "@service@", strings.TrimSuffix(after, ".service")).Replace(block)
	return strings.Split(strings.TrimRight(block, "\n"), "\n"), nil
}

// config returns the agent's config from checked values.
func (t *Template) config(v map[string]string, in Input) (AgentConfig, []string, Problems) {
	var p Problems
	add := func(name, format string, args ...any) {
		p = append(p, fmt.Sprintf("template %s: %s: %s", t.Name, name, fmt.Sprintf(format, args...)))
	}
	num := func(name string) int {
		n, _ := strconv.Atoi(v[name]) // checked before
		return n
	}
	cfg := AgentConfig{
		Format: 1, Fleet: in.Fleet, Service: v["service"], Kind: t.Agent, DNS: providers.Provider(v["dns"]),
		Zone: v["zone"], ZoneID: in.ZoneID, TTL: uint32(num("ttl")), Proxied: v["proxied"] == "true", IPv6: v["ipv6"] == "true",
		Private: v["address"] == "private" || v["address"] == "auto" && in.ZonePrivate,
		Port:    uint16(num("port")), Priority: uint16(num("priority")), Weight: uint16(num("weight")),
		Health: Health{
			HTTP: v["health_path"], Command: v["health_command"], Port: uint16(cmp.Or(num("health_port"), num("port"))),
			Need: num("health_need"), Of: num("health_of"), Interval: num("health_interval"),
		},
		Recheck: num("recheck"), Register: v["register"], Endpoints: in.Endpoints,
	}
	if t.Agent == AnyKind {
		if cfg.Kind = v["kind"]; cfg.Kind == "auto" {
			cfg.Kind = "round-robin"
			if strings.Contains(cfg.Service, "._tcp.") || strings.Contains(cfg.Service, "._udp.") {
				cfg.Kind = "dns-sd"
			}
		}
	}
	if cfg.Kind == "dns-sd" {
		cfg.host(v["host"], in, add)
	} else {
		cfg.Priority, cfg.Weight = 0, 0
	}
	if in.Provider == providers.Triton && strings.ContainsAny(in.Place, ".:") {
		cfg.Place = in.Place // the host of a CloudAPI that does not name its data centre
	}
	if cfg.Health.Command != "" {
		cfg.Health.HTTP = ""
	}
	cfg.Health.TCP = cfg.Health.HTTP == "" && cfg.Health.Command == ""
	if !providers.InZone(cfg.Service, cfg.Zone) {
		add("service", "%s does not lie in the zone %s", cfg.Service, cfg.Zone)
	}
	if err := checkMarkerLength(cfg.Service); err != nil {
		add("service", "%v", err)
	}
	if cfg.Health.Need > cfg.Health.Of {
		add("health_need", "%d of %d checks cannot pass", cfg.Health.Need, cfg.Health.Of)
	}
	for _, name := range []string{"priority", "weight"} {
		if n := num(name); n < 0 || n > 65535 {
			add(name, "%d is not 0 to 65535 (RFC 2782)", n)
		}
	}
	at, dns := in.declared(in.Provider), in.declared(cfg.DNS)
	switch {
	case !dns.TTLs.Holds(cfg.TTL):
		add("ttl", "%d: %s takes %s", cfg.TTL, dns.Title, dns.TTLs)
	case cfg.Proxied && !dns.Proxies:
		only, _ := in.having(func(d *providers.Declaration) bool { return d.Proxies })
		add("proxied", "only %s has proxied records", only)
	}
	if cfg.Register == "auto" {
		cfg.Register = RegisterConsole
		if dns.Access == providers.AccessIAM && at.InstanceRoles {
			cfg.Register = RegisterAgent
		}
	}
	if cfg.Register == RegisterConsole {
		return cfg, []string{"the console registers these nodes, when it sees them running: nothing secret is on them, and nothing takes them out of DNS at shutdown"}, p
	}
	if in.Fleet == "" {
		add("register", "the agent marks its records with the fleet id, and there is none; rollcall config init makes one")
	}
	if !agentParts[cfg.DNS].dns {
		add("register", "%s: the agent of a node does not write to zones of %s, since each node would hold the key of the whole zone; with register=console the console registers the nodes", cfg.Register, cfg.DNS)
		return cfg, nil, p
	}
	if in.ZonePrivate && cfg.ZoneID == "" {
		add("zone", "%s is a private zone, which the agent does not find by its name: give id for the zone in the config, or read the zone once with rollcall ls sources", cfg.Zone)
	}
	warnings := cfg.credentials(v, &in, add)
	if cfg.Register == RegisterAgent && !agentParts[cfg.DNS].findsIDN && cfg.ZoneID == "" && strings.Contains(cfg.Zone, "xn--") {
		warnings = append(warnings, cfg.Zone+" is an internationalized zone, which the agent does not find at "+dns.Title+" by its name: give id for the zone in the config, or read the zone once with rollcall ls sources")
	}
	return cfg, warnings, p
}

// declared returns the declaration of a provider, or the zero value.
func (in *Input) declared(p providers.Provider) providers.Declaration {
	if d := providers.Declared(in.Declared, p); d != nil {
		return *d
	}
	return providers.Declaration{}
}

// having returns the providers with a property, by their titles and by their names in the config.
func (in *Input) having(have func(*providers.Declaration) bool) (titles string, names []string) {
	var list []string
	for i := range in.Declared {
		if d := &in.Declared[i]; have(d) {
			list, names = append(list, d.Title), append(names, string(d.Provider))
		}
	}
	return strings.Join(list, " or "), names
}

// host sets the pattern of the node's host name. The nodes of an Auto Scaling group share one name, so there it is the
// id.
func (cfg *AgentConfig) host(host string, in Input, add func(name, format string, args ...any)) {
	if in.ASG && host == "{name}" {
		host = "{id}"
	}
	if host != "{name}" {
		cfg.Host = host
	}
	if in.ASG && !strings.Contains(host, "{id}") {
		add("host", "%s: the nodes of an Auto Scaling group share their name; use {id}", host)
	}
	longest := strings.NewReplacer("{id}", strings.Repeat("i", 36), "{name}", "n").Replace(host)
	if !providers.InZone(longest, cfg.Zone) {
		longest += "." + cfg.Zone
	}
	if _, err := domain(longest); err != nil {
		add("host", "%v", err)
	} else if err := checkMarkerLength(longest); err != nil {
		add("host", "%v", err)
	}
	labels := providers.SplitName(cfg.Service)
	if !isType(labels[1:]) {
		add("service", "%s is no instance of a DNS-SD service, such as v1._http._tcp.%s (RFC 6763 section 4.1)", cfg.Service, cfg.Zone)
	} else if err := checkType(labels[1]); err != nil {
		add("service", "%v", err)
	}
}

// credentials sets where the agent finds its credentials for DNS.
func (cfg *AgentConfig) credentials(v map[string]string, in *Input, add func(name, format string, args ...any)) []string {
	if v["token"] != "" && v["token_source"] != TokenScript {
		add("token", "it would stand in the script for everybody to read; token_source=script with token_in_script=%s says that this is meant", TokenInScript)
	}
	if v["token_source"] == TokenScript && v["token_in_script"] != TokenInScript {
		add("token_in_script", "the token would stand in the script. %s; token_in_script=%s says that this is meant", tokenRisk, TokenInScript)
	}
	at, dns := in.declared(in.Provider), in.declared(cfg.DNS)
	if dns.Access == providers.AccessIAM {
		if !at.InstanceRoles {
			return []string{"each node needs aws-access-key-id and aws-secret-access-key of a narrow IAM user in its " + at.Title + " metadata, or the console registers it (register=console)"}
		}
		return []string{"each node needs an instance profile whose role may change these records in " + cfg.Zone}
	}
	cfg.Token = Token{Source: v["token_source"], Key: v["token_key"]}
	switch {
	case cfg.Token.Source != "auto":
	case at.InstanceRoles:
		cfg.Token.Source = TokenSSM
	default:
		cfg.Token.Source = TokenMetadata
	}
	metadata, _ := in.having(func(d *providers.Declaration) bool { return d.Metadata })
	roles, _ := in.having(func(d *providers.Declaration) bool { return d.InstanceRoles })
	key := func(fallback string) string {
		cfg.Token.Key = cmp.Or(cfg.Token.Key, fallback)
		return cfg.Token.Key
	}
	switch {
	case cfg.Token.Source == TokenScript:
		if cfg.Token.Value = v["token"]; cfg.Token.Value == "" {
			add("token", "it is not set, and token_source=script says that it stands in the script")
		}
		cfg.Token.Key = ""
		return []string{"the " + dns.Title + " token stands in the user data of nodes of " + cfg.Service + ". " + tokenRisk + " " + cfg.Zone}
	case cfg.Token.Source == TokenMetadata && !at.Metadata:
		add("token_source", "metadata is for %s; %s has ssm", metadata, roles)
	case cfg.Token.Source == TokenSSM && !at.InstanceRoles:
		add("token_source", "ssm is for %s; %s has metadata", roles, metadata)
	case cfg.Token.Source == TokenMetadata:
		return []string{"each node needs the " + dns.Title + " token in its " + at.Title + " metadata, key " + key("cloudflare-token")}
	default:
		return []string{"each node needs an instance profile whose role may read the parameter " + key("/rollcall/cloudflare-token")}
	}
	return nil
}

// FindAgentConfig finds the agent's config in a rendered text: plain, in base64, compressed, or in a part of an archive.
func FindAgentConfig(userData []byte) (AgentConfig, bool) {
	return findPlain(Readable(userData))
}

const configMark = "ROLLCALL_NODE_CONFIG"

func findPlain(text []byte) (AgentConfig, bool) {
	lines := strings.Split(string(text), "\n")
	begin := slices.IndexFunc(lines, func(l string) bool { return strings.HasSuffix(strings.TrimSpace(l), "<<'"+configMark+"'") })
	if begin < 0 {
		return AgentConfig{}, false
	}
	length := slices.IndexFunc(lines[begin+1:], func(l string) bool { return strings.TrimSpace(l) == configMark })
	if length < 0 {
		return AgentConfig{}, false
	}
	var cfg AgentConfig
	if json.Unmarshal([]byte(strings.Join(lines[begin+1:begin+1+length], "\n")), &cfg) != nil || cfg.Format != 1 {
		return AgentConfig{}, false
	}
	return cfg, true
}

// maxUnpacked limits unpacked user data in bytes. A boot script is smaller.
const maxUnpacked = 1 << 20
