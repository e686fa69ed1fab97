package triton

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
)

// Catalogue lists active images, packages and networks. CloudAPI has no key pairs, since all keys of the account can
// log in.
func (c *Cloud) Catalogue(ctx context.Context) (providers.Catalogue, error) {
	// Of a package only displayed fields are decoded; the sizes of its disks can be numbers, words or absent.
	var images []struct {
		ID, Name, OS, Version string
		PublishedAt           string `json:"published_at"`
		State                 string
	}
	var packages []struct {
		ID, Name string
		Memory   float64 // MiB
		Disk     float64 // MiB
		VCPUs    float64 `json:"vcpus"`
	}
	var networks []struct {
		ID, Name string
		Public   bool
	}
	g, gctx := errgroup.WithContext(ctx)
	get := func(op, what string, query url.Values, v any) {
		g.Go(func() error {
			_, err := c.read(gctx, request{op: op, method: http.MethodGet, path: []string{what}, query: query}, v)
			return err
		})
	}
	get("list images", "images", url.Values{"state": {"active"}}, &images)
	get("list packages", "packages", nil, &packages)
	get("list networks", "networks", nil, &networks)
	if err := g.Wait(); err != nil {
		return providers.Catalogue{}, err
	}
	var out providers.Catalogue
	for _, i := range images {
		if i.State != "" && i.State != "active" {
			continue
		}
		out.Images = append(out.Images, providers.Image{ID: i.ID, Name: i.Name, OS: i.OS, Version: i.Version, Published: parseTime(i.PublishedAt)})
	}
	for _, p := range packages {
		out.Sizes = append(out.Sizes, providers.Size{
			ID: cmp.Or(p.Name, p.ID), Name: p.Name, VCPUs: int(p.VCPUs), MemoryMiB: int(p.Memory), DiskGiB: int(p.Disk) / 1024,
		})
	}
	for _, n := range networks {
		out.Networks = append(out.Networks, providers.Network{ID: n.ID, Name: n.Name, Public: n.Public})
	}
	slices.SortFunc(out.Images, func(a, b providers.Image) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), b.Published.Compare(a.Published), cmp.Compare(a.ID, b.ID))
	})
	slices.SortFunc(out.Sizes, func(a, b providers.Size) int {
		return cmp.Or(cmp.Compare(a.MemoryMiB, b.MemoryMiB), cmp.Compare(a.Name, b.Name))
	})
	slices.SortFunc(out.Networks, func(a, b providers.Network) int { return cmp.Compare(a.Name, b.Name) })
	return out, nil
}
