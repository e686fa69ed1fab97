package app

import (
	"errors"
	"slices"
	"testing"

	"rollcall/cmd/rollcall/config"
	"rollcall/providers"
	"rollcall/providers/s3"
)

func TestSpellingsOfAnEndpointHaveOneFolder(t *testing.T) {
	t.Parallel()
	of := func(endpoint string) string {
		return StoreFolder(&config.Config{Team: config.Team{Bucket: "ops", Endpoint: endpoint}}, "state")
	}
	for _, e := range []string{"https://MinIO.example.com", "https://minio.example.com:443", "https://minio.example.com/"} {
		if of(e) != of("https://minio.example.com") {
			t.Errorf("%s has a folder of its own", e)
		}
	}
	for _, e := range []string{"", "http://minio.example.com", "https://minio.example.com:9000", "https://minio.example.com/s3"} {
		if of(e) == of("https://minio.example.com") {
			t.Errorf("%s has the folder of another server", e)
		}
	}
}

func TestWhatCouldNotBeReadOfABucketIsSaidWithWhy(t *testing.T) {
	t.Parallel()
	refused := &providers.Error{Kind: providers.KindAuth, Code: "AccessDenied", Source: "team store s3://ops", Op: "read its lifecycle", Err: errors.New("AccessDenied: not s3:GetLifecycleConfiguration")}
	none := &providers.Error{Kind: providers.KindInvalid, Code: "NotImplemented", Err: errors.New("NotImplemented: no")}
	for _, c := range []struct {
		b    s3.Bucket
		want []string
	}{
		{s3.Bucket{Versioning: "Enabled"}, []string{"versioning is on", "no rule of its lifecycle expires the journal"}},
		{s3.Bucket{VersioningErr: none, LifecycleErr: none}, []string{"its server has no versioning: a journal object that is removed by other means is gone", "its server does not say its lifecycle: no rule may expire what is below journal/"}},
		{s3.Bucket{VersioningErr: refused, LifecycleErr: refused}, []string{"whether versioning is on could not be read: AccessDenied: not s3:GetLifecycleConfiguration", "its lifecycle, of which no rule may expire what is below journal/, could not be read: AccessDenied: not s3:GetLifecycleConfiguration"}},
		{s3.Bucket{Versioning: "Enabled", Archives: []string{"cold"}, Expires: []string{"all", "old"}}, []string{"versioning is on", "its lifecycle archives journal objects, which every member reads: change the rule cold", "its lifecycle removes journal objects, which must never expire: change the rule all, old as rollcall policy store says"}},
	} {
		if got := bucketLines(c.b); !slices.Equal(got, c.want) {
			t.Errorf("got %q\nwant %q", got, c.want)
		}
	}
}
