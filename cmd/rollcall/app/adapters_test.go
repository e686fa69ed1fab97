package app

import "testing"

func TestTheVariablesThatOpenAnAccountAreNamedWhereThereIsNone(t *testing.T) {
	if got := CredentialHint(); got != "AWS_PROFILE, TRITON_PROFILE or CLOUDFLARE_API_TOKEN" {
		t.Error(got)
	}
}
