package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"golang.org/x/crypto/ssh"

	"rollcall/providers"
	"rollcall/providers/sim/awsfront"
	"rollcall/providers/sim/cloudflarefront"
	"rollcall/providers/sim/dnsserver"
	"rollcall/providers/sim/sshagent"
	"rollcall/providers/sim/tritonfront"
	"rollcall/providers/sim/world"
)

// Start serves a new simulation on loopback ports until ctx ends or Close is called. It returns once every port
// listens.
func Start(ctx context.Context, o Options) (*Sim, error) {
	w := world.New(world.Options{
		Seed: o.Seed, Instances: o.Instances, Clock: o.Clock, Delays: o.Delays, Page: o.Page, UserData: o.UserData, Node: o.Node, Machine: o.Machine, Console: o.Console, ConsoleLines: o.ConsoleLines, Changed: o.Changed,
	})
	ctx, cancel := context.WithCancel(ctx)
	s := &Sim{world: w, ctx: ctx, cancel: cancel, requested: o.Requested}
	err := s.listen(o)
	s.wg.Go(func() {
		<-ctx.Done()
		s.shutdown()
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	if o.WriteConfig != nil {
		if s.endpoints.Config, err = o.WriteConfig(s.endpoints); err != nil {
			return nil, errors.Join(fmt.Errorf("write the config of the embedded clouds: %w", err), s.Close())
		}
	}
	s.wg.Go(func() { w.Run(ctx) })
	return s, nil
}

func (s *Sim) listen(o Options) error {
	w, c := s.world, s.world.Credentials
	agent, err := sshagent.Start(o.Dir, "rollcall sim", o.Key)
	if err != nil {
		return err
	}
	s.agent = agent
	if s.dns, err = dnsserver.Start(w, "127.0.0.1:0"); err != nil {
		return err
	}
	if s.second, err = dnsserver.StartSecond(w, "127.0.0.1:0"); err != nil {
		return err
	}
	s.endpoints = Endpoints{
		Triton: map[string]string{}, DNS: s.dns.Addr(), SecondDNS: s.second.Addr(), AgentSocket: agent.Socket(),
		AWSKeyID: c.AWSKeyID, AWSSecret: c.AWSSecret, TritonAccount: c.TritonAccount, TritonKeyID: agent.Fingerprint(),
		CloudflareToken: c.CloudflareToken, NodeToken: c.NodeToken,
	}
	var options []awsfront.Option
	if o.Secrets != nil {
		for name, value := range o.Secrets(w) {
			options = append(options, awsfront.WithSecret(name, value))
		}
	}
	if o.RolePolicies != nil {
		for role, policy := range o.RolePolicies(w) {
			options = append(options, awsfront.WithRolePolicy(role, policy))
		}
	}
	if s.endpoints.AWS, err = s.serve(awsfront.New(w, options...)); err != nil {
		return err
	}
	if err := s.serveTriton(agent.PublicKey()); err != nil {
		return err
	}
	base, err := s.serve(cloudflarefront.New(w))
	if err != nil {
		return err
	}
	s.endpoints.Cloudflare = base + "/client/v4"
	s.endpoints.Control, err = s.serve(s.control())
	return err
}

// serveTriton serves each data centre on its own listener. It opens the listeners before it makes the handlers, because
// each data centre returns the URLs of all.
func (s *Sim) serveTriton(key ssh.PublicKey) error {
	urls := map[string]string{} // by data centre
	listeners := map[string]net.Listener{}
	for _, c := range s.world.Clouds() {
		switch c.Provider {
		case providers.EC2:
			s.endpoints.AWSRegion = cmp.Or(s.endpoints.AWSRegion, c.Region)
		case providers.Triton:
			l, err := listen()
			if err != nil {
				for _, l := range listeners {
					_ = l.Close()
				}
				return err
			}
			listeners[c.Name] = l
			urls[c.Region] = "http://" + l.Addr().String()
			s.endpoints.Triton[c.Name] = urls[c.Region]
			s.endpoints.TritonCloud = cmp.Or(s.endpoints.TritonCloud, c.Name)
		}
	}
	for name, l := range listeners {
		s.serveOn(l, tritonfront.New(s.world, tritonfront.Options{Cloud: name, Keys: []ssh.PublicKey{key}, DataCenters: urls}))
	}
	return nil
}

func listen() (net.Listener, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the embedded clouds: %w", err)
	}
	return l, nil
}

// serve serves a handler on a port of its own and returns the base URL.
func (s *Sim) serve(h http.Handler) (string, error) {
	l, err := listen()
	if err != nil {
		return "", err
	}
	s.serveOn(l, h)
	return "http://" + l.Addr().String(), nil
}

func (s *Sim) serveOn(l net.Listener, h http.Handler) {
	srv := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if s.requested != nil {
				s.requested(r)
			}
			h.ServeHTTP(w, r)
			if s.ctx.Err() != nil { // Close woke this handler, so there is no answer
				panic(http.ErrAbortHandler)
			}
		}),
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          log.New(io.Discard, "", 0), // faults abort connections on purpose
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
		ConnState: func(_ net.Conn, st http.ConnState) { // Close waits for every handler
			switch st {
			case http.StateNew:
				s.wg.Add(1)
			case http.StateClosed, http.StateHijacked:
				s.wg.Done()
			}
		},
	}
	s.servers = append(s.servers, srv)
	s.wg.Go(func() { _ = srv.Serve(l) })
}

// World returns the state behind the fronts.
func (s *Sim) World() *world.World { return s.world }

// Endpoints returns the addresses of the simulation.
func (s *Sim) Endpoints() Endpoints { return s.endpoints }

// Env returns Endpoints().Env().
func (s *Sim) Env() []string { return s.endpoints.Env() }

// Close ends all listeners, connections, simulated time and the agent, and waits for all goroutines. It may be called
// twice.
func (s *Sim) Close() error {
	s.cancel()
	s.wg.Wait()
	return s.closeErr
}

// shutdown closes all listeners; it is called once.
func (s *Sim) shutdown() {
	var errs []error
	for _, srv := range s.servers {
		errs = append(errs, srv.Close())
	}
	if s.dns != nil {
		errs = append(errs, s.dns.Close())
	}
	if s.second != nil {
		errs = append(errs, s.second.Close())
	}
	if s.agent != nil {
		errs = append(errs, s.agent.Close())
	}
	s.closeErr = errors.Join(errs...)
}
