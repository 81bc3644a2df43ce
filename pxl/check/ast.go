package check

// The tree of a script: what Pixie's visitor tells apart.

type expression interface{ where() pos }

func (p pos) where() pos { return p }

type (
	nameExpr struct {
		pos
		name string
	}
	numberExpr struct {
		pos
		text    string
		isFloat bool
	}
	textExpr struct {
		pos
		value string
		body  pos // where the value begins
	}
	attrExpr struct {
		pos  // of the attribute
		base expression
		name string
	}
	indexExpr struct {
		pos
		base, index expression
	}
	callExpr struct {
		pos
		fn    expression
		args  []expression
		named []namedArg
	}
	binaryExpr struct {
		pos
		op          string
		left, right expression
	}
	boolExpr struct { // a and b: always two values, unless the script chains them
		pos
		op     string
		values []expression
	}
	compareExpr struct {
		pos
		ops    []string
		values []expression // one more than ops
	}
	unaryExpr struct {
		pos
		op    string
		value expression
	}
	listExpr struct {
		pos
		items []expression
		tuple bool
	}
	dictExpr struct {
		pos
		keys, values []expression
	}
	// refusedExpr is what the parser takes and the visitor refuses.
	refusedExpr struct {
		pos
		kind string
	}
)

type namedArg struct {
	pos
	name  string
	value expression
}

type statement interface{ where() pos }

type (
	importStmt struct {
		pos
		from    bool
		modules []importName
	}
	exprStmt struct {
		pos
		value expression
	}
	assignStmt struct {
		pos
		targets []expression
		value   expression
	}
	returnStmt struct {
		pos
		value expression // nil: None
	}
	defStmt struct {
		pos
		name       string
		params     []param
		decorators []expression
		body       []statement
	}
	// refusedStmt is what the parser takes and the visitor refuses.
	refusedStmt struct {
		pos
		kind string
	}
)

type importName struct{ module, as string }

type param struct {
	pos
	name       string
	annotation expression // nil: none
}
