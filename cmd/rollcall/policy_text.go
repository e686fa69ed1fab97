package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/exit"
	"rollcall/providers"
	"rollcall/userdata"
)

// section writes a heading, a document and what to do with it.
func section(b *strings.Builder, title, document string, todo ...string) {
	fmt.Fprintf(b, "# %s\n", title)
	if document != "" {
		b.WriteString(document + "\n")
	}
	for _, line := range todo {
		fmt.Fprintf(b, "#   %s\n", line)
	}
	b.WriteByte('\n')
}

// text is the documents for a person, with the commands that put them in place.
func (d *awsPolicies) text() string {
	var b strings.Builder
	if d.RolePolicy != nil {
		section(&b, "Nodes on EC2: trust policy of the role "+d.Role+" (trust.json)", d.TrustPolicy.JSON())
		section(&b, "Nodes on EC2: policy of the role (nodes.json), and its instance profile", d.RolePolicy.JSON(),
			"aws iam create-role --role-name "+d.Role+" --assume-role-policy-document file://trust.json",
			"aws iam put-role-policy --role-name "+d.Role+" --policy-name rollcall --policy-document file://nodes.json",
			"aws iam create-instance-profile --instance-profile-name "+d.InstanceProfile,
			"aws iam add-role-to-instance-profile --instance-profile-name "+d.InstanceProfile+" --role-name "+d.Role,
			"rollcall launch --instance-profile "+d.InstanceProfile+" ...")
	}
	for _, name := range d.tokens {
		section(&b, "Nodes on EC2 in a Cloudflare zone: the token, in each region that has nodes", "",
			"read it from a file, so that it is in no shell history; see rollcall policy cloudflare",
			"aws ssm put-parameter --type SecureString --name "+name+" --value file://token")
	}
	if d.TritonPolicy != nil {
		section(&b, "Nodes on Triton, which has no roles: policy of a user of their own (triton.json)", d.TritonPolicy.JSON(),
			"its key lies in the metadata of each node, which everything on the node can read: give it no other right",
			"aws iam create-user --user-name "+d.TritonUser,
			"aws iam create-policy --policy-name "+d.TritonUser+" --policy-document file://triton.json",
			"aws iam attach-user-policy --user-name "+d.TritonUser+" --policy-arn <the ARN that was answered>",
			"aws iam create-access-key --user-name "+d.TritonUser,
			"metadata of the nodes: aws-access-key-id and aws-secret-access-key; or let the console register them")
	}
	section(&b, "The console", d.ConsolePolicy.JSON(),
		"it stops and terminates what a launch of rollcall has tagged; drop the condition of Power for older instances")
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "# note: %s\n", n)
	}
	return b.String()
}

// cloudflareTokens are the tokens of rollcall policy cloudflare.
type cloudflareTokens struct {
	Console userdata.CloudflareToken   `json:"console"`
	Nodes   []userdata.CloudflareToken `json:"nodes"`
	Notes   []string                   `json:"notes"`
}

func (a *app) policyCloudflare() *cobra.Command {
	f := &policyFlags{}
	c := &cobra.Command{
		Use:   "cloudflare",
		Short: "Scopes of the Cloudflare tokens: one for the console, one for the nodes of each zone",
		Long: `cloudflare prints the scopes of the API tokens that rollcall needs for the zones
of the config, as the request that makes such a token. It changes nothing, and
makes no token.`,
		Args: noArgs,
	}
	f.add(c)
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		s, err := a.open(cmd.Context())
		if err != nil {
			return err
		}
		services, err := s.policyServices(f.services)
		if err != nil {
			return err
		}
		ids, err := s.zoneIDs(cmd.Context(), providers.Cloudflare, f.zoneIDs)
		if err != nil {
			return err
		}
		t := cloudflareTokens{Nodes: []userdata.CloudflareToken{}, Notes: []string{
			"Cloudflare has nothing narrower than a zone: whoever has the token of a node can change every record of its zone. No token on the nodes is safer: with register=console the console registers them",
			"limit the nodes' token to their addresses where these are known (condition: request_ip), and give it an end",
			"to make one: POST /user/tokens with a token that may create tokens, or in the dashboard with the same permissions: Zone / Zone / Read and Zone / DNS / Edit",
		}}
		var all []string
		for _, z := range s.config.Zones {
			if z.Provider != providers.Cloudflare {
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
		if f.format.is != asText {
			return writeData(a.out, f.format.is, t)
		}
		return flush(a.out, t.text())
	}
	return c
}

func (t *cloudflareTokens) text() string {
	var b strings.Builder
	section(&b, "The console: CLOUDFLARE_API_TOKEN", asJSONText(t.Console))
	for i := range t.Nodes {
		section(&b, "Nodes that register themselves: "+strings.TrimPrefix(t.Nodes[i].Name, "rollcall nodes of "), asJSONText(t.Nodes[i]),
			"on EC2 it lies in the parameter store: aws ssm put-parameter --type SecureString --name /rollcall/cloudflare-token --value file://token",
			"on Triton in the metadata of each node: key cloudflare-token")
	}
	for _, n := range t.Notes {
		fmt.Fprintf(&b, "# note: %s\n", n)
	}
	return b.String()
}

// asJSONText gives a document as it is pasted.
func asJSONText(v any) string {
	var b strings.Builder
	_ = writeData(&b, asJSON, v) // a builder takes everything
	return strings.TrimRight(b.String(), "\n")
}
