package boot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/sys/unix"

	"rollcall/providers/sim"
	"rollcall/providers/sim/world"
)

// Options configure a Cluster.
type Options struct {
	Root string // the result of Root
	// Dir is the folder of the machines' disks. If it is empty, one is made on a file system that supports overlays.
	Dir string
	// Say is called with each problem of a machine, one line at a time; may be nil.
	Say func(format string, args ...any)
	// Prepare is called before a machine is switched on, and may write files to its disk; may be nil.
	Prepare func(m *Machine) error
	// Command is the path of a program without arguments that runs instead of systemd, for machines without an init
	// system.
	Command string
}

// Cluster is a set of machines and their network. Its methods are safe for concurrent use.
type Cluster struct {
	name, root, dir, command string
	say                      func(format string, args ...any)
	prepare                  func(m *Machine) error
	unlock                   func() // of dir
	router                   *namespace
	authority                *authority
	world                    *world.World

	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
	closed sync.Once
	stop   []func()

	mu        sync.Mutex
	machines  map[string]*Machine // by instance id
	byAddress map[netip.Addr]*Machine
	number    int
}

// NewCluster returns a Cluster without machines. Its Power is the Machine option of the embedded clouds, and Serve
// connects it to them.
func NewCluster(ctx context.Context, o Options) (_ *Cluster, err error) {
	r := &Cluster{root: o.Root, command: o.Command, say: o.Say, prepare: o.Prepare, machines: map[string]*Machine{}, byAddress: map[netip.Addr]*Machine{}}
	if r.say == nil {
		r.say = func(string, ...any) {}
	}
	r.ctx, r.cancel = context.WithCancel(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	if r.dir, r.unlock, err = diskDir(o.Dir); err != nil {
		return nil, err
	}
	r.name = filepath.Base(r.dir)
	if r.authority, err = newAuthority(); err != nil {
		return nil, err
	}
	if r.router, err = newNamespace(); err != nil {
		return nil, err
	}
	if err := r.router.in(func() error { return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600) }); err != nil {
		return nil, fmt.Errorf("make the network of the machines: %w", err)
	}
	var lines []string
	for _, a := range []string{metadataAddress, resolverAddress, gatewayAddress, apiAddress, clientAddress} {
		lines = append(lines, "address add "+a+"/32 dev lo")
	}
	return r, r.router.ip(lines...)
}

// Power carries out a change of power in the background. It is meant for sim.Options.Machine.
func (r *Cluster) Power(ev world.MachineEvent) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ctx.Err() != nil || r.world == nil {
		return // it has ended, or has not started
	}
	m, ok := r.machines[ev.Instance.ID]
	if !ok {
		if ev.Power != world.Start { // it was never on
			r.wg.Go(func() { r.world.Halted(ev.Cloud.Name, ev.Instance.ID) })
			return
		}
		r.number++
		m = newMachine(r, ev, r.number)
		r.machines[ev.Instance.ID] = m
		r.wg.Go(func() { m.handleEvents(r.ctx) })
	}
	m.request(ev)
}

// Serve connects the machines with the embedded clouds. It is called once, before any launch.
func (r *Cluster) Serve(s *sim.Sim) error {
	r.mu.Lock()
	r.world = s.World()
	r.mu.Unlock()
	e := s.Endpoints()
	if err := r.serveHTTP(&metadata{at: r.owner, by: r.world.Credentials, now: time.Now, tokens: map[string]token{}}); err != nil {
		return err
	}
	l, err := r.router.listen(apiAddress + ":443")
	if err != nil {
		return fmt.Errorf("serve the APIs: %w", err)
	}
	r.stop = append(r.stop, func() { _ = l.Close() })
	f, err := newForward(l, r.authority, e.AWS, e.Cloudflare)
	if err != nil {
		return fmt.Errorf("serve the APIs: %w", err)
	}
	r.wg.Go(func() { f.serve(r.ctx, r.wg.Go) })
	return r.serveDNS(e.DNS)
}

func (r *Cluster) serveHTTP(h http.Handler) error {
	l, err := r.router.listen(metadataAddress + ":80")
	if err != nil {
		return fmt.Errorf("serve metadata: %w", err)
	}
	srv := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)}
	r.stop = append(r.stop, func() { _ = srv.Close() })
	r.wg.Go(func() { _ = srv.Serve(l) })
	return nil
}

func (r *Cluster) serveDNS(upstream string) error {
	address := resolverAddress + ":53"
	l, err := r.router.listen(address)
	if err != nil {
		return fmt.Errorf("serve names: %w", err)
	}
	var p net.PacketConn
	err = r.router.in(func() error {
		p, err = net.ListenPacket("udp4", address)
		return err
	})
	if err != nil {
		_ = l.Close()
		return fmt.Errorf("serve names: %w", err)
	}
	for _, srv := range []*dns.Server{{Listener: l, Handler: &resolver{upstream}}, {PacketConn: p, Handler: &resolver{upstream}}} {
		started := make(chan struct{})
		srv.NotifyStartedFunc = func() { close(started) }
		r.wg.Go(func() { _ = srv.ActivateAndServe() })
		<-started
		r.stop = append(r.stop, func() { _ = srv.Shutdown() })
	}
	return nil
}

// owner returns the cloud and the instance with a network address.
func (r *Cluster) owner(a netip.Addr) (world.Cloud, world.Instance, bool) {
	r.mu.Lock()
	m, ok := r.byAddress[a]
	r.mu.Unlock()
	if !ok {
		return world.Cloud{}, world.Instance{}, false
	}
	i, err := r.world.Instance(m.cloud.Name, m.id) // its present state with tags and metadata
	if err != nil {
		return world.Cloud{}, world.Instance{}, false
	}
	if a != i.Private {
		i.Public = a
	}
	return m.cloud, i, true
}

