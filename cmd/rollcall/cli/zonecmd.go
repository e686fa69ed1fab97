package cli

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/cmd/rollcall/exit"
	"rollcall/cmd/rollcall/words"
	"rollcall/dnsview"
	"rollcall/dnsview/index"
	"rollcall/dnsview/rows"
	"rollcall/providers"
	"rollcall/providers/textfile"
	"rollcall/providers/zonefile"
)

// asBIND is the form of a master file.
const asBIND = "bind"

// maxZoneFile is the largest size in bytes of a master file that is compared.
const maxZoneFile = 64 << 20

func (a *commands) zoneCommand() *cobra.Command {
	return group("zone", "Write a zone to a file, or compare it with one", a.zoneExport(), a.zoneDiff())
}

// zoneExportObject is the JSON of an exported zone.
type zoneExportObject struct {
	Zone        string              `json:"zone"`
	ID          string              `json:"id"`
	Provider    string              `json:"provider"`
	NameServers []string            `json:"name_servers"`
	Taken       time.Time           `json:"taken"`
	Records     []rows.RecordObject `json:"records"`
}

func (a *commands) zoneExport() *cobra.Command {
	c := &cobra.Command{
		Use:   "export ZONE",
		Short: "Print a zone as a master file, or as JSON",
		Long: `export reads a zone and prints all its records, owner markers included: as a
master file (RFC 1035) that BIND loads, or as JSON. What DNS lacks, such as an
alias, and what BIND would not load is a comment in the file. A zone whose
provider lists no SOA record gets one.

A zone that could not be read completely is not exported: exit code 4. Of two
zones of one name, write the id.`,
		Example: "  rollcall zone export example.com >example.com.zone\n  named-checkzone example.com example.com.zone",
		Args:    exactly(1, "a zone"),
	}
	form := output.Flag(c, asBIND, output.JSON, output.YAML)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		v, z, err := a.readZone(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if form.Form != asBIND {
			o := zoneExportObject{
				Zone: words.Clean(z.Zone.Name), ID: words.Clean(z.Zone.ID), Provider: string(z.Zone.Provider), NameServers: []string{},
				Taken: z.Coverage.Finished.UTC(), Records: []rows.RecordObject{},
			}
			for _, s := range z.Zone.NameServers {
				o.NameServers = append(o.NameServers, words.Clean(s))
			}
			of := map[*providers.Record]bool{}
			for i := range z.Records {
				of[&z.Records[i]] = true
			}
			all := rows.Records(v)
			for i := range all {
				if of[all[i].Rec] {
					o.Records = append(o.Records, all[i].Object())
				}
			}
			return output.Data(a.Out, form.Form, o)
		}
		var text strings.Builder
		left, err := zonefile.Write(&text, &z.Zone, z.Records, z.Coverage.Finished)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			a.Logf("rollcall: %s of %s cannot stand in a master file; at its end they are comments with the reason", providers.CountOf(len(left), "record"), words.Clean(z.Zone.Name))
		}
		return output.String(a.Out, text.String())
	}
	return c
}

// zoneDiffObject is the JSON of a comparison.
type zoneDiffObject struct {
	Zone   string           `json:"zone"`
	InZone []zoneDiffRecord `json:"only_in_zone"`
	InFile []zoneDiffRecord `json:"only_in_file"`
}

type zoneDiffRecord struct {
	Name  string `json:"name"`
	TTL   uint32 `json:"ttl"`
	Type  string `json:"type"`
	Value string `json:"value"`
}

func (a *commands) zoneDiff() *cobra.Command {
	c := &cobra.Command{
		Use:   "diff ZONE FILE",
		Short: "Compare a zone with a master file",
		Long: `diff reads a zone and a master file, and prints the records that are only in the
zone with a minus, and those that are only in the file with a plus. A record
with another TTL is both. What export leaves as a comment, such as an alias, is
compared with the comments of the file. It compares no SOA record, and name
servers of the apex only if the provider lists them.

Exit code 0 means that they are the same, 3 that they differ, and 4 that the
zone could not be read completely.`,
		Example: "  rollcall zone diff example.com example.com.zone",
		Args:    exactly(2, "a zone and a file"),
	}
	form := output.Flag(c, output.Text, output.JSON, output.YAML)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		text, err := textfile.ReadContext(cmd.Context(), args[1], maxZoneFile)
		if err != nil {
			return exit.Usagef("read the file: %w", err)
		}
		_, z, err := a.readZone(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		file, err := zonefile.Parse(z.Zone.Name, args[1], text)
		if err != nil {
			return exit.Usagef("read the file: %s", words.Clean(err.Error()))
		}
		o, err := compareZone(z, file, string(text))
		if err != nil {
			return err
		}
		if form.Form == output.Text {
			err = output.String(a.Out, o.text())
		} else {
			err = output.Data(a.Out, form.Form, o)
		}
		if err == nil && len(o.InZone)+len(o.InFile) > 0 {
			return exit.With(exit.Drift)
		}
		return err
	}
	return c
}

