// Package check looks at PxL scripts without a cluster. It reads a script as Pixie's parser does, follows each dataframe from its table
// through every operator, and says where the script uses what Pixie does not have: tables, columns, functions, types that no function
// takes, metadata that is asked for too late, exports that would be refused, bpftrace programs whose rows Pixie would misread.
//
// An expression is checked in the dataframe that it is used in, as Pixie does it: in other.x = df.y the column y is
// that of other. One that nothing uses is checked in the dataframe that it was written with. Some faults depend on what
// becomes of a dataframe: a function that runs on PEMs may come after one that runs on Kelvin if the rows are exported
// and not displayed.
//
// What it knows of Pixie is in pixie.txt, which go generate makes of data/: what one commit of Pixie has. Where a value cannot be known
// (an argument of a function that a vis.json calls, a view of pxviews), it stays silent. So a script without problems may still be refused:
// this is no replacement for Pixie's own compiler.
//
// Messages are Pixie's own where Pixie has one. Checking ends at the first syntax error, as Pixie's parser does. A script is text of at most
// [MaxBytes]; work is bounded, whatever the script calls.
package check

//go:generate go run ./data
