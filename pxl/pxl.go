// Package pxl has bpftrace programs that observe the kernel, and scripts with which Pixie runs their own programs: see
// [Names] and [Render], and README.md beside this file for what each script can know. The programs print tokens of the
// form name:value, the time in time_. The comment at the head of each describes its columns, what is counted and what
// is not.
//
// One bpftrace can run all programs: give it their texts one after the other. No two use the same map, and the column
// event says which program printed a row. That needs hardly more memory than one program alone, because bpftrace itself
// needs the most.
package pxl

import _ "embed"

// PodBirth measures what the start of a pod costs the kernel.
//
//go:embed pod_birth.bt
var PodBirth string

// OOMKill reports the processes that the kernel kills because memory ran out.
//
//go:embed oom_kill.bt
var OOMKill string

// ConnectFail reports the TCP connections that a pod could not open.
//
//go:embed connect_fail.bt
var ConnectFail string

// Retransmit reports the TCP segments that had to be sent again.
//
//go:embed retransmit.bt
var Retransmit string
