package replay

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// mistypedFlag adds the flag that the user may have meant to an error about an unknown flag.
func mistypedFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	if near := nearFlags(c, unknown.GetSpecifiedName()); len(near) > 0 {
		return fmt.Errorf("%w: did you mean --%s?", err, strings.Join(near, " or --"))
	}
	return err
}

// mistypedCommand returns an error if the first argument is no file and resembles a command, or a flag without its
// dashes. Cobra itself suggests only for commands that take no arguments.
func mistypedCommand(root *cobra.Command, args []string) error {
	if len(args) == 0 || strings.ContainsAny(args[0], `./\`) {
		return nil
	}
	if _, err := os.Stat(args[0]); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	near := root.SuggestionsFor(args[0])
	if root.Flags().Lookup(args[0]) != nil {
		near = append(near, "--"+args[0])
	}
	if len(near) == 0 {
		return nil
	}
	return fmt.Errorf("%s is neither a file nor a command: did you mean %s?", args[0], strings.Join(near, " or "))
}

// nearFlags returns the flags with names that differ little from name, by cobra's rule for commands.
func nearFlags(c *cobra.Command, name string) []string {
	names := &cobra.Command{SuggestionsMinimumDistance: 2}
	c.Flags().VisitAll(func(f *pflag.Flag) {
		runs := func(*cobra.Command, []string) {} // cobra suggests only commands that run
		names.AddCommand(&cobra.Command{Use: f.Name, Run: runs})
	})
	if name == "" {
		return nil
	}
	return names.SuggestionsFor(name)
}
