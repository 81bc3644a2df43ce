package syntax

// Pos is a place in a script: line and column from 1; the column counts characters.
type Pos struct{ Line, Column int }

// Position returns the place itself: the nodes of the tree embed it.
func (p Pos) Position() Pos { return p }

// Expression is one of the types with a name that ends in Expr.
type Expression interface{ Position() Pos }

// The expressions. Pixie's visitor distinguishes exactly these.
type (
	// NameExpr is a name.
	NameExpr struct {
		Pos
		Name string
	}
	// NumberExpr is a decimal number.
	NumberExpr struct {
		Pos
		Text    string
		IsFloat bool
	}
	// TextExpr is a text literal.
	TextExpr struct {
		Pos
		Value    string
		ValuePos Pos // where the value begins, after the quotes
	}
	// AttributeExpr is base.name, at the place of the name.
	AttributeExpr struct {
		Pos
		Base Expression
		Name string
	}
	// IndexExpr is base[index].
	IndexExpr struct {
		Pos
		Base, Index Expression
	}
	// CallExpr is a call of a function.
	CallExpr struct {
		Pos
		Function  Expression
		Arguments []Expression
		Named     []NamedArgument
	}
	// BinaryExpr is an operator between two values.
	BinaryExpr struct {
		Pos
		Operator    string
		Left, Right Expression
	}
	// BooleanExpr is "a and b" or "a or b". It has more than two values if the script chains them.
	BooleanExpr struct {
		Pos
		Operator string
		Values   []Expression
	}
	// CompareExpr is a comparison, with one value more than operators.
	CompareExpr struct {
		Pos
		Operators []string
		Values    []Expression
	}
	// UnaryExpr is an operator before a value.
	UnaryExpr struct {
		Pos
		Operator string
		Value    Expression
	}
	// ListExpr is a list or a tuple.
	ListExpr struct {
		Pos
		Items   []Expression
		IsTuple bool
	}
	// DictExpr is a dict, with as many keys as values.
	DictExpr struct {
		Pos
		Keys, Values []Expression
	}
	// RefusedExpr is an expression that Pixie's parser accepts and its visitor refuses.
	RefusedExpr struct {
		Pos
		Kind string // libpypa's name of the node
	}
)

// NamedArgument is name=value in a call.
type NamedArgument struct {
	Pos
	Name  string
	Value Expression
}

// Statement is one of the types with a name that ends in Stmt.
type Statement interface{ Position() Pos }

// The statements.
type (
	// ImportStmt is "import a, b as c", or "from a import b".
	ImportStmt struct {
		Pos
		IsFrom  bool
		Modules []ImportName
	}
	// ExprStmt is an expression on its own line.
	ExprStmt struct {
		Pos
		Value Expression
	}
	// AssignStmt assigns a value to its targets.
	AssignStmt struct {
		Pos
		Targets []Expression
		Value   Expression
	}
	// ReturnStmt returns a value, or None if Value is nil.
	ReturnStmt struct {
		Pos
		Value Expression
	}
	// DefStmt defines a function.
	DefStmt struct {
		Pos
		Name       string
		Parameters []Parameter
		Decorators []Expression
		Body       []Statement
	}
	// RefusedStmt is a statement that Pixie's parser accepts and its visitor refuses.
	RefusedStmt struct {
		Pos
		Kind string // libpypa's name of the node
	}
)

// ImportName is a module that a script imports, with its alias or "".
type ImportName struct{ Module, Alias string }

// Parameter is a parameter of a function.
type Parameter struct {
	Pos
	Name       string
	Annotation Expression // nil: none
}
