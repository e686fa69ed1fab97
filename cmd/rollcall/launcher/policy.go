package launcher

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/userdata"
)

// NodeRole is the default name of the nodes' role in policies.
const NodeRole = "rollcall-node"

// IAMName returns what matches the names that IAM allows for a role, a user or an instance profile. It is compiled on
// first use, as counted repeats take long.
var IAMName = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[\w+=,.@-]{1,64}$`) })

// PolicyRequest selects the policies to make.
type PolicyRequest struct {
	Services []string // all if empty
	Role     string   // name of role, instance profile and user
	Account  string   // AWS account; looked up if empty
	ZoneIDs  []string // ZONE=ID, for accounts that should not be queried
}

// AWSPolicies holds all documents of rollcall policy aws.
type AWSPolicies struct {
	Role            string           `json:"role"`
	InstanceProfile string           `json:"instance_profile"`
	RolePolicy      *userdata.Policy `json:"role_policy"` // null if no service has nodes on EC2
	TrustPolicy     userdata.Policy  `json:"trust_policy"`
	TritonUser      string           `json:"triton_user"`
	TritonPolicy    *userdata.Policy `json:"triton_policy"` // null if no service has nodes on Triton in a Route 53 zone
	ConsolePolicy   userdata.Policy  `json:"console_policy"`
	Notes           []string         `json:"notes"`
	tokens          []string         // names of parameters
}

// AWSPolicies returns the documents for the services of the config.
func (s *Launcher) AWSPolicies(ctx context.Context, f *PolicyRequest) (*AWSPolicies, error) {
	services, err := s.PolicyServices(f.Services)
	if err != nil {
		return nil, err
	}
	ids, err := s.ZoneIDs(ctx, providers.AccessIAM, f.ZoneIDs)
	if err != nil {
		return nil, err
	}
	account := cmp.Or(f.Account, s.awsAccount(ctx))
	d := &AWSPolicies{Role: f.Role, InstanceProfile: f.Role, TrustPolicy: userdata.TrustPolicy(), TritonUser: f.Role + "-triton", Notes: []string{}}
	arn := ""
	for _, at := range adapters.Declarations() {
		switch nodes := s.NodePolicy(at, services, ids, account); {
		case len(nodes.Statement) == 0:
		case at.InstanceRoles:
			d.RolePolicy = &nodes
			arn = "arn:aws:iam::" + account + ":role/" + f.Role
		default:
			d.TritonPolicy = &nodes
		}
	}
	var zones []string
	for _, z := range s.Config.Zones {
		if id, ok := ids[z.Name]; ok {
			zones = append(zones, id)
		}
	}
	d.ConsolePolicy = userdata.ConsolePolicy(zones, arn)
	for _, x := range services {
		if s.hasNodesWithRoles(x) && s.access(x.Zone) == providers.AccessToken {
			if readsToken(x) {
				d.tokens = append(d.tokens, tokenParameter(x))
			} else {
				d.Notes = append(d.Notes, fmt.Sprintf("nodes of %s are registered by the console, so they may read no token; boot: {set: {register: agent}} in the config changes that", x.Name))
			}
		}
		if p := policyService(x, ids[x.Zone]); s.access(x.Zone) == providers.AccessIAM && p.Wide() {
			d.Notes = append(d.Notes, fmt.Sprintf("nodes of %s may write A, SRV and TXT records of any name below %s, for their host names can be any; with boot: {set: {host: \"{id}.nodes\"}} in the config it is their own names alone", x.Name, x.Zone))
		}
	}
	slices.Sort(d.tokens)
	d.tokens = slices.Compact(d.tokens)
	if account == "*" {
		d.Notes = append(d.Notes, "the account is not known, so * stands for it: give --account")
	}
	if d.RolePolicy == nil && d.TritonPolicy == nil {
		d.Notes = append(d.Notes, "the config declares no service whose nodes write to Route 53 or read a parameter: nodes need nothing")
	}
	d.Notes = append(d.Notes, d.tooLarge()...)
	d.Notes = append(d.Notes, "IAM judges the names and the types of a batch apart, so each name is open to each type of its statement")
	return d, nil
}

// tooLarge returns a message for each policy above IAM's limit.
func (d *AWSPolicies) tooLarge() []string {
	var out []string
	check := func(p *userdata.Policy, what string, limit int) {
		if p != nil && p.Size() > limit {
			out = append(out, fmt.Sprintf("the policy of %s has %d characters, and IAM takes %d: make one for some of the services with --service, and a role of its own with --role", what, p.Size(), limit))
		}
	}
	check(d.RolePolicy, "the role", userdata.RolePolicyLimit)
	check(d.TritonPolicy, "the user for Triton", userdata.ManagedPolicyLimit)
	return out
}

// PolicyServices returns the named services of the config, or all.
func (s *Launcher) PolicyServices(names []string) ([]*config.Service, error) {
	var out []*config.Service
	for i := range s.Config.Services {
		x := &s.Config.Services[i]
		if len(names) == 0 || slices.ContainsFunc(names, func(n string) bool { return providers.SameName(n, x.Name) }) {
			out = append(out, x)
		}
	}
	for _, n := range names {
		if s.Config.Declared(providers.CanonicalName(n)) == nil {
			return nil, exit.Usagef("the config declares no service %q; %s", words.Clean(n), s.Config.DeclaredNames())
		}
	}
	return out, nil
}

// hasNodesOn reports whether a service can have nodes in clouds of a provider.
func (s *Launcher) hasNodesOn(x *config.Service, p providers.Provider) bool {
	return slices.ContainsFunc(s.Config.Clouds, func(c config.Cloud) bool {
		return c.Provider == p && (len(x.Clouds) == 0 || slices.Contains(x.Clouds, c.Name))
	})
}

// hasNodesWithRoles reports whether a service can have nodes in clouds whose instances have roles.
func (s *Launcher) hasNodesWithRoles(x *config.Service) bool {
	return slices.ContainsFunc(adapters.Declarations(), func(d providers.Declaration) bool { return d.InstanceRoles && s.hasNodesOn(x, d.Provider) })
}

// access returns how write access to a zone of the config is limited.
func (s *Launcher) access(zone string) providers.Access {
	return adapters.Declared(s.Config.ZoneProvider(zone)).Access
}

// NodePolicy returns the policy of the services' nodes in one provider's clouds.
func (s *Launcher) NodePolicy(at providers.Declaration, services []*config.Service, ids map[string]string, account string) userdata.Policy {
	var list []userdata.PolicyService
	var parameters []string
	for _, x := range services {
		if !s.hasNodesOn(x, at.Provider) {
			continue
		}
		if s.access(x.Zone) == providers.AccessIAM {
			list = append(list, policyService(x, ids[x.Zone]))
			continue
		}
		if !at.InstanceRoles || s.access(x.Zone) != providers.AccessToken || !readsToken(x) {
			continue // without roles the token is in the metadata
		}
		for i := range s.Config.Clouds {
			c := &s.Config.Clouds[i]
			if c.Provider != at.Provider || len(x.Clouds) > 0 && !slices.Contains(x.Clouds, c.Name) {
				continue
			}
			arn := parameterARN(c, account, tokenParameter(x))
			if !slices.Contains(parameters, arn) {
				parameters = append(parameters, arn)
			}
		}
	}
	return userdata.NodePolicy(at.IDPattern, list, parameters)
}

func policyService(x *config.Service, zoneID string) userdata.PolicyService {
	return userdata.PolicyService{
		Name: x.Name, Kind: string(x.Kind), Zone: x.Zone, ZoneID: zoneID, Host: x.Boot.Set["host"],
		IPv6: x.IPv6 || x.Boot.Set["ipv6"] == "true",
	}
}

// readsToken reports whether nodes of a service in a Cloudflare zone read its token from the parameter store, which
// they do only if the config makes them register themselves.
func readsToken(x *config.Service) bool {
	return x.Boot.Set["register"] == userdata.RegisterAgent && x.Boot.Set["token_source"] != userdata.TokenScript
}

func tokenParameter(x *config.Service) string {
	return cmp.Or(x.Boot.Set["token_key"], "/rollcall/cloudflare-token")
}

// awsAccount returns the account of the AWS credentials, or "*" if it cannot be determined.
func (s *Launcher) awsAccount(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
	defer cancel()
	for _, c := range s.Clouds() {
		if !adapters.Declared(c.Provider).InstanceRoles {
			continue
		}
		if who, err := s.Identify(ctx, c.Name); err == nil && who.Account() != "" {
			return who.Account()
		}
	}
	return "*"
}

// zoneList holds an account's answer to a query for its zones.
type zoneList struct {
	zones    []providers.Zone
	coverage providers.Coverage
}

// Zones implements providers.ZoneLister.
func (l *zoneList) Zones(_ context.Context, page func([]providers.Zone)) providers.Coverage {
	page(l.zones)
	return l.coverage
}

// ZoneIDs returns the ids of the config's zones with one kind of access, by name: the given ones, else the accounts'.
func (s *Launcher) ZoneIDs(ctx context.Context, access providers.Access, given []string) (map[string]string, error) {
	ids := map[string]string{}
	for _, g := range given {
		name, id, ok := strings.Cut(g, "=")
		if name = providers.CanonicalName(name); !ok || id == "" || s.Config.ZoneProvider(name) == "" {
			return nil, exit.Usagef("--zone-id %q: write ZONE=ID with a zone of the config", words.Clean(g))
		}
		ids[name] = id
	}
	ctx, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
	defer cancel()
	lists := map[providers.DNS]*zoneList{} // one query per account
	for _, z := range s.Zones() {
		if adapters.Declared(z.Provider).Access != access || ids[z.Name] != "" || z.DNS == nil {
			continue
		}
		if lists[z.DNS] == nil {
			l := &zoneList{}
			l.coverage = z.DNS.Zones(ctx, func(page []providers.Zone) { l.zones = append(l.zones, page...) })
			lists[z.DNS] = l
		}
		found, err := providers.FindZone(ctx, lists[z.DNS], z.Name, z.ZoneChoice, "")
		switch k := providers.KindOf(err); {
		case err == nil:
			ids[z.Name] = found.ID
		case k != providers.KindNotFound:
			return nil, fmt.Errorf("zone %s: its id is not known: %s; or give it with --zone-id %s=ID", z.Name, app.Cause(err), z.Name)
		}
	}
	for _, z := range s.Config.Zones {
		if adapters.Declared(z.Provider).Access == access && ids[z.Name] == "" {
			return nil, fmt.Errorf("zone %s: its account has no such zone; correct the config, or give --zone-id %s=ID", z.Name, z.Name)
		}
	}
	return ids, nil
}
