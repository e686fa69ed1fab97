package cli

import (
	"encoding/base64"
	"maps"
	"slices"
	"strings"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/adapters"
	"rollcall/userdata"
)

// asASG is the output form for Auto Scaling groups.
const asASG = "asg"

// launchTemplateInput is the input of EC2's CreateLaunchTemplate. AWS::EC2::LaunchTemplate of CloudFormation has the
// same properties.
type launchTemplateInput struct {
	LaunchTemplateName string
	LaunchTemplateData launchTemplateData
}

type launchTemplateData struct {
	IamInstanceProfile *launchTemplateProfile `json:",omitempty"`
	MetadataOptions    map[string]string
	TagSpecifications  []launchTemplateTags `json:",omitempty"`
	UserData           string               // base64
}

type launchTemplateProfile struct{ Name string }

type launchTemplateTags struct {
	ResourceType string
	Tags         []launchTemplateTag
}

type launchTemplateTag struct{ Key, Value string }

// launchTemplate returns the launch template of an Auto Scaling group, without anything of a single launch. Its tags
// are those that select the nodes, without a name, which all nodes of a group would share.
func launchTemplate(name string, r *userdata.Rendered, service *index.Service, profile string) (string, error) {
	in := launchTemplateInput{LaunchTemplateName: "rollcall-" + name, LaunchTemplateData: launchTemplateData{
		MetadataOptions: map[string]string{"HttpEndpoint": "enabled", "HttpTokens": "required"},
		UserData:        base64.StdEncoding.EncodeToString(r.Text),
	}}
	tags := map[string]string{}
	if service != nil {
		maps.Copy(tags, service.Select)
		tags[providers.TagService] = service.Name
		in.LaunchTemplateName = "rollcall-" + strings.Map(func(c rune) rune {
			if c == '.' || c == '_' || c == '-' || c >= '0' && c <= '9' || c >= 'a' && c <= 'z' {
				return c
			}
			return '-'
		}, service.Name)
	}
	if a := r.Agent; a != nil {
		if a.Fleet != "" {
			tags[providers.TagFleet] = a.Fleet
		}
		if a.Register == userdata.RegisterAgent && (adapters.Declared(a.DNS).Access == providers.AccessIAM || a.Token.Source == userdata.TokenSSM) {
			in.LaunchTemplateData.IamInstanceProfile = &launchTemplateProfile{Name: profile}
		}
	}
	if len(tags) > 0 {
		var list []launchTemplateTag
		for _, k := range slices.Sorted(maps.Keys(tags)) {
			list = append(list, launchTemplateTag{k, tags[k]})
		}
		in.LaunchTemplateData.TagSpecifications = []launchTemplateTags{{"instance", list}, {"volume", list}}
	}
	var b strings.Builder
	err := output.Data(&b, output.JSON, in)
	return b.String(), err
}
