// Package cast keeps what a terminal showed, and shows it again: recordings for a talk where no cluster can be had.
//
// A [Cast] is a file in asciinema's format, asciicast version 2: a header, then an event a line, each with its time. [Record] makes one of a
// command that it runs in a pseudo terminal, a [Writer] of any stream, and [Read] reads one. Times are as they were. How long a pause may
// be when it is played is in the header, and the player's business.
//
// [Page] makes of a cast a single HTML file that plays it, and needs no network. The whole text stands in it, coloured, so that it can be read
// without JavaScript, searched and printed; the script only hides what has not been said yet. That is little enough (some 80 lines) because
// our own programs print lines and colours and never move the cursor. asciinema's own player emulates a terminal: 246 kB of script and
// style for each page (version 3.18.0), or one more file beside them. A cast that needs a terminal is refused, with the place.
package cast

import (
	"time"
)

// Header is the first line of a cast.
type Header struct {
	Width         int               `json:"width"`                     // columns
	Height        int               `json:"height"`                    // rows
	Timestamp     int64             `json:"timestamp,omitempty"`       // when it began: seconds since 1970; 0: not known
	IdleTimeLimit float64           `json:"idle_time_limit,omitempty"` // seconds: a longer pause is played as one of this length; 0: any
	Command       string            `json:"command,omitempty"`
	Title         string            `json:"title,omitempty"`
	Env           map[string]string `json:"env,omitempty"`
}

// version is that of the format.
const version = 2

// maxSide is how wide or high a terminal may be.
const maxSide = 1000

// Event is something that happened in the terminal.
type Event struct {
	Time time.Duration // since the beginning, in whole microseconds
	Code string        // Output, or another of the format's codes, which the page passes over
	Data string
}

// Output is the code of an event whose data was written to the terminal.
const Output = "o"

// Cast is a recording: its events in the order of time.
type Cast struct {
	Header Header
	Events []Event
}
