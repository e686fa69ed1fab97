package triton

import (
	"testing"

	"rollcall/providers"
)

func TestTheUserScriptIsReadAndAnAnswerWithoutMetadataIsNotOneOfNone(t *testing.T) {
	f := newFake(t, 3)
	f.machines[0]["metadata"] = map[string]any{"user-script": "#!/bin/sh\n", "count": 3}
	f.machines[1]["metadata"] = map[string]any{}
	delete(f.machines[2], "metadata")
	c := f.cloud()
	for i, want := range []string{"#!/bin/sh\n", ""} {
		if got, err := c.UserData(t.Context(), uuid(i)); err != nil || string(got) != want {
			t.Errorf("machine %d: %q, %v", i, got, err)
		}
	}
	if got, err := c.UserData(t.Context(), uuid(2)); providers.KindOf(err) != providers.KindIncomplete {
		t.Errorf("half an answer: %q, %v", got, err)
	}
	if _, err := c.UserData(t.Context(), "web-1"); providers.KindOf(err) != providers.KindInvalid {
		t.Errorf("no id: %v", err)
	}
}