// connect creates a machine's network with the public address of its instance.
func (r *Cluster) connect(m *Machine) error {
	ns, err := newNamespace()
	if err != nil {
		return err
	}
	m.ns = ns
	public, private := reached(&m.instance).String(), m.instance.Private.String()
	if err := r.router.ip(
		"link add "+m.link+" type veth peer name eth0 address "+macOf(&m.instance)+" netns "+ns.path(),
		"link set "+m.link+" up",
		"route add "+public+"/32 dev "+m.link+" src "+clientAddress,
	); err != nil {
		return err
	}
	if err := ns.ip(
		"address add "+public+"/32 dev eth0",
		"address replace "+private+"/32 dev eth0", // without a public address it exists already
		"link set eth0 up",
		"route add "+gatewayAddress+" dev eth0 src "+public,
		"route add default via "+gatewayAddress+" dev eth0 src "+public,
	); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.byAddress[reached(&m.instance)] = m
	return nil
}

// disconnect removes the network of a machine, if it has one.
func (r *Cluster) disconnect(m *Machine) {
	if m.ns == nil {
		return
	}
	r.mu.Lock()
	if r.byAddress[reached(&m.instance)] == m {
		delete(r.byAddress, reached(&m.instance))
	}
	r.mu.Unlock()
	_ = r.router.ip("link delete " + m.link) // it is missing if connect has failed
	m.ns.close()
	m.ns = nil
}

// Machine returns the machine of an instance; ok is false if it was never on.
func (r *Cluster) Machine(id string) (*Machine, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.machines[id]
	return m, ok
}

// Console returns what an instance's machine has written to its console, and when it wrote last. It is meant for
// sim.Options.Console.
func (r *Cluster) Console(id string) (text string, at time.Time) {
	m, ok := r.Machine(id)
	if !ok {
		return "", time.Time{}
	}
	return m.Console(), m.lastOutput()
}

// Machines returns all machines that were ever on, ordered by instance id.
func (r *Cluster) Machines() []*Machine {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []*Machine
	for _, m := range r.machines {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b *Machine) int { return strings.Compare(a.id, b.id) })
	return out
}

// Namespace returns the path of the network namespace that is the machines' internet, for nsenter --net= while this
// process lives.
func (r *Cluster) Namespace() string { return r.router.path() }

// Resolver returns the address of the name server there, without a port.
func (r *Cluster) Resolver() string { return resolverAddress }

// Output runs a program as a client on that internet, and returns its standard output.
func (r *Cluster) Output(ctx context.Context, name string, args ...string) (string, error) {
	var out, said strings.Builder
	c := exec.CommandContext(ctx, name, args...)
	c.Stdout, c.Stderr, c.WaitDelay = &out, &said, time.Second
	if err := r.router.in(c.Start); err != nil {
		return "", fmt.Errorf("%s: %w", name, err)
	}
	if err := c.Wait(); err != nil {
		return out.String(), fmt.Errorf("%s: %w: %s", name, err, oneLine(said.String()))
	}
	return out.String(), nil
}

// Close cuts the power of every machine, and removes the network and the disks.
func (r *Cluster) Close() error {
	var err error
	r.closed.Do(func() {
		r.mu.Lock()
		r.cancel()
		r.mu.Unlock()
		for _, f := range r.stop {
			f()
		}
		r.wg.Wait()
		if r.router != nil {
			r.router.close()
		}
		if r.dir != "" {
			err = os.RemoveAll(r.dir)
			r.unlock()
		}
	})
	return err
}

// diskPrefix starts the names of the folders with machines.
const diskPrefix = "rollcall-boot-"

// diskDir creates a folder that overlays can use, locked while it is in use, and removes those of killed processes.
func diskDir(base string) (dir string, unlock func(), err error) {
	bases := []string{base}
	if base == "" {
		bases = []string{os.TempDir(), "/var/tmp", "/dev/shm"}
	}
	var why []error
	for _, base := range bases {
		if st := new(unix.Statfs_t); unix.Statfs(base, st) != nil || st.Type == unix.OVERLAYFS_SUPER_MAGIC {
			why = append(why, fmt.Errorf("%s cannot hold the disks of machines", base))
			continue
		}
		old, _ := filepath.Glob(filepath.Join(base, diskPrefix+"*")) // the pattern is good
		for _, d := range old {
			clearStale(d)
		}
		if dir, err = os.MkdirTemp(base, diskPrefix); err != nil {
			why = append(why, err)
			continue
		}
		f, err := os.Open(dir)
		if err == nil {
			err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		}
		if err != nil {
			why = append(why, err, os.Remove(dir))
			continue
		}
		return dir, func() { _ = f.Close() }, nil
	}
	return "", nil, fmt.Errorf("make room for machines: %w", errors.Join(why...))
}

// clearStale removes a machines' folder whose process has ended.
func clearStale(dir string) {
	f, err := os.Open(dir)
	if err != nil {
		return
	}
	defer f.Close() //nolint:errcheck // it also releases the lock
	st, err := f.Stat()
	if err != nil || time.Since(st.ModTime()) < time.Minute || unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil {
		return // it is new, so its lock may not be taken yet
	}
	_ = os.RemoveAll(dir)
	parents, err := cgroupParents()
	if err != nil {
		return
	}
	for _, p := range parents {
		groups, _ := filepath.Glob(filepath.Join(p, filepath.Base(dir)+"-*"))
		(&cgroup{groups}).remove()
	}
}
