package launcher

import (
	"fmt"
	"strings"
)

// Section writes a heading, a document and its instructions.
func Section(b *strings.Builder, title, document string, todo ...string) {
	fmt.Fprintf(b, "# %s\n", title)
	if document != "" {
		b.WriteString(document + "\n")
	}
	for _, line := range todo {
		fmt.Fprintf(b, "#   %s\n", line)
	}
	b.WriteByte('\n')
}

// Text returns the documents for a person, with the commands that install them.
func (d *AWSPolicies) Text() string {
	var b strings.Builder
	if d.RolePolicy != nil {
		Section(&b, "Nodes on EC2: trust policy of the role "+d.Role+" (trust.json)", d.TrustPolicy.JSON())
		Section(&b, "Nodes on EC2: policy of the role (nodes.json), and its instance profile", d.RolePolicy.JSON(),
			"aws iam create-role --role-name "+d.Role+" --assume-role-policy-document file://trust.json",
			"aws iam put-role-policy --role-name "+d.Role+" --policy-name rollcall --policy-document file://nodes.json",
			"aws iam create-instance-profile --instance-profile-name "+d.InstanceProfile,
			"aws iam add-role-to-instance-profile --instance-profile-name "+d.InstanceProfile+" --role-name "+d.Role,
			"rollcall launch --instance-profile "+d.InstanceProfile+" ...")
	}
	for _, name := range d.tokens {
		Section(&b, "Nodes on EC2 in a Cloudflare zone: the token, in each region that has nodes", "",
			"read it from a file, so that it is in no shell history; see rollcall policy cloudflare",
			"aws ssm put-parameter --type SecureString --name "+name+" --value file://token")
	}
	if d.TritonPolicy != nil {
		Section(&b, "Nodes on Triton, which has no roles: policy of a user of their own (triton.json)", d.TritonPolicy.JSON(),
			"its key lies in the metadata of each node, which everything on the node can read: give it no other right",
			"aws iam create-user --user-name "+d.TritonUser,
			"aws iam create-policy --policy-name "+d.TritonUser+" --policy-document file://triton.json",
			"aws iam attach-user-policy --user-name "+d.TritonUser+" --policy-arn <the ARN that was answered>",
			"aws iam create-access-key --user-name "+d.TritonUser,
			"metadata of the nodes: aws-access-key-id and aws-secret-access-key; or let the console register them")
	}
	Section(&b, "The console", d.ConsolePolicy.JSON(),
		"it stops and terminates what a launch of rollcall has tagged; drop the condition of Power for older instances")
	for _, n := range d.Notes {
		fmt.Fprintf(&b, "# note: %s\n", n)
	}
	return b.String()
}