// readZone reads all sources and returns the zone with that name or id. One that was not read completely is an error with
// the exit code of an unknown answer.
func (a *commands) readZone(ctx context.Context, arg string) (*dnsview.View, *providers.ZoneView, error) {
	name, err := index.ALabels(arg)
	if err != nil {
		name = arg // an id
	}
	_, v, err := a.read(ctx)
	if err != nil {
		return nil, nil, err
	}
	var found []*providers.ZoneView
	for i := range v.Snapshot.Zones {
		z := &v.Snapshot.Zones[i]
		if namesZone(providers.CanonicalName(name), &z.Zone) || namesZone(arg, &z.Zone) {
			found = append(found, z)
		}
	}
	switch {
	case len(found) == 0:
		var names []string
		for i := range v.Snapshot.Zones {
			names = append(names, v.Snapshot.Zones[i].Zone.Name)
		}
		return nil, nil, notFound("zone "+words.Clean(arg), nearestTo(name, names, "see rollcall ls sources"), unreadZones(v, "", ""))
	case len(found) > 1:
		var ids []string
		for _, z := range found {
			ids = append(ids, words.Clean(z.Zone.ID))
		}
		return nil, nil, exit.Usagef("%s names %d zones: write one of their ids, %s", words.Clean(arg), len(found), strings.Join(ids, ", "))
	case !found[0].Coverage.Complete():
		return nil, nil, exit.Unknownf("%s could not be read completely; rollcall ls sources says why", words.Clean(found[0].Zone.Name))
	}
	return v, found[0], nil
}

// compareZone compares a zone with the records of a master file, both as a master file spells them.
func compareZone(z *providers.ZoneView, file []providers.Record, fileText string) (*zoneDiffObject, error) {
	var text strings.Builder
	if _, err := zonefile.Write(&text, &z.Zone, z.Records, z.Coverage.Finished); err != nil {
		return nil, err
	}
	live, err := zonefile.Parse(z.Zone.Name, z.Zone.Name, []byte(text.String()))
	if err != nil {
		return nil, fmt.Errorf("read what was written of %s: %w", words.Clean(z.Zone.Name), err)
	}
	apex := providers.CanonicalName(z.Zone.Name)
	listsServers := slices.ContainsFunc(z.Records, func(r providers.Record) bool { return r.Name == apex && r.Type == "NS" })
	collect := func(list []providers.Record) map[zoneDiffRecord]bool {
		out := map[zoneDiffRecord]bool{}
		for i := range list {
			r := &list[i]
			if r.Type == "SOA" || r.Type == "NS" && r.Name == apex && !listsServers {
				continue
			}
			out[zoneDiffRecord{words.Clean(r.Name), r.TTL, words.Clean(r.Type), words.Clean(providers.FoldValue(r.Type, r.Value))}] = true
		}
		return out
	}
	inZone, inFile := collect(live), collect(file)
	for of, from := range map[*map[zoneDiffRecord]bool]string{&inZone: text.String(), &inFile: fileText} { // what no file can hold
		for _, line := range zonefile.LeftIn(from) {
			if f := strings.SplitN(line, " ", 4); len(f) == 4 {
				ttl, _ := strconv.ParseUint(f[1], 10, 32) // of a line that was changed by hand it is 0
				(*of)[zoneDiffRecord{f[0], uint32(ttl), f[2], f[3]}] = true
			}
		}
	}
	only := func(of, not map[zoneDiffRecord]bool) []zoneDiffRecord {
		out := []zoneDiffRecord{}
		for _, r := range slices.SortedFunc(maps.Keys(of), compareDiffs) {
			if !not[r] {
				out = append(out, r)
			}
		}
		return out
	}
	return &zoneDiffObject{words.Clean(z.Zone.Name), only(inZone, inFile), only(inFile, inZone)}, nil
}

func compareDiffs(a, b zoneDiffRecord) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value), cmp.Compare(a.TTL, b.TTL))
}

// text returns the differences as lines, sorted by record.
func (o *zoneDiffObject) text() string {
	type line struct {
		zoneDiffRecord
		sign string
	}
	var lines []line
	for _, r := range o.InZone {
		lines = append(lines, line{r, "-"})
	}
	for _, r := range o.InFile {
		lines = append(lines, line{r, "+"})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return compareDiffs(a.zoneDiffRecord, b.zoneDiffRecord) })
	var b strings.Builder
	for _, l := range lines {
		fmt.Fprintf(&b, "%s %s %d %s %s\n", l.sign, l.Name, l.TTL, l.Type, l.Value)
	}
	return b.String()
}
