package ec2_test

import (
	"testing"

	"rollcall/providers"
)

func TestTheUserDataIsReadAndHalfAnAnswerIsNotOneOfNone(t *testing.T) {
	for name, c := range map[string]struct {
		element, id, want string
		kind              providers.Kind
	}{
		"a script": {"<userData><value>IyEvYmluL3NoCg==</value></userData>", anID, "#!/bin/sh\n", ""}, "none": {"<userData/>", anID, "", ""},
		"half an answer": {"", anID, "", providers.KindIncomplete}, "not base64": {"<userData><value>%</value></userData>", anID, "", providers.KindIncomplete},
		"another instance": {"<userData/>", "i-0123456789abcdef9", "", providers.KindIncomplete},
	} {
		cloud, _ := fakeCloud(t, handlers{"DescribeInstanceAttribute": xmlAnswer(`<DescribeInstanceAttributeResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><instanceId>` + c.id + `</instanceId>` + c.element + `</DescribeInstanceAttributeResponse>`)})
		got, err := cloud.UserData(t.Context(), anID)
		if string(got) != c.want || providers.KindOf(err) != c.kind {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
