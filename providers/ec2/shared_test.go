package ec2_test

import (
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"testing"

	"rollcall/providers"
)

// lastPage returns the rows of a read, and its last page, which in a read after the first has all rows.
func lastPage(t *testing.T, read func(func([]providers.Instance)) providers.Coverage) (rows, last []providers.Instance) {
	t.Helper()
	if v := read(func(p []providers.Instance) { rows, last = append(rows, p...), p }); !v.Complete() {
		t.Fatalf("%+v", v)
	}
	return rows, last
}

// Rows of an earlier read stand in snapshots, and the next reads share them.
func TestReadsShareTheirRowsAndNeverChangeThem(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var pages [2][]string
	serve := func(w http.ResponseWriter, r *http.Request) {
		if r.PostForm.Get("NextToken") == "two" {
			xmlAnswer(describeAnswer("", pages[1]...))(w, r)
			return
		}
		xmlAnswer(describeAnswer("two", pages[0]...))(w, r)
	}
	item := func(n int) string {
		return running("i-"+strconv.Itoa(n)) + `<instanceType>t` + strconv.Itoa(random.IntN(3)) + `</instanceType>`
	}
	for n := range 20 {
		pages[n%2] = append(pages[n%2], item(n))
	}
	c, _ := fakeCloud(t, handlers{"DescribeInstances": serve})
	var seen, copies [][]providers.Instance
	for step := range 60 {
		page := &pages[random.IntN(2)]
		switch at := random.IntN(len(*page)); random.IntN(5) {
		case 0:
			(*page)[at] = item(100 + step)
		case 1:
			*page = slices.Insert(*page, at, item(200+step))
		case 2:
			if len(*page) > 1 {
				*page = slices.Delete(*page, at, at+1)
			}
		case 3: // an instance that moves to another page while it changes is listed twice, once as it was
			other := &pages[0]
			if page == other {
				other = &pages[1]
			}
			*other = append(*other, (*page)[at]+`<imageId>ami-`+strconv.Itoa(step)+`</imageId>`)
		}
		alone, _ := fakeCloud(t, handlers{"DescribeInstances": serve})
		want, v := list(alone)
		got, last := lastPage(t, func(p func([]providers.Instance)) providers.Coverage { return c.Instances(t.Context(), p) })
		same := func(a, b providers.Instance) bool { return a.Equal(&b) }
		if !v.Complete() || !slices.EqualFunc(got, want, same) {
			t.Fatalf("step %d: read\n%v\nwithout earlier reads\n%v", step, got, want)
		}
		if _, again := lastPage(t, func(p func([]providers.Instance)) providers.Coverage { return c.Instances(t.Context(), p) }); step > 0 && !providers.ShareRows(last, again) {
			t.Fatalf("step %d: a read in which nothing has changed has rows of its own", step)
		}
		for n := range seen {
			if !slices.EqualFunc(seen[n], copies[n], same) {
				t.Fatalf("step %d has changed the rows of read %d", step, n)
			}
		}
		seen, copies = append(seen, last), append(copies, slices.Clone(last))
	}
}

func TestReadsShareTheirAddressesAndNeverChangeThem(t *testing.T) {
	elastic, interfaces := "3.3.3.3", 3
	c, _ := fakeCloud(t, handlers{
		"DescribeAddresses": func(w http.ResponseWriter, r *http.Request) {
			xmlAnswer(`<DescribeAddressesResponse><addressesSet><item><publicIp>`+elastic+`</publicIp><allocationId>eipalloc-1</allocationId></item></addressesSet></DescribeAddressesResponse>`)(w, r)
		},
		"DescribeNetworkInterfaces": func(w http.ResponseWriter, r *http.Request) {
			list := ""
			for n := range interfaces {
				list += `<item><networkInterfaceId>eni-` + strconv.Itoa(n) + `</networkInterfaceId><association><publicIp>5.5.5.` + strconv.Itoa(n) + `</publicIp></association></item>`
			}
			xmlAnswer(`<DescribeNetworkInterfacesResponse><networkInterfaceSet>`+list+`</networkInterfaceSet></DescribeNetworkInterfacesResponse>`)(w, r)
		},
	})
	read := func() (rows []providers.Address) {
		if v := c.Addresses(t.Context(), func(p []providers.Address) {
			if len(p) > 0 {
				rows = p
			}
		}); !v.Complete() {
			t.Fatalf("%+v", v)
		}
		return rows
	}
	first := read()
	was := slices.Clone(first)
	if again := read(); !providers.ShareRows(first, again) {
		t.Error("a read in which nothing has changed has rows of its own")
	}
	elastic, interfaces = "3.3.3.4", 2
	if next := read(); len(first) != 4 || !slices.Equal(first, was) || len(next) != 3 || next[0].IP.String() != elastic || next[1] != first[1] {
		t.Errorf("read %v, then %v; the first had been %v", first, next, was)
	}
}
