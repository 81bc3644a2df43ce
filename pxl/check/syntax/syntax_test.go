package syntax_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

func TestTheTreeHasThePlacesOfItsNodes(t *testing.T) {
	_, err := syntax.Parse("import px\ndf.é = 'a' + b.c\n")
	require.Error(t, err) // names are ASCII
	require.Equal(t, &syntax.ParseError{
		Pos: syntax.Pos{Line: 2, Column: 4}, Message: `unexpected character "é"`,
	}, err)

	body, err := syntax.Parse("import px\nx = 'é' + b.c\n")
	require.NoError(t, err)
	require.Len(t, body, 2)
	assign := body[1].(syntax.AssignStmt)
	sum := assign.Value.(syntax.BinaryExpr)
	require.Equal(t, syntax.Pos{Line: 2, Column: 9}, sum.Position())
	require.Equal(t, syntax.Pos{Line: 2, Column: 6}, sum.Left.(syntax.TextExpr).ValuePos)
	require.Equal(t, syntax.Pos{Line: 2, Column: 13}, sum.Right.Position())
}
