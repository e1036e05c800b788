package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// runARM runs tests on qemu.
func runARM(ctx context.Context, o *options, temp string, out io.Writer) (code int, err error) {
	t, err := build(ctx, o.pkg, temp, "arm64")
	if err != nil {
		return 0, err
	}
	parts, err := installARM(ctx)
	if err != nil {
		return 0, err
	}
	ctx, cancel := limited(ctx, o)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(parts, "qemu-aarch64"), append([]string{t.binary}, o.args...)...)
	cmd.Dir, cmd.Env = t.dir, append(os.Environ(), o.env...)
	cmd.Stdout, cmd.Stderr = out, os.Stderr
	err = cmd.Run()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exit.ExitCode(), nil
	}
	return 0, err
}
