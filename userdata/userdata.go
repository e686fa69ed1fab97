// Package userdata lists and renders boot templates, checks their values, and reads the agent's config back from a
// rendered text.
package userdata

import (
	"strings"

	"rollcall/providers"
)

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

// Variable is a variable of a template.
type Variable struct {
	Name     string   `yaml:"name"`
	Type     Type     `yaml:"type"`
	Default  string   `yaml:"default"`
	Help     string   `yaml:"help"`
	Example  string   `yaml:"example"`
	Required bool     `yaml:"required"`
	Pattern  string   `yaml:"pattern"` // regular expression that the whole value must match
	Options  []string `yaml:"options"` // enum only
	Secret   bool     `yaml:"secret"`  // never shown or stored
}

// Template is one boot template.
type Template struct {
	Name      string
	Help      string
	Agent     string // kind of service that the agent registers: round-robin, dns-sd, any, or empty for no agent
	After     string // systemd unit that must be up before the agent starts, e.g. nginx.service, unless the variable unit names one
	Variables []Variable
	Source    string // path of its file
	Format    string // sh or cloud-config
	Builtin   bool
	body      string
	bodyLine  int    // line of the file where the body starts
	jinja     bool   // cloud-init renders the body on the node
	parts     []part // of an archive; none for the body alone
}

// For reports whether the template can boot nodes in a provider's clouds. Clouds that run the user data as a program
// take nothing that cloud-init has to read first.
func (t *Template) For(at *providers.Traits) bool {
	return at.UserData > 0 && (at.CloudInit || t.forCloudInit() == "")
}

// forCloudInit returns what only cloud-init can read in the template, or "".
func (t *Template) forCloudInit() string {
	switch {
	case len(t.parts) > 0:
		return "it has several parts"
	case t.Format == FormatCloudConfig:
		return "it is a #cloud-config"
	case t.jinja:
		return "it is a jinja template"
	}
	return ""
}

// Input is the input of Render.
type Input struct {
	Provider providers.Provider      // of the cloud: decides the size limit and the warnings
	Declared []providers.Declaration // of all providers
	Values   map[string]string
	Fleet    string // fleet id; needed by templates with an agent
	Place    string // region or data centre of the cloud, if known
	ZoneID   string // id of the service's zone, if known
	// ZonePrivate says that the service's zone is known to be a private one.
	ZonePrivate bool
	Endpoints   map[string]string // see AgentConfig.Endpoints
	// ASG requires a text that fits every instance of an Auto Scaling group, without values of one launch, cloud or
	// node.
	ASG bool
}

// Rendered is a boot script that is ready for launch.
type Rendered struct {
	Text     []byte // as sent to the cloud; compressed if it would not fit otherwise
	Plain    []byte // before compression
	Limit    int    // the cloud's limit in raw bytes
	Left     int    // bytes left below the limit
	Warnings []string
	Agent    *AgentConfig // nil if the template has no agent

	script []byte            // the template's own text, without other parts
	above  int               // lines above the script in the readable form
	origin []int             // template line of each line of the script; 0 for none
	secret map[string]string // values of secret variables, by name
}

// Readable returns the user data uncompressed.
func (r *Rendered) Readable() string {
	if r.Plain == nil {
		return string(r.Text)
	}
	return string(r.Plain)
}

// Compressed reports whether the cloud gets the text in gzip, which cloud-init unpacks.
func (r *Rendered) Compressed() bool { return r.Plain != nil && len(r.Text) != len(r.Plain) }

// Templates is a set of built-in templates and an operator's own.
type Templates struct {
	list []Template
}

// DefaultTemplate returns the name of the built-in template for a kind of service, unless another is configured; for no
// kind, that of the agent alone. An operator's template is never a default by its name or position.
func DefaultTemplate(kind string) string {
	return map[string]string{"round-robin": "nginx-roundrobin", "dns-sd": "service-dnssd", "": "bare"}[kind]
}

// Render renders a built-in template.
func Render(name string, in Input) (Rendered, error) { return Builtin().Render(name, in) }

// Problems lists everything that is wrong with an input, one line each.
type Problems []string

// Error returns the problems, one per line.
func (p Problems) Error() string { return strings.Join(p, "\n") }
