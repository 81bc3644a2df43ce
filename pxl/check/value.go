package check

import (
	"slices"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// value is the value of an expression in the script.
type value any

type (
	// unknown is a value that cannot be known here. Everything is allowed with it.
	unknown struct{}
	none    struct{}

	// expr is a column, metadata, a literal, or the result of functions. As in Pixie it only names columns: the dataframe
	// in which the expression is used decides which column it is (see resolver).
	expr struct {
		meaning             // in the dataframes that it was written with
		at       syntax.Pos // where it is written
		literal  any        // string, int64, float64 or bool; nil: not a literal
		text     syntax.Pos // where the value of a text literal begins
		argument bool       // perhaps a literal that only a caller knows
		column   string     // the name, if it is just a column
		key      string     // the key, if it is just metadata
		from     *frame     // the frame of the column or key
		fn       string     // the function, if it is a result
		args     []value    // the arguments of fn
		cast     *typeObject
		used     bool // in another expression or in an operator
	}
	// meaning is what an expression is in one dataframe.
	meaning struct {
		kind        dataType
		isPercent   bool
		columns     []string // the columns that it reads, without the columns that metadata is computed from
		pemFunction string   // a function in it that runs only on PEMs
		onKelvin    bool     // it has a function that runs only on Kelvin
		divisions   []division
	}
	// division is a division by a value that may be zero.
	division struct {
		at             syntax.Pos
		divisorColumns []string
	}

	sequence struct {
		items []value
		tuple bool
	}
	dictionary struct {
		keys, values []value
		at           []syntax.Pos // of the values
	}
	function struct {
		def    *syntax.DefStmt
		called bool
	}
	typeObject struct {
		name string
		kind dataType // anyType for lists and frames
	}
	// member is a module, or a member of one, by its whole name.
	member struct{ name string }

	method struct {
		frame *frame
		name  string
	}
	context struct{ frame *frame } // df.ctx

	// exporter is px.otel.Data, with the columns that it reads from the frame.
	exporter struct {
		metrics bool // needs time_
		reads   []*exportedColumn
	}
	// signal is one metric or span.
	signal  struct{ exporter }
	target  struct{ kernel bool } // of a probe
	program struct {
		text string
		at   syntax.Pos
	}
)

// frame is a dataframe: its known columns, and the operators that it comes from.
type frame struct {
	columns          []column
	mayHaveMore      bool   // it may have other columns too
	blockedBy        string // the operator after which nothing runs on PEMs
	isGrouped        bool   // by groupColumns; agg must follow
	groupColumns     []string
	groupedByUnknown bool // also by columns that are not known
	isStream         bool
	guardedColumns   []string         // columns that a filter has checked
	uses             int              // number of operators and sinks that read it
	missing          []*missingColumn // of the list of columns that made it
	lateCalls        []*lateCall
}

func (f *frame) findColumn(name string) (column, bool) {
	i := slices.IndexFunc(f.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{name: name}, f.mayHaveMore
	}
	return f.columns[i], true
}

func (f *frame) mayHave(name string) bool { _, ok := f.findColumn(name); return ok }

// surelyHas reports whether the frame certainly has the column.
func (f *frame) surelyHas(name string) bool {
	return slices.ContainsFunc(f.columns, func(c column) bool { return c.name == name })
}

func (f *frame) columnNames() map[string]bool {
	names := map[string]bool{}
	for _, c := range f.columns {
		names[c.name] = true
	}
	return names
}

// deriveFrame returns the frame that one more operator makes of this one.
func (f *frame) deriveFrame() *frame {
	d := *f
	d.columns = slices.Clone(f.columns)
	d.uses, d.missing = 0, nil
	return &d
}

// withUnknownColumns returns a frame after the same operators, with columns that are not known.
func (f *frame) withUnknownColumns() *frame {
	return &frame{
		mayHaveMore: true, blockedBy: f.blockedBy, lateCalls: f.lateCalls, guardedColumns: f.guardedColumns,
	}
}

// set adds a column or replaces it.
func (f *frame) set(c column) {
	if i := slices.IndexFunc(f.columns, func(o column) bool { return o.name == c.name }); i >= 0 {
		f.columns[i] = c
		return
	}
	f.columns = append(f.columns, c)
}

func (f *frame) makeTable(name string) Table {
	t := Table{Name: name}
	for _, c := range f.columns {
		t.Columns = append(t.Columns, Column{c.name, c.kind.String()})
	}
	return t
}

// tableFrame returns the frame of a table that a probe fills.
func tableFrame(t Table) *frame {
	f := &frame{mayHaveMore: len(t.Columns) == 0}
	for _, c := range t.Columns {
		kind := dataType(0)
		if c.Type != anyType.String() && c.Type != "" {
			kind = dataType(c.Type[0])
		}
		f.columns = append(f.columns, column{name: c.Name, kind: kind})
	}
	return f
}

// describeValue names a kind of value in a message.
func describeValue(v value) string {
	switch v := v.(type) {
	case *expr:
		if v.kind == anyType {
			return "an expression"
		}
		return v.kind.String()
	case *frame:
		return "a DataFrame"
	case sequence:
		if v.tuple {
			return "a tuple"
		}
		return "a list"
	case dictionary:
		return "a dict"
	case none:
		return "None"
	case *function:
		return "function " + v.def.Name
	}
	return describeObject(v)
}

// describeObject is describeValue for the members of modules.
func describeObject(v value) string {
	switch v := v.(type) {
	case typeObject:
		return "type " + v.name
	case member:
		return v.name
	case method:
		return "method " + v.name
	case context:
		return "ctx"
	case exporter, signal:
		return "an OTel object"
	case target:
		return "a target"
	case program:
		return "a TraceProgram"
	}
	return "an unknown value"
}
