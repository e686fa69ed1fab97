package s3

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
)

func TestABucketSaysItsVersioningAndWhichRulesExpireTheJournal(t *testing.T) {
	t.Parallel()
	rule := func(id, status, filter string) string {
		return fmt.Sprintf("<Rule><ID>%s</ID><Status>%s</Status>%s<Expiration><Days>7</Days></Expiration></Rule>", id, status, filter)
	}
	for _, c := range []struct {
		says, versioning, lifecycle string // bodies; empty for 403
		want                        Bucket
	}{
		{
			"all is well", "<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>",
			"<LifecycleConfiguration>" + rule("members", "Enabled", "<Filter><Prefix>ops/members/</Prefix></Filter>") + rule("old", "Disabled", "<Filter></Filter>") + "</LifecycleConfiguration>",
			Bucket{Versioning: "Enabled", Lifecycle: true},
		},
		{
			"rules for all, for the prefix, and for tags", "<VersioningConfiguration/>",
			"<LifecycleConfiguration>" + rule("all", "Enabled", "<Filter></Filter>") + rule("ops", "Enabled", "<Prefix>ops/</Prefix>") + rule("tags", "Enabled", "<Filter><And><Prefix>ops/j</Prefix></And></Filter>") + "</LifecycleConfiguration>",
			Bucket{Versioning: "Off", Lifecycle: true, Expires: []string{"all", "ops", "tags"}},
		},
		{"no permission", "", "", Bucket{}},
	} {
		t.Run(c.says, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				text := c.lifecycle
				if r.URL.Query().Has("versioning") {
					text = c.versioning
				}
				if text == "" || r.Method != http.MethodGet {
					w.WriteHeader(http.StatusForbidden)
					text = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
				}
				_, _ = w.Write([]byte(text))
			}))
			t.Cleanup(server.Close)
			got := newStore(t, server.URL, "ops").Bucket(t.Context(), "journal/")
			if got.Versioning != c.want.Versioning || got.Lifecycle != c.want.Lifecycle || !slices.Equal(got.Expires, c.want.Expires) || got.Account != "" {
				t.Errorf("%+v, want %+v", got, c.want)
			}
		})
	}
}
