package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"text/template"
	"time"

	_ "embed"

	"github.com/glulam/glulam/internal/scripts/emulate/image"
)

//go:embed bochsrc
var bochsrc string

// models are Bochs' CPUs, and what is added to them. Debian's kernels don't boot on its Ice Lake and Tiger Lake (they get lost in
// page faults, with Bochs 2.7 and 3.0), so ours is the one before, with what these have.
var models = map[string]string{
	"avx512":  `corei3_cnl, add_features="avx512vbmi2 avx512bitalg avx512vpopcnt avx512vnni gfni"`,
	"skylake": `corei7_skylake_x`,    // AVX-512 without VBMI
	"avx2":    `corei7_haswell_4770`, // no AVX-512
	"sse":     `core2_penryn_t9600`,  // no AVX
}

// linux is the kernel's command line: no check of what is not under test, and a way out of every failure, as a PC that resets three times over ends Bochs.
const linux = "console=ttyS0,115200 quiet nokaslr mitigations=off tsc=reliable random.trust_cpu=on cryptomgr.notests panic=-1 reboot=t"

// runPC runs tests on Bochs.
func runPC(ctx context.Context, o *options, temp string, out io.Writer) (code int, err error) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		return 0, errors.New("the emulated PC's parts are installed on Linux on amd64 only")
	}
	t, err := build(ctx, o.pkg, temp, "amd64")
	if err != nil {
		return 0, err
	}
	parts, err := installPC(ctx)
	if err != nil {
		return 0, err
	}
	if err := writeDisk(ctx, o, t, parts, temp); err != nil {
		return 0, err
	}
	ctx, cancel := limited(ctx, o)
	defer cancel()
	code, err = boot(ctx, o, parts, temp, out)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return code, err
}

// writeDisk writes the CD that the PC boots.
func writeDisk(ctx context.Context, o *options, t *test, parts, temp string) error {
	files, err := rootFiles(ctx, o, t, temp)
	if err != nil {
		return err
	}
	var initrd bytes.Buffer
	if err := image.WriteArchive(&initrd, files); err != nil {
		return err
	}
	// The archive is there twice while Linux unpacks it.
	if need := 100 + 2*initrd.Len()>>20; need > o.memory {
		return fmt.Errorf("tests and their data are %d MiB: they need -memory %d", initrd.Len()>>20, need)
	}
	disk := []image.File{
		{Path: "initrd", Data: initrd.Bytes()},
		{Path: "isolinux.cfg", Data: []byte("default test\nprompt 0\nlabel test\nkernel vmlinuz\ninitrd initrd\nappend " + linux + "\n")},
	}
	for _, name := range []string{"vmlinuz", "isolinux.bin", "ldlinux.c32"} {
		data, err := os.ReadFile(filepath.Join(parts, name))
		if err != nil {
			return err
		}
		disk = append(disk, image.File{Path: name, Data: data})
	}
	cd, err := os.Create(filepath.Join(temp, "cd"))
	if err != nil {
		return err
	}
	defer cd.Close()
	if err := image.WriteCD(cd, disk, "isolinux.bin"); err != nil {
		return err
	}
	return cd.Close()
}

// rootFiles is all that Linux finds: the first process, the test binary, and the module's files where they belong, below /module.
func rootFiles(ctx context.Context, o *options, t *test, temp string) ([]image.File, error) {
	first := filepath.Join(temp, "init")
	make := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", first, "github.com/glulam/glulam/internal/scripts/emulate/guest")
	make.Stderr = os.Stderr
	make.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64", "GOAMD64=v1")
	if err := make.Run(); err != nil {
		return nil, fmt.Errorf("building the PC's first process: %w", err)
	}
	var files []image.File
	for name, from := range map[string]string{"init": first, "test": t.binary} {
		data, err := os.ReadFile(from)
		if err != nil {
			return nil, err
		}
		files = append(files, image.File{Path: name, Executable: true, Data: data})
	}
	data, err := t.data(o.data)
	if err != nil {
		return nil, err
	}
	for name, content := range data {
		files = append(files, image.File{Path: path.Join("module", name), Data: content})
	}
	dir, err := t.within(t.dir)
	if err != nil {
		return nil, err
	}
	for name, list := range map[string][]string{"dir": {path.Join("/module", dir)}, "env": o.env, "args": o.args} {
		files = append(files, image.File{Path: "job/" + name, Data: []byte(strings.Join(list, "\x00"))})
	}
	return files, nil
}

// boot runs Bochs until the tests have ended.
func boot(ctx context.Context, o *options, parts, temp string, out io.Writer) (code int, err error) {
	config, err := os.Create(filepath.Join(temp, "bochsrc"))
	if err != nil {
		return 0, err
	}
	defer config.Close()
	if err := template.Must(template.New("").Parse(bochsrc)).Execute(config, map[string]any{"Memory": o.memory, "CPU": models[o.cpu]}); err != nil {
		return 0, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, filepath.Join(parts, "bochs"), "-q", "-f", "bochsrc")
	cmd.Dir = temp
	cmd.Env = append(os.Environ(), "BXSHARE="+parts)
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	ended := make(chan struct{})
	go func() {
		cmd.Wait() // it says that it failed, always
		close(ended)
	}()
	defer func() {
		stop()
		<-ended
	}()
	output := &follower{path: filepath.Join(temp, "output"), to: out}
	console := &follower{path: filepath.Join(temp, "console"), to: io.Discard}
	if o.console {
		console.to = os.Stderr
	}
	for running := true; running; {
		select {
		case <-ended:
			running = false
		case <-time.After(100 * time.Millisecond):
		}
		if err := errors.Join(console.copy(), output.copy()); err != nil {
			return 0, err
		}
		if code, ok := exitCode(console.seen); ok {
			return code, output.copy()
		}
	}
	log, _ := os.ReadFile(filepath.Join(temp, "log"))
	return 0, fmt.Errorf("the PC stopped before the tests ended. Its console:\n%s\nBochs:\n%s", tail(console.seen), tail(log))
}

// exitCode finds what the first process says at the end: all of the test's output is there before it.
func exitCode(console []byte) (int, bool) {
	_, after, ok := bytes.Cut(console, []byte("\nemulate: exit "))
	text, _, whole := bytes.Cut(after, []byte("\n"))
	if !ok || !whole {
		return 0, false
	}
	code, err := strconv.Atoi(strings.TrimSpace(string(text)))
	return code, err == nil
}

func tail(text []byte) []byte { return bytes.TrimSpace(text[max(0, len(text)-3000):]) }

// follower copies what a file has more than the last time.
type follower struct {
	path string // it need not be there yet
	to   io.Writer
	seen []byte
	n    int64
}

func (f *follower) copy() error {
	file, err := os.Open(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	if _, err := file.Seek(f.n, io.SeekStart); err != nil {
		return err
	}
	more, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	f.n += int64(len(more))
	f.seen = append(f.seen, more...)
	f.seen = f.seen[max(0, len(f.seen)-1<<16):]
	_, err = f.to.Write(more)
	return err
}
