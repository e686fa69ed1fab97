package launcher

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/config"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/providers/ec2"
	"rollcall/providers/launch"
	"rollcall/userdata"
)

// ProfileToMake is the instance profile of a launch in one AWS account. Clouds of one account share it, since IAM has
// no regions.
type ProfileToMake struct {
	Account string
	Profile ec2.NodeProfile
	names   []string // of the clouds
	clouds  []app.ProfileMaker
	Missing []string // one sentence each; empty if nothing is missing
}

// ProfilesToMake sets the instance profile in the spec and returns what has to be created for it. It creates nothing.
func (s *Launcher) ProfilesToMake(ctx context.Context, spec *launch.Spec, name string) ([]ProfileToMake, error) {
	ids, err := s.ZoneIDs(ctx, providers.AccessIAM, nil)
	if err != nil {
		return nil, err
	}
	var out []ProfileToMake
	for i := range spec.Nodes {
		t := &spec.Nodes[i]
		c, ok := s.Cloud(t.Cloud)
		if !ok || !adapters.Declared(c.Provider).InstanceRoles {
			continue // Triton has no instance profiles
		}
		if c.Err != nil {
			return nil, exit.Unknownf("cloud %s: %s; nothing was launched", words.Clean(c.Name), app.Cause(c.Err))
		}
		cloud, ok := c.Compute.(app.ProfileMaker)
		if !ok {
			return nil, exit.Usagef("--create-profile: cloud %s cannot make instance profiles", words.Clean(t.Cloud))
		}
		agent, ok := userdata.FindAgentConfig(t.UserData)
		if !ok || agent.Register != userdata.RegisterAgent {
			return nil, exit.Usagef("--create-profile: the nodes in %s do not register themselves, so they need no rights; with --set register=agent they do", words.Clean(t.Cloud))
		}
		who, err := s.Identify(ctx, c.Name)
		if err != nil {
			return nil, err
		}
		t.Profile = name
		policy := s.agentPolicy(c.Provider, &agent, ids, who.Account())
		if len(policy.Statement) == 0 {
			return nil, exit.Usagef("--create-profile: the nodes in %s need no rights in AWS", words.Clean(t.Cloud))
		}
		if n := slices.IndexFunc(out, func(p ProfileToMake) bool { return p.Account == who.Account() }); n >= 0 {
			out[n].clouds, out[n].names = append(out[n].clouds, cloud), append(out[n].names, t.Cloud)
			continue
		}
		p := ProfileToMake{Account: who.Account(), names: []string{t.Cloud}, clouds: []app.ProfileMaker{cloud}, Profile: ec2.NodeProfile{
			Name: name, Description: "rollcall: nodes of " + agent.Service + ", fleet " + agent.Fleet, Trust: userdata.TrustPolicy().JSON(), Policy: policy.JSON(),
		}}
		if p.Missing, err = cloud.MissingProfile(ctx, p.Profile); err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		return nil, exit.Usagef("--create-profile: none of the clouds is an EC2 cloud")
	}
	return out, nil
}

// agentPolicy returns the AWS permissions that one agent on a provider's node needs.
func (s *Launcher) agentPolicy(at providers.Provider, a *userdata.AgentConfig, ids map[string]string, account string) userdata.Policy {
	if adapters.Declared(a.DNS).Access == providers.AccessIAM {
		return userdata.NodePolicy(adapters.Declared(at).IDPattern, []userdata.PolicyService{{
			Name: a.Service, Kind: a.Kind, Zone: a.Zone, ZoneID: ids[a.Zone], IPv6: a.IPv6, Host: a.Host,
		}}, nil)
	}
	if a.Token.Source != userdata.TokenSSM {
		return userdata.Policy{}
	}
	var parameters []string
	for _, c := range s.Config.Clouds {
		// Nodes of all regions of the account share the role.
		if c.Provider == at {
			parameters = append(parameters, parameterARN(&c, account, a.Token.Key))
		}
	}
	slices.Sort(parameters)
	return userdata.NodePolicy(adapters.Declared(at).IDPattern, nil, slices.Compact(parameters))
}

func parameterARN(c *config.Cloud, account, name string) string {
	region := cmp.Or(c.Settings.Get("region"), "*")
	return "arn:aws:ssm:" + region + ":" + account + ":parameter/" + strings.TrimPrefix(name, "/")
}
