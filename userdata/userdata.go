// Package userdata holds the boot templates: it lists and renders them, checks
// the values that go in, and finds the agent's config in a rendered text again.
package userdata

import (
	"strings"

	"rollcall/providers"
)

// EC2Limit is the most user data that EC2 takes, in raw bytes before base64
// (EC2 User Guide, "Run commands on your Linux instance at launch").
const EC2Limit = 16384

// TritonLimit is the most that rollcall puts into Triton's user-script. CloudAPI
// documents no limit; this keeps a request well below what it reads.
const TritonLimit = 65536

// Type is the type of a variable.
type Type string

// The types of variables.
const (
	TypeString Type = "string" // one line of text
	TypeInt    Type = "int"
	TypeBool   Type = "bool"   // true or false
	TypePort   Type = "port"   // 1 to 65535
	TypeTTL    Type = "ttl"    // seconds, 1 to 2147483647 (RFC 2181 section 8)
	TypeDomain Type = "domain" // fully qualified name
	TypeEnum   Type = "enum"   // one of Options
)

// Variable is one value that a template takes.
type Variable struct {
	Name     string   `yaml:"name"`
	Type     Type     `yaml:"type"`
	Default  string   `yaml:"default"`
	Help     string   `yaml:"help"`
	Example  string   `yaml:"example"`
	Required bool     `yaml:"required"`
	Pattern  string   `yaml:"pattern"` // regular expression that the whole value must match
	Options  []string `yaml:"options"` // enum only
	Secret   bool     `yaml:"secret"`  // not shown, not kept
}

// Template is one boot template.
type Template struct {
	Name      string
	Help      string
	Agent     string // kind of service that the agent registers: round-robin, dns-sd, any, or empty for no agent
	After     string // systemd unit that must be up before the agent starts, e.g. nginx.service; a variable named unit decides it otherwise
	Variables []Variable
	Source    string // file that it comes from
	Format    string // sh or cloud-config
	Builtin   bool
	body      string
	bodyLine  int // line of the file that the body begins with
}

// For reports whether the template can boot a node of that provider's clouds:
// Triton runs a user-script as a program, so a #cloud-config is not for it.
func (t *Template) For(p providers.Provider) bool {
	return p == providers.EC2 || p == providers.Triton && t.Format == FormatScript
}

// Input is what a rendering needs.
type Input struct {
	Provider  providers.Provider // ec2 or triton: decides the size limit and what is warned about
	Values    map[string]string
	Fleet     string             // fleet id; needed by templates with an agent
	CloudKey  providers.CloudKey // key of the cloud, when known; the agent derives it otherwise
	ZoneID    string             // id of the service's zone, when known
	Endpoints map[string]string  // see AgentConfig.Endpoints
	// ASG asks for a text that fits every instance that an Auto Scaling group
	// starts: nothing in it belongs to one launch, to one cloud or to one node.
	ASG bool
}

// Rendered is a boot script ready to be launched.
type Rendered struct {
	Text     []byte // what the cloud is given; compressed where it would not fit otherwise
	Plain    []byte // the same to read
	Limit    int    // raw bytes that the cloud takes
	Left     int    // bytes left below the limit
	Warnings []string
	Agent    *AgentConfig // nil when the template has no agent

	origin []int             // line of the template that each line of Plain comes from; 0 for none
	secret map[string]string // values of secret variables, by name
}

// Readable returns the user data unpacked, for a person to read.
func (r *Rendered) Readable() string {
	if r.Plain == nil {
		return string(r.Text)
	}
	return string(r.Plain)
}

// Compressed reports whether the cloud is given the text in gzip, which
// cloud-init unpacks on EC2.
func (r *Rendered) Compressed() bool { return r.Plain != nil && len(r.Text) != len(r.Plain) }

// Templates is a set of templates: the built-in ones, and those that an
// operator has added.
type Templates struct {
	list []Template
}

// DefaultTemplate returns the name of the built-in template that boots nodes of a kind of service, where nothing else is
// named; for no kind that of the agent alone. A template of an operator's own is never a default by its name or its place in a list.
func DefaultTemplate(kind string) string {
	return map[string]string{"round-robin": "nginx-roundrobin", "dns-sd": "service-dnssd", "": "bare"}[kind]
}

// Render renders a built-in template.
func Render(name string, in Input) (Rendered, error) { return Builtin().Render(name, in) }

// Problems lists everything that is wrong with an input, one clear line each.
type Problems []string

// Error returns the problems, one a line.
func (p Problems) Error() string { return strings.Join(p, "\n") }
