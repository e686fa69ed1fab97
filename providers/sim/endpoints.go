package sim

// Endpoints are the addresses and credentials of a running simulation.
type Endpoints struct {
	AWS         string            // base URL of all AWS services
	Triton      map[string]string // base URL of CloudAPI by cloud name
	Cloudflare  string            // base URL with /client/v4
	DNS         string            // host:port, UDP and TCP
	SecondDNS   string            // the second name server of all zones
	Control     string            // base URL of the control port
	AgentSocket string            // path of the ssh-agent's socket

	AWSKeyID, AWSSecret, AWSRegion string
	TritonAccount, TritonKeyID     string // login; MD5 fingerprint of the key
	TritonCloud                    string // the cloud of TRITON_URL
	CloudflareToken                string
	NodeToken                      string // a second Cloudflare token, for nodes
	Config                         string // path of the config file, after it was written
}

// Env returns the environment for clients, as KEY=VALUE in a fixed order, without empty variables.
func (e Endpoints) Env() []string {
	pairs := [][2]string{{"AWS_ENDPOINT_URL", e.AWS}}
	for _, service := range []string{"EC2", "STS", "IAM", "SSM", "ROUTE_53", "ELASTIC_LOAD_BALANCING_V2"} {
		pairs = append(pairs, [2]string{"AWS_ENDPOINT_URL_" + service, e.AWS})
	}
	pairs = append(pairs,
		[2]string{"AWS_ACCESS_KEY_ID", e.AWSKeyID},
		[2]string{"AWS_SECRET_ACCESS_KEY", e.AWSSecret},
		[2]string{"AWS_REGION", e.AWSRegion},
		[2]string{"AWS_DEFAULT_REGION", e.AWSRegion},
		[2]string{"TRITON_PROFILE", "env"}, // a current profile of the triton CLI goes before the variables
		[2]string{"TRITON_URL", e.Triton[e.TritonCloud]},
		[2]string{"TRITON_ACCOUNT", e.TritonAccount},
		[2]string{"TRITON_KEY_ID", e.TritonKeyID},
		[2]string{"SSH_AUTH_SOCK", e.AgentSocket},
		[2]string{"CLOUDFLARE_BASE_URL", e.Cloudflare},
		[2]string{"CLOUDFLARE_API_TOKEN", e.CloudflareToken},
		[2]string{"NODE_TOKEN", e.NodeToken},
		[2]string{"ROLLCALL_RESOLVERS", e.DNS},
		[2]string{"ROLLCALL_SIM", e.Control},
		[2]string{"ROLLCALL_CONFIG", e.Config},
	)
	var env []string
	for _, p := range pairs {
		if p[1] != "" {
			env = append(env, p[0]+"="+p[1])
		}
	}
	return env
}
