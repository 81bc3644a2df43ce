// Package pxl holds the programs that listen to the kernel, and the scripts that have Pixie run programs of their own: see [Names] and
// [Render], and README.md beside this file for what each script can know. The programs print tokens of the form name:value, the time in
// time_. The head comment of each says what its columns are, what is counted and what is not.
//
// One bpftrace can run them all: give it their texts one after the other. No two use the same map, and the column event tells whose a
// row is. That costs hardly more memory than one of them alone, of which bpftrace itself needs the most.
package pxl

import _ "embed"

// PodBirth sees what a pod's birth costs the kernel.
//
//go:embed pod_birth.bt
var PodBirth string

// OOMKill sees the processes that the kernel kills because memory ran out.
//
//go:embed oom_kill.bt
var OOMKill string

// ConnectFail sees the TCP connections that a pod tried to open and did not get.
//
//go:embed connect_fail.bt
var ConnectFail string

// Retransmit sees the TCP segments that had to be sent again.
//
//go:embed retransmit.bt
var Retransmit string
