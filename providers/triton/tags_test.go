package triton

import (
	"net/http"
	"slices"
	"testing"

	"rollcall/providers"
)

func TestTagsOfEveryTypeAreReadAsText(t *testing.T) {
	f := newFake(t, 0)
	f.before = answerJSON(http.StatusOK, `{"id":"`+uuid(1)+`","name":"www","state":"running","tags":{"a":"x","on":true,"off":false,"n":8080,"f":0.25,"big":12345678901234567890,"null":null,`+
		`"triton.cns.disable":"true","triton.cns.services":"www:80","rollcall.launch":7,"list":[1],"object":{"b":1}}}`)
	i, err := f.cloud().Instance(t.Context(), uuid(1))
	want := map[string]string{
		"a": "x", "on": "true", "off": "false", "n": "8080", "f": "0.25", "big": "12345678901234567890", "null": "",
		"triton.cns.disable": "true", "triton.cns.services": "www:80", "rollcall.launch": "7", "list": "[1]", "object": `{"b":1}`,
	}
	if err != nil || !slices.Equal(i.Tags, providers.TagsOf(want)) || i.LaunchID != "7" {
		t.Errorf("%v, %v", i.Tags, err)
	}
}
