package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"rollcall/providers"
)

func TestABucketSaysItsVersioningAndWhichRulesExpireTheJournal(t *testing.T) {
	t.Parallel()
	rule := func(id, status, filter string) string {
		return fmt.Sprintf("<Rule><ID>%s</ID><Status>%s</Status>%s<Expiration><Days>7</Days></Expiration></Rule>", id, status, filter)
	}
	none := &providers.Error{Code: "NotImplemented"}
	for _, c := range []struct {
		says, versioning, lifecycle string // bodies, or codes of errors
		want                        Bucket
	}{
		{
			"all is well", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
			"<LifecycleConfiguration>" + rule("members", "Enabled", "<Filter><Prefix>ops/members/</Prefix></Filter>") + rule("old", "Disabled", "<Filter></Filter>") +
				"<Rule><ID>markers</ID><Status>Enabled</Status><Filter></Filter><Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration></Rule>" +
				"<Rule><ID>versions</ID><Status>Enabled</Status><Filter></Filter><NoncurrentVersionExpiration><NoncurrentDays>30</NoncurrentDays></NoncurrentVersionExpiration><Transition><Days>30</Days><StorageClass>GLACIER_IR</StorageClass></Transition></Rule></LifecycleConfiguration>",
			Bucket{Versioning: "Enabled"},
		},
		{
			"rules for all, for the prefix, and for tags", "<VersioningConfiguration/>",
			"<LifecycleConfiguration>" + rule("all", "Enabled", "<Filter></Filter>") + rule("ops", "Enabled", "<Prefix>ops/</Prefix>") + rule("tags", "Enabled", "<Filter><And><Prefix>ops/j</Prefix></And></Filter>") + "</LifecycleConfiguration>",
			Bucket{Versioning: "Off", Expires: []string{"all", "ops", "tags"}},
		},
		{
			"rules for a part of the journal, and one that archives it", "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>",
			"<LifecycleConfiguration>" + rule("early", "Enabled", "<Filter><Prefix>ops/journal/0000</Prefix></Filter>") +
				"<Rule><ID>cold</ID><Status>Enabled</Status><Filter><Prefix>ops/</Prefix></Filter><Transition><Days>90</Days><StorageClass>DEEP_ARCHIVE</StorageClass></Transition></Rule></LifecycleConfiguration>",
			Bucket{Versioning: "Suspended", Expires: []string{"early"}, Archives: []string{"cold"}},
		},
		{"no lifecycle", "<VersioningConfiguration/>", "404 NoSuchLifecycleConfiguration", Bucket{Versioning: "Off"}},
		{"no permission", "403 AccessDenied", "403 AccessDenied", Bucket{VersioningErr: &providers.Error{Code: "AccessDenied"}, LifecycleErr: &providers.Error{Code: "AccessDenied"}}},
		{"a server that has neither", "501 NotImplemented", "501 NotImplemented", Bucket{VersioningErr: none, LifecycleErr: none}},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := c.lifecycle
				if r.URL.Query().Has("versioning") {
					text = c.versioning
				}
				var status int
				var code string
				if n, _ := fmt.Sscanf(text, "%d %s", &status, &code); n == 2 {
					w.WriteHeader(status)
					text = "<Error><Code>" + code + "</Code><Message>no</Message></Error>"
				}
				_, _ = w.Write([]byte(text))
			}))
			t.Cleanup(server.Close)
			wantBucket(t, newStore(t, server.URL, "ops").Bucket(t.Context(), "journal/"), c.want)
		})
	}
}

func wantBucket(t *testing.T, got, want Bucket) {
	t.Helper()
	code := func(err error) string {
		e, ok := errors.AsType[*providers.Error](err)
		if !ok {
			return fmt.Sprint(err)
		}
		return e.Code
	}
	if got.Versioning != want.Versioning || code(got.VersioningErr) != code(want.VersioningErr) || code(got.LifecycleErr) != code(want.LifecycleErr) ||
		!slices.Equal(got.Expires, want.Expires) || !slices.Equal(got.Archives, want.Archives) || got.Account != "" {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestServersThatWeDidNotWriteSayVersioningAndLifecycleOfABucketAsFarAsTheyHaveThem(t *testing.T) {
	t.Parallel()
	t.Run("moto", func(t *testing.T) {
		t.Parallel()
		st := newStore(t, startMoto(t), "ops")
		wantBucket(t, st.Bucket(t.Context(), "journal/"), Bucket{Versioning: "Off"})
		_, err := st.s3.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: &st.bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
		if err != nil {
			t.Fatal(err)
		}
		rule := func(id, prefix string) types.LifecycleRule {
			return types.LifecycleRule{ID: &id, Status: types.ExpirationStatusEnabled, Filter: &types.LifecycleRuleFilter{Prefix: &prefix}, Expiration: &types.LifecycleExpiration{Days: aws.Int32(7)}}
		}
		_, err = st.s3.PutBucketLifecycleConfiguration(t.Context(), &awss3.PutBucketLifecycleConfigurationInput{Bucket: &st.bucket, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: []types.LifecycleRule{rule("members", "ops/members/"), rule("all", "")}}})
		if err != nil {
			t.Fatal(err)
		}
		wantBucket(t, st.Bucket(t.Context(), "journal/"), Bucket{Versioning: "Enabled", Expires: []string{"all"}})
	})
	t.Run("versitygw", func(t *testing.T) {
		t.Parallel()
		got := newStore(t, startVersity(t), "ops").Bucket(t.Context(), "journal/")
		wantBucket(t, got, Bucket{Versioning: "Off", LifecycleErr: &providers.Error{Code: "NotImplemented"}})
		if !IsNotImplemented(got.LifecycleErr) {
			t.Errorf("%v", got.LifecycleErr)
		}
	})
}
