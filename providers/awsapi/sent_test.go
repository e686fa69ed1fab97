package awsapi

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"rollcall/providers"
)

func TestAWriteWhoseContextEndsAfterItWasSentIsUncertain(t *testing.T) {
	arrived, release := make(chan struct{}, 10), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		arrived <- struct{}{}
		<-release
	}))
	defer srv.Close()
	defer close(release)
	s, err := Open(Options{
		Source: "x", Region: "us-east-1", Endpoint: srv.URL,
		Env: providers.EnvironmentOf("AWS_ACCESS_KEY_ID=AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY=secret"),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := sts.NewFromConfig(s.Config, func(o *sts.Options) { o.BaseEndpoint = &srv.URL })
	call := func(ctx context.Context) error {
		_, err := client.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		return err
	}
	for name, write := range map[string]func(context.Context, string, func(context.Context) error) error{"once": s.Write, "repeated": s.Repeat} {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-arrived
			cancel()
		}()
		if err := write(ctx, "change records", call); providers.KindOf(err) != providers.KindUncertain {
			t.Errorf("%s, sent: %v", name, err)
		}
		cancel()
		if err := write(ctx, "change records", call); providers.KindOf(err) == providers.KindUncertain {
			t.Errorf("%s, not sent: %v", name, err)
		}
	}
}
