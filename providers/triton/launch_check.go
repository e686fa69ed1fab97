package triton

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/sync/errgroup"

	"rollcall/providers"
)

// CheckLaunch looks for the image, the package (by name or id) and the network of a launch in the lists of the account,
// because CloudAPI has no dry run.
func (c *Cloud) CheckLaunch(ctx context.Context, req providers.LaunchRequest) (providers.LaunchCheck, error) {
	out := providers.LaunchCheck{Unchecked: []string{"Triton has no dry run: only its lists of images, packages and networks were checked"}}
	type listed struct{ ID, Name, State string }
	var images, packages, networks []listed
	g, gctx := errgroup.WithContext(ctx)
	get := func(what string, query url.Values, v any) {
		g.Go(func() error {
			_, err := c.read(gctx, request{op: "list " + what, method: http.MethodGet, path: []string{what}, query: query}, v)
			return err
		})
	}
	get("images", url.Values{"state": {"all"}}, &images)
	get("packages", nil, &packages)
	get("networks", nil, &networks)
	if err := g.Wait(); err != nil {
		return providers.LaunchCheck{}, err
	}
	refuse := func(format string, args ...any) { out.Refused = append(out.Refused, fmt.Sprintf(format, args...)) }
	switch i := slices.IndexFunc(images, func(x listed) bool { return x.ID == req.Image }); {
	case i < 0:
		refuse("it has no image %s for this account: choose the id of one in its list", req.Image)
	case images[i].State != "" && images[i].State != "active":
		refuse("its image %s is %s: choose an active one", req.Image, images[i].State)
	}
	if !slices.ContainsFunc(packages, func(x listed) bool { return x.ID == req.Size || x.Name == req.Size }) {
		refuse("it has no package %s for this account: choose one of its list, by name or id", req.Size)
	}
	if req.Network != "" && !slices.ContainsFunc(networks, func(x listed) bool { return x.ID == req.Network }) {
		refuse("it has no network %s for this account: choose the id of one in its list", req.Network)
	}
	return out, nil
}
