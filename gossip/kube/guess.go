package kube

import (
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// What Kubernetes appends to names. Random parts and hashes are of an alphabet without vowels, so that they are no
// words, and a hash has few letters of it: it is a decimal number, encoded digit by digit (SafeEncodeString in
// k8s.io/apimachinery/pkg/util/rand).
const (
	suffixAlphabet = "bcdfghjklmnpqrstvwxz2456789"
	hashAlphabet   = "456789bcdf"
	digits         = "0123456789"

	suffixLength         = 5
	minHash, maxHash     = 6, 10 // of 32 bits; a shorter one is one of 4,000
	minutesLength        = 8     // since 1970, until the year 2160
	longestPodName       = 63
	longestOrdinal       = 4 // digits; more are a date or a port
	addressParts         = 4
	firstMinutesOfRecent = "23" // minutes since 1970 begin with 2 from 2008 on, and with 3 until 2046
)

// lookAlikes are words that might be random: five letters of their alphabet.
var lookAlikes = []string{
	"dhcpd", "httpd", "https", "lldpd", "lxcfs", "mssql", "nfsv4", "pgsql", "snmpd", "vtctl", "xhtml",
}

// GuessWorkload returns the workload of a pod, and its revision, from the form of the pod's name alone. It is for pods
// about which nothing else is known:
//
//	web-8447b89fc-l6mv9     a Deployment, of a revision
//	web-29812345-l6mv9      a CronJob, of the run web-29812345; also web-29812345-3-l6mv9
//	web-3-l6mv9             a Job with indexes
//	web-l6mv9               of unknown kind: a DaemonSet, a Job, a ReplicaSet or another
//	web-3                   a StatefulSet
//
// A pod with a name of 63 characters may have lost the end of the name before the random part, which is then not
// separated. A workload that was guessed has no version and no UID. A name of no such form is the name of a pod that is
// its own workload.
func GuessWorkload(pod string) (w gossip.Workload, revision string) {
	name, last := cutLast(pod)
	switch {
	case name == "":
	case isSuffix(last):
		return guessGenerated(name)
	case isOrdinal(last) && !endsInAddress(pod):
		return newGuess(appsv1.GroupName, "StatefulSet", name), ""
	}
	if len(pod) == longestPodName && isSuffix(pod[longestPodName-suffixLength:]) {
		return guessCut(pod[:longestPodName-suffixLength])
	}
	return gossip.Workload{Kind: "Pod", Version: "v1", Name: pod}, ""
}

// guessGenerated returns the workload that makes pods named name, "-" and a random part.
func guessGenerated(name string) (w gossip.Workload, revision string) {
	before, last := cutLast(name)
	switch {
	case before == "":
	case isTemplateHash(last):
		return newGuess(appsv1.GroupName, deploymentKind, before), last
	case isMinutes(last):
		return newGuess(batchv1.GroupName, "CronJob", before), name
	case isOrdinal(last):
		if cronJob, minutes := cutLast(before); cronJob != "" && isMinutes(minutes) {
			return newGuess(batchv1.GroupName, "CronJob", cronJob), before
		}
		return newGuess(batchv1.GroupName, "Job", before), ""
	}
	return newGuess("", "", name), ""
}

// guessCut returns the workload that makes pods with a name that was too long, and lost its end: a part of the hash or
// of the minutes, or more.
func guessCut(name string) (w gossip.Workload, revision string) {
	before, last := cutLast(name)
	switch {
	case before == "":
	case len(last) <= maxHash && consistsOf(last, hashAlphabet):
		return newGuess(appsv1.GroupName, deploymentKind, before), last
	case len(last) <= minutesLength && isRecent(last):
		return newGuess(batchv1.GroupName, "CronJob", before), "" // runs of months have this part in common
	}
	return newGuess("", "", name), ""
}

func newGuess(group, kind, name string) gossip.Workload {
	return gossip.Workload{Group: group, Kind: kind, Name: name, Guessed: true}
}

// cutLast returns what is before the last "-" of a name, and what is after it. before is empty if there is nothing.
func cutLast(name string) (before, last string) {
	i := strings.LastIndexByte(name, '-')
	if i < 0 {
		return "", name
	}
	return name[:i], name[i+1:]
}

// consistsOf reports whether a text has letters of the alphabet only, and at least one.
func consistsOf(text, alphabet string) bool {
	return text != "" && strings.Trim(text, alphabet) == ""
}

func isSuffix(text string) bool {
	return len(text) == suffixLength && consistsOf(text, suffixAlphabet) && !slices.Contains(lookAlikes, text)
}

func isTemplateHash(text string) bool {
	return minHash <= len(text) && len(text) <= maxHash && consistsOf(text, hashAlphabet)
}

func isMinutes(text string) bool { return len(text) == minutesLength && isRecent(text) }

// isRecent reports whether a text is the beginning of a number of minutes since 1970.
func isRecent(text string) bool {
	return consistsOf(text, digits) && strings.Contains(firstMinutesOfRecent, text[:1])
}

// isOrdinal reports whether a text is the number of a pod in a StatefulSet or of an index of a Job.
func isOrdinal(text string) bool {
	return len(text) <= longestOrdinal && consistsOf(text, digits) && (text == "0" || text[0] != '0')
}

// endsInAddress reports whether a name ends with an IPv4 address: kube-proxy-ip-10-0-0-1 is named after its node.
func endsInAddress(name string) bool {
	parts := strings.Split(name, "-")
	if len(parts) <= addressParts {
		return false
	}
	return !slices.ContainsFunc(parts[len(parts)-addressParts:], func(part string) bool {
		return len(part) > 3 || !isOrdinal(part)
	})
}
