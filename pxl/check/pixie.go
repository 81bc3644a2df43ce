package check

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
)

//go:embed pixie.txt
var pixieText string

// dataType is a type of Pixie's columns, by its letter in pixie.txt.
type dataType byte

const (
	anyType     dataType = 0 // not known
	boolType    dataType = 'B'
	int64Type   dataType = 'I'
	uint128Type dataType = 'U'
	float64Type dataType = 'F'
	stringType  dataType = 'S'
	timeType    dataType = 'T'
)

func (t dataType) String() string {
	switch t {
	case boolType:
		return "BOOLEAN"
	case int64Type:
		return "INT64"
	case uint128Type:
		return "UINT128"
	case float64Type:
		return "FLOAT64"
	case stringType:
		return "STRING"
	case timeType:
		return "TIME64NS"
	case anyType:
	}
	return "UNKNOWN"
}

// overload is one form of a function.
type overload struct {
	literals int // the first of args, which must be literals
	args     []dataType
	returns  dataType
	executor string // PEM or KELVIN; empty: anywhere
}

// column is a column of a table or of a dataframe.
type column struct {
	name      string
	kind      dataType
	isPercent bool // cast by px.Percent
}

type udtf struct {
	args    []string
	columns []column
}

type ctxKey struct {
	name string   // the first of its names, which is part of the function's name
	from []string // the columns that it can be computed from, in order of preference
}

// pixieData is what Pixie has.
type pixieData struct {
	tables map[string][]column
	udfs   map[string][]overload
	udas   map[string][]overload
	udtfs  map[string]udtf
	views  map[string][]string
	ctx    map[string]ctxKey
}

// loadPixieData reads pixie.txt once.
var loadPixieData = sync.OnceValue(func() *pixieData {
	d := &pixieData{
		tables: map[string][]column{}, udfs: map[string][]overload{}, udas: map[string][]overload{},
		udtfs: map[string]udtf{}, views: map[string][]string{}, ctx: map[string]ctxKey{},
	}
	for line := range strings.Lines(pixieText) {
		f := strings.Fields(line)
		switch f[0] {
		case "table":
			d.tables[f[1]] = readColumns(f[2:])
		case "udf":
			d.udfs[f[1]] = readOverloads(f[2:])
		case "uda":
			d.udas[f[1]] = readOverloads(f[2:])
		case "udtf":
			d.udtfs[f[1]] = udtf{readArgs(f[2]), readColumns(f[3:])}
		case "view":
			d.views[f[1]] = readArgs(f[2])
		case "ctx":
			names := strings.Split(f[1], ",")
			for _, n := range names {
				d.ctx[n] = ctxKey{names[0], strings.Split(f[2], ",")}
			}
		}
	}
	return d
})

// isFunction reports whether px has a function of columns of that name, or a function that makes a frame.
func (d *pixieData) isFunction(name string) bool {
	_, frame := d.udtfs[name]
	return frame || d.udfs[name] != nil || d.udas[name] != nil
}

func readColumns(fields []string) []column {
	var cs []column
	for _, f := range fields {
		n, kind, _ := strings.Cut(f, ":")
		cs = append(cs, column{name: n, kind: dataType(kind[0])})
	}
	return cs
}

func readArgs(f string) []string {
	return slices.DeleteFunc(strings.Split(strings.Trim(f, "()"), ","), func(a string) bool { return a == "" })
}

// readOverloads reads forms such as <S>SS>S@PEM.
func readOverloads(fields []string) []overload {
	var all []overload
	for _, f := range fields {
		f, executor, _ := strings.Cut(f, "@")
		end := len(f) - 2 // of the arguments; >R follows
		o := overload{returns: dataType(f[end+1]), executor: executor}
		for _, c := range []byte(f[:end]) {
			switch c {
			case '<':
				o.literals++
			case '>':
			default:
				o.args = append(o.args, dataType(c))
			}
		}
		all = append(all, o)
	}
	return all
}

// resolveOverload finds the form of a function for these types. An unknown type matches every type; if several forms
// match and return different types, the result is unknown.
func resolveOverload(forms []overload, args []dataType) (o overload, ok bool) {
	for _, f := range forms {
		if len(f.args) != len(args) {
			continue
		}
		match := true
		for i, a := range args {
			match = match && (a == anyType || a == f.args[i])
		}
		switch {
		case !match:
		case !ok:
			o, ok = f, true
		case o.returns != f.returns:
			o.returns = anyType
		}
	}
	return o, ok
}

func typeList(args []dataType) string {
	var names []string
	for _, a := range args {
		names = append(names, a.String())
	}
	return "[" + strings.Join(names, ",") + "]"
}
