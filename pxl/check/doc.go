// Package check checks PxL scripts without a cluster. It reads a script like Pixie's parser, follows each dataframe
// from its table through every operator, and reports what Pixie does not have or would refuse: tables, columns,
// functions, types that no function takes, metadata that is asked for too late, exports, and bpftrace programs with
// rows that Pixie would misread.
//
// Like in Pixie, an expression is checked in the dataframe in which it is used: in other.x = df.y the column y is a
// column of other. An expression that is not used is checked in the dataframe that it was written with. Some faults
// depend on the end of a dataframe: a function that runs on PEMs may come after one that runs on Kelvin if the rows are
// exported and not displayed.
//
// The knowledge about Pixie is in pixie.txt, which go generate makes from data/: what one commit of Pixie has. If a
// value is not known before a script runs (an argument of a function that a vis.json calls, a view of pxviews), nothing
// is reported about it. So Pixie may still refuse a script without problems: this is no replacement for Pixie's own
// compiler.
//
// Messages are Pixie's own if Pixie has one. Checking ends at the first syntax error, like in Pixie's parser. A script
// is text of at most [MaxBytes]; work is bounded, whatever the script calls.
//
// Package syntax has the parser, package bpftrace the rules for bpftrace programs.
package check

//go:generate go run ./data
