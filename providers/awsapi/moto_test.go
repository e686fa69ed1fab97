package awsapi

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers/awsapi/mototest"
)

func TestAServiceThatWeDidNotWriteHandsOutRolesAndAnswersTheirSessions(t *testing.T) {
	t.Parallel()
	url := mototest.Start(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("of a pod"), 0o600); err != nil {
		t.Fatal(err)
	}
	env := files(t, "[profile base]\naws_access_key_id = AKIAIOSFODNN7EXAMPLE\naws_secret_access_key = s\n"+
		"[profile ops]\nregion = us-east-1\nendpoint_url = "+url+"\nsource_profile = base\nrole_session_name = tester\nrole_arn = "+roleOf+"ops\n"+
		"[profile web]\nregion = us-east-1\nservices = moto\nrole_session_name = tester\nrole_arn = "+roleOf+"workload\nweb_identity_token_file = "+token+"\n[services moto]\nsts =\n  endpoint_url = "+url+"\n", "")
	for profile, role := range map[string]string{"ops": "ops", "web": "workload"} {
		s, err := Open(Options{Source: "x", Profile: profile, Env: env})
		if err != nil {
			t.Errorf("%s: %v", profile, err)
			continue
		}
		out, err := Call(t.Context(), s.Read, "ask who this is", s.sts().GetCallerIdentity, &sts.GetCallerIdentityInput{})
		if err != nil || !strings.HasSuffix(aws.ToString(out.Arn), ":assumed-role/"+role+"/tester") {
			t.Errorf("%s: %+v, %v", profile, out, err)
		}
	}
}
