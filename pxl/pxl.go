// Package pxl holds the programs that listen to the kernel. A bpftrace program prints rows in the form that Pixie demands of
// programs which it deploys: one printf format, tokens of the form name:value, the time in time_.
package pxl

import _ "embed"

// PodBirth is the bpftrace program that sees what a pod's birth costs the kernel; its own head comment says what its columns are,
// what is counted and what is not.
//
//go:embed pod_birth.bt
var PodBirth string
