package gossip

// Optional is a figure that may not have been measured. Its zero value is absent, and absent is never 0: a record that
// lacks a field ends as Unknown with a reason, not as "0 %, healthy". The value is held in place, so an event needs no
// pointers and two events can be compared. In JSON it is the value, or null.
type Optional[T comparable] struct {
	Value T
	Known bool
}

// Some returns a figure that was measured.
func Some[T comparable](v T) Optional[T] { return Optional[T]{Value: v, Known: true} }

// Get returns the figure and whether it was measured.
func (o Optional[T]) Get() (T, bool) { return o.Value, o.Known }

// Or returns the figure, or the given one when it was not measured.
func (o Optional[T]) Or(instead T) T {
	if o.Known {
		return o.Value
	}
	return instead
}
