package providers

import (
	"net/netip"
	"reflect"
	"testing"
	"time"
)

// eachField calls check for every field of T, with a value in which that field alone is set.
func eachField[T any](t *testing.T, check func(field string, v *T)) {
	t.Helper()
	for f := range reflect.TypeFor[T]().Fields() {
		var v T
		to := reflect.ValueOf(&v).Elem().FieldByIndex(f.Index)
		switch to.Interface().(type) {
		case []netip.Addr:
			to.Set(reflect.ValueOf([]netip.Addr{netip.MustParseAddr("192.0.2.1")}))
		case []Owner:
			to.Set(reflect.ValueOf([]Owner{{Fleet: "f"}}))
		case []string:
			to.Set(reflect.ValueOf([]string{"x"}))
		case Tags:
			to.Set(reflect.ValueOf(Tags{{Name: "k"}}))
		case time.Time:
			to.Set(reflect.ValueOf(time.Unix(1, 0)))
		default:
			switch to.Kind() {
			case reflect.String:
				to.SetString("x")
			case reflect.Bool:
				to.SetBool(true)
			case reflect.Uint32:
				to.SetUint(1)
			case reflect.Int64:
				to.SetInt(1)
			default:
				t.Fatalf("no value for the field %s", f.Name)
			}
		}
		check(f.Name, &v)
	}
}

func TestInstancesThatDifferInAnyFieldAreNotEqual(t *testing.T) {
	eachField(t, func(field string, v *Instance) {
		if v.Equal(&Instance{}) || !v.Equal(v) {
			t.Errorf("%s is not compared", field)
		}
	})
}

func TestRecordsThatDifferInAnyFieldAreNotTheSame(t *testing.T) {
	eachField(t, func(field string, v *Record) {
		if v.Same(&Record{}) || !v.Same(v) {
			t.Errorf("%s is not compared", field)
		}
	})
}

func TestAnEarlierAnswerAboutAnInstanceIsNotTheSame(t *testing.T) {
	at := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	was := Lookup{ID: "i-1", Asked: at, Gone: true}
	for asked, want := range map[time.Time]bool{at: true, at.Add(time.Hour): true, at.Add(-time.Second): false} {
		is := was
		is.Asked = asked
		if was.Same(is) != want {
			t.Errorf("asked %s later: same is %v", asked.Sub(at), !want)
		}
	}
}
