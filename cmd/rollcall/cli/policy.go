package cli

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/launcher"
	"rollcall/cmd/rollcall/words"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/userdata"
)

func (a *commands) policyCommand() *cobra.Command {
	return group("policy", "Least-privilege policies to paste, also for the team's store", a.policyAWS(), a.policyCloudflare(), a.policyStore())
}

// policyFlags are the flags of the policy commands.
type policyFlags struct {
	launcher.PolicyRequest
	format *output.Format
}

func (f *policyFlags) add(c *cobra.Command) {
	f.format = output.Flag(c, output.Text, output.JSON, output.YAML)
	c.Flags().StringSliceVar(&f.Services, "service", nil, "declared `services` that the nodes are for (default all)")
	c.Flags().StringSliceVar(&f.ZoneIDs, "zone-id", nil, "id of a zone, `ZONE=ID`, instead of asking the account")
}

func (a *commands) policyAWS() *cobra.Command {
	f := &policyFlags{}
	c := &cobra.Command{
		Use:   "aws",
		Short: "IAM policies for the role of nodes, a user for Triton, the console",
		Long: `aws prints what to paste into IAM: the policy and the trust policy of the role
of nodes on EC2, limited to their zone, their names and their record types; the
same for the user whose key is in the metadata of nodes on Triton; and the
policy of the console itself. It changes nothing. The DNS accounts are asked for
the ids of their zones, unless --zone-id names them.

rollcall launch --create-profile creates the role and the instance profile.`,
		Args: noArgs,
	}
	f.add(c)
	c.Flags().StringVar(&f.Role, "role", launcher.NodeRole, "name of role, instance profile and user")
	c.Flags().StringVar(&f.Account, "account", "", "AWS account `number` (default: that of the credentials)")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		if !launcher.IAMName().MatchString(f.Role) {
			return exit.Usagef("--role %q: IAM takes letters, digits and +=,.@_-, at most 64", words.Clean(f.Role))
		}
		s, err := a.Open(cmd.Context())
		if err != nil {
			return err
		}
		d, err := launcher.New(s).AWSPolicies(cmd.Context(), &f.PolicyRequest)
		if err != nil {
			return err
		}
		if f.format.Form != output.Text {
			return output.Data(a.Out, f.format.Form, d)
		}
		return output.String(a.Out, d.Text())
	}
	return c
}

// cloudflareTokens holds the tokens of rollcall policy cloudflare.
type cloudflareTokens struct {
	Console userdata.CloudflareToken   `json:"console"`
	Nodes   []userdata.CloudflareToken `json:"nodes"`
	Notes   []string                   `json:"notes"`
}

func (a *commands) policyCloudflare() *cobra.Command {
	f := &policyFlags{}
	c := &cobra.Command{
		Use:   "cloudflare",
		Short: "Scopes of Cloudflare tokens of the console and of nodes",
		Long: `cloudflare prints the scopes of the API tokens that rollcall needs for the zones
of the config, as the request that creates each token. It changes nothing and
creates no token.`,
		Args: noArgs,
	}
	f.add(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := a.Open(cmd.Context())
		if err != nil {
			return err
		}
		services, err := launcher.New(s).PolicyServices(f.Services)
		if err != nil {
			return err
		}
		ids, err := launcher.New(s).ZoneIDs(cmd.Context(), providers.AccessToken, f.ZoneIDs)
		if err != nil {
			return err
		}
		t := cloudflareTokens{Nodes: []userdata.CloudflareToken{}, Notes: []string{
			"Cloudflare has nothing narrower than a zone: the token of a node can change every record of its zone. No token on the nodes is safer: with register=console the console registers them",
			"limit the nodes' token to their addresses where these are known (condition: request_ip), and give it an end",
			"to make one: POST /user/tokens with a token that may create tokens, or in the dashboard with the same permissions: Zone / Zone / Read and Zone / DNS / Edit",
		}}
		var all []string
		for _, z := range s.Config.Zones {
			if adapters.Declared(z.Provider).Access != providers.AccessToken {
				continue
			}
			all = append(all, ids[z.Name])
			for _, x := range services {
				if providers.SameName(x.Zone, z.Name) {
					t.Nodes = append(t.Nodes, userdata.NewCloudflareToken("rollcall nodes of "+z.Name, ids[z.Name]))
					break
				}
			}
		}
		if len(all) == 0 {
			return exit.Usagef("the config has no zone at Cloudflare")
		}
		t.Console = userdata.NewCloudflareToken("rollcall console", all...)
		if f.format.Form != output.Text {
			return output.Data(a.Out, f.format.Form, t)
		}
		return output.String(a.Out, t.text())
	}
	return c
}

func (t *cloudflareTokens) text() string {
	var b strings.Builder
	launcher.Section(&b, "The console: CLOUDFLARE_API_TOKEN", asJSONText(t.Console))
	for i := range t.Nodes {
		launcher.Section(&b, "Nodes that register themselves: "+strings.TrimPrefix(t.Nodes[i].Name, "rollcall nodes of "), asJSONText(t.Nodes[i]),
			"on EC2 it lies in the parameter store: aws ssm put-parameter --type SecureString --name /rollcall/cloudflare-token --value file://token",
			"on Triton in the metadata of each node: key cloudflare-token")
	}
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "# note: %s\n", n)
	}
	return b.String()
}

// asJSONText returns a document as JSON to paste.
func asJSONText(v any) string {
	var b strings.Builder
	_ = output.Data(&b, output.JSON, v) // a builder never fails
	return strings.TrimRight(b.String(), "\n")
}
