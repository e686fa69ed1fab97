package userdata

import "rollcall/providers"

// The ways in which a node gets into DNS.
const (
	RegisterAgent   = "agent"   // the agent on the node registers and deregisters it
	RegisterConsole = "console" // the console does; no secret is on the node
)

// Where the agent finds the Cloudflare token.
const (
	TokenNone     = "none"
	TokenMetadata = "metadata" // a key of Triton's metadata
	TokenSSM      = "ssm"      // a parameter of AWS Systems Manager, read by the instance's role
	TokenScript   = "script"   // in the user data itself
)

// AgentConfig is what a node's agent needs to know. It stands in the rendered
// text as JSON, and FindAgentConfig finds it again.
type AgentConfig struct {
	Format   int                `json:"format"` // 1
	Fleet    string             `json:"fleet"`
	Service  string             `json:"service"`           // canonical name
	Kind     string             `json:"kind"`              // round-robin or dns-sd
	DNS      providers.Provider `json:"dns"`               // cloudflare or route53
	Zone     string             `json:"zone"`              // canonical name
	ZoneID   string             `json:"zone_id,omitempty"` // asked for by name when empty
	TTL      uint32             `json:"ttl"`               // seconds
	Proxied  bool               `json:"proxied,omitempty"`
	IPv6     bool               `json:"ipv6,omitempty"`
	Port     uint16             `json:"port"`
	Priority uint16             `json:"priority,omitempty"`
	Weight   uint16             `json:"weight,omitempty"`
	// Host says what the node's host name is made of, dns-sd only: {name} stands for
	// the instance's name or hostname, {id} for its id. Empty means {name}.
	Host     string `json:"host,omitempty"`
	Recheck  int    `json:"recheck,omitempty"` // seconds between two looks whether the node is still in DNS; 0 means 600
	Health   Health `json:"health"`
	Register string `json:"register"` // agent or console
	Token    Token  `json:"token,omitzero"`
	// CloudKey is the key of the cloud that the text was rendered for; empty: the agent derives it.
	CloudKey providers.CloudKey `json:"cloud_key,omitempty"`
	// Endpoints override where the agent finds its services: cloudflare,
	// route53, ssm, imds. For the embedded clouds and for tests.
	Endpoints map[string]string `json:"endpoints,omitempty"`
}

// Health is the check that a node must pass before it is registered: Need of
// the last Of looks, Interval seconds apart.
type Health struct {
	HTTP     string `json:"http,omitempty"` // path
	TCP      bool   `json:"tcp,omitempty"`
	Command  string `json:"command,omitempty"`
	Port     uint16 `json:"port"`
	Need     int    `json:"need"`
	Of       int    `json:"of"`
	Interval int    `json:"interval"` // seconds
}

// Token says where the agent finds the Cloudflare token.
type Token struct {
	Source string `json:"source,omitempty"`
	Key    string `json:"key,omitempty"`   // metadata key or parameter name
	Value  string `json:"value,omitempty"` // source script only: the secret itself
}
