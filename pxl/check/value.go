package check

import "slices"

// value is what an expression of the script stands for.
type value any

type (
	// unknown is a value that cannot be known here; whatever is done with it is right.
	unknown struct{}
	none    struct{}

	// expr is a column, metadata, a literal, or what functions make of them. As in Pixie it only names columns: which
	// column that is depends on the dataframe in which the expression is used (see resolver).
	expr struct {
		meaning          // in the dataframes that it was written with
		at       pos     // where it is written
		literal  any     // string, int64, float64 or bool; nil: not a literal
		text     pos     // of a text literal: where its value begins
		argument bool    // a literal, perhaps, that only a caller knows
		column   string  // the column, when it is nothing else
		key      string  // the metadata, when it is nothing else
		from     *frame  // before the dot of column or key
		fn       string  // the function that makes it of args
		args     []value // of fn
		cast     *typeObject
		used     bool // in another expression or in an operator
	}
	// meaning is what an expression is in one dataframe.
	meaning struct {
		kind    dataType
		percent bool
		columns []string // that it reads, those that metadata is found by not counted
		pem     string   // a function that runs on PEMs only
		kelvin  bool     // it runs on Kelvin only
		divides []division
	}
	// division is a division by what may be zero.
	division struct {
		at      pos
		columns []string // of the divisor
	}

	sequence struct {
		items []value
		tuple bool
	}
	dictionary struct {
		keys, values []value
		at           []pos // of the values
	}
	function struct {
		def    *defStmt
		called bool
	}
	typeObject struct {
		name string
		kind dataType // anyType for lists and frames
	}
	// member is a module, or something in one, by its whole name.
	member struct{ name string }

	method struct {
		frame *frame
		name  string
	}
	context struct{ frame *frame } // df.ctx

	// exporter is px.otel.Data, with what it reads of the frame.
	exporter struct {
		metrics bool // needs time_
		reads   []*read
	}
	// signal is one metric or span.
	signal  struct{ exporter }
	target  struct{ kernel bool } // of a probe
	program struct {
		text string
		at   pos
	}
)

// frame is a dataframe: what is known of its columns and of what came before.
type frame struct {
	columns []column
	open    bool     // it may have other columns too
	blocked string   // the operator behind which nothing runs on PEMs
	grouped bool     // by by, and agg has to follow
	by      []string // columns
	anyBy   bool     // by columns that are not known, too
	stream  bool
	guarded []string // columns that a filter has looked at
	uses    int      // how many operators and sinks read it
	gaps    []*gap   // of the list of columns that it was made by
	late    []*late
}

func (f *frame) find(name string) (column, bool) {
	i := slices.IndexFunc(f.columns, func(c column) bool { return c.name == name })
	if i < 0 {
		return column{name: name}, f.open
	}
	return f.columns[i], true
}

func (f *frame) has(name string) bool { _, ok := f.find(name); return ok }

// knows says whether the column is there for certain.
func (f *frame) knows(name string) bool {
	return slices.ContainsFunc(f.columns, func(c column) bool { return c.name == name })
}

func (f *frame) names() map[string]bool {
	names := map[string]bool{}
	for _, c := range f.columns {
		names[c.name] = true
	}
	return names
}

// derive is a frame that one more operator made of this one.
func (f *frame) derive() *frame {
	d := *f
	d.columns = slices.Clone(f.columns)
	d.uses, d.gaps = 0, nil
	return &d
}

// set adds a column or replaces it.
func (f *frame) set(c column) {
	if i := slices.IndexFunc(f.columns, func(o column) bool { return o.name == c.name }); i >= 0 {
		f.columns[i] = c
		return
	}
	f.columns = append(f.columns, c)
}

func (f *frame) table(name string) Table {
	t := Table{Name: name}
	for _, c := range f.columns {
		t.Columns = append(t.Columns, Column{c.name, c.kind.String()})
	}
	return t
}

// tableFrame is the frame of a table that a probe fills.
func tableFrame(t Table) *frame {
	f := &frame{open: len(t.Columns) == 0}
	for _, c := range t.Columns {
		kind := dataType(0)
		if c.Type != anyType.String() && c.Type != "" {
			kind = dataType(c.Type[0])
		}
		f.columns = append(f.columns, column{name: c.Name, kind: kind})
	}
	return f
}

// describe names a kind of value in a message.
func describe(v value) string {
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
		return "function " + v.def.name
	}
	return describeObject(v)
}

// describeObject is describe for what modules hold.
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
