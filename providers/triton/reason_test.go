package triton

import (
	"net/http"
	"strings"
	"testing"

	"rollcall/providers"
)

func answerJSON(status int, body string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/machines") {
			return false
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}
}

func TestWhatARefusalSaysOfEachFieldIsToldWhole(t *testing.T) {
	long := strings.Repeat("q", 2000) + " end"
	for body, want := range map[string]string{
		`{"code":"ValidationFailed","message":"Invalid VM parameters","errors":[{"field":"ram","code":"Invalid","message":"is too small"},{"field":"name","code":"Missing"}]}`: "Invalid VM parameters; ram: Invalid: is too small; name: Missing",
		`{"code":"ValidationFailed","message":"","errors":[{"message":"` + long + `"}]}`:                                                                                       "): " + long,
		`{"code":"ValidationFailed","message":"odd","errors":"no list"}`:                                                                                                       "odd; no list",
		`{"code":"ValidationFailed","message":"odd","errors":["text",{"field":7},null]}`:                                                                                       `odd; text; {"field":7}`,
		`{"code":"ValidationFailed","message":"` + long + `","errors":[]}`:                                                                                                     long,
		`{"code":"ValidationFailed","message":"none","errors":null}`:                                                                                                           "none",
	} {
		f := newFake(t, 0)
		f.before = answerJSON(http.StatusConflict, body)
		if _, err := f.cloud().Instance(t.Context(), uuid(1)); err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%.80s\ngives %v", body, err)
		}
	}
}

func TestWhyAMachineHasFailedIsItsReason(t *testing.T) {
	f := newFake(t, 0)
	f.before = answerJSON(http.StatusOK, `{"id":"`+uuid(1)+`","name":"www","state":"failed","tags":{},"errors":[{"field":"server","code":"NoAllocatableServers","message":"No compute resources available"}]}`)
	i, err := f.cloud().Instance(t.Context(), uuid(1))
	if err != nil || i.State != providers.StateFailed || i.Reason != "server: NoAllocatableServers: No compute resources available" {
		t.Errorf("%s %q, %v", i.State, i.Reason, err)
	}
}
