package cli

import (
	"bytes"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/jsonschema-go/jsonschema"

	"rollcall/cmd/rollcall/cli/output"
	"rollcall/dnsview/rows"
	"rollcall/providers/sim/world"
)

// schemaFile is the schema of the JSON output, which documents its keys. This test writes it anew if it does not fit.
const schemaFile = "schema.json"

// documented are the outputs that the schema documents, by the name of their definition.
var documented = map[string]struct {
	object  any
	command []string
	one     bool // the output is one object; else a list of them
}{
	"instance": {object: rows.InstanceObject{}, command: []string{"ls", "instances", "--all", "--status"}},
	"record":   {object: rows.RecordObject{}, command: []string{"ls", "records", "--all", "--wire"}},
	"finding":  {object: rows.FindingObject{}, command: []string{"ls", "findings", "--all"}},
	"service":  {object: rows.ServiceObject{}, command: []string{"ls", "services"}},
	"source":   {object: rows.Source{}, command: []string{"ls", "sources", "--wire"}},
	"drift":    {object: driftReport{}, command: []string{"drift"}, one: true},
	"plan":     {object: output.Report{}, command: []string{"deregister", "--dead", "--dry-run"}, one: true},
}

func TestTheSchemaDocumentsEveryKeyOfTheJSONOutput(t *testing.T) {
	doc := fieldComments(t, "../../../providers", "../../../dnsview/index", "../../../dnsview/services", "../../../dnsview/plan", "../../../dnsview/rows", "output", ".")
	all := map[string]*jsonschema.Schema{}
	for name, d := range documented {
		s, err := jsonschema.ForType(reflect.TypeOf(d.object), nil)
		if err != nil {
			t.Fatal(err)
		}
		describe(t, s, reflect.TypeOf(d.object), doc)
		all[name] = s
	}
	text, err := json.MarshalIndent(map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "JSON output of rollcall",
		"description": "Lists are arrays of these objects. Keys are added, and never renamed.", "$defs": all,
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	text = append(text, '\n')
	if have, err := os.ReadFile(schemaFile); err != nil || !bytes.Equal(have, text) {
		t.Errorf("%s did not fit the output; it is written anew: %v, %v", schemaFile, err, os.WriteFile(schemaFile, text, 0o600))
	}
}

func TestTheJSONOutputFitsTheSchema(t *testing.T) {
	s := newWorld(t)
	if err := s.World().SetFault("joyent-ams", world.Unreachable); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Defs map[string]*jsonschema.Schema `json:"$defs"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for name, d := range documented {
		schema, err := file.Defs[name].Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		r := rollcall(t, append(d.command, "-o", "json")...)
		var list []any
		if d.one {
			list = []any{nil}
			err = json.Unmarshal([]byte(r.out), &list[0])
		} else {
			err = json.Unmarshal([]byte(r.out), &list)
		}
		if err != nil || len(list) == 0 {
			t.Fatalf("%s: %v\n%s", name, err, r.err)
		}
		for _, row := range list {
			if err := schema.Validate(row); err != nil {
				t.Errorf("%s: %v in %v", name, err, row)
			}
		}
	}
}

func TestARowSaysWhenAndHowFarItsSourceWasRead(t *testing.T) {
	s := newWorld(t)
	for _, what := range []string{"instances", "records", "findings", "services", "sources"} {
		for _, row := range objects(t, "ls", what, "-o", "json") {
			if row["coverage"] != "complete" || row["as_of"] == nil || row["identity"] == nil {
				t.Errorf("%s: of a source that was read: %v", what, row)
			}
		}
	}
	for _, source := range []string{"joyent-ams", world.Route53Zone} {
		if err := s.World().SetFault(source, world.Unreachable); err != nil {
			t.Fatal(err)
		}
	}
	var rows []object
	for what, q := range map[string]string{
		"instances": "cloud:joyent-ams", "records": "zone:unilans.net", "findings": "zone:unilans.net", "services": "zone:unilans.net", "sources": "state:failed",
	} {
		r := rollcall(t, "ls", what, "-o", "json", "--filter", q)
		if err := json.Unmarshal([]byte(r.out), &rows); err != nil || len(rows) == 0 {
			t.Fatalf("%v, %d rows: %s", err, len(rows), r.err)
		}
		for _, row := range rows {
			if row["coverage"] != "failed" || row["as_of"] == nil {
				t.Errorf("of a source that was not read, and was by the last run: %v", row)
			}
		}
	}
}

// describe sets the description of every property of the schema of a type to the comment of its field.
func describe(t *testing.T, s *jsonschema.Schema, typ reflect.Type, doc map[string]string) {
	t.Helper()
	for typ.Kind() == reflect.Pointer || typ.Kind() == reflect.Slice {
		if typ.Kind() == reflect.Slice {
			s.Type, s.Types = "array", nil // the output has no null in the place of a list
			s = s.Items
		}
		typ = typ.Elem()
	}
	if typ.Kind() == reflect.Map && s.Types != nil {
		s.Type, s.Types = "object", nil
	}
	if typ.Kind() != reflect.Struct || s.Properties == nil {
		return
	}
	for _, f := range reflect.VisibleFields(typ) {
		key, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		p := s.Properties[key]
		if p == nil {
			continue
		}
		declared := typ // the field may be one of an embedded struct
		for _, i := range f.Index[:len(f.Index)-1] {
			declared = declared.Field(i).Type
		}
		if p.Description = doc[declared.Name()+"."+f.Name]; p.Description == "" {
			t.Errorf("%s.%s has no comment that says what %q is", declared.Name(), f.Name, key)
		}
		describe(t, p, f.Type, doc)
	}
}

// fieldComments returns the comments of the fields of structs in folders, as Type.Field.
func fieldComments(t *testing.T, folders ...string) map[string]string {
	t.Helper()
	doc := map[string]string{}
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if st, ok := spec.Type.(*ast.StructType); ok {
					for _, f := range st.Fields.List {
						for _, name := range f.Names {
							doc[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(f.Doc.Text()+" "+f.Comment.Text()), " ")
						}
					}
				}
				return true
			})
		}
	}
	return doc
}
