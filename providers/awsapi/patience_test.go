package awsapi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"rollcall/providers"
	"rollcall/providers/budget"
)

// slow returns a session whose credentials take a while.
func slow(take func(context.Context) (aws.Credentials, error)) *Session {
	s := &steps{}
	l := s.step(login{aws.CredentialsProviderFunc(take), "a test", "wait"}, func(err error) error { return err })
	return &Session{login: l, budget: budget.New("x", 0, 1)}
}

func TestCredentialsThatDoNotComeAreNamedBeforeTheReadIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow(func(ctx context.Context) (aws.Credentials, error) {
			<-ctx.Done()
			return aws.Credentials{}, ctx.Err()
		})
		idle := providers.WithIdleTimeout(t.Context(), 5*time.Second)
		defer idle.Stop()
		began := time.Now()
		err := s.Read(idle, "list instances", func(context.Context) error { return nil })
		if time.Since(began) != credentialsPatience || providers.KindOf(err) != providers.KindAuth || !strings.Contains(err.Error(), "list instances: get credentials: auth: nothing has come within 12s") {
			t.Errorf("after %s: %v", time.Since(began), err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Read(ctx, "list instances", func(context.Context) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a caller that has less time: %v", err)
		}
		time.Sleep(time.Minute) // what that caller has begun ends too
	})
}

func TestTheTimeInWhichCredentialsComeIsNotTheSilenceOfARead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := slow(func(context.Context) (aws.Credentials, error) {
			time.Sleep(11 * time.Second)
			return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, nil
		})
		idle := providers.WithIdleTimeout(t.Context(), 5*time.Second)
		defer idle.Stop()
		err := s.Read(idle, "list instances", func(ctx context.Context) error {
			time.Sleep(4 * time.Second)
			return ctx.Err()
		})
		if err != nil || idle.Expired() {
			t.Errorf("%v", err)
		}
		time.Sleep(6 * time.Second)
		if !idle.Expired() {
			t.Error("afterwards the read may be silent for ever")
		}
	})
}

func TestCredentialsThatAreOverAreFetchedAnew(t *testing.T) {
	fetched := 0
	s := slow(func(context.Context) (aws.Credentials, error) {
		fetched++
		return aws.Credentials{AccessKeyID: "A", SecretAccessKey: "s"}, nil
	})
	for range 2 {
		_ = s.Read(t.Context(), "list instances", func(context.Context) error { return nil })
	}
	err := s.Read(t.Context(), "list instances", func(context.Context) error {
		return &smithy.GenericAPIError{Code: "RequestExpired", Message: "Request has expired."}
	})
	if fetched != 1 || !strings.HasSuffix(err.Error(), "Request has expired; the credentials are of a test: wait") {
		t.Errorf("fetched %d times, %v", fetched, err)
	}
	_ = s.Read(t.Context(), "list instances", func(context.Context) error { return nil })
	if fetched != 2 {
		t.Errorf("fetched %d times", fetched)
	}
}
