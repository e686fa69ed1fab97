package userdata

import "rollcall/providers"

// The ways to register a node in DNS.
const (
	RegisterAgent   = "agent"   // the agent on the node registers and deregisters it
	RegisterConsole = "console" // the console does; the node holds no secret
)

// The places of the Cloudflare token.
const (
	TokenNone     = "none"
	TokenMetadata = "metadata" // a key of Triton's metadata
	TokenSSM      = "ssm"      // a parameter of AWS Systems Manager, read by the instance's role
	TokenScript   = "script"   // in the user data itself
)

// AgentConfig is the config of a node's agent. The rendered text contains it as JSON, which FindAgentConfig reads back.
type AgentConfig struct {
	Format   int                `json:"format"` // 1
	Fleet    string             `json:"fleet"`
	Service  string             `json:"service"`           // canonical name
	Kind     string             `json:"kind"`              // round-robin or dns-sd
	DNS      providers.Provider `json:"dns"`               // cloudflare or route53
	Zone     string             `json:"zone"`              // canonical name
	ZoneID   string             `json:"zone_id,omitempty"` // looked up by name if empty
	TTL      uint32             `json:"ttl"`               // seconds
	Proxied  bool               `json:"proxied,omitempty"`
	IPv6     bool               `json:"ipv6,omitempty"`
	Private  bool               `json:"private,omitempty"` // its private addresses are registered, not its public ones
	Port     uint16             `json:"port"`
	Priority uint16             `json:"priority,omitempty"`
	Weight   uint16             `json:"weight,omitempty"`
	// Host is the pattern of the node's host name, for dns-sd only: {name} stands for the instance's name or hostname,
	// {id} for its id. Empty means {name}.
	Host     string `json:"host,omitempty"`
	Recheck  int    `json:"recheck,omitempty"` // seconds between checks that the node is still in DNS; 0 means 600
	Health   Health `json:"health"`
	Register string `json:"register"` // agent or console
	Token    Token  `json:"token,omitzero"`
	// Place is the data centre in the key of the node's cloud. If it is empty, the agent takes what the cloud says to the node.
	Place string `json:"place,omitempty"`
	// Endpoints override the agent's services: cloudflare, route53, ssm, imds. They are for the embedded clouds and for
	// tests.
	Endpoints map[string]string `json:"endpoints,omitempty"`
}

// Health is the check that a node must pass before it is registered: Need of the last Of checks, Interval seconds
// apart.
type Health struct {
	HTTP     string `json:"http,omitempty"` // path
	TCP      bool   `json:"tcp,omitempty"`
	Command  string `json:"command,omitempty"`
	Port     uint16 `json:"port"`
	Need     int    `json:"need"`
	Of       int    `json:"of"`
	Interval int    `json:"interval"` // seconds
}

// Token is the place of the Cloudflare token.
type Token struct {
	Source string `json:"source,omitempty"`
	Key    string `json:"key,omitempty"`   // metadata key or parameter name
	Value  string `json:"value,omitempty"` // the secret itself, for source script only
}
