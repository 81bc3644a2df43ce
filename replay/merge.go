package replay

import "sync"

// merged makes one list of sorted lists, in the order of subjects.
func merged(lists [][]verdict) []verdict {
	if len(lists) == 1 {
		return lists[0]
	}
	var a, b []verdict
	var both sync.WaitGroup
	both.Go(func() { a = merged(lists[:len(lists)/2]) })
	both.Go(func() { b = merged(lists[len(lists)/2:]) })
	both.Wait()
	list := make([]verdict, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].finding.Subject().Compare(b[0].finding.Subject()) <= 0 {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	return append(append(list, a...), b...)
}
