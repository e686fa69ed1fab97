package userdata_test

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"rollcall/providers"
	"rollcall/providers/sim"
	"rollcall/providers/sim/boot"
	"rollcall/providers/sim/world"
	"rollcall/userdata/deflate"
)

// The services of these tests, which have no other nodes.
const (
	bootRoundRobin = "boot." + world.CloudflareZone
	bootDNSSD      = "v1._boot._tcp." + world.Route53Zone
)

// bootConfig is the operator's config. The guards are as always, but for the
// grace, which is short because these nodes live for seconds.
const bootConfig = `fleet: 7f3a9c1e
clouds:
  - {name: aws-use1, provider: ec2, region: us-east-1}
  - {name: aws-euw1, provider: ec2, region: eu-west-1}
  - {name: joyent-east, provider: triton, url: "%s", account: ops}
  - {name: joyent-ams, provider: triton, url: "%s", account: ops}
zones:
  - {name: scalability.expert, provider: cloudflare}
  - {name: unilans.net, provider: route53}
services:
  - {name: boot.scalability.expert, kind: round-robin, zone: scalability.expert, ttl: 60, select: {tag.service: boot}, health: {http: "/", port: 80}, boot: {set: {register: agent, health_interval: "1"}}}
  - {name: v1._boot._tcp.unilans.net, kind: dns-sd, zone: unilans.net, ttl: 30, port: 8080, priority: 10, weight: 10, select: {tag.service: bootsd}, txt: {txtvers: "1"}, health: {tcp: true, port: 8080}, boot: {set: {register: agent, health_interval: "1"}}}
guards: {grace: 1s, boot: 1s}
resolvers: ["%s"]
state: boot
`

// bootTools keeps the command that the tests of this process share.
var bootTools struct {
	once     sync.Once
	rollcall string
	err      error
}

// TestMain runs four tests at once unless the command line says otherwise: they mostly wait, for agents and for machines.
func TestMain(m *testing.M) {
	if err := flag.Set("test.parallel", "4"); err != nil {
		panic(err)
	}
	code := m.Run()
	if bootTools.rollcall != "" {
		_ = os.RemoveAll(filepath.Dir(bootTools.rollcall))
	}
	os.Exit(code)
}

// bootCommand builds the rollcall command, with the race detector where this
// test has it, so that nothing is compiled twice.
func bootCommand(t *testing.T) string {
	t.Helper()
	bootTools.once.Do(func() {
		dir, err := os.MkdirTemp("", "rollcall-test-")
		if err != nil {
			bootTools.err = err
			return
		}
		bootTools.rollcall = filepath.Join(dir, "rollcall")
		args := []string{"build", "-o", bootTools.rollcall}
		if info, ok := debug.ReadBuildInfo(); ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"}) {
			args = append(args, "-race")
		}
		if out, err := exec.Command("go", append(args, "rollcall/cmd/rollcall")...).CombinedOutput(); err != nil {
			bootTools.err = fmt.Errorf("build rollcall: %w: %s", err, out)
		}
	})
	if bootTools.err != nil {
		t.Fatal(bootTools.err)
	}
	return bootTools.rollcall
}

