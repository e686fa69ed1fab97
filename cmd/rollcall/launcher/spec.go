package launcher

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"rollcall/cmd/rollcall/app"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/providers"
	"rollcall/providers/journal"
	"rollcall/providers/launch"
	"rollcall/ui/common"
	"rollcall/userdata"
)

// BootScripts holds the boot scripts of a launch for display.
type BootScripts struct {
	Texts    map[string]string // by cloud
	Findings []Finding
	Warnings []string
}

// Request is a launch as requested on the command line.
type Request struct {
	Service  string
	Template string
	Name     string // prefix of the nodes' names
	ID       string // of an earlier try

	counts map[string]int    // nodes, by cloud
	order  []string          // of the clouds
	Given  map[string]string // values of template variables

	// Each is VALUE for all clouds, or CLOUD=VALUE:
	Size, Image, Network, KeyPair, Profile []string
}

// ParseClouds parses C[=N],... into the request.
func (r *Request) ParseClouds(args []string) (err error) {
	r.counts = map[string]int{}
	for _, arg := range args {
		name, number, given := strings.Cut(arg, "=")
		n := 1
		if given {
			if n, err = strconv.Atoi(number); err != nil || n < 1 || n > 1000 {
				return exit.Usagef("--cloud %q: write CLOUD=N with N from 1 to 1000", words.Clean(arg))
			}
		}
		if name == "" {
			return exit.Usagef("--cloud %q: write CLOUD or CLOUD=N", words.Clean(arg))
		}
		if _, twice := r.counts[name]; twice {
			return exit.Usagef("--cloud names %q twice", words.Clean(name))
		}
		r.counts[name] = n
		r.order = append(r.order, name)
	}
	if len(r.order) == 0 {
		return exit.Usagef("launch needs --cloud C[=N],...; see rollcall launch --help")
	}
	return nil
}

// Spec returns the spec of a launch, and its boot scripts.
func (s *Launcher) Spec(ctx context.Context, v *dnsview.View, f *Request) (launch.Spec, BootScripts, error) {
	templates := TemplatesOf(s.Program)
	made := BootScripts{Texts: map[string]string{}, Findings: []Finding{}}
	spec := launch.Spec{ID: f.ID, Template: f.Template, Given: f.Given, NamePrefix: f.Name}
	if spec.ID == "" {
		spec.ID = launch.NewID()
	}
	if f.Service != "" {
		d := s.Config.Declared(providers.CanonicalName(f.Service))
		if d == nil {
			return spec, made, exit.Usagef("the config declares no service %q; %s", words.Clean(f.Service), s.Config.DeclaredNames())
		}
		spec.Service = d.Name
	}
	if spec.Service == "" && spec.Template == "" {
		return spec, made, exit.Usagef("launch needs --service, or --template; %s", s.Config.DeclaredNames())
	}
	var before []journal.Entry
	if f.ID != "" {
		var err error
		if before, err = s.EntriesOf(f.ID); err != nil {
			return spec, made, err
		}
	}
	flags := f.perCloud()
	if err := s.checkClouds(flags, f.order); err != nil {
		return spec, made, err
	}
	def := s.Defaults(v, templates, spec.Service)
	if spec.Template == "" {
		if spec.Template = def.Template; spec.Template == "" {
			return spec, made, exit.Usagef("there is no template for a service such as %s: name one with --template; rollcall userdata list shows them", words.Clean(spec.Service))
		}
	}
	if t, err := templates.Get(spec.Template); err != nil {
		return spec, made, exit.Usagef("--template: %w", err)
	} else if d := s.Config.Declared(spec.Service); d != nil {
		z, _ := s.Zone(d.Zone)
		def.Values = ServiceValues(&t, d, s.Config.BootOf(d.Name), z.Provider)
	}
	maps.Copy(def.Values, f.Given)
	for _, name := range f.order {
		c, ok := s.Cloud(name)
		if !ok {
			return spec, made, exit.Usagef("--cloud: there is no cloud %q%s; there are %s", words.Clean(name), nearest(name, s.cloudNames()), strings.Join(s.cloudNames(), ", "))
		}
		if c.Err != nil {
			return spec, made, exit.Unknownf("cloud %s: %s; nothing was launched", words.Clean(c.Name), app.Cause(c.Err))
		}
		r, err := s.Render(v, templates, common.RenderRequest{Template: spec.Template, Service: spec.Service, Cloud: name, Values: def.Values})
		if err != nil {
			return spec, made, err
		}
		for _, w := range r.Warnings {
			made.Warnings = append(made.Warnings, words.Clean(name)+": "+words.Clean(w))
		}
		spec.Console = spec.Console || r.Agent != nil && r.Agent.Register == userdata.RegisterConsole
		made.Texts[name] = r.Shown()
		found, err := s.Lint(ctx, templates, spec.Template, name, &r)
		if err != nil {
			return spec, made, err
		}
		made.Findings = addFindings(made.Findings, name, &found)
		t := launch.Target{Cloud: name, Count: f.counts[name], UserData: r.Text}
		t.Image, t.Size = def.Clouds[name].Image, def.Clouds[name].Size
		keepChoices(before, name, &t, &spec.NamePrefix)
		for i, dst := range []*string{&t.Image, &t.Size, &t.Network, &t.KeyPair, &t.Profile} {
			flags[i].forCloud(name, dst)
		}
		if t.Image == "" || t.Size == "" {
			if err := s.choose(ctx, c, &t); err != nil {
				return spec, made, err
			}
		}
		spec.Nodes = append(spec.Nodes, t)
	}
	spec.NamePrefix = cmp.Or(spec.NamePrefix, def.NamePrefix)
	return s.WithOwnTags(spec), made, nil
}

// choose sets image and size from the cloud's catalogue, if there are no nodes to take them from: the newest Debian or
// Ubuntu, and the smallest size that runs it.
func (s *Launcher) choose(ctx context.Context, c *app.CloudSource, t *launch.Target) error {
	ctx, cancel := context.WithTimeout(ctx, app.OneShotTimeout)
	defer cancel()
	cat, err := c.Compute.Catalogue(ctx)
	if err != nil {
		return fmt.Errorf("cloud %s: choose an image and a size: %w; or give --image and --size", c.Name, err)
	}
	var image *providers.Image
	for i := range cat.Images {
		m := &cat.Images[i]
		text := strings.ToLower(m.Name + " " + m.OS)
		if (strings.Contains(text, "debian") || strings.Contains(text, "ubuntu")) && (image == nil || m.Published.After(image.Published)) {
			image = m
		}
	}
	if t.Image == "" && image != nil {
		t.Image = image.ID
	}
	sizes := slices.DeleteFunc(slices.Clone(cat.Sizes), func(z providers.Size) bool { return z.MemoryMiB < 512 })
	if t.Size == "" && len(sizes) > 0 {
		t.Size = slices.MinFunc(sizes, func(x, y providers.Size) int { return x.MemoryMiB - y.MemoryMiB }).ID
	}
	if t.Image == "" || t.Size == "" {
		return exit.Usagef("cloud %s has no Debian or Ubuntu image and fitting size to choose by itself: give --image and --size", c.Name)
	}
	return nil
}

func (s *Launcher) cloudNames() []string {
	var out []string
	for _, c := range s.Clouds() {
		out = append(out, c.Name)
	}
	return out
}

// nearest returns a hint with the name that was most likely meant, or "".
func nearest(name string, known []string) string {
	if best := index.Nearest(name, known); best != "" {
		return ", the nearest is " + words.Clean(best)
	}
	return ""
}