// bootAble skips where machines cannot be booted; CI has all that it takes.
func bootAble(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("make quick leaves this to make test")
	}
	err := boot.Check()
	for _, tool := range []string{"dig", "curl"} {
		if _, missing := exec.LookPath(tool); err == nil && missing != nil {
			err = fmt.Errorf("%w: install %s", boot.ErrUnable, tool)
		}
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// bootRig is the embedded clouds with machines that really boot, and an
// operator in front of them.
type bootRig struct {
	t        *testing.T
	sim      *sim.Sim
	world    *world.World
	rack     *boot.Cluster
	rollcall string
	config   string
	env      []string
	begin    time.Time
}

// bootNode is one instance of the rig and its machine.
type bootNode struct {
	*boot.Machine
	rig      *bootRig
	cloud    world.Cloud
	name     string
	address  string
	launched time.Time
}

func newBootRig(t *testing.T, o boot.Options) *bootRig {
	t.Helper()
	t.Parallel()
	bootAble(t)
	r := &bootRig{t: t, rollcall: bootCommand(t)}
	ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
	defer cancel()
	var err error
	if o.Root, err = boot.Root(ctx, "", nil); err != nil {
		t.Fatal(err)
	}
	o.Say = t.Logf
	if r.rack, err = boot.NewCluster(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	r.sim, err = sim.Start(context.Background(), sim.Options{
		Seed: 1, Machine: r.rack.Power,
		Delays: world.Delays{Boot: 10 * time.Millisecond, Agent: time.Millisecond, Stop: time.Millisecond, Forget: time.Hour, Propagate: time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			r.autopsy()
		}
		if err := r.rack.Close(); err != nil {
			t.Error(err)
		}
		if err := r.sim.Close(); err != nil {
			t.Error(err)
		}
	})
	r.world = r.sim.World()
	if err := r.rack.Serve(r.sim); err != nil {
		t.Fatal(err)
	}
	r.operator()
	r.begin = time.Now()
	return r
}

// operator writes the config and the environment of the operator, and puts the
// Cloudflare token where nodes on EC2 read it.
func (r *bootRig) operator() {
	r.t.Helper()
	e, dir := r.sim.Endpoints(), r.t.TempDir()
	config := filepath.Join(dir, "config.yaml")
	text := fmt.Sprintf(bootConfig, e.Triton["joyent-east"], e.Triton["joyent-ams"], e.DNS)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
	e.Config, r.config = config, config
	r.env = append(e.Env(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"), "PATH="+os.Getenv("PATH"),
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "NO_COLOR=1")
	for _, region := range []string{"us-east-1", "eu-west-1"} {
		store := ssm.New(ssm.Options{Region: region, BaseEndpoint: &e.AWS, Credentials: credentials.NewStaticCredentialsProvider(e.AWSKeyID, e.AWSSecret, "")})
		_, err := store.PutParameter(r.t.Context(), &ssm.PutParameterInput{
			Name: aws.String("/rollcall/cloudflare-token"), Value: &e.CloudflareToken, Type: types.ParameterTypeSecureString, Overwrite: aws.Bool(true),
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
}

// run runs the rollcall command as the operator, and returns its exit code.
func (r *bootRig) run(args ...string) (code int, out, said string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 2*time.Minute)
	defer cancel()
	var o, s bytes.Buffer
	c := exec.CommandContext(ctx, r.rollcall, args...)
	c.Env, c.Stdout, c.Stderr = r.env, &o, &s
	if err := c.Run(); err != nil && (c.ProcessState == nil || ctx.Err() != nil) {
		r.t.Fatalf("rollcall %v: %v", args, err)
	}
	return c.ProcessState.ExitCode(), o.String(), s.String()
}

func (r *bootRig) must(args ...string) string {
	r.t.Helper()
	code, out, said := r.run(args...)
	if code != 0 {
		r.t.Fatalf("rollcall %v: exit code %d\n%s%s", args, code, out, said)
	}
	return out
}

// launch starts an instance with the user data that rollcall renders, as it stands.
func (r *bootRig) launch(cloudName, name, template, service string, set ...string) *bootNode {
	r.t.Helper()
	args := []string{"userdata", "render", template, "--service", service, "--cloud", cloudName}
	for _, kv := range set {
		args = append(args, "--set", kv)
	}
	text := r.must(args...)
	if cloudName != "joyent-east" && len(text) > 16384 { // as a launch sends it to EC2
		text = string(deflate.Gzip([]byte(text)))
	}
	e := r.sim.Endpoints()
	cloud := r.world.Clouds()[slices.IndexFunc(r.world.Clouds(), func(c world.Cloud) bool { return c.Name == cloudName })]
	spec := world.Instance{Name: name, Type: "t3.small", Image: "ami-0d3b1a2f4c5e60718", Profile: "node", UserData: []byte(text), Tags: map[string]string{"service": "boot"}}
	if service == bootDNSSD {
		spec.Tags["service"] = "bootsd"
	}
	if cloud.Provider == providers.Triton {
		spec.Type, spec.Image, spec.Profile = "g4-highcpu-1G", world.DebianImage, ""
		spec.Metadata = map[string]string{
			"user-script": text, "cloudflare-token": e.CloudflareToken, "aws-access-key-id": e.AWSKeyID, "aws-secret-access-key": e.AWSSecret,
		}
	}
	i, err := r.world.Launch(cloudName, spec)
	if err != nil {
		r.t.Fatal(err)
	}
	n := &bootNode{rig: r, cloud: cloud, name: name, launched: time.Now()}
	r.until("the machine of "+name+" is on", func() (ok bool) { n.Machine, ok = r.rack.Machine(i.ID); return ok })
	n.address = n.instance().Public.String()
	return n
}

// own writes files into the operator's folder of templates.
func (r *bootRig) own(files map[string]string) {
	r.t.Helper()
	for name, text := range files {
		path := filepath.Join(filepath.Dir(r.config), "templates", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			r.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			r.t.Fatal(err)
		}
	}
}

// both launches one node of a service on EC2 and one on Triton.
func (r *bootRig) both(template, service string) []*bootNode {
	return []*bootNode{r.launch("aws-use1", "boot-ec2", template, service), r.launch("joyent-east", "boot-triton", template, service)}
}

// until waits for what machines bring about.
func (r *bootRig) until(what string, ok func() bool) {
	r.t.Helper()
	r.waitFor(what, 3*time.Minute, ok)
}

func (r *bootRig) waitFor(what string, most time.Duration, ok func() bool) {
	r.t.Helper()
	for end := time.Now().Add(most); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if ok() {
			return
		}
	}
	r.t.Fatalf("it never came to this: %s", what)
}

// dig asks the resolver that the machines' internet has; each value is a line of it.
func (r *bootRig) dig(name, typ string) []string {
	r.t.Helper()
	out, err := r.rack.Output(r.t.Context(), "dig", "+short", "+tries=2", "+time=5", "@"+r.rack.Resolver(), name, typ)
	if err != nil {
		r.t.Fatal(err)
	}
	return slices.DeleteFunc(strings.Split(out, "\n"), func(line string) bool { return line == "" })
}

// inDNS waits until a name has exactly these addresses.
func (r *bootRig) inDNS(name string, nodes ...*bootNode) {
	r.t.Helper()
	var want []string
	for _, n := range nodes {
		want = append(want, n.address)
	}
	slices.Sort(want)
	var got []string
	defer func() {
		if r.t.Failed() {
			r.t.Logf("%s had the addresses %v last", name, got)
		}
	}()
	r.until(fmt.Sprintf("%s has the addresses %v", name, want), func() bool {
		got = r.dig(name, "A")
		slices.Sort(got)
		return slices.Equal(got, want)
	})
}

// curl gets a page as a client on the internet does, at an address that dig gave.
func (r *bootRig) curl(name, address string, port int, path string) (string, error) {
	host := netip.AddrPortFrom(netip.MustParseAddr(address), uint16(port)).String()
	return r.rack.Output(r.t.Context(), "curl", "-sS", "--fail", "--max-time", "5", "--noproxy", "*",
		"--connect-to", fmt.Sprintf("%s:%d:%s", name, port, host), fmt.Sprintf("http://%s:%d%s", name, port, path))
}

func (n *bootNode) instance() world.Instance {
	n.rig.t.Helper()
	i, err := n.rig.world.Instance(n.cloud.Name, n.ID())
	if err != nil {
		n.rig.t.Fatal(err)
	}
	return i
}

// shell runs a command line on the node.
func (n *bootNode) shell(line string) string {
	n.rig.t.Helper()
	ctx, cancel := context.WithTimeout(n.rig.t.Context(), time.Minute)
	defer cancel()
	out, err := n.Run(ctx, "sh", "-c", line)
	if err != nil {
		n.rig.t.Fatal(err)
	}
	return out
}

// agentLog is what the node's agent has written to its log, even when the node is off.
func (n *bootNode) agentLog() string {
	text, err := n.ReadFile("/var/log/rollcall-node.log")
	if err != nil {
		return ""
	}
	return string(text)
}

// logs waits until the log of the node's nginx shows a request.
func (n *bootNode) logs(request string) {
	n.rig.t.Helper()
	n.rig.until(n.name+" has logged "+request, func() bool {
		log, err := n.ReadFile("/var/log/nginx/access.log")
		return err == nil && strings.Contains(string(log), request)
	})
}

// markers are the records that bear the node's marker, as "name type value".
func (n *bootNode) markers() []string {
	var out []string
	for _, z := range n.rig.world.Zones("") {
		z.View(func(tx *world.Tx) {
			for _, rec := range tx.Records() {
				if o, err := providers.DecodeOwner(rec.Comment); err == nil && o.Instance == n.ID() {
					out = append(out, rec.Name+" "+rec.Type+" "+rec.Content)
				}
			}
			for _, set := range tx.Sets() {
				if strings.HasPrefix(set.Name, n.ID()+"._rollcall.") {
					out = append(out, set.Values...)
				}
			}
		})
	}
	return out
}

// autopsy shows what the machines of a failed test said.
func (r *bootRig) autopsy() {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, m := range r.rack.Machines() {
		log, _ := m.ReadFile("/var/log/rollcall-node.log")
		console := m.Console()
		r.t.Logf("%s after %d boots, console:\n%s\nagent:\n%s", m.ID(), m.Boots(), console[max(0, len(console)-3000):], log)
		if out, err := m.Run(ctx, "sh", "-c", "systemctl --failed --no-legend; systemctl status --no-pager -n 20 nginx rollcall-node cloud-final; tail -n 20 /var/log/cloud-init-output.log"); out != "" {
			r.t.Log(out, err)
		}
	}
}
